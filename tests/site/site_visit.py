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

WATCH_SHIFTS = """
let sum = 0;
const add = (entries) => {
  for (const entry of entries) if (!entry.hadRecentInput) sum += entry.value;
};
const observer = new PerformanceObserver((list) => add(list.getEntries()));
observer.observe({type: "layout-shift", buffered: true});
window.eovShift = () => { add(observer.takeRecords()); return sum; };
"""
# All else has been loaded when the page has: only what waits to be seen comes late.
READ_THROUGH = """async () => {
  const frame = () => new Promise((r) => requestAnimationFrame(() => setTimeout(r)));
  await window.MathJax?.startup?.promise;
  for (const late of document.querySelectorAll("img[loading=lazy]")) {
    if (!late.checkVisibility()) continue;
    late.scrollIntoView({block: "center", behavior: "instant"});
    do await frame(); while (!late.complete);
  }
  window.scrollTo({top: document.body.scrollHeight, behavior: "instant"});
  await document.fonts.ready;
  await frame();
}"""
# Follow each link of the page's contents, and name those that do not land: the heading
# stands below the bar at the top, or, near the end, as high as the page goes.
FOLLOW_CONTENTS = """async () => {
  const frame = () => new Promise((r) => requestAnimationFrame(() => setTimeout(r)));
  const root = document.documentElement, missed = [];
  const bar = document.querySelector(".bd-header-article");
  root.style.scrollBehavior = "auto";
  const links = [...document.querySelectorAll(".page-toc a[href^='#']")];
  for (const link of links) {
    link.click();
    await frame();
    const target = document.getElementById(link.hash.slice(1));
    const isName = target?.matches("dt");  // a function of the reference
    const heading = isName ? target : target?.querySelector("h1, h2, h3, h4");
    const edge = bar.getBoundingClientRect().bottom;
    const below = heading?.getBoundingClientRect().top - edge;
    const isEnd = window.innerHeight + window.scrollY > root.scrollHeight - 2;
    const reach = isEnd ? window.innerHeight : 60;
    if (!(below >= 0 && below < reach)) missed.push(`${link.hash} at ${below}`);
  }
  history.replaceState(null, "", location.pathname);
  return [links.length, missed];
}"""
FIND_WIDE = """() => {
  const width = document.documentElement.clientWidth;
  if (document.documentElement.scrollWidth <= width) return [];
  return [...document.querySelectorAll("body *")]
    .filter((e) => e.getBoundingClientRect().right > width + 1)
    .map((e) => `${e.tagName.toLowerCase()}.${e.className}`).slice(0, 8);
}"""
FIND_STOPS = """() => [...document.querySelectorAll("mjx-container[tabindex]")]
  .filter((e) => e.scrollWidth <= e.clientWidth).map((e) => e.outerHTML.slice(0, 80))"""
# A figure of matplotlib tells in its data how large its letters are at its own width.
FIND_SMALL_LETTERS = """smallest => {
  const found = [];
  const check = (e, size, words) => {
    if (size < smallest - 0.05) found.push(`${size.toFixed(1)} px: ${words}`);
  };
  for (const e of document.querySelectorAll(".cell_output :not(mjx-container *)")) {
    const says = [...e.childNodes].filter((n) => n.nodeType === 3 && n.data.trim());
    if (!says.length || !e.checkVisibility()) continue;
    const drawn = e.getScreenCTM?.();
    const zoom = drawn ? Math.hypot(drawn.a, drawn.b) : 1;
    check(e, zoom * parseFloat(getComputedStyle(e).fontSize), says[0].data.trim());
  }
  for (const e of document.querySelectorAll(".cell_output img")) {
    if (!e.checkVisibility()) continue;
    const sources = [...e.parentElement.querySelectorAll("source")];
    const shown = sources.find((s) => matchMedia(s.media).matches) ?? e;
    const isDrawn = e.matches("picture *, [src*='_images/']");
    if (isDrawn && shown.dataset.letters === undefined) found.push(`unknown: ${e.alt}`);
    const letters = parseFloat(shown.dataset.letters);
    const zoom = e.getBoundingClientRect().width / shown.getAttribute("width");
    if (letters) check(e, letters * zoom, e.alt);
  }
  return found;
}"""
READ_ALTS = """() => [...document.querySelectorAll(".bd-article img")].map(
  (e) => [e.getAttribute("src").slice(0, 60), e.getAttribute("alt") ?? ""])"""
READ_RAW_FORMULAS = """() => [...document.querySelectorAll(".math")].filter(
  (e) => !e.querySelector("mjx-container") || e.querySelector("mjx-merror"))
  .map((e) => e.textContent)"""
FIND_HIDDEN_CAPTIONS = """() => [...document.querySelectorAll("figcaption")]
  .filter((e) => !e.closest("details") && !e.checkVisibility())
  .map((e) => e.textContent)"""
