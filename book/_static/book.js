/* What the pages do beyond the theme. Loaded with `defer`, before the search begins. */

/* A drawer, which a narrow window has for the contents, closes on a choice. */
document.addEventListener("click", (event) => {
  if (event.target.closest("dialog[open] a[href]")) event.target.closest("dialog").close();
});

/* The switch of colours says what it is set to. */
const MODES = { auto: "as your system", light: "light", dark: "dark" };
const nameSwitch = () => {
  const name = `Colours: ${MODES[document.documentElement.dataset.mode]}`;
  for (const button of document.querySelectorAll(".theme-switch-button")) {
    button.setAttribute("aria-label", name);
  }
};
nameSwitch();
new MutationObserver(nameSwitch).observe(document.documentElement, { attributeFilter: ["data-mode"] });

/* Formulas are no stops of the tab key, except those that have to be scrolled. */
const stopAtWideFormulas = () => {
  for (const formula of document.querySelectorAll('mjx-container[display="true"]')) {
    if (formula.scrollWidth > formula.clientWidth) formula.tabIndex = 0;
    else formula.removeAttribute("tabindex");
  }
};
window.addEventListener("load", async () => {
  await window.MathJax?.startup?.promise;
  stopAtWideFormulas();
});
window.addEventListener("resize", stopAtWideFormulas);

/* Search: headings that hold all words come first, titles of pages before them; then the
   pages that hold them, in the order of the book. */
const HEADING = 30;
const stems = (text) => {
  const stemmer = new Stemmer();
  return splitQuery(text.toLowerCase()).map((word) => stemmer.stemWord(word));
};
const findHeadings = (terms) => {
  const { alltitles, docnames, filenames, titles } = Search._index;
  const found = [];
  for (const [title, places] of Object.entries(alltitles)) {
    const words = new Set(stems(title));
    if (terms.size === 0 || ![...terms].every((term) => words.has(term))) continue;
    for (const [file, id] of places) {
      const isPage = titles[file] === title;
      const name = isPage ? title : `${titles[file]} > ${title}`;
      const score = HEADING + terms.size / words.size + (isPage ? 1 : 0);
      found.push([docnames[file], name, id === null ? "" : `#${id}`, null, score, filenames[file]]);
    }
  }
  return found;
};
const findPages = Search.performTermsSearch;
Search.performTermsSearch = (terms, excluded) => {
  const links = [...document.querySelectorAll(".bd-links a")].map((link) => link.pathname);
  const place = (page) => links.findIndex((path) => path.endsWith(`/${page}.html`));
  const pages = findPages(terms, excluded);
  for (const page of pages) page[4] -= place(page[0]) / 1000;
  return [...pages, ...findHeadings(terms)];
};

/* What a result quotes is prose. */
const NO_PROSE =
  "script, style, .headerlink, table, pre, details, svg, .math, .cell_output, .eov-card";
Search.htmlToText = (html, anchor) => {
  const page = new DOMParser().parseFromString(html, "text/html");
  for (const element of page.querySelectorAll(NO_PROSE)) element.remove();
  for (const block of page.querySelectorAll("h1, h2, h3, p, li, dt, dd, div")) block.append(" ");
  const article = page.querySelector("article.bd-article");
  const section = anchor ? article?.querySelector(anchor) : null;
  section?.firstElementChild?.remove();  // its heading, which the result says already
  return (section ?? article)?.textContent.replace(/\s+/g, " ").trim() ?? "";
};
