// Puts the pieces into the places that the page has for them, and lets them share one state.

import { Compare } from "./compare.js";
import { Curves } from "./curves.js";
import { Facades } from "./facades.js";
import { frame } from "./frame.js";
import { Interpolate } from "./interpolate.js";
import { Leaderboard } from "./leaderboard.js";
import { Lab } from "./lab.js";
import { State } from "./state.js";

let ready;
const state = new Promise((resolve) => (ready = resolve));

// root: an empty element. props: {view, catalogue?}. server: the functions that draw.
export async function mount(root, props, server) {
  if (props.view === "frame") open(root, JSON.parse(JSON.stringify(props.catalogue)));
  else if (props.view === "compare") new Compare(root, await state, server.draw);
  else if (props.view === "interpolate") new Interpolate(root, await state, server);
  else if (props.view === "lab") new Lab(root, await state, JSON.parse(JSON.stringify(props.lab)));
  else if (props.view === "curves") new Curves(root, await state, server, props);
  else if (props.view === "facades") new Facades(root, await state, server);
  else if (props.view === "leaderboard") new Leaderboard(root, await state, server);
}

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