# Contrast is most of axe's work, and most of it is one question again: text of the same
# look on grounds of the same look has the same contrast. Axe is asked about one of each
# kind. Drawings, where grounds lie beside the text, and what is placed over the page
# are left alone; words of code, thousands on a page, become plain text, so that axe
# need not walk through them. Edges that fade would keep axe from seeing the ground.
ASK_ONCE = """() => {
  const grounds = new Map(), kinds = new Set(), again = [];
  const ground = (e) => {
    if (e && !grounds.has(e)) {
      const s = getComputedStyle(e);
      const own = [s.backgroundColor, s.backgroundImage, s.opacity, s.filter].join();
      const isPlain = own === "rgba(0, 0, 0, 0),none,1,none";
      const place = /absolute|fixed/.test(s.position) ? `placed ${grounds.size}` : "";
      grounds.set(e, ground(e.parentElement) + (isPlain ? "" : own) + place);
    }
    return grounds.get(e) ?? "";
  };
  for (const e of document.querySelectorAll("pre, .eov-table")) {
    e.style.setProperty("background-image", "none", "important");
  }
  const says = (node) => node.nodeType === Node.TEXT_NODE && node.data.trim();
  for (const e of document.querySelectorAll("body :not(svg, svg *)")) {
    if (![...e.childNodes].some(says)) continue;
    const s = getComputedStyle(e);
    const kind = [ground(e), s.color, s.fontSize, s.fontWeight, s.textShadow].join();
    if (kinds.has(kind)) again.push(e); else kinds.add(kind);
  }
  for (const e of again) {
    if (e.matches("pre span:not(:has(*))")) e.replaceWith(...e.childNodes);
    else e.dataset.eovAgain = "";
  }
  const selector = ":not([data-eov-again])";
  axe.configure({rules: [{id: "color-contrast", selector}]});
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
        """Wait for the formulas, see all that waits to be seen, and go to the end."""
        self.page.evaluate(READ_THROUGH)

    def load_as_phone(self) -> None:
        """Load the page again, narrow, for a reader who prefers dark colours."""
        self.responses.clear()
        self.page.emulate_media(color_scheme="dark")
        self.page.set_viewport_size({"width": 390, "height": 900})
        self.page.evaluate("history.scrollRestoration = 'manual'")  # begin at the top
        self.page.reload(wait_until="load")

    def too_wide(self) -> list[str]:
        """Elements that stick out to the right, if the page scrolls sideways."""
        return self.page.evaluate(FIND_WIDE)

    def contents(self) -> tuple[int, list[str]]:
        """Follow the links of the page's contents; how many, and which do not land."""
        count, missed = self.page.evaluate(FOLLOW_CONTENTS)
        return count, missed

    def formula_stops(self) -> list[str]:
        """Formulas at which the tab key stops though they need not be scrolled."""
        return self.page.evaluate(FIND_STOPS)

    def small_letters(self, smallest: float = 9) -> list[str]:
        """Return texts of cells' outputs with letters of less than so many pixels."""
        return self.page.evaluate(FIND_SMALL_LETTERS, smallest)

    def raw_formulas(self) -> list[str]:
        """Formulas that are not set, or set as an error."""
        return self.page.evaluate(READ_RAW_FORMULAS)

    def poor_alts(self) -> list[tuple[str, str]]:
        """Images of the article whose description has fewer than three words."""
        alts = self.page.evaluate(READ_ALTS)
        return [(src, alt) for src, alt in alts if len(alt.split()) < 3]

    def hidden_captions(self) -> list[str]:
        """Return captions of figures that nobody sees."""
        return self.page.evaluate(FIND_HIDDEN_CAPTIONS)

    def barriers(self) -> list[str]:
        """What axe, the accessibility checker, finds; rewrites the words of code."""
        if not self.page.evaluate("'axe' in window"):
            self.page.evaluate(_axe())
        self.page.evaluate(ASK_ONCE)
        return self.page.evaluate(RUN_AXE)

    def shift(self) -> float:
        """How far things moved while loading (cumulative layout shift)."""
        return self.page.evaluate("eovShift()")

    def close(self) -> None:
        """Close the page."""
        self.page.close()


class Visitor:
    """Opens pages in one browser context, which keeps what they share, as a reader's.

    The context begins empty: its first page is loaded as on a reader's first visit.
    """

    def __init__(self, browser: Browser, site: str, patience: int) -> None:
        self.site = site
        self.context = browser.new_context(color_scheme="light")
        self.context.set_default_timeout(patience)
        self.context.add_init_script(WATCH_SHIFTS)

    def open(self, name: str) -> Visit:
        """Load a page, wide and light, named as in _toc.yml."""
        visit = Visit(name, self.context.new_page())
        visit.page.set_viewport_size({"width": 1280, "height": 900})
        self._watch(visit)
        visit.page.goto(f"{self.site}{name}.html", wait_until="load")
        return visit

    def _watch(self, visit: Visit) -> None:
        ours = (self.site, "data:", "blob:")
        errors, foreign, page = visit.errors, visit.foreign, visit.page
        page.on(
            "request",
            lambda r: None if r.url.startswith(ours) else foreign.append(r.url),
        )
        page.on("response", lambda response: visit.responses.append(response))
        page.on(
            "console", lambda m: errors.append(m.text) if m.type == "error" else None
        )
        page.on("pageerror", lambda error: errors.append(str(error)))


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
