// One picture that holds many: a window that dims all but one tile, and a ring around that tile. Where the tile is,
// the stage says by --x and --y, so that all sheets follow by style alone.

import { clamp, el } from "./dom.js";

export async function decoded(address, alt) {
  const image = el("img", { alt, src: address, draggable: "false" });
  await image.decode();
  return image;
}

export class Sheet {
  constructor(label) {
    this.image = null;
    this.clip = el("div.clip", {}, el("i.window"));
    this.element = el("div.sheet", {
      role: "slider", tabindex: 0, "aria-valuemin": 0, "aria-valuenow": 0,
      "aria-valuetext": "no latent chosen",
    }, this.clip, el("i.ring"));
    this.rename(label);
  }

  rename(label) {
    this.element.setAttribute("aria-label", label);
  }

  // cell: side of a tile on the page, in px. Of columns × rows tiles, the first nx × ny are seen.
  size({ cell, columns, rows, nx = columns, ny = rows }) {
    Object.assign(this, { nx, ny, columns });
    const style = { "--cell": `${cell}px`, "--columns": columns, "--rows": rows, "--nx": nx, "--ny": ny };
    for (const [name, value] of Object.entries(style)) this.element.style.setProperty(name, value);
    this.element.setAttribute("aria-valuemax", columns * rows - 1);
  }

  // The new picture takes the old one's place only when it can be painted at once.
  async prepare(address) {
    const image = await decoded(address, "");
    return () => {
      this.address = address;
      if (this.image) this.image.replaceWith(image);
      else this.clip.prepend(image);
      this.image = image;
      this.element.classList.add("filled");
      this.element.classList.remove("stale");
    };
  }

  tileAt(event) {
    const box = this.clip.getBoundingClientRect();
    const x = clamp(Math.floor(((event.clientX - box.left) / box.width) * this.nx), 0, this.nx - 1);
    const y = clamp(Math.floor(((event.clientY - box.top) / box.height) * this.ny), 0, this.ny - 1);
    return y * this.columns + x;
  }

  describe(index, text) {
    this.element.setAttribute("aria-valuenow", index);
    this.element.setAttribute("aria-valuetext", text);
  }
}

// One tile of a sheet, enlarged; it follows the stage as the sheets do.
export class Tile {
  constructor(alt) {
    this.element = el("div.tile", { role: "img", "aria-label": alt });
  }

  size(cell, columns, rows) {
    this.element.style.setProperty("--cell", `${cell}px`);
    this.element.style.setProperty("--columns", columns);
    this.element.style.setProperty("--rows", rows);
  }

  async prepare(address) {
    const image = await decoded(address, "");
    return () => {
      this.image = image;
      this.element.replaceChildren(image);
    };
  }
}

// Swaps many at once, when all are ready.
export async function showAll(pairs) {
  const swaps = await Promise.all(pairs.map(([piece, address]) => piece.prepare(address)));
  for (const swap of swaps) swap();
}
