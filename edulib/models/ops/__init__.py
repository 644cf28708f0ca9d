"""What detectors do with boxes: functions without weights.

A box is four floating-point numbers (x1, y1, x2, y2) in pixels, from its upper left to
its lower right corner; pixel (i, j) of an image covers x from j to j + 1 and y from i
to i + 1, so that the right and the lower edge are not part of a box, and its width is
x2 - x1. (Code of 2015 counts pixels instead: its widths are x2 - x1 + 1.) Another order
of the numbers stands in the name, as in ``boxes_cxcywh``. Sizes of images and maps are
(height, width).

``boxes.py`` converts, measures and clips; ``iou.py`` compares; ``nms.py`` removes
duplicates; ``roi.py`` cuts a region out of a map; ``anchors.py`` lays out the boxes
that a network starts from, ``matching.py`` assigns objects to them, and ``coding.py``
writes a box as its difference from one.
"""
