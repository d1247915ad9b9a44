// The label map, painted by mouse, touch or keys: rectangle, brush, fill, undo, redo.

import { segmented } from "./controls.js";
import { clamp, el, say } from "./dom.js";
import { box, colour, empty, fill, same, show, SIDE, stroke } from "./labelmap.js";

const STEPS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
const STEP = 4; // pixels of the map
const KEYS = "1234567890-=";
const KEPT = 60; // maps that undo goes back to
const TOOLS = { rectangle: "Rectangle", brush: "Brush", fill: "Fill" };

export class Editor {
  // changed({labels, base, edited, done}): after each stroke and, with done false, while it is drawn.
  // pointed(box or null): where the pointer or the keys are.
  constructor(classes, { changed, pointed }) {
    Object.assign(this, { classes, changed, pointed });
    this.colours = classes.map(({ colour: hex }) => colour(hex));
    this.labels = empty();
    this.base = null; // what was opened: {labels, …}
    this.past = [];
    this.future = [];
    this.tool = "rectangle";
    this.label = 2;
    this.window = { x: 112, y: 112, w: 32, h: 32 };
    this.canvas = el("canvas", {
      width: SIDE, height: SIDE, tabindex: 0, role: "application", "aria-label": "Label map",
      "aria-describedby": "zoo-map-keys",
      onpointerdown: (event) => this.down(event), onpointermove: (event) => this.move(event),
      onpointerup: (event) => this.up(event), onpointercancel: (event) => this.up(event),
      onpointerleave: (event) => !this.stroke && event.pointerType === "mouse" && pointed(null),
      onkeydown: (event) => this.press(event),
      onfocus: () => this.canvas.matches(":focus-visible") && pointed(this.window),
      onblur: () => pointed(null),
    });
    const tools = segmented(TOOLS, () => this.tool, (tool) => this.choose({ tool }));
    const size = el("input", { type: "range", min: 2, max: 48, value: 10, "aria-label": "Brush size" });
    this.size = size;
    this.undoer = el("button", { type: "button", onclick: () => this.undo() }, "Undo");
    this.redoer = el("button", { type: "button", onclick: () => this.redo() }, "Redo");
    const clear = el("button", { type: "button", onclick: () => this.edit((labels) => labels.fill(0)) }, "Clear");
    this.buttons = classes.map(({ name, colour: hex }, i) => el("button", { type: "button", onclick: () => this.choose({ label: i }) },
      el("i", { style: `background: ${hex}` }), el("span", {}, name), el("kbd", { "aria-hidden": true }, KEYS[i])));
    this.tools = el("div.tools", {}, tools, size, el("div.joined", {}, this.undoer, this.redoer, clear));
    this.palette = el("div.palette", { role: "group", "aria-label": "Classes" }, this.buttons);
    this.update = () => {
      tools.update();
      size.style.visibility = this.tool === "brush" ? "" : "hidden";
      this.buttons.forEach((button, i) => button.setAttribute("aria-pressed", i === this.label));
      this.undoer.disabled = !this.past.length;
      this.redoer.disabled = !this.future.length;
    };
    this.update();
  }

  choose(patch) {
    Object.assign(this, patch);
    this.update();
  }

  get edited() {
    return this.base?.labels ? !same(this.labels, this.base.labels) : false;
  }

  // Another map: what was there before comes back by undo.
  open(labels, base) {
    if (this.base) this.remember();
    this.base = base;
    this.labels = labels.slice();
    this.render(true);
  }

  remember(labels = this.labels) {
    this.past = [...this.past, { labels, base: this.base }].slice(-KEPT);
    this.future = [];
  }

  edit(work) {
    const before = this.labels.slice();
    work(this.labels);
    if (same(before, this.labels)) return;
    this.remember(before);
    this.render(true);
  }

  undo() {
    this.step(this.past, this.future);
  }

  redo() {
    this.step(this.future, this.past);
  }

  step(from, to) {
    if (!from.length || this.stroke) return;
    to.push({ labels: this.labels, base: this.base });
    Object.assign(this, from.pop());
    this.render(true);
  }

  render(done) {
    show(this.labels, this.canvas, this.colours);
    if (done) this.update();
    this.changed({ labels: this.labels, base: this.base, edited: this.edited, done });
  }

