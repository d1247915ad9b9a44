// The losses, each a small chart on the same axes: what a generated picture's score costs the critic and the generator.

import { el } from "./dom.js";

function line(x, y, kind) {
  const path = document.createElementNS("http://www.w3.org/2000/svg", "polyline");
  path.setAttribute("points", x.map((value, i) => `${value},${-y[i]}`).join(" "));
  path.setAttribute("class", kind);
  return path;
}

function chart(loss, limit) {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  svg.setAttribute("viewBox", `${-limit} ${-limit} ${2 * limit} ${2 * limit}`);
  svg.setAttribute("preserveAspectRatio", "none");
  svg.setAttribute("aria-hidden", "true");
  svg.append(
    line([-limit, limit], [0, 0], "axis"), line([0, 0], [-limit, limit], "axis"),
    line(loss.x, loss.d, "d"), line(loss.x, loss.g, "g"),
  );
  return svg;
}

// key: under which the state has the chosen ones. trained: the names of those that there are, where it is not the state's.
// refused: [names, why] that no model can be trained with.
export function picker(state, { key = "loss", trained: known, refused: [refused, why] = [[], ""] } = {}) {
  const order = state.catalogue.losses.map((loss) => loss.name);
  const others = (known ?? []).filter((name, i) => !order.includes(name) && known.indexOf(name) === i); // "none", say
  const toggle = (name) => {
    const chosen = new Set(state.get(key));
    if (!chosen.delete(name)) chosen.add(name);
    if (chosen.size) state.set({ [key]: [...order, ...others].filter((one) => chosen.has(one)) });
  };
  const entries = state.catalogue.losses.map((loss) => {
    const note = el("small");
    const button = el("button.loss", { type: "button", onclick: () => toggle(loss.name) },
      chart(loss, state.limits.scores), el("span", {}, loss.name), note);
    return { loss, button, note };
  });
  const controls = others.map((name) => {
    const input = el("input", { type: "checkbox", value: name, onchange: () => toggle(name) });
    return el("label.check", {}, input, name === "none" ? "L1 alone, no critic" : name);
  });
  const group = el("div.losses", { role: "group", "aria-label": "Losses, shown or not" }, entries.map((entry) => entry.button));
  const update = () => {
    const trained = known ?? state.trained();
    for (const { firstChild: input } of controls) input.checked = state.get(key).includes(input.value);
    group.classList.toggle("complete", trained.length === entries.length);
    for (const { loss, button, note } of entries) {
      button.setAttribute("aria-pressed", state.get(key).includes(loss.name));
      button.classList.toggle("untrained", !trained.includes(loss.name));
      note.textContent = trained.includes(loss.name) ? "" : refused.includes(loss.name) ? why : "not trained yet";
    }
  };
  state.on(update);
  update();
  return el("section.picker", { "aria-label": "Losses" },
    el("p.key", {}, el("b", {}, "Losses"), el("span.what", {}, "What a generated picture’s score, low to high, costs"),
      el("span.brief", { "aria-hidden": true }, "what a score costs"),
      el("span.d", {}, "the critic"), el("span.g", {}, "the generator"), controls),
    group);
}
