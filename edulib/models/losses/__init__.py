"""What several papers' training has in common: losses of boxes, classes and masks.

Each returns one number per box, per logit or per mask, since the papers divide by
different counts: by the anchors that were drawn, by those that have an object, by all.
"""
