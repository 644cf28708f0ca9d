"""Links in Markdown: found, checked, numbered, and led to the site."""

from pathlib import Path

import nbformat.v4 as v4
import pytest
from sample_chapter import code

from edulib.authoring.links.absolute import point_to_site
from edulib.authoring.links.figures import figure_numbers, number_text
from edulib.authoring.links.markdown import (
    Link,
    find_links,
    replace_links,
    without_links,
)
from edulib.authoring.links.targets import (
    citation_fault,
    paper_names,
    read_terms,
    references,
    slug,
    terms,
)
from edulib.authoring.notebooks import read, write
from edulib.authoring.repository_url import site_address
from edulib.registry import papers

SITE = site_address()
GLOSSARY = """\
Words.

- **1×1 convolution**: Mixes *channels*
  ([Lin, 2013](bibliography.md#lin)). ([Network in Network](a.ipynb))
- no term
- **stride**: How far a window moves.
"""


def test_links_are_found_with_file_and_anchor():
    text = "A [b c](x.md#y), [d\ne](#fig-f), ![i](z.png), [u](https://a.b/c#d)."
    assert list(find_links(text)) == [
        Link("b c", "x.md", "y"),
        Link("d e", "", "fig-f"),
    ]


def test_code_holds_no_links():
    assert list(find_links("`[a](b.md)`\n\n```\n[c](d.md)\n```")) == []


def test_a_link_leads_to_a_file_of_the_repository():
    page = "book/foundations/lenet.ipynb"
    assert Link("a", "../notation.md", "b").leads_to(page) == "book/notation.md"
    assert Link("a", "", "fig-b").leads_to(page) == page


def test_links_are_replaced_and_all_else_stays():
    text = "`[a](b.md)` [c](d.md) [e](f.ipynb) [g](https://h.i)."
    changed = replace_links(text, lambda x: "NEW" if x.file == "d.md" else None)
    assert changed == "`[a](b.md)` NEW [e](f.ipynb) [g](https://h.i)."


def test_no_name_is_left_of_a_link():
    assert without_links("[He and others](a.md#b), `x` too") == "▪,     too"


def test_terms_are_read_from_the_list_of_a_page():
    found = read_terms(GLOSSARY)
    assert list(found) == ["1x1-convolution", "stride"]
    assert found["1x1-convolution"].definition == "Mixes channels (Lin, 2013)."


def test_a_term_is_defined_once():
    with pytest.raises(ValueError, match="one definition of each term, 'Stride' two"):
        read_terms(f"{GLOSSARY}- **Stride**: Again.\n")


def test_the_glossary_stands_in_the_order_of_the_alphabet():
    names = [term.name.lower() for term in terms().values()]
    assert names == sorted(names)
    assert len(names) > 90
    assert {"dilation", "receptive-field", "he-s-initialisation"} <= set(terms())
    assert all(slug(term.name) == anchor for anchor, term in terms().items())


def test_definitions_are_one_or_two_plain_sentences():
    for term in terms().values():
        text = term.definition
        assert 20 < len(text) <= 320, term.name
        assert text.endswith("."), term.name
        assert not set("[]`$*") & set(text), term.name


def test_papers_are_known_by_name_and_shorthand():
    names = paper_names()
    assert names["ResNet"] == "he2015resnet"
    assert names["Grad-CAM"] == "selvaraju2016gradcam"
    assert "Convolution" not in names
    assert {paper.key for paper in papers()} <= set(references())


@pytest.mark.parametrize(
    "text",
    [
        "He and others, 2015",
        "He and others, 2016",
        "He and others (2015)",
        "ResNet (2015)",
        "He, Zhang, Ren and Sun",
        "their paper",
    ],
)
def test_right_words_of_a_citation(text):
    assert citation_fault(text, "he2015resnet") == ""


@pytest.mark.parametrize(
    ("text", "key", "message"),
    [
        ("He and others, 2014", "he2015resnet", "expected 2015 or 2016"),
        ("ResNet (2017)", "he2015resnet", "expected 2015 or 2016"),
        ("Zhang and others, 2015", "he2015resnet", "expected the authors"),
        ("Nair, 2010", "nair2010relu", "of #nair2010relu, Nair, Hinton"),
    ],
)
def test_wrong_words_of_a_citation(text, key, message):
    assert message in citation_fault(text, key)


@pytest.mark.parametrize(
    ("text", "numbered"),
    [
        ("figure 3", "figure 12"),
        ("Figure", "Figure 12"),
        ("3", "12"),
        ("the curves", "the curves"),
    ],
)
def test_words_get_the_number_of_their_figure(text, numbered):
    assert number_text(text, 12) == numbered


def notebook(*sources):
    figures = [
        code("draw()", *tags, mystnb={"figure": {"caption": "C.", "name": name}})
        for name, tags in (
            ("fig-a", ()),
            ("fig-hidden", ("remove-cell",)),
            ("fig-b", ()),
        )
    ]
    prose = [v4.new_markdown_cell(source) for source in sources]
    return v4.new_notebook(cells=[*prose, *figures, code("1 + 1")])


def test_figures_are_counted_as_the_page_shows_them():
    assert figure_numbers(notebook()) == {"fig-a": 1, "fig-b": 2}


def test_a_notebook_apart_from_the_book_leads_to_the_site(tmp_path: Path):
    form = notebook(
        "[He and others, 2015](../bibliography.md#he2015resnet), "
        "[stride](../notation.md#stride), [figure 9](#fig-b), "
        "[figure](vgg.ipynb#fig-a), [VGG](vgg.ipynb), [how](../checked.md)."
    )
    for name in ("lenet", "vgg"):
        write(form, tmp_path / f"book/part/{name}.ipynb")
    page = "book/part/lenet.ipynb"
    point_to_site(form, page, tmp_path)
    assert form.cells[0].source == (
        f"[He and others, 2015]({SITE}/book/bibliography.html#he2015resnet), "
        f"[stride]({SITE}/book/notation.html#stride), "
        f"[figure 2]({SITE}/book/part/lenet.html#fig-b), "
        f"[figure 1]({SITE}/book/part/vgg.html#fig-a), [VGG](vgg.ipynb), "
        f"[how]({SITE}/book/checked.html)."
    )
    assert read(tmp_path / page).cells[0].source != form.cells[0].source


def test_only_a_repository_on_github_has_a_known_site():
    assert site_address("https://github.com/me/book") == "https://me.github.io/book"
    assert site_address("https://git.school.edu/cs/book") == ""
