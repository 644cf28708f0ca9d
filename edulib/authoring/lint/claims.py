"""Rules for claims: few, named, and said in headings only as they came out."""

import ast
import re
from collections.abc import Iterator

from edulib.authoring.lint.page import Page, Problem

MOST = 3
_STORED = re.compile(
    r"^Claim '(?P<name>[^']+)'$.*^Verdict: .* \[(?P<value>\w+)\]$", re.M | re.S
)


def few(page: Page) -> Iterator[Problem]:
    """A chapter has at most three cards."""
    count = len(list(_cards(page)))
    if count > MOST:
        yield page.problem(None, f"has {count} claims, expected at most {MOST}")


def at_least_one(page: Page) -> Iterator[Problem]:
    """The claim of the title has a card."""
    if not list(_cards(page)):
        yield page.problem(None, "has no claim, expected that of its title")


def names_differ(page: Page) -> Iterator[Problem]:
    """Each card has a name of its own."""
    known: set[str] = set()
    for number, name, _ in _cards(page):
        if name in known:
            yield page.problem(number, f"holds a second claim {name!r}")
        known.add(name)


def said_as_it_came_out(page: Page) -> Iterator[Problem]:
    """What a heading or an alternative text states is what its card shows."""
    stored = {name: value for _, name, value in _cards(page)}
    for number, cell in enumerate(page.cells):
        said = cell.metadata.get("eov", {}).get("claims", {})
        for name, value in said.items():
            if stored.get(name) != value:
                yield page.problem(
                    number,
                    f"says that the claim {name!r} is {value!r}, its card shows "
                    f"{stored.get(name)!r}: write the cell anew",
                )


def computed(page: Page) -> Iterator[Problem]:
    """A verdict and its parts are computed, never written down."""
    for number, cell in page.code():
        for part in _parts_of_verdicts(cell.source):
            if _is_written(part):
                yield page.problem(
                    number,
                    f"writes down a verdict or a part of it, {ast.unparse(part)}: "
                    "compute it from what was measured",
                )


def _parts_of_verdicts(source: str) -> Iterator[ast.expr]:
    """Yield what is given as a claim's verdict, or to the makers of one."""
    if "claim(" not in source:
        return
    tree = ast.parse(source)
    for call in (node for node in ast.walk(tree) if isinstance(node, ast.Call)):
        yield from (k.value for k in call.keywords if k.arg == "verdict")
        if ast.unparse(call.func) == "Verdict.of":
            yield from (*call.args, *(k.value for k in call.keywords))
    given = {node.id for part in list(ast.walk(tree)) for node in _names_in_of(part)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Assign):
            names = {target.id for target in node.targets if _is_name(target)}
            yield from [node.value] if names & given else []


def _names_in_of(node: ast.AST) -> list[ast.Name]:
    is_of = isinstance(node, ast.Call) and ast.unparse(node.func) == "Verdict.of"
    return [arg for arg in node.args if _is_name(arg)] if is_of else []


def _is_name(node: ast.AST) -> bool:
    return isinstance(node, ast.Name)


def _is_written(part: ast.expr) -> bool:
    """Return whether it is a constant, or a member of Verdict."""
    return isinstance(part, ast.Constant) or bool(
        re.fullmatch(r"Verdict\.[A-Z_]+", ast.unparse(part))
    )


def _cards(page: Page) -> Iterator[tuple[int, str, str]]:
    """Yield place, name and stored verdict of each card."""
    for number, cell in page.code():
        for output in cell.outputs:
            text = "".join(output.get("data", {}).get("text/plain", ""))
            if card := _STORED.search(text):
                yield number, card["name"], card["value"]
