"""The words of a diagram: labels, tooltips, and the description for the blind."""

import re
import textwrap
from collections.abc import Sequence

from edulib.anatomy import OpType
from edulib.anatomy.numbers import all_shapes, shape_words, short_count
from edulib.anatomy.op_types import MERGES
from edulib.drawing.diagram.canvas import SMALL
from edulib.drawing.diagram.items import Block, Item, Levels

Line = tuple[str, float, bool]

_SHORT = (
    ("convolution", "conv"),
    ("global average pooling", "global avg pool"),
    ("global max pooling", "global max pool"),
    ("average pooling", "avg pool"),
    ("max pooling", "max pool"),
    ("fully connected", "dense"),
    ("normalisation", "norm"),
    (", stride ", ", /"),
)
_MERGED = {
    OpType.ADD: "added to",
    OpType.SUBTRACT: "subtracted, gives",
    OpType.CONCAT: "concatenated to",
    OpType.MULTIPLY: "multiplied to",
    OpType.ATTENTION: "joined by cross-attention for",
}
_GROWS = re.compile(r"((?:transposed convolution|unpooling)[^;]*), stride ")
_PIECES = re.compile(r"[A-Z]?[^A-Z]+(?:[A-Z](?=[A-Z][a-z]))?|[A-Z]+(?![a-z])")
_NAME = 12
_WRAP = {"full": 17, "tall": 17, "joined": 30, "narrow": 12, "cell": 17, "slim": 12}
_WRAP["half"] = 12
_INSIDE = 20
_PAIR = 2
_HALF = 16  # letters in a line of half a phone's page
_MOST = 30  # and of any other label
_CARRY = 40  # and in one about what a turn hands on
_HEAD = 25  # letters in a line about a branch
_SPLIT = ("cell", "slim", "half")  # forms that cut long names of classes


def label_lines(block: Block, form: str) -> list[Line]:
    """Return the lines of a label: name, what it does, shape, parameters.

    Args:
        block: what is labelled.
        form: "full" puts each on a line of its own; "tall" does so too and adds to
            the name how often the block is repeated; "joined" has shape and
            parameters on one line; "narrow" is as slim as it can be; "cell" and
            "slim" are those two, with long names of classes cut; so does "half", which
        cuts names of modules as well.
    """
    lines = [(line, _NAME, True) for line in _name_lines(block, form)]
    texts = [line.replace("\xa0", " ") for line in _word_lines(block, form)]
    for head in block.heads:
        texts += textwrap.wrap(f"→ {head}", _HEAD, subsequent_indent="\xa0\xa0")
    texts += _read_lines(block)
    texts += [f"takes {block.takes}"] if block.takes else []
    for name in block.attends_to:
        texts += textwrap.wrap(f"attends to end of {name}", _WRAP[form])
    texts += _number_lines(block, form)
    texts += ["reads:"] if block.gathers else []
    texts += [f"· {_shortened(name)}" for name in block.gathers]
    texts += ["hands on:"] if block.carries else []
    for name in block.carries:
        texts += textwrap.wrap(f"· {name}", _CARRY, subsequent_indent="\xa0\xa0")
    if block.feeds:
        texts += textwrap.wrap(f"→ {', '.join(block.feeds)}", _WRAP[form])
    most = _HALF if form == "half" else _MOST
    texts = [line for text in texts for line in _broken(text, most)]
    return [*lines, *((text, SMALL, False) for text in texts)]


def _broken(text: str, most: int) -> list[str]:
    """Break a line of a label that is too long."""
    sign = text[:2] if text[0] in "·→" else ""
    return textwrap.wrap(
        text.removeprefix(sign),
        most,
        initial_indent=sign,
        subsequent_indent="\xa0\xa0",
        break_long_words=False,
    )


def _name_lines(block: Block, form: str) -> list[str]:
    """Write the name of a block, and where it is not seen how often it is repeated."""
    counted = block.count and not block.names_all and form != "full"
    count = f" {block.count}" if counted else ""
    if form != "half" or block.op_type is OpType.OUTPUT:
        return [block.name + count]
    name = re.sub(r"\.(?!\d+$)", ". ", block.name)
    if max(map(len, name.split())) > _WRAP[form]:
        name = name.replace("_", "_ ")
    lines = textwrap.wrap(name + count, _WRAP[form], break_long_words=False)
    return [re.sub(r"([._]) ", r"\1", line) for line in lines]


