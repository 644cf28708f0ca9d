// Shows what a link to a paper or a term says, beside it: to those who point at it, tab
// to it, or tap it (a second tap follows it). Esc closes. Without this script the same
// words are the link's title.
document.addEventListener("DOMContentLoaded", () => {
  const note = document.createElement("div");
  Object.assign(note, {id: "eov-note", className: "eov-note", role: "tooltip", hidden: true});
  document.body.append(note);
  let shown = null, waiting = 0;

  const hide = () => {
    clearTimeout(waiting);
    shown?.removeAttribute("aria-describedby");
    shown = null;
    note.hidden = true;
  };
  const hideSoon = () => { waiting = setTimeout(hide, 250); };
  const place = (link) => {
    const at = [...link.getClientRects()].at(-1), gap = 8;
    const right = document.documentElement.clientWidth - note.offsetWidth - gap;
    const fits = at.bottom + gap + note.offsetHeight <= window.innerHeight;
    const top = fits ? at.bottom + gap : at.top - gap - note.offsetHeight;
    note.style.left = `${Math.max(gap, Math.min(at.left, right)) + window.scrollX}px`;
    note.style.top = `${Math.max(gap, top) + window.scrollY}px`;
  };
  const show = (link) => {
    hide();
    shown = link;
    note.textContent = link.dataset.note;
    note.hidden = false;
    place(link);
    link.setAttribute("aria-describedby", note.id);
  };

  for (const link of document.querySelectorAll("a:is(.eov-paper, .eov-term)[title]")) {
    link.dataset.note = link.title;
    link.removeAttribute("title");
    let isTouched = false, wasShown = false;
    link.addEventListener("pointerdown", (event) => {
      isTouched = event.pointerType === "touch";
      wasShown = shown === link;
    });
    link.addEventListener("click", (event) => {
      if (!isTouched || wasShown) return;
      event.preventDefault();
      show(link);
    });
    link.addEventListener("pointerenter", (event) => {
      if (event.pointerType !== "touch") show(link);
    });
    link.addEventListener("pointerleave", (event) => {
      if (event.pointerType !== "touch") hideSoon();
    });
    link.addEventListener("focus", () => { if (!isTouched) show(link); });
    link.addEventListener("blur", () => { isTouched = false; hide(); });
  }
  note.addEventListener("pointerenter", () => clearTimeout(waiting));
  note.addEventListener("pointerleave", hideSoon);
  document.addEventListener("keydown", (event) => { if (event.key === "Escape") hide(); });
  document.addEventListener("pointerdown", (event) => {
    if (shown && !shown.contains(event.target) && !note.contains(event.target)) hide();
  });
});
