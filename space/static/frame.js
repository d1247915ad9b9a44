// The head of the page: its title, and the two ways to take along what is seen.

import { el, say } from "./dom.js";
import { python } from "./snippet.js";

async function copy(text) {
  try {
    await navigator.clipboard.writeText(text);
  } catch { // not allowed outside of https and localhost
    const area = document.body.appendChild(el("textarea", { style: "position: fixed; opacity: 0" }));
    area.value = text;
    area.select();
    document.execCommand("copy");
    area.remove();
  }
}

function button(text, short, work) {
  const long = el("span.long", {}, text);
  const brief = el("span.short", { "aria-hidden": true }, short);
  const element = el("button", { type: "button", "aria-label": text, onclick: async () => {
    const said = await work();
    if (!said) return;
    say(said);
    for (const part of [long, brief]) part.textContent = said;
    setTimeout(() => ([long.textContent, brief.textContent] = [text, short]), 1500);
  } }, long, brief);
  return element;
}

export function frame(root, state) {
  const code = el("pre", { tabindex: 0, "aria-label": "Python" });
  const copyCode = el("button", { type: "button", onclick: async () => {
    await copy(code.textContent);
    say(copyCode.textContent = "Copied");
    setTimeout(() => (copyCode.textContent = "Copy"), 1500);
  } }, "Copy");
  const panel = el("div.snippet", { hidden: true, role: "dialog", "aria-label": "Python for this view" },
    el("div.head", {}, el("p", {}, "Three lines that reproduce this view"), copyCode), code,
    el("p", {}, "Needs the zoo package, for curves matplotlib too, and no data set."));
  const open = (yes) => {
    if (yes) update(); // some views know only by now what is seen
    panel.hidden = !yes;
    show.setAttribute("aria-expanded", yes);
    if (yes) copyCode.focus();
    else if (panel.contains(document.activeElement) || document.activeElement === document.body) show.focus();
  };
  const link = button("Copy link", "Link", async () => {
    await copy(new URL(state.link(), location.href).href);
    return state.missing() ? `Copied, ${state.missing()}` : "Copied";
  });
  const show = button("Copy Python", "Python", () => open(panel.hidden));
  show.setAttribute("aria-expanded", false);
  panel.addEventListener("keydown", (event) => event.key === "Escape" && open(false));
  document.addEventListener("pointerdown", (event) => {
    if (!panel.hidden && !panel.contains(event.target) && !show.contains(event.target)) panel.hidden = true, show.setAttribute("aria-expanded", false);
  });
  const update = () => (code.textContent = python(state));
  state.on(update);
  update();
  root.append(el("header.frame", {}, el("h1", {}, "GAN zoo"),
    el("p", {}, "Small GANs that differ in one thing: the loss. Feed them the same noise and look."),
    el("div.take", {}, link, show), panel));
}
