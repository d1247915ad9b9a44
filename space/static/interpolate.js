// Interpolate: one path through the noise, walked by all models together under one scrubber, or a plane between four.

import { anchorBox, bar, control, dataBox, random, segmented, select, whole } from "./controls.js";
import { Cursor } from "./cursor.js";
import { clamp, el, narrow, plural, range, say, lessMotionWanted } from "./dom.js";
import { film, stack, save } from "./film.js";
import { paragraph, section } from "./notes.js";
import { picker } from "./picker.js";
import { Sheet, Tile, showAll } from "./sheet.js";
import { Source } from "./source.js";

const LARGE = 256; // px, the most a current picture takes
const LABEL = 80; // px beside the strips
const GAP = 20;

export default class Interpolate {
  constructor(root, state, server) {
    this.state = state;
    this.columns = state.limits.columns; // of a plane, and as many rows
    this.server = server;
    this.models = new Map(); // id → {model, tile, sheet, canvas, image}
    this.source = new Source(server.draw, {
      arrived: (sheets, asked) => this.arrived(sheets, asked),
      slow: () => this.tell("drawing the walk"),
      busy: () => this.tell("many are asking, trying again"),
      failed: () => this.tell("The walk did not arrive. ",
        el("button.link", { type: "button", onclick: () => this.redraw() }, "Draw again")),
    });
    this.status = el("p.status", { role: "status" });
    this.now = el("div.now");
    this.play = el("button.play", { type: "button", onclick: () => this.toggle() }, "Play");
    this.scrubber = el("input.scrubber", { type: "range", min: 0, step: 1, "aria-label": "Step",
      oninput: () => (this.stop(), state.set({ t: +this.scrubber.value })),
      onkeydown: (event) => this.page(event) });
    this.where = el("output.where");
    this.strips = el("div.strips");
    this.ends = el("div.ends");
    this.line = el("div.line", {}, el("div.track", {}, this.where, this.play, this.scrubber), this.strips, this.ends);
    this.planes = el("div.planes");
    this.plane = el("div.plane", {}, el("h2", {}, "Four corners ",
      el("span", {}, "A top left, B top right, C bottom left, D bottom right. Point anywhere, or use the arrow keys.")), this.planes);
    this.stage = el("section.stage.walk", { "aria-label": "Walk" }, this.now, this.line, this.plane);
    this.cursor = new Cursor(this.stage, {
      sheets: () => (this.four ? [...this.models.values()].map((one) => one.sheet) : []),
      words: (index) => `row ${Math.floor(index / this.columns)}, column ${index % this.columns}`,
      moved: (index) => index != null && (state.set({ t: index }), say(`row ${Math.floor(index / this.columns)}, column ${index % this.columns}`)),
      pinned: () => state.get("t"),
    });
    root.append(picker(state), this.bar(),
      el("div.saying", {}, el("p", {}, "All walk the same path through the noise. What they pass on the way is their own."), this.status),
      this.stage, this.downloads(), this.notes());
    state.on((changed) => this.changed(changed));
    new ResizeObserver(() => this.fit()).observe(this.stage);
    document.addEventListener("visibilitychange", () => document.hidden && this.stop());
    this.build();
    if (state.get("view") === "interpolate") this.redraw();
  }

  get four() {
    return this.state.get("c") != null;
  }

  get steps() {
    return this.four ? this.columns : this.state.get("steps");
  }

  bar() {
    const { state } = this;
    const rows = select([], () => state.get("row"), (row) => state.set({ row }));
    const between = segmented({ two: "two anchors", four: "four corners" }, () => (this.four ? "four" : "two"), (value) => {
      if ((value === "four") === this.four) return;
      this.stop();
      state.set(value === "two" ? { c: null, d: null, t: 0 } : { c: [random(), 0], d: [random(), 0], t: 27 });
    });
    const path = select([["slerp", "slerp"], ["lerp", "lerp"]], () => state.get("path"), (value) => state.set({ path: value }));
    const steps = whole("Steps", ...state.limits.steps, () => state.get("steps"),
      (value) => state.set({ steps: value, t: Math.min(state.get("t"), value - 1) }), 56);
    const label = (key) => select([], () => state.get(key) ?? "", (value) => state.set({ [key]: value === "" ? null : +value }));
    const [la, lb] = [label("la"), label("lb")];
    const boxes = { c: anchorBox(state, "c"), d: anchorBox(state, "d"), steps: control("Steps", steps),
      la: control("Class at A", la), lb: control("Class at B", lb) };
    const update = () => {
      rows.update(state.rows().map((row) => [row, row]));
      between.update();
      path.update();
      steps.update();
      const told = state.modelsOf(state.get("data")).find((model) => model.row === state.get("row"))?.classes ?? 0;
      const names = state.catalogue.data[state.get("data")].labels;
      const classes = range(told).map((i) => [i, names[i] ?? `class ${i}`]);
      for (const [input, other, end] of [[la, "lb", "B"], [lb, "la", "A"]]) {
        input.update([["", state.get(other) == null ? "as the latent’s" : `as at ${end}`], ...classes]);
      }
      for (const key of ["la", "lb"]) boxes[key].hidden = !told;
      boxes.c.hidden = boxes.d.hidden = !this.four;
      boxes.steps.hidden = this.four;
    };
    state.on(update);
    update();
    const words = () => `${state.catalogue.data[state.get("data")].title} · ${state.get("row")} · ${
      this.four ? "four corners" : `${state.get("a").join(".")} to ${state.get("b").join(".")}`}`;
    return bar(state, words, dataBox(state), control("Architecture", rows), anchorBox(state, "a"), anchorBox(state, "b"),
      boxes.c, boxes.d, control("Between", between), boxes.la, boxes.lb, control("Path", path), boxes.steps);
  }

