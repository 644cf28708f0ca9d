"""Sphinx extension: links to papers, terms and figures as a reader of the site needs.

A link to a paper or a term carries its full reference or its definition as a title,
which book/_static/notes.js shows to all who point at it, tab to it or tap it. A link to
a figure carries the figure's number; figures are counted anew on each page.
"""

from typing import TYPE_CHECKING

from docutils import nodes
from pybtex.plugin import find_plugin
from sphinx.addnodes import pending_xref
from sphinx.transforms.post_transforms import SphinxPostTransform
from sphinx.util.logging import getLogger

from edulib.authoring.links.figures import number_text
from edulib.authoring.links.targets import BIBLIOGRAPHY, NOTATION, slug, terms

if TYPE_CHECKING:
    from sphinx.application import Sphinx
    from sphinx.environment import BuildEnvironment

LOGGER = getLogger(__name__)

_PAPERS, _TERMS = BIBLIOGRAPHY.removesuffix(".md"), NOTATION.removesuffix(".md")


class LinkResolver(SphinxPostTransform):
    """Complete the links of a page, before MyST turns them into addresses."""

    default_priority = 8

    def run(self, **kwargs: object) -> None:
        """Go through all links of the page."""
        for link in list(self.document.findall(_is_link)):
            page, anchor = _target(link, self.env.docname)
            if anchor.startswith("fig-"):
                self._number(link, page, anchor)
            elif anchor and page == _PAPERS:
                self._annotate(link, page, anchor, references(self.env), "eov-paper")
            elif anchor and page == _TERMS:
                known = {k: f"{t.name}: {t.definition}" for k, t in terms().items()}
                self._annotate(link, page, anchor, known, "eov-term")

    def _annotate(
        self,
        link: nodes.Element,
        page: str,
        anchor: str,
        known: dict[str, str],
        kind: str,
    ) -> None:
        if anchor not in known:
            LOGGER.warning("%s.md has no entry #%s", page, anchor, location=link)
            return
        address = self.app.builder.get_relative_uri(self.env.docname, page)
        new = nodes.reference(
            "",
            "",
            *link.children,
            internal=True,
            refuri=f"{address}#{anchor}",
            reftitle=known[anchor],
            classes=[kind],
        )
        link.replace_self(new)

    def _number(self, link: nodes.Element, page: str, anchor: str) -> None:
        numbers = self.env.toc_fignumbers.get(page, {}).get("figure", {})
        if anchor not in numbers:
            LOGGER.warning("%s has no figure #%s", page, anchor, location=link)
            return
        text = number_text(link.astext(), numbers[anchor][0])
        address = self.app.builder.get_relative_uri(self.env.docname, page)
        new = nodes.reference(
            "", text, internal=True, refuri=f"{address}#{anchor}", classes=["eov-fig"]
        )
        link.replace_self(new)


def references(env: "BuildEnvironment") -> dict[str, str]:
    """Return the references of the bibliography as plain text, by their keys."""
    plain = find_plugin("pybtex.backends", "plaintext")()
    citations = env.get_domain("cite").citations
    return {
        citation.key: citation.formatted_entry.text.render(plain)
        for citation in citations
    }


def count_anew(app: "Sphinx", env: "BuildEnvironment") -> list[str]:
    """Number the figures of each page from 1."""
    for kinds in env.toc_fignumbers.values():
        for kind, names in kinds.items():
            kinds[kind] = {name: (n,) for n, name in enumerate(names, 1)}
    return []


def place_terms(app: "Sphinx", doctree: nodes.document) -> None:
    """Make each term of the glossary a place that links lead to."""
    if app.env.docname != _TERMS:
        return
    for item in doctree.findall(nodes.list_item):
        name = next(iter(item.findall(nodes.strong)), None)
        if name is not None and slug(name.astext()) in terms():
            item["ids"].append(slug(name.astext()))


def setup(app: "Sphinx") -> dict[str, bool]:
    """Register the extension with Sphinx."""
    app.add_post_transform(LinkResolver)
    app.connect("doctree-read", place_terms)
    app.connect("env-get-updated", count_anew, priority=900)
    return {"parallel_read_safe": True, "parallel_write_safe": True}


def _is_link(node: nodes.Node) -> bool:
    is_open = isinstance(node, pending_xref) and node["reftype"] == "myst"
    return is_open or (isinstance(node, nodes.reference) and "refid" in node)


def _target(link: nodes.Element, page: str) -> tuple[str, str]:
    """Return page and place that a link leads to."""
    if isinstance(link, nodes.reference):
        return page, link["refid"]
    if link["refdomain"] == "doc":
        return link["reftarget"], link["reftargetid"] or ""
    return page, link["reftarget"].removeprefix("#")
