// One picture of a building: a translation with the photograph under a wipe, its error as a heat map, its figures.

import { el } from "./dom.js";

const LOUD = 90; // grey levels of error that get the full accent

export class Card {
  // wipe(share): the line was moved, 0 to 100.
  constructor(model, words, wipe) {
    this.model = model;
    this.image = null;
    this.truth = el("img.truth", { alt: "", hidden: true, draggable: "false" });
    this.heat = el("canvas.heat", { "aria-hidden": true, hidden: true });
    this.line = el("i.line", { hidden: true });
    this.slider = el("input.wipe", { type: "range", min: 0, max: 100, hidden: true,
      "aria-label": `${model.id}: wipe to the photograph`, oninput: () => wipe(+this.slider.value) });
    this.frame = el("div.building", {}, this.truth, this.heat, this.line, el("i.ring"), this.slider);
    this.caption = el("figcaption");
    this.element = el("figure.card", { "data-id": model.id }, el("p.head", {}, el("b", {}, model.loss), " ", el("span", { title: model.id }, words)),
      this.frame, this.caption);
  }

  // The new picture takes the old one's place only when it can be painted at once.
  async show(address, shown) {
    const image = el("img", { src: address, alt: `The map, translated by ${this.model.id}`, draggable: "false" });
    await image.decode();
    if (this.image) this.image.replaceWith(image);
    else this.frame.prepend(image);
    this.image = image;
    this.element.dataset.shown = shown;
    this.element.classList.remove("late");
    this.paint();
  }

  // photograph: an <img> or null. heat: the error instead of the picture.
  against(photograph, { heat, wipe }) {
    const there = photograph != null;
    this.photograph = photograph;
    if (there && this.truth.src !== photograph.src) this.truth.src = photograph.src;
    for (const element of [this.truth, this.line, this.slider]) element.hidden = !there || heat;
    this.heat.hidden = !there || !heat;
    this.slider.value = wipe;
    this.slider.setAttribute("aria-valuetext", `${wipe} % translation`);
    this.paint();
  }

  paint() {
    if (!this.heat.hidden && this.image && this.photograph) error(this.heat, this.image, this.photograph);
  }
}

// The mean absolute difference of the three colours, from paper (none) to accent (LOUD and more).
function error(canvas, a, b) {
  const side = a.naturalWidth;
  Object.assign(canvas, { width: side, height: side });
  const context = canvas.getContext("2d", { willReadFrequently: true });
  const pixels = (image) => {
    context.drawImage(image, 0, 0, side, side);
    return context.getImageData(0, 0, side, side).data;
  };
  const [x, y] = [pixels(a), pixels(b)];
  const style = getComputedStyle(canvas);
  const [none, full] = ["--paper", "--accent"].map((name) => levels(style.getPropertyValue(name), context));
  const picture = context.createImageData(side, side);
  for (let i = 0; i < x.length; i += 4) {
    const far = Math.min(1, (Math.abs(x[i] - y[i]) + Math.abs(x[i + 1] - y[i + 1]) + Math.abs(x[i + 2] - y[i + 2])) / 3 / LOUD);
    for (let c = 0; c < 3; c += 1) picture.data[i + c] = none[c] + far * (full[c] - none[c]);
    picture.data[i + 3] = 255;
  }
  context.putImageData(picture, 0, 0);
}

function levels(colour, context) {
  context.fillStyle = colour.trim();
  context.fillRect(0, 0, 1, 1);
  return context.getImageData(0, 0, 1, 1).data;
}
