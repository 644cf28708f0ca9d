"""One visit of a page in the browser, and all that it shows about the page."""

import gzip
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from pathlib import Path

import yaml
from playwright.sync_api import Browser, Page, Request, Response, Route

ROOT = Path(__file__).parents[2]
TEXT = ("text/", "javascript", "json", "svg", "xml")

WATCH_SHIFTS = """
window.eovShift = 0;
new PerformanceObserver((list) => {
  for (const entry of list.getEntries()) {
    if (!entry.hadRecentInput) window.eovShift += entry.value;
  }
}).observe({type: "layout-shift", buffered: true});
"""
SCROLL_TO_END = """async () => {
  for (let y = 0; y < document.body.scrollHeight; y += 600) {
    window.scrollTo({top: y, behavior: "instant"});
    await new Promise((resolve) => setTimeout(resolve, 30));
  }
}"""
WAIT_FOR_MATHS = "async () => { await window.MathJax?.startup?.promise; }"
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
# The entries of the bibliography have a role that docutils gives them.
RUN_AXE = """async () => {
  const tags = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa"];
  const where = {exclude: [[".citation-list"], ["iframe"]]};
  const found = await axe.run(
    where, {runOnly: tags, iframes: false, preload: false});
  return found.violations.flatMap(
    (v) => v.nodes.slice(0, 5).map((n) => `${v.id}: ${n.html.slice(0, 200)}`));
}"""


def toc_pages() -> list[str]:
    """Return the pages that the table of contents names, without suffix."""
    toc = yaml.safe_load((ROOT / "_toc.yml").read_text(encoding="utf-8"))
    parts = [entry["file"] for part in toc["parts"] for entry in part["chapters"]]
    return [toc["root"], *parts]


@dataclass
class Visit:
    """An open page and what happened while it loaded."""

    page: Page
    foreign: list[str] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)
    responses: list[Response] = field(default_factory=list)

    def weight(self) -> int:
        """Bytes of all that was loaded, text compressed as servers send it."""
        return sum(_transferred(response) for response in self.responses)

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
        """What axe, the accessibility checker, finds."""
        self.page.evaluate(_axe())
        return self.page.evaluate(RUN_AXE)

    def shift(self) -> float:
        """How far things moved while loading (cumulative layout shift)."""
        return self.page.evaluate("window.eovShift")

    def close(self) -> None:
        """Close the page."""
        self.page.context.close()


class Visitor:
    """Opens pages in fresh browser contexts, and keeps each on the site."""

    def __init__(self, browser: Browser, site: str) -> None:
        self.browser, self.site = browser, site

    def open(self, name: str, *, width: int = 1280, scheme: str = "light") -> Visit:
        """Load a page, scroll through it, wait until its formulas are set.

        Args:
            name: the page as in _toc.yml, without suffix.
            width: of the window, in pixels.
            scheme: colours that the reader prefers, "light" or "dark".
        """
        context = self.browser.new_context(
            viewport={"width": width, "height": 900}, color_scheme=scheme
        )
        context.add_init_script(WATCH_SHIFTS)
        visit = Visit(context.new_page())
        self._watch(visit)
        visit.page.goto(f"{self.site}{name}.html", wait_until="load")
        visit.page.evaluate(SCROLL_TO_END)
        visit.page.wait_for_load_state("networkidle")
        visit.page.evaluate(WAIT_FOR_MATHS)
        return visit

    def _watch(self, visit: Visit) -> None:
        def route(route: Route, request: Request) -> None:
            if request.url.startswith((self.site, "data:", "blob:")):
                route.continue_()
            else:
                visit.foreign.append(request.url)
                route.abort()

        visit.page.context.route("**/*", route)
        visit.page.on("response", lambda response: visit.responses.append(response))
        visit.page.on("pageerror", lambda error: visit.errors.append(str(error)))
        visit.page.on(
            "console",
            lambda m: visit.errors.append(m.text) if m.type == "error" else None,
        )


@cache
def _axe() -> str:
    script = files("axe_playwright_python").joinpath("axe.min.js")
    return script.read_text(encoding="utf-8")


def _transferred(response: Response) -> int:
    if response.status != 200 or response.url.startswith(("data:", "blob:")):
        return 0
    body = response.body()
    kind = response.headers.get("content-type", "")
    return len(gzip.compress(body)) if any(t in kind for t in TEXT) else len(body)
