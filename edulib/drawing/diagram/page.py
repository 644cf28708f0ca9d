"""A whole diagram: heading, rows of blocks that fit the page, legend."""

import textwrap
from collections import Counter
from collections.abc import Sequence
from itertools import groupby

from edulib.anatomy import OpType
from edulib.drawing.diagram.blocks import Part, Style
from edulib.drawing.diagram.canvas import LARGE, LINE, Canvas, text_width
from edulib.drawing.diagram.items import (
    Block,
    Fork,
    Item,
    Levels,
    blocks_of,
    is_slim,
    with_start,
)
from edulib.drawing.diagram.layout import GAP, chain_part, measure_steps
from edulib.drawing.diagram.pile import SHOWN
from edulib.drawing.style import OP_COLORS

WIDE = 668
PHONE = 338
_CHIP = 11
_ROW = 30
_MARGINS = 44
_OFTEN = 5  # blocks of a kind: up to four are counted at a glance
_ROW_OF = 3  # stages alike that follow each other, each at another resolution
_STAGE = 2  # bands at least behind the layer of a stage
_LINE = 46  # letters in a line of the legend on a phone
_WIDE_LINE = 96
_PAIR = 2
_NUMBERS = {1: "one", 2: "two", 3: "three", 4: "four"}
_WIDE_NOTE = (
    "Blocks: height and depth are resolution, width is channels (log scales).",
)
_PHONE_NOTE = ("Blocks: sides are resolution, thickness is", "channels (log scales).")
_UPRIGHT_NOTE = (
    "Blocks: height and depth are resolution,",
    "width is channels (log scales).",
)
LEGEND = (
    OpType.CONVOLUTION,
    OpType.POOLING,
    OpType.NORMALISATION,
    OpType.ACTIVATION,
    OpType.DENSE,
    OpType.ATTENTION,
    OpType.EMBEDDING,
    OpType.CONSTANT,
    OpType.DROPOUT,
    OpType.RESHAPE,
    OpType.OTHER,
)


def draw_page(
    steps: Sequence[Item], title: str, summary: Sequence[str], width: int
) -> Canvas:
    """Draw a network on a page.

    Args:
        steps: what to draw, the image first.
        title: the heading.
        summary: what stands below the heading.
        width: of the page, in pixels; up to `PHONE`, the flow runs downwards.
    """
    steps = with_start(steps)
    canvas = Canvas()
    canvas.text((0, LARGE), title, size=LARGE, bold=True)
    top = LARGE + 4.0
    for line in _heading(summary, width):
        top += LINE
        canvas.text((0, top), line, size=12)
    top += 20
    bottom = _wide(canvas, steps, top) if width > PHONE else _tall(canvas, steps, top)
    _legend(canvas, steps, bottom + 26, width)
    return canvas


def _heading(summary: Sequence[str], width: int) -> list[str]:
    """Write the summary in one line, or in two where that is too long."""
    whole = " · ".join(summary)
    if text_width(whole, 12) <= width:
        return [whole]
    return [" · ".join(summary[:-1]), summary[-1]]


def _wide(canvas: Canvas, steps: Sequence[Item], top: float) -> float:
    """Draw rows from left to right; give where they end."""
    top_side, small = _resolution(steps), 66
    for side in (118, small) if _lanes(steps) < 3 else (small,):
        style = Style(wide=True, side=side, top=top_side)
        parts = measure_steps(steps, style, beside=False)
        if max(part.length for part in parts) <= WIDE - _MARGINS:
            break
    rows = _rows(parts)
    gap = _gap(rows)
    chains = [chain_part(row, style, gap) for row in rows]
    y = top
    for k, chain in enumerate(chains):
        flow = y + chain.before
        chain.draw(canvas, 0, flow, chain.under)
        y = flow + chain.after + _ROW
        if k + 1 < len(chains):
            _carry_on(canvas, chain, flow, (y - _ROW / 2, chains[k + 1], y))
    return y - _ROW


def _gap(rows: list[list[Part]]) -> float:
    """Return the gap between parts that lets the longest row fill the page."""
    gaps = [
        (WIDE - _MARGINS - sum(part.length for part in row)) / (len(row) - 1)
        for row in rows
        if len(row) > 1
    ]
    return max(GAP, min([*gaps, 2 * GAP]))