  asked() {
    const { state } = this;
    const keys = this.four ? ["a", "b", "c", "d"] : ["a", "b"];
    return { models: [...this.models.keys()], anchors: keys.map((key) => state.get(key)), labels: state.labels(),
      steps: this.steps, path: state.get("path") };
  }

  redraw() {
    if (this.models.size) this.source.want(this.asked());
  }

  async arrived(sheets, asked) {
    const here = Object.entries(sheets).filter(([id]) => this.models.has(id));
    const geometry = asked.anchors.length === 4 ? [this.columns, this.columns] : [asked.steps, 1];
    await showAll(here.flatMap(([id, address]) => {
      const one = this.models.get(id);
      one.geometry = geometry;
      return asked.anchors.length === 4 ? [[one.tile, address], [one.sheet, address]] : [[one.tile, address]];
    }));
    for (const [id] of here) this.models.get(id).element.dataset.shown = JSON.stringify(asked.anchors);
    this.status.textContent = "";
    this.offer();
    this.fit();
  }

  tell(...words) {
    this.status.replaceChildren(...words);
  }

  changed(changed) {
    const has = (...keys) => keys.some((key) => changed.has(key));
    if (has("data", "loss", "row")) this.build();
    if (has("view") && this.state.get("view") !== "interpolate") this.stop();
    if (this.state.get("view") !== "interpolate") return;
    if (has("view", "data", "loss", "row", "a", "b", "c", "d", "la", "lb", "path", "steps")) this.redraw();
    if (has("c", "d", "steps")) this.fit();
    else if (has("t")) this.place();
    if (has("a", "b", "t")) this.words();
  }

  build() {
    const { state } = this;
    const old = this.models;
    const row = state.get("row");
    const words = Object.fromEntries(state.catalogue.losses.map((loss) => [loss.name, loss.words]));
    const members = state.get("loss").map((loss) => state.model(row, loss)).filter(Boolean);
    this.models = new Map(members.map((model) => [model.id, old.get(model.id) ?? this.one(model, words[model.loss])]));
    const ones = [...this.models.values()];
    this.now.replaceChildren(...ones.map((one) => one.element));
    this.strips.replaceChildren(...ones.map((one) => one.strip));
    this.planes.replaceChildren(...ones.map((one) => one.sheet.element));
    if (!ones.length) this.tell("None of these losses is trained for this architecture yet.");
    else if (!this.source.running) this.tell("");
    this.offer();
    this.fit();
  }

  one(model, words) {
    const tile = new Tile(`${model.id}, this step`);
    const sheet = new Sheet(`${model.id}, plane of ${this.columns ** 2} pictures`);
    const canvas = el("canvas", { "aria-hidden": true });
    const strip = el("div.strip", {}, el("b", {}, model.loss), el("div.film", {
      onpointermove: (event) => event.pointerType === "mouse" && this.follow(event),
      onclick: (event) => this.follow(event) }, canvas, el("i.ring")));
    const element = el("figure", { "data-id": model.id }, el("p.head", {}, el("b", {}, model.loss), " ", el("span", {}, words)), tile.element);
    return { model, tile, sheet, canvas, strip, element, geometry: null };
  }

  follow(event) {
    if (this.playing) return;
    const box = event.currentTarget.getBoundingClientRect();
    const frame = clamp(Math.floor(((event.clientX - box.left) / box.width) * this.frames), 0, this.frames - 1);
    this.state.set({ t: this.stepOf(frame) });
  }

  stepOf(frame) {
    return this.frames > 1 ? Math.round((frame * (this.steps - 1)) / (this.frames - 1)) : 0;
  }

  // --- geometry

