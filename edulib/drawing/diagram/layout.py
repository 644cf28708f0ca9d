"""Where the parts of a diagram stand: chains of blocks, and branches between them."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import zip_longest

from edulib.anatomy import OpType
from edulib.drawing.diagram.blocks import Part, Style, measure_plate, measure_slab
from edulib.drawing.diagram.canvas import LINE, Canvas, Point, text_width
from edulib.drawing.diagram.items import (
    SUMS,
    Block,
    Fork,
    Item,
    Levels,
    count_blocks,
    is_open,
    is_source,
)
from edulib.drawing.diagram.levels_layout import measure_levels
from edulib.drawing.diagram.words import hint, merge_lines

GAP = 20
_FAN = 26
_RING = 9
_BAR = 6
_APART = 8


def measure_steps(items: Sequence[Item], style: Style, beside: bool) -> list[Part]:
    """Measure blocks and forks that follow each other.

    Args:
        items: what to draw.
        style: how.
        beside: on a phone, whether labels stand beside blocks, not below them.
    """
    return [
        _measure(item, style, beside, feeds=isinstance(after, Block))
        for item, after in zip_longest(items, items[1:])
    ]


def _measure(item: Item, style: Style, beside: bool, feeds: bool) -> Part:
    if isinstance(item, Fork):
        return _measure_fork(item, style, beside, feeds)
    if isinstance(item, Levels):
        return measure_levels(item, style)
    if style.wide:
        return measure_slab(item, style)
    return measure_plate(item, style, beside)


def measure_chain(items: Sequence[Item], style: Style, beside: bool) -> Part:
    """Measure parts that follow each other."""
    return chain_part(measure_steps(items, style, beside), style)


def chain_part(parts: Sequence[Part], style: Style, gap: float = GAP) -> Part:
    """Put measured parts one behind the other, `gap` pixels apart, with arrows."""
    if not parts:
        return Part(0, 0, 0, 0, 0, 0, lambda *_: None)
    under = max(part.under for part in parts)
    after = max(part.after + _sink(part, under, style) for part in parts)
    starts, at = [], 0.0
    for part in parts:
        starts.append(at)
        at += part.length + gap

    def draw(canvas: Canvas, u: float, v: float, base: float) -> None:
        for k, (part, start) in enumerate(zip(parts, starts, strict=True)):
            if k:
                before = parts[k - 1]
                ends = u + starts[k - 1] + before.outlet, u + start + part.inlet
                for off in before.outlets:
                    points = [style.place(end, v + off) for end in ends]
                    canvas.line(points, arrow=part.arrow)
            part.draw(canvas, u + start, v, max(base, under))

    return Part(
        length=at - gap,
        before=max(part.before for part in parts),
        under=under,
        after=after,
        inlet=parts[0].inlet,
        outlet=starts[-1] + parts[-1].outlet,
        draw=draw,
        arrow=parts[0].arrow,
        outlets=parts[-1].outlets,
    )


def _sink(part: Part, under: float, style: Style) -> float:
    """Tell how far the labels of a part move down to stand in line with others."""
    return under - part.under if style.wide and part.under else 0


def _measure_fork(fork: Fork, style: Style, beside: bool, feeds: bool) -> Part:
    """Measure branches and the point where they meet, if not the block they feed."""
    lanes = _lanes(fork, style, beside)
    if feeds and fork.merge is None:
        lanes = _apart(lanes)
    inside = max(lane.chain.length for lane in lanes)
    meeting = _meeting(fork.merge, style, beside)
    centre = 2 * _FAN + inside + meeting.room / 2
    lowest = max(lane.place for lane in lanes)
    is_level = _is_level(fork)
    under = lanes[0].chain.under if is_level else 0

    def draw(canvas: Canvas, u: float, v: float, base: float) -> None:
        if sum(not lane.is_source for lane in lanes) > 1:
            canvas.circle(style.place(u + _FAN / 2, v), 2.5)
        for lane in lanes:
            start = u + _FAN + (inside - lane.chain.length) / 2
            span = (u, start, u + centre)
            _connect(canvas, lane, span, v, (meeting, style))
            line = base if is_level and lane is lanes[0] else 0
            lane.chain.draw(canvas, start, v + lane.place, line)
        if fork.merge is not None:
            canvas.group(hint(fork.merge))
            places = [v + lane.place for lane in lanes if not lane.is_open]
            _draw_merge(canvas, u + centre, v, places, (meeting, style))
            canvas.close()
            below = max(base, under, _RING) if meeting.is_sum else lowest + _BAR
            _label_merge(canvas, (u + centre, v), below, meeting, style)

    before, after = _room(lanes, meeting, under or lowest, style)
    outlet = centre + meeting.thickness / 2
    length = max(outlet, centre + meeting.room / 2 + meeting.tail)
    outlets = tuple(dict.fromkeys(lane.end for lane in lanes if not lane.is_open))
    return Part(
        length,
        before,
        under,
        after,
        0,
        outlet,
        draw,
        arrow=False,
        outlets=outlets or (0.0,),
    )


def _apart(lanes: list["_Lane"]) -> list["_Lane"]:
    """Let each branch have its own arrow into the block that reads them all."""
    ends = sorted((lane.place for lane in lanes if not lane.is_open), reverse=True)
    level = 0 if 0 in ends else (len(ends) - 1) / 2
    return [
        lane
        if lane.is_open
        else replace(lane, end=_APART * (level - ends.index(lane.place)))
        for lane in lanes
    ]


def _room(
    lanes: list["_Lane"], meeting: "_Meeting", edge: float, style: Style
) -> tuple[float, float]:
    """Return the pixels that a fork needs above and below the flow."""
    before = max(lane.chain.before - lane.place for lane in lanes)
    after = max(lane.chain.after + lane.place for lane in lanes)
    text = LINE * len(meeting.lines) + 16
    needed = edge + text if style.wide else meeting.side
    return before, max(after, needed)


@dataclass(frozen=True)
class _Lane:
    """A branch, and how far beside the flow it runs.

    Attributes:
        chain: what is drawn.
        place: pixels beside the flow.
        is_source: whether it begins by itself.
        is_open: whether it ends in outputs.
        end: pixels beside the flow where its line goes on, if nothing joins them.
    """

    chain: Part
    place: float
    is_source: bool
    is_open: bool
    end: float = 0.0


@dataclass(frozen=True)
class _Meeting:
    """The point where branches meet.

    Attributes:
        op_type: "add", "subtract", "multiply", "concat"; None where lines just join.
        lines: its label.
        thickness: of the ring or bar, along the flow.
        room: pixels along the flow, a label below it included.
        tail: pixels after it for a label.
        side: pixels beside the flow for a label.
        beside: pixels from the flow to the label.
    """

    op_type: OpType | None
    lines: list[tuple[str, float, bool]]
    thickness: float
    room: float
    tail: float
    side: float
    beside: float

    @property
    def is_sum(self) -> bool:
        """Whether the branches meet in a ring."""
        return self.op_type in SUMS


def _meeting(merge: Block | None, style: Style, beside: bool) -> _Meeting:
    lines = merge_lines(merge) if merge else []
    op_type = merge.op_type if merge else None
    is_sum = op_type in SUMS
    thickness = 2 * _RING if is_sum else (_BAR if merge else 0)
    widest = max((text_width(*line) for line in lines), default=0)
    if style.wide:
        room = max(thickness, widest)
        return _Meeting(op_type, lines, thickness, room, 0, 0, 0)
    aside = style.label_column if beside else _RING + 8
    tail = 0 if beside and is_sum else LINE * len(lines)
    return _Meeting(op_type, lines, thickness, thickness, tail, aside + widest, aside)


def _is_level(fork: Fork) -> bool:
    """Whether one branch of a fork goes on in the line of the flow."""
    if fork.merge is not None and fork.merge.op_type in SUMS:
        return True
    through = [not is_source(b) and not is_open(b) for b in fork.branches]
    return any(through) and not all(through)


def _lanes(fork: Fork, style: Style, beside: bool) -> list[_Lane]:
    """Place the branches: the longest in line with the flow, or all of them evenly."""
    branches = fork.branches
    if not _is_level(fork):
        chains = [measure_chain(branch, style, False) for branch in branches]
        places = _spread(chains, style.lane)
        lanes = zip(chains, places, branches, strict=True)
        return [_Lane(c, at, is_source(b), is_open(b)) for c, at, b in lanes]
    through = [not is_source(b) and not is_open(b) for b in branches]
    sizes = [(fits, count_blocks(b)) for fits, b in zip(through, branches, strict=True)]
    main = sizes.index(max(sizes))
    order = [main, *(k for k in range(len(sizes)) if k != main)]
    lanes: list[_Lane] = []
    edge = 0.0
    for k in order:
        chain = measure_chain(branches[k], style, beside and k == main)
        place = edge - style.lane - chain.after if lanes else 0.0
        lanes.append(_Lane(chain, place, is_source(branches[k]), is_open(branches[k])))
        edge = place - chain.before
    return lanes


def _spread(chains: list[Part], lane: float) -> list[float]:
    """Place branches side by side, the whole centred on the flow."""
    places, edge = [], 0.0
    for chain in chains:
        places.append(edge + chain.before)
        edge += chain.before + chain.after + lane
    middle = (places[0] + places[-1]) / 2
    return [place - middle for place in places]


def _connect(
    canvas: Canvas,
    lane: _Lane,
    span: tuple[float, float, float],
    flow: float,
    end: tuple[_Meeting, Style],
) -> None:
    """Draw the lines from the fork into a branch and from there to the meeting."""
    (fork, start, centre), (meeting, style) = span, end
    at = flow + lane.place
    turn = fork + _FAN / 2
    into = [(fork, flow), (turn, flow), (turn, at)]
    leave = _leave(centre, at, (flow, lane.end), meeting)
    arrow = bool(meeting.op_type)
    if lane.chain.length == 0:
        _line(canvas, [*into, *leave], arrow, style)
        return
    if not lane.is_source:
        entry = (start + lane.chain.inlet, at)
        _line(canvas, [*into, entry], lane.chain.arrow, style)
    if not lane.is_open:
        _line(canvas, [(start + lane.chain.outlet, at), *leave], arrow, style)


def _leave(
    centre: float, at: float, to: tuple[float, float], meeting: _Meeting
) -> list[tuple[float, float]]:
    """Return the way from a branch to the meeting, in flow coordinates."""
    flow, off = to
    edge = centre - meeting.thickness / 2
    if meeting.op_type is OpType.CONCAT or (meeting.op_type and at == flow):
        return [(edge, at)]
    if meeting.is_sum:
        side = _RING if at > flow else -_RING
        return [(centre, at), (centre, flow + side)]
    turn = centre - _FAN / 2
    return [(turn, at), (turn, flow + off), (centre, flow + off)]


def _line(canvas: Canvas, points: Sequence[Point], arrow: bool, style: Style) -> None:
    canvas.line([style.place(*point) for point in points], arrow=arrow)


def _draw_merge(
    canvas: Canvas,
    centre: float,
    flow: float,
    places: list[float],
    how: tuple[_Meeting, Style],
) -> None:
    meeting, style = how
    if meeting.is_sum:
        sign = SUMS[meeting.op_type]
        canvas.circle(style.place(centre, flow), _RING, sign)
        return
    low, high = min(places) - 8, max(places) + 8
    canvas.bar(style.place(centre, low), style.place(centre, high))


def _label_merge(
    canvas: Canvas,
    at: tuple[float, float],
    base: float,
    meeting: _Meeting,
    style: Style,
) -> None:
    u, v = at
    if style.wide:
        canvas.write(meeting.lines, (u, v + base + 18), "middle")
        return
    drop = LINE * len(meeting.lines)
    top = u + meeting.thickness / 2 + LINE if meeting.tail else u - drop / 2 + LINE - 3
    canvas.write(meeting.lines, (v + meeting.beside, top), "start")