  // --- pointer

  place(event) {
    const frame = this.canvas.getBoundingClientRect();
    return [((event.clientX - frame.left) / frame.width) * SIDE, ((event.clientY - frame.top) / frame.height) * SIDE];
  }

  down(event) {
    if (event.button || this.stroke) return;
    this.canvas.setPointerCapture(event.pointerId);
    const at = this.place(event);
    this.stroke = { before: this.labels.slice(), from: at, last: at, pointer: event.pointerId };
    this.follow(at);
  }

  move(event) {
    const at = this.place(event);
    if (this.stroke?.pointer === event.pointerId) this.follow(at);
    else if (event.pointerType === "mouse") this.center(at);
  }

  // The stroke so far; what it paints is drawn at once, in this frame.
  follow(at) {
    const { before, from, last } = this.stroke;
    if (this.tool === "rectangle") {
      const [x, y] = [Math.min(from[0], at[0]), Math.min(from[1], at[1])].map(Math.floor);
      const [w, h] = [Math.ceil(Math.max(from[0], at[0])) - x, Math.ceil(Math.max(from[1], at[1])) - y];
      this.labels.set(before);
      box(this.labels, { x, y, w, h }, this.label);
      this.pointed({ x, y, w, h });
    } else if (this.tool === "brush") {
      stroke(this.labels, last, at, +this.size.value / 2, this.label);
      this.center(at);
    } else {
      this.labels.set(before);
      fill(this.labels, at, this.label);
      this.center(at);
    }
    this.stroke.last = at;
    this.render(false);
  }

  up(event) {
    if (this.stroke?.pointer !== event.pointerId) return;
    const { before } = this.stroke;
    this.stroke = null;
    if (event.type === "pointercancel") this.labels.set(before);
    else if (!same(before, this.labels)) this.remember(before);
    this.render(true);
  }

  center([x, y]) {
    const { w, h } = this.window;
    this.window = { x: clamp(Math.round(x - w / 2), 0, SIDE - w), y: clamp(Math.round(y - h / 2), 0, SIDE - h), w, h };
    this.pointed(this.window);
  }

  // --- keys

  press(event) {
    if (!this.key(event)) return;
    event.preventDefault();
    event.stopPropagation();
  }

  key(event) {
    const command = event.ctrlKey || event.metaKey;
    const key = event.key.toLowerCase();
    if (command && key === "z") event.shiftKey ? this.redo() : this.undo();
    else if (command && key === "y") this.redo();
    else if (command || event.altKey) return false;
    else if (STEPS[event.key]) this.moveWindow(STEPS[event.key], event.shiftKey);
    else if (key === " ") this.edit((labels) => box(labels, this.window, this.label));
    else if (key === "enter") {
      const { x, y, w, h } = this.window;
      this.edit((labels) => fill(labels, [x + w / 2, y + h / 2], this.label));
    } else if (KEYS.includes(key)) this.take(KEYS.indexOf(key));
    else return /^[a-z]$/.test(key) && this.letter(key);
    return true;
  }

  moveWindow([dx, dy], resize) {
    const { x, y, w, h } = this.window;
    const [nw, nh] = resize ? [clamp(w + dx * STEP, STEP, SIDE - x), clamp(h + dy * STEP, STEP, SIDE - y)] : [w, h];
    const [nx, ny] = resize ? [x, y] : [clamp(x + dx * STEP, 0, SIDE - w), clamp(y + dy * STEP, 0, SIDE - h)];
    this.window = { x: nx, y: ny, w: nw, h: nh };
    this.pointed(this.window);
    say(resize ? `${nw} by ${nh}` : `${nx}, ${ny}, on ${this.classes[this.labels[(ny + (nh >> 1)) * SIDE + nx + (nw >> 1)]].name}`);
  }

  take(label) {
    this.choose({ label });
    say(this.classes[label].name);
  }

  // The next class that begins so, as in a list.
  letter(key) {
    const order = this.classes.map((_, i) => (this.label + 1 + i) % this.classes.length);
    const next = order.find((i) => this.classes[i].name.startsWith(key));
    if (next !== undefined) this.take(next);
    return next !== undefined;
  }
}