  fit() {
    const width = this.stage.clientWidth;
    const count = this.models.size;
    if (!width) return;
    this.line.hidden = this.four || !count;
    this.plane.hidden = !this.four || !count;
    if (!count) return;
    const phone = narrow();
    const size = [...this.models.values()][0].model.size;
    const columns = phone ? Math.min(2, count) : count;
    const space = (width - GAP * (columns - 1)) / columns;
    const large = size * Math.max(1, Math.floor(Math.min(LARGE, space) / size));
    const gap = columns > 1 ? clamp((width - columns * large) / (columns - 1), 6, 40) : 0;
    const track = width - (phone ? 0 : LABEL);
    const least = size * Math.max(1, Math.round(64 / size));
    this.frames = Math.min(this.steps, phone ? 10 : Math.max(2, Math.floor(track / least)));
    this.cell = Math.min(track / this.frames, least);
    const set = { "--side": `${large}px`, "--gap": `${gap}px`, "--frame": `${this.cell}px`, "--frames": this.frames };
    for (const [name, value] of Object.entries(set)) this.stage.style.setProperty(name, value);
    this.scrubber.max = this.steps - 1;
    for (const one of this.models.values()) {
      const [nx, ny] = one.geometry ?? (this.four ? [this.columns, this.columns] : [this.steps, 1]);
      one.tile.size(large, nx, ny);
      one.sheet.size({ cell: large / this.columns, columns: this.columns, rows: this.columns });
      if (one.tile.image && ny === 1) film(one.canvas, one.tile.image, size, nx, range(this.frames).map((i) => this.stepOf(i)));
    }
    this.place();
    this.words();
  }

  place() {
    const t = this.state.get("t");
    if (this.four) return this.cursor.point(t), this.cursor.describe();
    this.stage.style.setProperty("--x", Math.min(t, this.steps - 1));
    this.stage.style.setProperty("--y", 0);
    this.stage.style.setProperty("--f", this.steps > 1 ? Math.round((t * (this.frames - 1)) / (this.steps - 1)) : 0);
    this.stage.style.setProperty("--t", this.steps > 1 ? t / (this.steps - 1) : 0);
    this.scrubber.value = t;
    return null;
  }

  words() {
    const { state } = this;
    const t = state.get("t");
    const of = (key) => `seed ${state.get(key)[0]}, latent ${state.get(key)[1]}`;
    const share = this.steps > 1 ? t / (this.steps - 1) : 0;
    this.where.textContent = `step ${t}, t = ${share.toFixed(2)}`;
    this.scrubber.setAttribute("aria-valuetext", this.where.textContent);
    const between = this.frames < this.steps ? `${this.frames} of ${this.steps} steps` : plural(this.steps, "step");
    this.ends.replaceChildren(el("span", {}, el("b", {}, "A"), ` ${of("a")}`), el("span", {}, between),
      el("span", {}, el("b", {}, "B"), ` ${of("b")}`));
  }

  // --- playing

  page(event) {
    const by = { PageUp: 8, PageDown: -8 }[event.key];
    if (!by) return;
    event.preventDefault();
    this.state.set({ t: clamp(this.state.get("t") + by, 0, this.steps - 1) });
  }

  toggle() {
    if (lessMotionWanted()) return this.step(); // a step a press
    if (this.playing) return this.stop();
    this.playing = setInterval(() => this.step(), 1000 / this.state.limits.fps);
    this.play.textContent = "Pause";
    return null;
  }

  step() {
    const t = this.state.get("t");
    if (t >= this.steps - 1) this.back = true;
    if (t <= 0) this.back = false;
    this.state.set({ t: clamp(t + (this.back ? -1 : 1), 0, this.steps - 1) });
  }

  stop() {
    clearInterval(this.playing);
    this.playing = null;
    this.play.textContent = "Play";
  }

  // --- to take along

  // A strip is cut from what is seen, and so waits for the last of it.
  offer() {
    const [webp, png] = this.takes;
    const ones = [...this.models.values()];
    webp.disabled = !ones.length;
    png.disabled = webp.disabled || ones.some((one) => !one.tile.image);
  }

  downloads() {
    const name = (end) => `${this.state.get("row")}-${this.state.get("data")}-${this.four ? "plane" : "walk"}.${end}`;
    const webp = el("button", { type: "button", onclick: async () => {
      webp.disabled = true;
      const answer = await this.server.film(this.asked()).catch(() => null);
      webp.disabled = !this.models.size;
      if (answer?.film) save(await (await fetch(answer.film)).blob(), name("webp"));
      else this.tell(answer?.error ?? "The animation did not arrive. Ask once more.");
    } }, "Animated WebP");
    const png = el("button", { type: "button", onclick: async () => {
      save(await stack([...this.models.values()].map((one) => one.tile.image)), name("png"));
    } }, "PNG strip");
    this.takes = [webp, png];
    return el("div.downloads", {}, el("p", {}, "Downloads hold all the models chosen here, in this order."), webp, png);
  }

  notes() {
    return section(
      paragraph("Same path", "Both ends and every step between are the same numbers for each model. slerp turns the direction and keeps the length typical; lerp cuts the corner."),
      paragraph("What to look for", "Smooth change all along: the model has filled the space between. A sudden jump: it has not. No change: collapse."),
      paragraph("Classes", "Class-conditional models can also walk from one class to another with the noise held still: the same anchor twice, two classes."));
  }
}
