// A training's samples: one picture that holds all of them, one below the other, of which one is seen at a time.

import { el } from "./dom.js";
import { indexAt } from "./histories.js";
import { decoded } from "./sheet.js";

export class Frames {
  constructor(alt) {
    this.element = el("div.frames", { role: "img", "aria-label": alt });
    this.kimg = [];
  }

  // of: {sheet, kimg, width, height}, or null where no samples were kept.
  async prepare(of) {
    const image = of && (await decoded(of.sheet, ""));
    return () => {
      this.kimg = of?.kimg ?? [];
      this.element.classList.toggle("none", !of);
      for (const [name, value] of Object.entries(of ? { "--w": of.width, "--h": of.height } : {})) this.element.style.setProperty(name, `${value}px`);
      this.element.replaceChildren(...(image ? [image] : []));
      this.element.dataset.frames = this.kimg.length;
    };
  }

  // The last ones drawn up to `kimg`; gives the kimg they were drawn at.
  show(kimg) {
    const at = indexAt(this.kimg, kimg);
    this.element.style.setProperty("--y", at);
    this.element.dataset.at = at;
    return this.kimg[at];
  }
}
