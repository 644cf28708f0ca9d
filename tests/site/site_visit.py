"""One visit of a page in the browser, and all that it shows about the page."""

import gzip
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from mimetypes import guess_type
from pathlib import Path
from urllib.parse import unquote, urlsplit

import yaml
from playwright.sync_api import Browser, Page, Response

ROOT = Path(__file__).parents[2]
SITE = ROOT / "_build" / "html"
TEXT = ("text/", "javascript", "json", "svg", "xml")
PATIENCE = 240_000  # milliseconds: that of a machine busy with something else

WATCH_SHIFTS = """
let sum = 0;
const add = (entries) => {
  for (const entry of entries) if (!entry.hadRecentInput) sum += entry.value;
};
const observer = new PerformanceObserver((list) => add(list.getEntries()));
observer.observe({type: "layout-shift", buffered: true});
window.eovShift = () => { add(observer.takeRecords()); return sum; };
"""
# At each step, what is seen is there before the next: a late image may move the text.
SCROLL_TO_END = """async () => {
  const frame = () => new Promise((r) => requestAnimationFrame(() => setTimeout(r)));
  const isSeen = (e) => {
    const box = e.getBoundingClientRect();
    return box.width && box.bottom > 0 && box.top < innerHeight;
  };
  const loaded = (e) => new Promise((r) => {
    e.addEventListener("load", r);
    e.addEventListener("error", r);
    if (e.complete) r();
  });
  await window.MathJax?.startup?.promise;
  for (let y = 0; y < document.body.scrollHeight; y += innerHeight) {
    window.scrollTo({top: y, behavior: "instant"});
    await frame();
    await Promise.all([...document.images].filter(isSeen).map(loaded));
  }
  await document.fonts.ready;
  await frame();
}"""
FIND_WIDE = """() => {
  const width = document.documentElement.clientWidth;
  if (document.documentElement.scrollWidth <= width) return [];
  return [...document.querySelectorAll("body *")]
    .filter((e) => e.getBoundingClientRect().right > width + 1)
    .map((e) => `${e.tagName.toLowerCase()}.${e.className}`).slice(0, 8);
}"""
READ_ALTS = """() => [...document.querySelectorAll(".bd-article img")].map(
  (e) => [e.getAttribute("src").slice(0, 60), e.getAttribute("alt") ?? ""])"""
READ_RAW_FORMULAS = """() => [...document.querySelectorAll(".math")].filter(
  (e) => !e.querySelector("mjx-container") || e.querySelector("mjx-merror"))
  .map((e) => e.textContent)"""
# Code has thousands of words, and one question each is most of axe's work. Words of the
# same look on the same ground have the same contrast: one of each kind stays a word.
MERGE_WORDS = """() => {
  const grounds = new Map(), kinds = new Set(), twins = [];
  const ground = (e) => {
    if (e && !grounds.has(e)) {
      const s = getComputedStyle(e);
      const own = [e.tagName, e.className, e.style.cssText, s.backgroundColor,
        s.backgroundImage, s.opacity, s.filter];
      grounds.set(e, [ground(e.parentElement), ...own].join());
    }
    return grounds.get(e) ?? "";
  };
  for (const word of document.querySelectorAll("pre span:not(:has(*))")) {
    const s = getComputedStyle(word);
    const kind = [ground(word), s.color, s.fontSize, s.fontWeight, s.textShadow].join();
    if (kinds.has(kind)) twins.push(word); else kinds.add(kind);
  }
  for (const word of twins) word.replaceWith(...word.childNodes);
}"""
# The entries of the bibliography have a role that docutils gives them.
RUN_AXE = """async () => {
  const runOnly = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa"];
  const where = {exclude: [[".citation-list"], ["iframe"]]};
  const found = await axe.run(where,
    {runOnly, resultTypes: ["violations"], iframes: false, preload: false});
  return found.violations.flatMap(
    (v) => v.nodes.slice(0, 5).map((n) => `${v.id}: ${n.html.slice(0, 200)}`));
}"""


