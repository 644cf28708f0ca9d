"""The live form of `image_slider` and `image_picker`: widgets of ipywidgets 7 and 8."""

from typing import TYPE_CHECKING

import ipywidgets as widgets

if TYPE_CHECKING:
    from edulib.notebook.slider import Frames


def make_widget(frames: "Frames") -> widgets.VBox:
    """Make buttons for the groups, a slider for the pictures, and the picture.

    The children are in this order, so that `widget.children[1].value` is the label of
    the picture that is shown.
    """
    groups = frames.groups
    first = next(iter(groups))
    group = widgets.ToggleButtons(options=list(groups), value=first)
    group.layout.display = "" if len(groups) > 1 else "none"
    label = widgets.SelectionSlider(options=list(groups[first]))
    image = widgets.HTML()

    def show(*_: object) -> None:
        image.value = frames.image_tag(group.value, label.value)

    def change_group(*_: object) -> None:
        names = list(groups[group.value])
        place = min(label.index, len(names) - 1)
        label.options = names
        label.index = place
        show()

    group.observe(change_group, names="value")
    label.observe(show, names="value")
    show()
    return widgets.VBox([group, label, image])
