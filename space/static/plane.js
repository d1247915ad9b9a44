// One toy GAN: the critic's scores as a grey field, arrows along which its generator is pushed, real places and samples.

import { el } from "./dom.js";

const colour = (style, name) => style.getPropertyValue(name).trim();

function mixed(a, b, share) {
  const parts = [a, b].map((hex) => [1, 3, 5].map((i) => Number.parseInt(hex.slice(i, i + 2), 16)));
  return parts[0].map((value, i) => Math.round(value + (parts[1][i] - value) * share));
}

export class Plane {
  // of: {edge, near} of the plane; sizes: of a frame. pointed([x, y] or null), put([x, y]): the pointer, and a click.
  constructor(name, of, sizes, { pointed, put, drop }) {
    Object.assign(this, { name, of, sizes, own: false });
    this.canvas = el("canvas");
    this.element = el("div.plane-toy", { role: "img", "aria-label": `${name}, not trained yet` }, this.canvas, el("i.at"));
    const at = (event) => {
      const box = this.element.getBoundingClientRect();
      return [(event.clientX - box.left) / box.width, 1 - (event.clientY - box.top) / box.height].map((share) => (2 * share - 1) * of.edge);
    };
    this.element.addEventListener("pointermove", (event) => pointed(at(event)));
    this.element.addEventListener("pointerleave", () => pointed(null));
    this.element.addEventListener("click", (event) => this.own && put(at(event)));
    this.element.addEventListener("keydown", (event) => this.press(event, pointed, put, drop));
    this.hand = [0, 0];
    this.peak = 0;
  }

  press(event, pointed, put, drop) {
    const by = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] }[event.key];
    if (!this.own || event.ctrlKey || event.metaKey || event.altKey) return;
    if (by) {
      this.hand = this.hand.map((value, i) => Math.max(-1.2, Math.min(1.2, value + by[i] * 0.1)));
      pointed(this.hand);
    } else if (event.key === "Enter" || event.key === " ") put(this.hand);
    else if (event.key === "Backspace") drop();
    else return;
    event.preventDefault();
  }

  // Whether clicks put points.
  writable(yes) {
    this.own = yes;
    this.element.classList.toggle("own", yes);
    this.element.setAttribute("role", yes ? "application" : "img");
    if (yes) this.element.tabIndex = 0;
    else this.element.removeAttribute("tabindex");
  }

  restart() {
    this.peak = 0;
  }

  // The score that the critic gives to a point.
  scoreAt([x, y]) {
    if (!this.loss) return null;
    const side = this.sizes.field;
    const cell = (value) => Math.max(0, Math.min(side - 1, Math.floor((value / this.of.edge + 1) / 2 * side)));
    const [low, high] = this.loss.field;
    return low + (this.loss.scores[cell(y) * side + cell(x)] / 255) * (high - low);
  }

  show(loss, places, words) {
    Object.assign(this, { loss, places });
    this.peak = Math.max(this.peak, loss.pull);
    this.element.setAttribute("aria-label", `${this.name}: ${words}${this.own ? ". Arrow keys move, Enter puts a point, Backspace takes the last" : ""}`);
    this.draw();
  }

  draw() {
    const side = this.element.clientWidth;
    if (!side || !this.loss) return;
    const ratio = Math.min(2, devicePixelRatio || 1);
    const { canvas } = this;
    if (canvas.width !== Math.round(side * ratio)) canvas.width = canvas.height = Math.round(side * ratio);
    const style = getComputedStyle(this.element);
    const [paper, ink, quiet, edge, accent] = ["--paper", "--ink", "--quiet", "--edge", "--accent"].map((name) => colour(style, name));
    const pen = canvas.getContext("2d");
    pen.setTransform(ratio, 0, 0, ratio, 0, 0);
    this.shade(pen, side, paper, edge);
    const px = (x, y) => [((x / this.of.edge + 1) / 2) * side, (1 - (y / this.of.edge + 1) / 2) * side];
    pen.strokeStyle = ink;
    pen.lineWidth = 1;
    for (const [x, y] of this.places) {
      pen.beginPath();
      pen.arc(...px(x, y), (this.of.near / this.of.edge / 2) * side, 0, 7);
      pen.stroke();
    }
    this.push(pen, side, quiet);
    pen.fillStyle = accent;
    const { points } = this.loss;
    for (let i = 0; i < points.length; i += 2) pen.fillRect((points[i] / 255) * side - 1, (1 - points[i + 1] / 255) * side - 1, 2, 2);
  }

  shade(pen, side, paper, edge) {
    const n = this.sizes.field;
    const [low, high] = [mixed(paper, edge, 0), mixed(paper, edge, 0.6)];
    const image = new ImageData(n, n);
    this.loss.scores.forEach((score, i) => {
      const at = 4 * ((n - 1 - Math.floor(i / n)) * n + (i % n));
      for (let c = 0; c < 3; c += 1) image.data[at + c] = low[c] + (high[c] - low[c]) * (score / 255);
      image.data[at + 3] = 255;
    });
    this.small ??= new OffscreenCanvas(n, n);
    this.small.getContext("2d").putImageData(image, 0, 0);
    pen.imageSmoothingEnabled = true;
    pen.imageSmoothingQuality = "high";
    pen.drawImage(this.small, 0, 0, side, side);
  }

  // An arrow as long as its cell is a push half as strong again as the samples have felt at most, or stronger.
  push(pen, side, quiet) {
    const n = this.sizes.arrows;
    const cell = side / n;
    const { arrows, arrow } = this.loss;
    const scale = arrow / 127 / (1.5 * this.peak || 1);
    pen.strokeStyle = quiet;
    pen.beginPath();
    for (let i = 0; i < n * n; i += 1) {
      const [dx, dy] = [arrows[2 * i] * scale, -arrows[2 * i + 1] * scale];
      const length = Math.hypot(dx, dy);
      if (length * cell < 0.75) continue;
      const much = (Math.min(1, length) / length) * cell;
      const [x, y] = [((i % n) + 0.5) * cell, side - (Math.floor(i / n) + 0.5) * cell];
      const [ex, ey] = [x + dx * much, y + dy * much];
      const head = Math.min(3, length * cell * 0.4) / length;
      pen.moveTo(x, y);
      pen.lineTo(ex, ey);
      pen.moveTo(ex - (dx - dy * 0.7) * head, ey - (dy + dx * 0.7) * head);
      pen.lineTo(ex, ey);
      pen.lineTo(ex - (dx + dy * 0.7) * head, ey - (dy - dx * 0.7) * head);
    }
    pen.stroke();
  }

  point(place) {
    this.element.classList.toggle("pointed", place != null);
    if (!place) return;
    place.forEach((value, i) => this.element.style.setProperty(i ? "--py" : "--px", `${50 + ((i ? -1 : 1) * value / this.of.edge) * 50}%`));
  }
}
