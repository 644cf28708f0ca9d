"""Computed images to leaf through: on the page, offline, without a kernel.

One display holds two forms. The page, and whoever opens the notebook without running
it, gets plain HTML; a live kernel adds a widget with the same pictures, whose value a
reader's own cells can read and observe.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from html import escape
from typing import TYPE_CHECKING

from edulib.notebook.environment import is_live
from edulib.notebook.html_output import buttons
from edulib.notebook.pictures import Picture, encode_all

if TYPE_CHECKING:
    from ipywidgets import Widget

_STYLE = (
    "<style>:where(.eov-frames){margin:.5rem 0}"
    ":where(.eov-frames .eov-stage){display:grid;justify-items:center;"
    "align-items:center}"
    ":where(.eov-frames img){grid-area:1/1;max-width:100%;height:auto;margin:0}"
    ":where(.eov-frames .eov-bar){display:flex;flex-wrap:wrap;gap:.5rem .8rem;"
    "align-items:center;justify-content:center;margin:.6rem 0}"
    ":where(.eov-frames .eov-groups){display:flex;flex-wrap:wrap;gap:.35rem}"
    ":where(.eov-frames button){font:inherit;font-size:.9em;padding:.25em .8em;"
    "color:inherit;background:none;border:1px solid #8888;border-radius:6px;"
    "cursor:pointer}"
    ":where(.eov-frames button[aria-pressed=true]){background:#0b55b8;color:#fff;"
    "border-color:#0b55b8}"
    ":where(.eov-frames input){width:min(20rem,100%);min-width:8rem;"
    "accent-color:#0b55b8}"
    ":where(.eov-frames output){min-width:7em;font-variant-numeric:tabular-nums}"
    "</style>"
)

# Both handlers stand on the outermost element, to which the events of its buttons and
# of its slider rise, so that nothing needs an id and many can share a page.
_SCRIPT = (
    "const b=event.target.closest('button'),r=this.querySelector('input'),"
    "o=this.querySelector('output'),all=[...this.querySelectorAll('button')];"
    "if(b)all.forEach(x=>x.setAttribute('aria-pressed',x===b));"
    "const g=Math.max(0,all.findIndex(x=>x.getAttribute('aria-pressed')==='true')),"
    "labels=JSON.parse(this.dataset.labels)[g];"
    "r.max=labels.length-1;r.disabled=labels.length<2;"
    "o.textContent=labels[r.value];r.setAttribute('aria-valuetext',labels[r.value]);"
    "this.querySelectorAll('img').forEach(m=>{m.style.visibility="
    "m.dataset.at===g+'.'+r.value?'visible':'hidden'})"
)


@dataclass(frozen=True)
class Frames:
    """Pictures in named groups, shown one at a time.

    Attributes:
        groups: label of a group -> label of a picture -> the picture.
        alt: what all of them show.
        photo: whether the pictures keep their colours in dark mode.
    """

    groups: dict[str, dict[str, Picture]]
    alt: str
    photo: bool = False

    @cached_property
    def widget(self) -> "Widget":
        """The live form, for cells that want to read or observe it."""
        from edulib.notebook.slider_widget import make_widget

        return make_widget(self)

    def _repr_mimebundle_(
        self, include: object = None, exclude: object = None
    ) -> dict[str, object]:
        bundle = {"text/html": self._repr_html_(), "text/plain": repr(self)}
        if is_live():
            bundle["application/vnd.jupyter.widget-view+json"] = {
                "version_major": 2,
                "version_minor": 0,
                "model_id": self.widget.model_id,
            }
        return bundle

    def _repr_html_(self) -> str:
        labels = [list(pictures) for pictures in self.groups.values()]
        kind = "eov-frames photo" if self.photo else "eov-frames"
        return (
            f'{_STYLE}<div class="{kind}" role="group" aria-label="{escape(self.alt)}"'
            f' data-labels="{escape(json.dumps(labels))}" oninput="{escape(_SCRIPT)}"'
            f' onclick="this.oninput(event)"><div class="eov-bar">'
            f"{_buttons(list(self.groups))}{_slider(self.alt, labels[0])}</div>"
            f'<div class="eov-stage">{self._images()}</div></div>'
        )

    def __repr__(self) -> str:
        names = [
            f"{group}: {', '.join(pictures)}" if group else ", ".join(pictures)
            for group, pictures in self.groups.items()
        ]
        return "\n".join([self.alt, *(f"  {name}" for name in names)])

    def image_tag(self, group: str, label: str, place: str = "") -> str:
        """Return one picture as an `<img>` with its description.

        Args:
            group: label of its group.
            label: its own.
            place: its numbers among many of which only the first, "0.0", is visible.
        """
        picture = self.groups[group][label]
        name = ", ".join(filter(None, [group, label]))
        alt = escape(f"{self.alt.rstrip('. ')}: {name}.")
        style = "image-rendering:pixelated;" if picture.pixelated else ""
        if place:
            style += f"visibility:{'visible' if place == '0.0' else 'hidden'}"
        data = f' data-at="{place}"' if place else ""
        data += f' data-letters="{picture.letters}"' if picture.letters else ""
        return (
            f'<img src="{picture.uri}" width="{picture.width}" '
            f'height="{picture.height}" alt="{alt}"{data} style="{style}">'
        )

    def _images(self) -> str:
        return "".join(
            self.image_tag(group, label, f"{g}.{k}")
            for g, (group, pictures) in enumerate(self.groups.items())
            for k, label in enumerate(pictures)
        )


def image_slider(
    images: Sequence[object],
    labels: Sequence[object],
    alt: str,
    *,
    width: int | None = None,
    photo: bool = False,
) -> Frames:
    """Show images one at a time, with a slider.

    Args:
        images: figures, PIL images, arrays or tensors, or one tensor (N, C, H, W);
            values in [0, 1]. Images of less than 128 pixels are enlarged with sharp
            edges.
        labels: one for each, as "epoch 3".
        alt: what they show, for those who cannot see them; the label is added.
        width: shown width, in CSS pixels.
        photo: True for photographs and heat maps, whose colours dark mode must not
            turn round.

    Raises:
        ValueError: if there is no image, no description, or the number of labels is
            another one, or two labels are the same.
    """
    names = [str(label) for label in labels]
    if len(images) != len(names) or not names:
        raise ValueError(
            f"expected one label for each image, got {len(images)} images and "
            f"{len(names)} labels"
        )
    if len(set(names)) != len(names):
        raise ValueError(f"expected different labels, got {names}")
    group = dict(zip(names, encode_all(images, width), strict=True))
    return _frames({"": group}, alt, photo)


def image_picker(
    groups: Mapping[str, Mapping[object, object]],
    alt: str,
    *,
    width: int | None = None,
    photo: bool = False,
) -> Frames:
    """Show one of many images, chosen by group and label: a layer and its unit.

    Args:
        groups: label of a group -> label of an image -> image, as in `image_slider`.
        alt: what they show, for those who cannot see them; both labels are added.
        width: shown width, in CSS pixels.
        photo: as in `image_slider`.

    Raises:
        ValueError: if there is no group, or one without images, or no description.
    """
    if not groups or not all(groups.values()):
        raise ValueError(
            "expected groups of at least one image, got "
            f"{ {str(k): len(v) for k, v in groups.items()} }"
        )
    encoded = {
        str(group): dict(
            zip(map(str, images), encode_all(images.values(), width), strict=True)
        )
        for group, images in groups.items()
    }
    return _frames(encoded, alt, photo)


def _frames(groups: dict, alt: str, photo: bool) -> Frames:
    if not alt.strip():
        raise ValueError("expected alt to say what the images show, got nothing")
    return Frames(groups, alt, photo)


def _buttons(groups: list[str]) -> str:
    if len(groups) == 1:
        return ""
    return f'<div class="eov-groups">{buttons(groups)}</div>'


def _slider(name: str, labels: list[str]) -> str:
    first = escape(labels[0])
    disabled = " disabled" if len(labels) < 2 else ""
    return (
        f'<input type="range" min="0" max="{len(labels) - 1}" value="0" step="1" '
        f'autocomplete="off" aria-label="{escape(name)}" '
        f'aria-valuetext="{first}"{disabled}>'
        f'<output aria-live="off">{first}</output>'
    )