def _carry_on(
    canvas: Canvas, chain: Part, flow: float, below: tuple[float, Part, float]
) -> None:
    """Lead the flow from the end of a row to the start of the next."""
    lane, after, top = below
    right = max(chain.outlet, chain.length) + 14
    next_flow = top + after.before
    for off in chain.outlets:
        points = [
            (chain.outlet, flow + off),
            (right - off, flow + off),
            (right - off, lane - off),
            (-18 - off, lane - off),
            (-18 - off, next_flow + off),
            (after.inlet, next_flow + off),
        ]
        canvas.line(points, arrow=after.arrow)


def _rows(parts: list[Part]) -> list[list[Part]]:
    """Break parts into as few rows as fit, of lengths as even as possible."""
    limit = WIDE - _MARGINS
    count = len(_break(parts, limit))
    while limit > 100 and len(_break(parts, limit - 10)) == count:
        limit -= 10
    return _break(parts, limit)


def _break(parts: list[Part], limit: float) -> list[list[Part]]:
    rows: list[list[Part]] = [[]]
    length = 0.0
    for part in parts:
        if rows[-1] and length + part.length > limit:
            rows.append([])
            length = 0
        rows[-1].append(part)
        length += part.length + GAP
    return rows


def _tall(canvas: Canvas, steps: Sequence[Item], top: float) -> float:
    """Draw one column from top to bottom; give where it ends."""
    forked = any(isinstance(step, Fork) for step in steps)
    side = 92 if _lanes(steps) < 3 else 50
    style = Style(wide=False, side=side, top=_resolution(steps), joined=not forked)
    chain = chain_part(measure_steps(steps, style, beside=True), style)
    width = chain.before + chain.after
    left = chain.before if forked else chain.before + 20
    axis = left + max(0.0, (PHONE - width) / 2) if forked else left
    chain.draw(canvas, top, axis, chain.under)
    return top + chain.length


def _resolution(steps: Sequence[Item]) -> int:
    return max(max(block.size[1:]) for block in blocks_of(steps))


def _lanes(steps: Sequence[Item]) -> int:
    """Count the lines that run side by side at the most."""
    return max(
        (sum(max(1, _lanes(b)) for b in s.branches) for s in steps if _is_fork(s)),
        default=1,
    )


def _named_colors(shown: set[OpType]) -> list[tuple[OpType, str]]:
    """Return the colours to name; outputs share theirs, which is said."""
    words = {OpType.CONSTANT: "learned or constant"}
    named = [(kind, words.get(kind, str(kind))) for kind in LEGEND if kind in shown]
    if OpType.OUTPUT not in shown:
        return named
    grey = OP_COLORS[OpType.OUTPUT]
    kinds = (OpType.INPUT, OpType.OUTPUT, *LEGEND)
    alike = [kind for kind in kinds if kind in shown and OP_COLORS[kind] == grey]
    others = [(kind, words) for kind, words in named if kind not in alike]
    return [*others, (OpType.OUTPUT, ", ".join(alike))]


def _arcs(steps: Sequence[Item], letters: int) -> list[str]:
    """Say what lines around blocks mean."""
    levels = any(isinstance(step, Levels) for step in steps)
    arched = [
        block
        for block in blocks_of(steps)
        if block.is_residual and not block.is_loop and (levels or block.repeat > 1)
    ]
    lines = []
    if arched:
        lines.append(
            f"Arcs: a block's input is added to its output{_converted(arched)}."
        )
    lines += dict.fromkeys(_sums(block) for block in arched if block.sums > 1)
    if any("with skip" in block.inside for block in blocks_of(steps)):
        lines.append("With skip: the input is added to the output.")
    if any(block.is_loop for block in blocks_of(steps)):
        lines.append("Loop: what a turn hands on, the next one reads.")
    if levels and any(block.feeds for block in blocks_of(steps)):
        lines.append("Short arrows: from or to the blocks named.")
    if any(block.hides for block in blocks_of(steps)):
        lines.append("Inside of blocks, normalisations and activations are not drawn.")
    lines = [part for line in lines for part in textwrap.wrap(line, letters)]
    return [*lines, *_stacks(steps), *_counts(steps), *_notes(steps, letters)]


