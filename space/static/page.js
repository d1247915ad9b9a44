// Puts the pieces into the places that the page has for them, and lets them share one state.

import { el } from "./dom.js";
import { frame } from "./frame.js";
import { State } from "./state.js";

const QUIET = 2000; // ms

let ready;
const state = new Promise((resolve) => (ready = resolve));

// root: an empty element. props: {view, catalogue?}. server: the functions that draw. A view is a module of its name,
// read when it is mounted: what is looked at first waits for no other.
export async function mount(root, props, server) {
  if (props.view === "frame") return open(root, JSON.parse(JSON.stringify(props.catalogue)));
  const [piece, opened] = await Promise.all([import(`./${props.view}.js`).catch(() => null), state]);
  if (piece) new piece.default(root, opened, server, props);
  else root.append(el("p.sentence", { role: "alert" }, "This view did not arrive. Load the page again."));
}

// Once the page has come to rest, what a click on another tab will need.
export const readAhead = (views) => setTimeout(() => views.forEach((view) => import(`./${view}.js`).catch(() => null)), QUIET);

function open(root, catalogue) {
  const opened = new State(catalogue, location.search);
  frame(root, opened);
  followTabs(opened);
  ready(opened);
}

// The tabs are gradio's: a click on one is a change of view, and a change of view selects one.
function followTabs(opened) {
  const name = (tab) => tab.textContent.trim().toLowerCase();
  const tabs = () => [...document.querySelectorAll("[role=tab]")];
  document.addEventListener("click", (event) => {
    const tab = event.target.closest?.("[role=tab]");
    if (tab) opened.set({ view: name(tab) });
  });
  const select = () => {
    const tab = tabs().find((one) => name(one) === opened.get("view"));
    if (!tab && tabs().length) opened.set({ view: name(tabs()[0]) }); // nothing here has that view
    if (tab && tab.getAttribute("aria-selected") !== "true") tab.click();
    tab?.scrollIntoView({ block: "nearest", inline: "nearest" });
    return tab;
  };
  opened.on((changed) => changed.has("view") && select());
  const wait = new MutationObserver(() => tabs().length && (select(), wait.disconnect()));
  wait.observe(document.body, { childList: true, subtree: true });
}
