"""Rules for the roles of a chapter's sections: what they are, which there must be."""

from collections.abc import Iterator

from edulib.authoring.lint.page import Page, Problem
from edulib.authoring.notebooks import chapter_of

ROLES = (
    "problem",
    "idea",
    "architecture",
    "result",
    "code",
    "sees",
    "checked",
    "real",
    "legacy",
    "summary",
    "exercises",
    "quiz",
)
CLOSING = ("summary", "exercises", "quiz")
NEEDED = {  # by kind of chapter
    "architecture": tuple(role for role in ROLES if role != "real"),
    "foundation": ("problem", "idea", "code", "checked", *CLOSING),
    "review": ("problem", "result", "legacy", *CLOSING),
    "practice": ("problem", "result", *CLOSING),
}
CALLS = {  # what must be called under a role
    "architecture": ("diagram(", "stage_table(", "netron_graph("),
    "code": ("show_source(",),
}
USE = ("Use it today when", "not when")


def sections_have_roles(page: Page) -> Iterator[Problem]:
    """Each section names its role, or several, in its heading cell's metadata."""
    for section in page.sections[1:]:
        where = section.cells[0][0]
        unknown = [role for role in section.roles if role not in ROLES]
        if not section.roles or unknown:
            yield page.problem(
                where,
                f"section {section.title!r} has the roles {list(section.roles)}, "
                f"expected eov.role in its cell's metadata, of {', '.join(ROLES)}",
            )
        if not (section.text.strip() or section.code.strip()):
            yield page.problem(where, f"section {section.title!r} is empty")


def roles_are_there(page: Page) -> Iterator[Problem]:
    """A chapter has each role of its kind; it begins and ends alike."""
    found = [role for section in page.sections[1:] for role in section.roles]
    missing = [role for role in NEEDED[_kind(page)] if role not in found]
    if missing:
        yield page.problem(None, f"has no section for the roles {missing}")
    if tuple(found[-3:]) != CLOSING:
        yield page.problem(
            None, f"ends with the roles {found[-3:]}, expected {list(CLOSING)}"
        )
    if found[:1] != ["problem"]:
        yield page.problem(None, f"begins with {found[:1]}, expected the problem")


def result_before_source(page: Page) -> Iterator[Problem]:
    """What came out stands before the code that it came from."""
    found = [role for section in page.sections for role in section.roles]
    places = {role: found.index(role) for role in ("result", "code") if role in found}
    if len(places) == 2 and places["result"] > places["code"]:
        yield page.problem(None, "has its code before its result")


def shows_the_network(page: Page) -> Iterator[Problem]:
    """The architecture is drawn, tabled and opened in Netron; its source is shown."""
    for role, calls in CALLS.items():
        code = "\n".join(section.code for section in page.with_role(role))
        missing = [call for call in calls if call not in code]
        if missing:
            yield page.problem(None, f"role {role!r} does not call {missing}")


def five_lines(page: Page) -> Iterator[Problem]:
    """The summary has a list of five."""
    text = "\n".join(section.text for section in page.with_role("summary"))
    count = sum(_is_item(line) for line in text.splitlines())
    if count != 5:
        yield page.problem(None, f"role 'summary' lists {count} lines, expected five")


def use_today(page: Page) -> Iterator[Problem]:
    """The legacy says when to use the thing today, and when not."""
    text = "\n".join(section.text for section in page.with_role("legacy"))
    missing = [words for words in USE if words not in text]
    if missing:
        yield page.problem(None, f"role 'legacy' does not say {missing}")


def _is_item(line: str) -> bool:
    return line.startswith(("- ", "* ")) or (line[:1].isdigit() and line[1:3] == ". ")


def _kind(page: Page) -> str:
    row = chapter_of(page.path)
    return row.kind if row else "architecture"
