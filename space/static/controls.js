// The control bar: a small label above, a control below; all live, none with a button to press.

import { clamp, el, plural, range } from "./dom.js";

let counter = 0;

export function control(label, input, more = "") {
  const id = `zoo-control-${(counter += 1)}`;
  const field = input.matches("input") ? input : input.querySelector(":scope > select");
  if (field) field.id = id;
  else {
    input.setAttribute("role", "group");
    input.setAttribute("aria-labelledby", id);
  }
  return el(`div.control${more}`, {}, el("label", field ? { for: id } : { id }, label), input);
}

// A select of [value, text] pairs; `read` gives the value, `write` takes it.
export function select(options, read, write) {
  const input = el("select", { onchange: () => write(input.value) });
  const box = el("span.select", {}, input);
  box.update = (given = options) => {
    if (JSON.stringify(given) !== input.dataset.of) {
      input.dataset.of = JSON.stringify(given);
      input.replaceChildren(...given.map(([value, text]) => el("option", { value }, text)));
    }
    input.value = read();
  };
  box.update();
  return box;
}

export function whole(label, low, high, read, write, width = 56) {
  const input = el("input.whole", {
    type: "text", inputmode: "numeric", pattern: "[0-9]*", autocomplete: "off", "aria-label": label,
    style: `width: ${width}px`,
    oninput: () => {
      if (/^\d{1,16}$/.test(input.value) && +input.value >= low && +input.value <= high) write(+input.value);
    },
    onblur: () => (input.value = read()),
    onkeydown: (event) => {
      const step = { ArrowUp: 1, ArrowDown: -1, PageUp: 1, PageDown: -1 }[event.key];
      if (!step) return;
      event.preventDefault();
      write(clamp(read() + step, low, high));
      input.value = read();
    },
  });
  input.update = () => document.activeElement !== input && (input.value = read());
  input.update();
  return input;
}

export const random = () => Math.floor(Math.random() * 10000);

const chevron = (points) => {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  svg.setAttribute("viewBox", "0 0 16 16");
  svg.setAttribute("aria-hidden", "true");
  svg.setAttribute("class", "chevron");
  svg.innerHTML = `<polyline points="${points}" />`;
  return svg;
};
export const back = () => chevron("10,3 5,8 10,13");
export const forth = () => chevron("6,3 11,8 6,13");

export function seedBox(state) {
  const step = (by) => state.set({ seed: clamp(state.get("seed") + by, 0, state.limits.seed) });
  const input = whole("Seed", 0, state.limits.seed, () => state.get("seed"), (seed) => state.set({ seed }), 72);
  state.on(() => {
    if (input.value !== String(state.get("seed")) && /^\d+$/.test(input.value)) input.value = state.get("seed");
  });
  const group = el("div.joined", {},
    el("button", { type: "button", "aria-label": "previous seed", onclick: () => step(-1) }, back()), input,
    el("button", { type: "button", "aria-label": "next seed", onclick: () => step(1) }, forth()),
    el("button", { type: "button", onclick: () => state.set({ seed: random() }) }, "Random"));
  return control("Seed of the noise", group, ".seeds");
}

export function dataBox(state) {
  const names = Object.entries(state.catalogue.data);
  const options = names.map(([name, data]) => [name, `${data.title}, ${data.size} px`]);
  const input = select(options, () => state.get("data"), (data) => state.set({ data }));
  state.on(() => input.update());
  return control("Data set", input);
}

export function rowsBox(state) {
  const group = el("div.checks");
  const update = () => {
    const boxes = state.rows().map((row) => {
      const input = el("input", { type: "checkbox", value: row, onchange: () => choose() });
      input.checked = state.get("arch").includes(row);
      return el("label.check", {}, input, row);
    });
    const here = [...group.querySelectorAll("input")].map((input) => input.value);
    if (JSON.stringify(here) !== JSON.stringify(state.rows())) group.replaceChildren(...boxes);
    else for (const input of group.querySelectorAll("input")) input.checked = state.get("arch").includes(input.value);
  };
  const choose = () => {
    const arch = [...group.querySelectorAll("input")].filter((input) => input.checked).map((input) => input.value);
    if (arch.length) state.set({ arch });
    else update();
  };
  state.on(update);
  update();
  return control("Architectures", group);
}

