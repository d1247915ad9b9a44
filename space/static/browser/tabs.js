// The frame of a page without gradio: a place for the head, tabs, and a panel for each view.

import { el } from "../dom.js";

// → the place for the head. without: what this page cannot do, in a line. open(view, its place) fills a panel, once it is seen.
export function tabs(main, views, without, open) {
  const theme = new URLSearchParams(location.search).get("__theme");
  const wanted = matchMedia("(prefers-color-scheme: dark)");
  const paint = () => {
    const dark = theme ? theme === "dark" : wanted.matches;
    document.documentElement.classList.toggle("dark", dark);
    document.documentElement.classList.toggle("light", !dark);
  };
  wanted.addEventListener("change", paint);
  paint();
  const panels = Object.fromEntries(views.map((view) => [view, el("div.zoo", {})]));
  const title = (view) => view[0].toUpperCase() + view.slice(1);
  const buttons = views.map((view) => el("button", { type: "button", role: "tab", id: `tab-${view}`, "aria-controls": `panel-${view}`,
    onclick: () => choose(view) }, title(view)));
  const list = el("div", { role: "tablist", onkeydown: (event) => {
    const by = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    if (!by) return;
    const next = buttons[(buttons.indexOf(document.activeElement) + by + buttons.length) % buttons.length];
    next.focus();
    next.click();
  } }, buttons);
  const boxes = views.map((view) => el("div", { role: "tabpanel", id: `panel-${view}`, "aria-labelledby": `tab-${view}` }, panels[view]));
  const opened = new Set();
  const choose = (view) => {
    views.forEach((one, i) => {
      buttons[i].setAttribute("aria-selected", one === view);
      buttons[i].tabIndex = one === view ? 0 : -1;
      boxes[i].hidden = one !== view;
    });
    if (opened.has(view)) return;
    opened.add(view);
    open(view, panels[view]);
  };
  const head = el("div.zoo");
  main.replaceChildren(head, list, ...boxes, el("footer.zoo", {}, without));
  const asked = new URLSearchParams(location.search).get("view");
  choose(views.includes(asked) ? asked : views[0]);
  return head;
}