def _stacks(steps: Sequence[Item]) -> list[str]:
    """Say that not all blocks of a long stack are drawn."""
    stacks = [] if isinstance(steps[-1], Levels) else blocks_of(steps)
    long = any(block.repeat > SHOWN and not block.is_loop for block in stacks)
    most = _NUMBERS[SHOWN]
    return [f"Of more than {most} blocks alike, {most} are drawn."] if long else []


def _sums(block: Block) -> str:
    """Say how many sums follow each other in a block, and on which of its inputs."""
    several = f"{_NUMBERS.get(block.sums, block.sums)} such sums in a row"
    if len(block.sums_of) < _PAIR:
        return f"{block.words}: {several}."
    (first, _), *rest = block.sums_of
    others = [f"{_NUMBERS.get(count, count)} on {name}" for name, count in rest]
    return f"{block.words}: {', '.join([f'{several} on {first}', *others])}."


def _converted(blocks: Sequence[Block]) -> str:
    """Say what converts the input that is added, and where."""
    found = [pair for block in blocks for pair in block.converts]
    layers = dict.fromkeys(layer for layer, _ in found if layer)
    if not layers:
        return ""
    exactly = all(bool(layer) == changes for layer, changes in found)
    where = "where the channels change" if exactly else "in some blocks"
    return f", converted by a {' or '.join(layers)} {where}"


def _notes(steps: Sequence[Item], letters: int) -> list[str]:
    """Tell what parts inside of blocks read."""
    found = {b.words.split(",")[0]: b.notes for b in blocks_of(steps) if b.notes}
    lines = []
    for name, notes in found.items():
        lines.append(f"Inside of {name}:")
        for note in notes:
            lines += textwrap.wrap(f"· {note}", letters, subsequent_indent="\xa0\xa0")
    return lines


def _counts(steps: Sequence[Item]) -> list[str]:
    """Say how often a kind of block is drawn, where none are folded into one."""
    blocks = list(blocks_of(steps))
    if any(block.repeat > 1 for block in blocks):
        return []
    kinds = Counter(b.words for b in blocks if b.composite and b.words.isidentifier())
    often = {kind: count for kind, count in kinds.items() if count >= _OFTEN}
    for kind, run in groupby(steps, key=_stage):
        sides = [item.size[1] for item in run if kind]
        is_often = len(sides) >= _ROW_OF and len(set(sides)) == len(sides)
        often |= {kind: len(sides)} if is_often else {}
    told = ", ".join(f"{kind} ({count} times)" for kind, count in often.items())
    return textwrap.wrap(f"Repeats: {told}.", _LINE) if told else []


def _stage(item: Item) -> str:
    """Name a layer with all that follows it, whatever its size: a stage of a chain."""
    if not isinstance(item, Block) or item.composite or len(item.bands) < _STAGE:
        return ""
    layer = item.words.split(",")[0].replace("convolution", "conv")
    return " + ".join((layer, *item.bands))


def _is_fork(step: Item) -> bool:
    return isinstance(step, Fork)


def _legend(canvas: Canvas, steps: Sequence[Item], top: float, width: int) -> None:
    """Name the colours."""
    shown = {
        kind for block in blocks_of(steps) for kind in (block.op_type, *block.bands)
    }
    x, y = 0.0, top
    for op_type, words in _named_colors(shown):
        length = _CHIP + 5 + text_width(words) + 16
        if x and x + length > width:
            x, y = 0.0, y + LINE + 5
        canvas.chip((x, y - _CHIP + 2), _CHIP, OP_COLORS[op_type])
        canvas.text((x + _CHIP + 5, y), words)
        x += length
    stand = isinstance(steps[0], Levels)
    note = (_UPRIGHT_NOTE if stand else _PHONE_NOTE) if width <= PHONE else _WIDE_NOTE
    if stand and any(map(is_slim, steps[0].blocks)):
        note = (*note, "Small squares show no size.")
    letters = _LINE if width <= PHONE else _WIDE_LINE
    for k, line in enumerate((*note, *_arcs(steps, letters))):
        canvas.text((0, y + 22 + k * LINE), line)
