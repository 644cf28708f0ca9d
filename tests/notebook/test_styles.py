"""Parts of pages keep out of each other's looks."""

import re

from edulib.authoring.notebooks import find_root


def test_a_style_of_a_part_of_pages_is_one_modules_own():
    """Two parts of one class get each other's style, and scripts take one for both."""
    folder = find_root() / "edulib"
    texts = {
        path.relative_to(folder): path.read_text(encoding="utf-8")
        for path in folder.rglob("*.py")
        if path.relative_to(folder).parts[0] != "authoring"
    }
    styled = {
        (name, path)
        for path, text in texts.items()
        for name in re.findall(r":where\(\.(eov-[a-z-]+)", text)
    }
    assert len(styled) >= 10
    for name, home in styled:
        mark = re.compile(rf'class="[^"]*\b{name}(?![\w-])')
        users = [path for path, text in texts.items() if mark.search(text)]
        assert users in ([], [home])
