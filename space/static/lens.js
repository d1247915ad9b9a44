// One latent, enlarged, in every model; docked to the bottom while it is open.

import { el } from "./dom.js";
import { back, forth } from "./controls.js";
import { Tile } from "./sheet.js";

const SCALE = 3;

export class Lens {
  constructor({ step, morph, close }) {
    this.title = el("p.title");
    this.groups = el("div.groups", { tabindex: 0, role: "group", "aria-label": "This latent in every model" });
    this.element = el("section.lens", { "aria-label": "One latent in every model", hidden: true },
      el("div.head", {}, this.title,
        el("div.joined", {},
          el("button", { type: "button", "aria-label": "previous latent", onclick: () => step(-1) }, back()),
          el("button", { type: "button", "aria-label": "next latent", onclick: () => step(1) }, forth())),
        (this.morph = el("button.main", { type: "button", onclick: morph })),
        el("button.plain", { type: "button", onclick: close }, "Close")),
      this.groups);
    this.element.addEventListener("keydown", (event) => event.key === "Escape" && close());
    this.tiles = new Map();
  }

  // models in order; their sheets' geometry; families by row.
  fill(models, { columns, rows }) {
    this.tiles.clear();
    const groups = group(models);
    this.groups.replaceChildren(...[...groups].map(([row, members]) => el("div.group", {}, el("p", {}, row),
      el("div", {}, members.map((model) => {
        const tile = new Tile(`${model.id}, this latent`);
        tile.size(SCALE * model.size, columns, rows);
        this.tiles.set(model.id, tile);
        return el("figure", {}, tile.element,
          el("figcaption", {}, model.loss + (model.figures?.collapsed ? " †" : "")));
      })))));
  }

  // truncated: a walk knows no truncation, and so will not start at just this picture.
  say(index, seed, truncated) {
    this.morph.textContent = truncated ? "Morph, not truncated" : "Morph from here";
    this.title.replaceChildren(el("b", {}, `Latent ${index}`), ` of seed ${seed}`,
      el("span", {}, ` in ${this.tiles.size === 1 ? "this model" : "every model"}, three times enlarged`));
  }
}

function group(models) {
  const groups = new Map();
  for (const model of models) groups.set(model.row, [...(groups.get(model.row) ?? []), model]);
  return groups;
}