def toc_pages() -> list[str]:
    """Return the pages that the table of contents names, without suffix."""
    toc = yaml.safe_load((ROOT / "_toc.yml").read_text(encoding="utf-8"))
    parts = [entry["file"] for part in toc["parts"] for entry in part["chapters"]]
    return [toc["root"], *parts]


def notebook_pages() -> list[str]:
    """Return those of the pages that are notebooks."""
    return [page for page in toc_pages() if (ROOT / f"{page}.ipynb").exists()]


@dataclass
class Visit:
    """An open page and what happened since it was opened."""

    name: str
    page: Page
    foreign: list[str] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)
    responses: list[Response] = field(default_factory=list)

    def weight(self) -> int:
        """Bytes of all that was loaded, text compressed as servers send it."""
        return sum(_transferred(response) for response in self.responses)

    def read_through(self) -> None:
        """Scroll to the end; wait for the formulas and for each image that is seen."""
        self.page.evaluate(SCROLL_TO_END)

    def load_as_phone(self) -> None:
        """Load the page again, narrow, for a reader who prefers dark colours."""
        self.responses.clear()
        self.page.emulate_media(color_scheme="dark")
        self.page.set_viewport_size({"width": 390, "height": 900})
        self.page.reload(wait_until="load")

    def too_wide(self) -> list[str]:
        """Elements that stick out to the right, if the page scrolls sideways."""
        return self.page.evaluate(FIND_WIDE)

    def raw_formulas(self) -> list[str]:
        """Formulas that are not set, or set as an error."""
        return self.page.evaluate(READ_RAW_FORMULAS)

    def poor_alts(self) -> list[tuple[str, str]]:
        """Images of the article whose description has fewer than three words."""
        alts = self.page.evaluate(READ_ALTS)
        return [(src, alt) for src, alt in alts if len(alt.split()) < 3]

    def barriers(self) -> list[str]:
        """What axe, the accessibility checker, finds; merges the words of code."""
        self.page.evaluate(MERGE_WORDS)
        if not self.page.evaluate("'axe' in window"):
            self.page.evaluate(_axe())
        return self.page.evaluate(RUN_AXE)

    def shift(self) -> float:
        """How far things moved while loading (cumulative layout shift)."""
        return self.page.evaluate("eovShift()")

    def close(self) -> None:
        """Close the page."""
        self.page.context.close()


class Visitor:
    """Opens pages in fresh browser contexts, and notes who else is asked."""

    def __init__(self, browser: Browser, site: str) -> None:
        self.browser, self.site = browser, site

    def open(self, name: str) -> Visit:
        """Load a page, wide and light, named as in _toc.yml."""
        context = self.browser.new_context(
            viewport={"width": 1280, "height": 900}, color_scheme="light"
        )
        context.set_default_timeout(PATIENCE)
        context.add_init_script(WATCH_SHIFTS)
        visit = Visit(name, context.new_page())
        self._watch(visit)
        visit.page.goto(f"{self.site}{name}.html", wait_until="load")
        return visit

    def _watch(self, visit: Visit) -> None:
        ours = (self.site, "data:", "blob:")
        errors, foreign, context = visit.errors, visit.foreign, visit.page.context
        context.on(
            "request",
            lambda r: None if r.url.startswith(ours) else foreign.append(r.url),
        )
        context.on("response", lambda response: visit.responses.append(response))
        context.on(
            "console", lambda m: errors.append(m.text) if m.type == "error" else None
        )
        visit.page.on("pageerror", lambda error: errors.append(str(error)))


@cache
def _axe() -> str:
    script = files("axe_playwright_python").joinpath("axe.min.js")
    return script.read_text(encoding="utf-8")


def _transferred(response: Response) -> int:
    if response.status != 200 or response.url.startswith(("data:", "blob:")):
        return 0
    return _compressed(SITE / unquote(urlsplit(response.url).path).lstrip("/"))


@cache
def _compressed(path: Path) -> int:
    body = path.read_bytes()
    kind = guess_type(path)[0] or ""
    return len(gzip.compress(body)) if any(t in kind for t in TEXT) else len(body)
