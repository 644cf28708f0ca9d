"""A picture, its ranked boxes and their curve, under two thresholds of IoU.

Plain HTML with a few lines of script. Every state is computed beforehand: which boxes
suppression leaves, which of them are right, the curve, average precision and what is
said to those who cannot see it. Two sliders choose among them.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from html import escape

import torch
from torch import Tensor
from torchvision.ops import nms

from edulib.drawing.detections import FALSE, FOUND, MISSED
from edulib.notebook.html_output import HtmlOutput, one_line
from edulib.notebook.pictures import encode
from edulib.training.measures import match_detections, precision_recall

NMS = (0.2, 0.3, 0.45, 0.6, 0.7, 0.8, 0.9, 1.0)
IOU = (0.3, 0.5, 0.6, 0.7, 0.75, 0.8, 0.9)
START = (2, 1)  # positions in NMS and IOU
_PLOT = (32, 16, 246, 226)  # left, top, right and bottom of the plot, of 256 x 256

_STYLE = (
    "<style>:where(.eov-two) label{display:grid;grid-template-columns:1fr auto;"
    "gap:0 .6rem;flex:1 1 15rem;max-width:24rem;font-size:.92em}"
    ":where(.eov-two) .eov-bar,:where(.eov-two) .eov-pair{display:flex;flex-wrap:wrap;"
    "gap:.7rem 1.5rem;justify-content:center;margin:.5rem 0}"
    ":where(.eov-two) input{grid-column:1/3;width:100%;accent-color:#0b55b8}"
    ":where(.eov-two) svg{width:min(20rem,100%);height:auto;overflow:visible}"
    ":where(.eov-two) output,:where(.eov-two) p{font-variant-numeric:tabular-nums}"
    ":where(.eov-two) p{text-align:center;margin:.3rem 0}"
    ".eov-two rect{fill:none;stroke-width:1}"
    ".eov-two rect:first-child{stroke:#fff;stroke-width:1.9}"
    f".eov-two .r :last-child{{stroke:{FOUND}}}"
    f".eov-two .w :last-child{{stroke:{FALSE}}}"
    f".eov-two .m :last-child{{stroke:{MISSED};stroke-dasharray:4 2.5}}"
    ".eov-two .n{display:none}"
    f".eov-two .eov-area{{fill:{FOUND};fill-opacity:.2}}"
    f".eov-two .eov-line{{fill:none;stroke:{FOUND};stroke-width:2.4}}"
    ".eov-two .eov-axes{fill:none;stroke:currentColor;stroke-width:1.2}"
    ".eov-two text{fill:currentColor;font-size:11.5px}"
    ".eov-two .eov-list{letter-spacing:.12em;overflow-wrap:anywhere}</style>"
)
_SCRIPT = """
const d = JSON.parse(this.dataset.states), [a, b] = this.querySelectorAll('input');
const s = d.states[a.value][b.value], [p, q] = this.querySelectorAll('svg');
[[a, d.nms], [b, d.iou]].forEach(([r, names]) => {
  r.setAttribute('aria-valuetext', names[r.value]);
  r.parentNode.querySelector('output').textContent = names[r.value];
});
p.querySelectorAll('g').forEach((g, k) => { g.setAttribute('class', s.boxes[k]); });
q.querySelector('.eov-area').setAttribute('d', s.area);
q.querySelector('.eov-line').setAttribute('d', s.line);
p.setAttribute('aria-label', d.alt + s.said);
q.setAttribute('aria-label', d.curve + s.list);
this.querySelector('.eov-list').textContent = s.list;
this.querySelector('[role=status]').textContent = s.said
"""


@dataclass(frozen=True)
class State:
    """What two thresholds make of the boxes of one picture.

    Attributes:
        kept: positions of the boxes that suppression leaves, the surest first.
        right: whether each of these found an object.
        found: whether each object was found.
        recall: after each of the boxes kept.
        precision: after each of them.
        ap: average precision over COCO's 101 recalls.
    """

    kept: list[int]
    right: list[bool]
    found: list[bool]
    recall: list[float]
    precision: list[float]
    ap: float


def state(
    boxes: Tensor, scores: Tensor, objects: Tensor, nms_at: float, iou_at: float
) -> State:
    """Suppress boxes of one kind, match what is left, and measure it.

    Args:
        boxes: (N, 4), xyxy.
        scores: (N,).
        objects: (G, 4), xyxy, at least one.
        nms_at: IoU up to which two boxes may both stay.
        iou_at: IoU from which a box is right.
    """
    kept = nms(boxes, scores, nms_at)
    labels = torch.zeros(len(kept), dtype=torch.int64)
    found = {"boxes": boxes[kept], "scores": scores[kept], "labels": labels}
    target = {"boxes": objects, "labels": torch.zeros(len(objects), dtype=torch.int64)}
    matches = match_detections(found, target, iou_at)
    curve = precision_recall([found], [target], 0, threshold=iou_at)
    return State(
        kept.tolist(),
        matches.right.tolist(),
        matches.found.tolist(),
        curve.recall.tolist(),
        curve.precision.tolist(),
        curve.ap,
    )


@dataclass(frozen=True)
class TwoThresholds:
    """The picture, the list and the curve, with a slider for each threshold.

    Attributes:
        image: (3, H, W) in [0, 1].
        boxes: (N, 4), xyxy, of one kind.
        scores: (N,).
        objects: (G, 4), xyxy, of that kind.
        name: of several such objects, "boats".
    """

    image: Tensor
    boxes: Tensor
    scores: Tensor
    objects: Tensor
    name: str

    @cached_property
    def states(self) -> list[list[State]]:
        """All states, by threshold of suppression and of a match."""
        given = self.boxes, self.scores, self.objects
        return [[state(*given, n, i) for i in IOU] for n in NMS]

    def _repr_html_(self) -> str:
        return self._output.html

    def __repr__(self) -> str:
        return self._output.text

    @cached_property
    def _output(self) -> HtmlOutput:
        first = self.states[START[0]][START[1]]
        data = {
            "nms": [_nms_label(n) for n in NMS],
            "iou": [f"{i:g}" for i in IOU],
            "alt": f"A scene with {self.name}: ",
            "curve": "Precision over recall, from the surest box on: ",
            "states": [[self._told(s) for s in row] for row in self.states],
        }
        told = self._told(first)
        about = data["alt"] + told["said"], data["curve"] + told["list"]
        html = (
            f'{_STYLE}<div class="eov-two" role="group" aria-label="Two thresholds of '
            f'IoU, and what they make of one picture" data-states="'
            f'{escape(json.dumps(data, separators=(",", ":"), ensure_ascii=False))}" '
            f'oninput="{escape(one_line(_SCRIPT))}"><div class="eov-bar">'
            f"{_slider('Suppression: both stay up to IoU', data['nms'], 0)}"
            f"{_slider('Match: right from IoU', data['iou'], 1)}</div>"
            f'<div class="eov-pair">{self._scene(told, about[0])}'
            f"{_plot(told, about[1])}</div>"
            f'<p class="eov-list" aria-hidden="true">{told["list"]}</p>'
            f'<p role="status">{escape(told["said"])}</p></div>'
        )
        heads = "  ".join(f"{i:>4g}" for i in IOU)
        lines = [f"AP of the {self.name}; rows: suppression, columns: match", heads]
        for n, row in zip(NMS, self.states, strict=True):
            values = "  ".join(f"{s.ap:.2f}" for s in row)
            lines.append(f"{values}  {_nms_label(n)}")
        return HtmlOutput(html, "\n".join(lines))

    def _told(self, one: State) -> dict:
        """Return how a state is drawn and what is said of it."""
        classes = ["n"] * len(self.boxes)
        for k, right in zip(one.kept, one.right, strict=True):
            classes[k] = "r" if right else "w"
        lost = ["n" if found else "m" for found in one.found]
        right, count = sum(one.right), len(one.kept)
        boxes = "1 box" if count == 1 else f"{count} boxes"
        said = (
            f"{boxes} left: {right} right, {count - right} wrong; {sum(one.found)} of "
            f"{len(one.found)} {self.name} found. AP {one.ap:.2f}."
        )
        line, area = _paths(one.recall, one.precision)
        return {
            "boxes": "".join([*classes, *lost]),
            "line": line,
            "area": area,
            "list": " ".join("✓" if r else "✗" for r in one.right),
            "said": said,
        }

    def _scene(self, told: dict, about: str) -> str:
        picture = encode((255 * self.image).round().byte(), width=self.image.shape[-1])
        height, width = self.image.shape[-2:]
        rows = [*self.boxes.tolist(), *self.objects.tolist()]
        groups = "".join(
            f'<g class="{kind}">{2 * _rect(box)}</g>'
            for box, kind in zip(rows, told["boxes"], strict=True)
        )
        return (
            f'<svg viewBox="0 0 {width} {height}" role="img" '
            f'aria-label="{escape(about)}"><image href="{picture.uri}" '
            f'width="{width}" height="{height}"/>{groups}</svg>'
        )


def _nms_label(threshold: float) -> str:
    return "1 (all stay)" if threshold == 1 else f"{threshold:g}"


def _slider(name: str, labels: Sequence[str], which: int) -> str:
    at = START[which]
    return (
        f"<label>{escape(name)}<output>{labels[at]}</output>"
        f'<input type="range" min="0" max="{len(labels) - 1}" step="1" value="{at}" '
        f'autocomplete="off" aria-valuetext="{labels[at]}"></label>'
    )


def _rect(box: Sequence[float]) -> str:
    x1, y1, x2, y2 = (round(edge, 1) for edge in box)
    return f'<rect x="{x1:g}" y="{y1:g}" width="{x2 - x1:.3g}" height="{y2 - y1:.3g}"/>'


def _plot(told: dict, about: str) -> str:
    left, top, right, bottom = _PLOT
    marks = "".join(
        f'<text x="{left - 4}" y="{bottom + (top - bottom) * v + 4:g}" '
        f'text-anchor="end">{v:g}</text><text x="{left + (right - left) * v:g}" '
        f'y="{bottom + 14}" text-anchor="middle">{v:g}</text>'
        for v in (0, 0.5, 1)
    )
    return (
        f'<svg viewBox="0 0 256 256" role="img" aria-label="{escape(about)}">'
        f'<path class="eov-area" d="{told["area"]}"/>'
        f'<path class="eov-line" d="{told["line"]}"/>'
        f'<path class="eov-axes" d="M{left} {top}V{bottom}H{right}"/>{marks}'
        f'<text x="{(left + right) / 2:g}" y="{bottom + 27}" text-anchor="middle">'
        f'recall</text><text x="{left}" y="{top - 5}">precision</text></svg>'
    )


def _paths(recall: Sequence[float], precision: Sequence[float]) -> tuple[str, str]:
    """Return the curve, and the area below the best precision from there on."""
    left, top, right, bottom = _PLOT

    def place(r: float, p: float) -> str:
        x, y = left + (right - left) * r, bottom + (top - bottom) * p
        return f"{x:.0f} {y:.0f}"

    points = list(zip(recall, precision, strict=True))
    line = "M" + "L".join(place(r, p) for r, p in points)
    corners, before = [place(0, 0)], 0.0
    for k, (r, _) in enumerate(points):
        best = max(precision[k:])
        corners += [place(before, best), place(r, best)] if r > before else []
        before = r
    corners.append(place(before, 0))
    return line, f"M{'L'.join(corners)}Z"