def _word_lines(block: Block, form: str) -> list[str]:
    """Write what a block does and holds, unless its name says so."""
    words = "" if block.words == block.name else block.words
    if block.names_all and form != "full":
        words = f"{block.repeat} × {words}"
    inside: list[str] = []
    if block.inside and form != "full":
        words = f"{words}: {block.inside}"
    elif block.inside and (block.op_type is OpType.ATTENTION or _parts(block)):
        inside = textwrap.wrap(block.inside, _INSIDE)
    words = _GROWS.sub(r"\1, up ×", words)
    words = words.replace("up ×", "up\xa0×").replace(" × ", "\xa0×\xa0")
    words = _shortened(words)
    if form in _SPLIT:
        words = _cut_names(words, _WRAP[form])
    return [*textwrap.wrap(words, _WRAP[form], break_long_words=False), *inside]


def _parts(block: Block) -> bool:
    """Whether paths part and meet inside of a block, or it runs several times."""
    told = ("split in", "concat of", "run ")
    return any(words in block.inside for words in told)


def _read_lines(block: Block) -> list[str]:
    """Say how a block joins what it reads without an arrow: "adds time"."""
    pairs = zip(block.manners, block.reads, strict=True)
    return [f"{manner} {name}" for manner, name in pairs]


def _number_lines(block: Block, form: str) -> list[str]:
    """Write the shape and the parameters of a block."""
    params = short_count(block.params) if block.params else ""
    noun = " param" if block.params == 1 else " params"
    params += noun * bool(params)
    gives = "gives " if block.heads else ""
    if form == "joined" and not gives:
        numbers = " · ".join(filter(None, (_shape(block), params)))
        return [numbers, *filter(None, (block.order,))]
    first, *rest = shape_lines(block, form)
    return [gives + first, *rest, *filter(None, (block.order, params))]


def join_lines(merge: Block, names: Sequence[str], form: str) -> list[str]:
    """Name what meets in a point beside what stands above it, or all if it is more."""
    sign = "+" if merge.op_type is OpType.ADD else "with"
    width = _WRAP[form]
    told = [_kept(_shortened(name), width) for name in _ranges(names)]
    lines = [f"{sign}\xa0{name}" for name in told]
    if len(names) > _PAIR:
        lines = [f"joins: {', '.join(told)}"]
    elif merge.op_type is OpType.CONCAT:
        lines = [_in_order(told)] if told else []
    return [
        part.replace("\xa0", " ")
        for line in lines
        for part in textwrap.wrap(line, width, break_long_words=False)
    ]


def _kept(words: str, most: int) -> str:
    """Keep words together that fit in a line."""
    return words.replace(" ", "\xa0") if len(words) <= most else words


def _in_order(names: Sequence[str]) -> str:
    """Name what a concatenation joins, in order."""
    return ", then\xa0".join(names)


def _ranges(names: Sequence[str]) -> list[str]:
    """Join names whose numbers follow each other: "convs.0 … convs.4"."""
    runs: list[list[str]] = []
    for name in names:
        if runs and name == _next(runs[-1][-1]):
            runs[-1].append(name)
        else:
            runs.append([name])
    told = [run if len(run) <= _PAIR else [f"{run[0]} …\xa0{run[-1]}"] for run in runs]
    return [name for run in told for name in run]


def _next(name: str) -> str:
    """Return a name with the next number; "" where it ends in none."""
    head = name.rstrip("0123456789")
    number = name[len(head) :]
    return f"{head}{int(number) + 1}" if number else ""


def _shortened(words: str) -> str:
    """Shorten the usual names of layers."""
    for long, short in _SHORT:
        words = words.replace(long, short)
    return words


def shape_lines(block: Block, form: str) -> list[str]:
    """Write the shapes of a block's outputs, on two lines where there is less room."""
    shape = _shape(block)
    if len(shape) <= _WRAP[form]:
        return [shape]
    return shape.replace(" and ", "\nand ").replace(", ", ",\n").split("\n")


