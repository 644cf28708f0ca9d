"""The one list of chapters, and what is made of it."""

import json
from html import escape
from pathlib import Path

import pytest
import yaml

from edulib.authoring.lists import (
    complete_header,
    contents,
    map_lists,
    readme,
    write_lists,
)
from edulib.notebook import chapter_header
from edulib.registry import (
    chapters,
    get_chapter,
    get_paper,
    neighbours,
    papers,
    parts,
)

ROOT = Path(__file__).parents[2]
ALL = chapters(written=False)


def test_the_list_holds_the_whole_book():
    assert len(ALL) >= 55
    assert len({chapter.title for chapter in ALL}) == len(ALL)
    told = [key for chapter in ALL for key in chapter.papers]
    assert sorted(told) == sorted(paper.key for paper in papers())


@pytest.mark.parametrize("chapter", ALL, ids=lambda chapter: chapter.name)
def test_a_chapter_is_whole(chapter):
    assert chapter.name.isidentifier()
    assert chapter.written == (ROOT / "book" / f"{chapter.address}.ipynb").exists()
    assert all(get_paper(key).year > 1980 for key in chapter.papers)
    assert bool(chapter.papers) or chapter.kind != "architecture"
    order = [other.name for other in ALL]
    for need in chapter.needs:
        assert order.index(get_chapter(need).name) != order.index(chapter.name)
    assert "{}" in chapter.line


@pytest.mark.parametrize("chapter", chapters(), ids=lambda chapter: chapter.name)
def test_a_page_bears_the_title_of_the_list(chapter):
    notebook = json.loads((ROOT / "book" / f"{chapter.address}.ipynb").read_text())
    heading = "".join(notebook["cells"][0]["source"]).splitlines()[0]
    assert heading.replace("\u2019", "'").startswith(f"# {chapter.title} (")


@pytest.mark.parametrize("chapter", ALL, ids=lambda chapter: chapter.name)
def test_no_chapter_needs_itself_over_others(chapter):
    seen, open_ = set(), [chapter.name]
    while open_:
        for need in get_chapter(open_.pop()).needs:
            assert need != chapter.name
            if need not in seen:
                seen.add(need)
                open_.append(need)


def test_contents_and_readme_are_what_the_list_says(tmp_path):
    assert (ROOT / "_toc.yml").read_text("utf-8") == contents()
    text = (ROOT / "README.md").read_text("utf-8")
    assert text == readme(text)
    assert all(chapter.title in text for chapter in chapters())
    (tmp_path / "README.md").write_text("<!-- chapters -->\nold\n<!-- end -->\n")
    assert {path.name for path in write_lists(tmp_path)} == {"_toc.yml", "README.md"}
    assert write_lists(tmp_path) == []
    with pytest.raises(ValueError, match="expected <!-- chapters -->"):
        readme("nothing")


def test_the_contents_hold_every_written_chapter_once_in_order():
    toc = yaml.safe_load(contents())
    files = [row["file"] for part in toc["parts"] for row in part["chapters"]]
    folders = {part.name for part in parts()}
    listed = [f for f in files if f.split("/")[1] in folders]
    assert listed == [f"book/{chapter.address}" for chapter in chapters()]


def test_the_map_names_every_written_chapter_and_every_paper():
    made = map_lists()
    for chapter in chapters():
        assert f"]({chapter.address}.ipynb)" in made["chapters"]
    for paper in papers():
        assert f"[{paper.name}]({paper.url})" in made["ideas"]
    assert all(part.title in made["chapters"] for part in parts())


def test_headers_lead_through_the_book():
    row = chapters()
    for place, chapter in enumerate(row):
        before, after = neighbours(chapter.name)
        assert before == (row[place - 1] if place else None)
        assert after == (row[place + 1] if place + 1 < len(row) else None)
        html = complete_header("", chapter.name, "24 minutes to read")
        assert ("<dt>Before</dt>" in html) == (before is not None)
        for other in filter(None, (before, after)):
            assert f'href="../{other.address}.html">{escape(other.title)}</a>' in html
    with pytest.raises(ValueError, match="unknown written chapter 'clip'"):
        neighbours("clip")


@pytest.mark.parametrize("chapter", chapters(), ids=lambda chapter: chapter.name)
def test_a_header_is_one_box_with_one_time(chapter):
    card = chapter_header(chapter.name).html
    html = complete_header(card, chapter.name, "24 minutes to read")
    assert html.count("<dl>") == html.count("<dt>Time</dt>") == 1
    assert "24 minutes to read; the code runs in a" in html
    for label in ("Paper", "Era"):
        row = f"<dt>{label}</dt>"
        assert html.count(row) == card.count(row)


def test_every_written_part_is_run_as_other_processors_would_each_week():
    weekly = yaml.safe_load((ROOT / ".github/workflows/weekly.yml").read_text())
    run = weekly["jobs"]["processor"]["strategy"]["matrix"]["part"]
    assert run == list(dict.fromkeys(chapter.part for chapter in chapters()))