export function truncationBox(state) {
  const [least, none] = state.limits.truncation;
  const shown = el("output", {});
  const input = el("input", {
    type: "range", min: least, max: none, step: 0.1,
    oninput: () => state.set({ trunc: +input.value >= none ? null : +input.value }),
  });
  const update = () => {
    const trunc = state.get("trunc");
    input.value = trunc ?? none;
    shown.textContent = trunc == null ? "none" : `±${trunc.toFixed(1)}`;
    input.setAttribute("aria-valuetext", shown.textContent);
  };
  state.on(update);
  update();
  const box = control("Truncation", input, ".truncation");
  box.append(shown);
  return box;
}

export function classBox(state) {
  const input = select([], () => state.get("class"), (value) =>
    state.set({ class: /^\d+$/.test(value) ? +value : value }));
  const box = control("Class", input, ".class");
  const update = () => {
    const classes = state.classes();
    input.update([["all", "all in turn"], ["rows", "one row per class"], ...state.classNames().map((name, i) => [i, name])]);
    const rows = [...new Set(state.shown().filter((model) => model.classes).map((model) => model.row))];
    box.firstChild.textContent = `Class, ${rows.join(", ")} only`;
    box.style.visibility = classes ? "" : "hidden"; // its place stays
    box.classList.toggle("none", !classes);
  };
  state.on(update);
  update();
  return box;
}

export function segmented(options, read, write) {
  const buttons = Object.entries(options).map(([value, text]) =>
    el("button", { type: "button", value, onclick: () => write(value) }, text));
  const group = el("div.joined.segmented", {}, buttons);
  group.update = () => {
    for (const button of buttons) button.setAttribute("aria-pressed", button.value === read());
  };
  group.update();
  return group;
}

// A seed and the number of a latent in it.
export function anchorBox(state, key) {
  const name = key.toUpperCase();
  const part = (i) => () => (state.get(key) ?? [0, 0])[i];
  const put = (i) => (value) => state.set({ [key]: (state.get(key) ?? [0, 0]).map((old, j) => (i === j ? value : old)) });
  const seed = whole(`${name}: seed`, 0, state.limits.seed, part(0), put(0));
  const latent = whole(`${name}: latent`, 0, state.limits.latent, part(1), put(1), 48);
  const box = control(`${name}: seed and latent`, el("div.joined", {}, seed, latent,
    el("button", { type: "button", "aria-label": `${name}: random`,
      onclick: () => state.set({ [key]: [random(), Math.floor(Math.random() * state.limits.columns ** 2)] }) }, "Random")));
  state.on(() => {
    seed.update();
    latent.update();
  });
  return box;
}

// On a phone the bar folds into one line that says what is set.
export function bar(state, words, ...controls) {
  const line = el("span");
  const change = el("button.link", { type: "button", "aria-expanded": false, onclick: () => {
    const open = element.classList.toggle("open");
    change.setAttribute("aria-expanded", open);
    change.textContent = open ? "Done" : "Change";
  } }, "Change");
  const element = el("section.controls", { "aria-label": "Controls" }, el("p.folded", {}, line, change), controls);
  element.update = () => (line.textContent = words());
  state.on(element.update);
  element.update();
  return element;
}

export const summary = (state) => {
  const { title } = state.catalogue.data[state.get("data")];
  const [trunc, label] = [state.get("trunc"), state.get("class")];
  const told = label === "rows" ? "one row per class" : state.classNames()[label];
  return [title, plural(state.get("arch").length, "architecture"), trunc == null ? null : `±${trunc.toFixed(1)}`, state.classes() && told]
    .filter(Boolean).join(" · ");
};