def _shape(block: Block) -> str:
    """Write the shape of a block's output; N where as many are found as there are."""
    return re.sub(r"\b0\b", "N", all_shapes(block.shape, block.others))


def _cut_names(words: str, most: int) -> str:
    """Cut names of classes that are longer than a line where a capital begins."""
    lines: list[str] = []
    for word in words.split(" "):
        pieces = _PIECES.findall(word)
        if len(word) <= most or "".join(pieces) != word:
            pieces = [word]
        lines.append("")
        for piece in pieces:
            if len(lines[-1] + piece) <= most or not lines[-1]:
                lines[-1] += piece
            else:
                lines.append(piece)
    return " ".join(lines)


def merge_lines(merge: Block) -> list[Line]:
    """Return the label of a point where branches meet."""
    if merge.op_type is OpType.ATTENTION:
        return [(merge.name, SMALL, True)]
    told = textwrap.wrap(_in_order(merge.joins), _WRAP["full"])
    texts = [*(line.replace("\xa0", " ") for line in told), shape_words(merge.shape)]
    return [(merge.op_type, SMALL, True), *((text, SMALL, False) for text in texts)]


def hint(block: Block) -> str:
    """Return the exact numbers of a block, for its tooltip."""
    parts = [
        block.name,
        _phrase(block),
        f"output {_shape(block)}",
    ]
    if block.params:
        parts.append(f"{block.params:,} parameters")
    return ", ".join(part for part in parts if part)


def describe_items(items: list[Item]) -> str:
    """Tell in words, step by step, what a diagram shows."""
    return "; ".join(map(_sentence, items))


def _sentence(item: Item) -> str:
    if isinstance(item, Block):
        phrase = f" ({words})" if (words := _phrase(item)) else ""
        return f"{item.name}{phrase} gives {_shape(item)}"
    if isinstance(item, Levels):
        return f"levels [{_levels(item)}]"
    told = [
        describe_items(list(branch)) if branch else "the identity"
        for branch in item.branches
    ]
    branches = " / ".join(told)
    if item.merge is None:
        return f"branches [{branches}]"
    shape = shape_words(item.merge.shape)
    return f"branches [{branches}], {_MERGED[item.merge.op_type]} {shape}"


def _levels(item: Levels) -> str:
    """Tell of each block what it reads, if that is not the one before it."""
    told = []
    for k, block in enumerate(item.blocks):
        sources = [source for source, target in item.links if target == k]
        names = [_named(item, source) for source in sources]
        is_next = sources in ([], [k - 1])
        first = "" if is_next else f", from {' and '.join(names)}"
        shape = _shape(block)
        told.append(f"{_named(item, k)}{_in_brackets(block)}{first} gives {shape}")
    return "; ".join(told)


def _named(item: Levels, k: int) -> str:
    if k < 0:
        return "what is before"
    block = item.blocks[k]
    if block.op_type not in MERGES:
        return block.name
    alike = [b for b in item.blocks[: k + 1] if b.op_type is block.op_type]
    return f"{block.op_type} {len(alike)}"


def _in_brackets(block: Block) -> str:
    words = "" if block.op_type in MERGES else _phrase(block)
    return f" ({words})" if words else ""


def _phrase(block: Block) -> str:
    words = [f"{block.repeat} × {block.words}" if block.repeat > 1 else block.words]
    words += list(block.bands)
    count = sum(block.shortcuts)
    if count == block.repeat:
        words.append("with shortcuts")
    elif count:
        words.append(f"{count} of them with shortcuts")
    words += [block.inside.replace("\xa0", " ")]
    words += [f"branch {head}" for head in block.heads]
    words += [f"a turn hands on {name}" for name in block.carries]
    words += [f"read by {len(block.feeds)} blocks"] if block.feeds else []
    words += _read_lines(block)
    words += [f"takes {block.takes}"] if block.takes else []
    words += [block.order, *block.notes]
    words += [f"cross-attention to {name}" for name in block.attends_to]
    if block.parts:
        words.append(f"{len(block.parts)} branches concatenated")
    return ", ".join(word for word in words if word)
