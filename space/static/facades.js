// Facades: one label map, painted by hand or given, through every model that translates; only the loss differs.

import { Card } from "./card.js";
import { clamp, el, say } from "./dom.js";
import { Editor } from "./editor.js";
import { address, keep, kept, loaded, origin, patiently } from "./given.js";
import { pack, unpack } from "./labelmap.js";
import { mapBar } from "./map-bar.js";
import { paragraph, section } from "./notes.js";
import { picker } from "./picker.js";
import { KEPT } from "./scene.js";
import { Source } from "./source.js";
import { trap } from "./trap.js";

const again = (work) => el("button.link", { type: "button", onclick: work }, "Draw again");

export default class Facades {
  // server: draw({models, map or pair, seed}) and measure(…) → {sheets}; place({pair}, {building} or {files}) → a map.
  constructor(root, state, server) {
    this.state = state;
    this.server = server;
    this.maps = state.catalogue.maps;
    this.cards = new Map(); // id → Card
    this.figures = new Map(); // id → figures of what is shown, where it has a truth
    this.pictures = new Source(server.draw, {
      arrived: (sheets, asked) => this.arrived(sheets, asked),
      slow: (asked) => this.mention(asked, () => ["drawing"], true),
      busy: (asked) => this.mention(asked, () => ["many are asking, trying again"]),
      failed: (asked) => this.mention(asked, () => ["The picture did not arrive. ", again(() => this.redraw())]),
    }, 1);
    this.measures = new Source(server.measure, {
      arrived: (sheets, asked) => this.measured(sheets, asked),
      slow: () => {},
      busy: () => {},
      failed: () => (this.unmeasured = this.shown, this.describe(), say("The figures did not arrive")),
    }, 1);
    this.editor = new Editor(this.maps.classes, {
      changed: (change) => this.painted(change),
      pointed: (box) => this.point(box),
    });
    this.status = el("p.status", { role: "status" });
    this.origin = el("span");
    this.photo = el("figure.card.photo", { hidden: true }, el("p.head", {}, el("b", {}, "photograph"), " ", el("span", {}, "the truth")),
      el("div.building", {}, el("img", { alt: "The photograph of this building", draggable: "false" }), el("i.ring")), el("figcaption"));
    this.list = el("div.cards");
    this.trap = el("section.trap", { "aria-label": "PSNR of 8-bit pictures" });
    this.why = el("p.why");
    const keys = el("p.hint", { id: "zoo-map-keys" },
      "Keys on the map: arrows move the box, with Shift they resize it, Space paints it, Enter fills; 1 to =, or a first letter, choose a class; Ctrl+Z undoes.");
    const map = el("section.map", { "aria-label": "Label map" },
      el("p.head", {}, el("b", {}, "Label map"), this.origin),
      el("div.building.canvas", {}, this.editor.canvas, el("i.ring")), this.editor.tools, this.editor.palette, keys);
    this.stage = el("section.stage.facades", { "aria-label": "Facades",
      onpointermove: (event) => this.hover(event), onpointerleave: () => this.point(null),
      ondragover: (event) => event.preventDefault(), ondrop: (event) => (event.preventDefault(), this.bring(event.dataTransfer.files)) },
    map, el("div.shown", {}, this.list, this.why, this.maps.pairs > 0 && this.trap));
    root.append(picker(state, { key: "maps", trained: state.catalogue.translators.map((model) => model.loss),
      refused: [this.maps.refused, "takes no pairs"] }), mapBar(state, this.maps, { bring: (files) => this.bring(files), title: () => this.title() }),
      el("div.saying", {}, el("p", {}, "One map, one network; only the loss differs. Paint on the map, and every card follows."), this.status),
      this.stage, this.notes());
    state.on((changed) => this.changed(changed));
    this.build();
    if (state.get("view") === "facades") this.open();
  }

  title(key = this.key()) {
    const [kind, number] = key.split(" ");
    return { pair: `test pair ${number}`, building: `invented building ${number}`, own: "your own map" }[kind];
  }

  // --- the map

  // What the link or a control asks for, unless it is there.
  async open() {
    const { state } = this;
    const key = this.key();
    if (this.opening === key) return;
    this.opening = this.editor.base?.key === key ? null : key; // whatever was on its way is not wanted any more
    if (!this.opening) return;
    try {
      const drawing = this.started ? null : state.get("drawing"); // of the link
      const stored = drawing ? kept(drawing === KEPT ? null : drawing) : null;
      const found = state.get("own") ? (stored ?? { map: drawing }) : await this.ask();
      if (this.opening !== key) return;
      const wanted = drawing === KEPT ? stored?.drawing : drawing;
      const base = await this.base(key, found);
      if (this.opening !== key) return;
      this.say(this.instead ?? "");
      this.instead = null;
      this.editor.open(base.labels ?? (await this.unpacked(wanted)) ?? this.editor.labels, base);
      const labels = wanted && wanted !== found.map ? await this.unpacked(wanted) : null;
      if (labels) this.editor.edit((old) => old.set(labels));
    } catch (error) {
      if (this.opening === key) this.lost(error);
    } finally {
      this.started = true;
      if (this.opening === key) this.opening = null;
    }
  }

  key() {
    const { state } = this;
    if (state.get("own")) return "own";
    return state.get("pair") != null ? `pair ${state.get("pair")}` : `building ${state.get("building")}`;
  }

  ask() {
    const { state } = this;
    return this.place(state.get("pair") != null ? { pair: state.get("pair") } : { building: state.get("building") });
  }

  place(asked) {
    return patiently((of) => this.server.place(of), asked, () => this.say("Many are asking, trying again."));
  }

  // What the editor opens; a text that is no map is none.
  async base(key, { map, photograph, scale = null }) {
    const labels = await this.unpacked(map);
    return { key, map: labels ? map : null, photograph: await loaded(photograph), scale, labels };
  }

  async unpacked(text) {
    return text ? unpack(text, this.maps.classes.length).catch(() => null) : null;
  }

  // The map that was asked for is not to be had: what is there stays.
  lost(error) {
    this.say(error.message);
    const { base } = this.editor;
    if (base) return this.state.set(origin(base.key));
    if (this.key() === "building 1") return null;
    this.instead = error.message; // to be said beside what comes in its stead
    return this.state.set(origin("building 1"));
  }

  async bring(files) {
    const large = [...files].find((file) => file.size > this.state.limits.upload);
    if (!files.length) return;
    if (large) return void this.say(`${large.name} has more than ${this.state.limits.upload / 1e6} MB: bring a smaller picture.`);
    this.say("reading");
    const before = this.key();
    this.bringing = files;
    const overtaken = () => this.bringing !== files || this.key() !== before;
    try {
      const found = await this.place({ files: await Promise.all([...files].slice(0, 3).map(address)) });
      const base = await this.base("own", found);
      if (overtaken()) return;
      this.say("");
      this.opening = null;
      this.editor.open(base.labels, base);
    } catch (error) {
      if (!overtaken()) this.say(error.message);
    }
  }

  // --- after a stroke, or in the middle of one

  async painted(change) {
    this.latest = change;
    if (this.packing) return;
    this.packing = true;
    try {
      while (this.latest) {
        const { labels, base, edited, done } = this.latest;
        this.latest = null;
        const text = edited || !base.map ? await pack(labels) : base.map;
        this.now = { text, base, edited };
        this.redraw();
        if (done && !this.latest) this.settle(text, base, edited);
      }
    } finally {
      this.packing = false;
    }
  }

  settle(text, base, edited) {
    const own = base.key === "own";
    this.state.set({ ...origin(base.key), drawing: edited || own ? text : null, text, photograph: base.photograph != null });
    keep({ drawing: text, map: own ? base.map : null, photograph: own ? base.photograph?.src : null, scale: own ? base.scale : null });
    this.describe();
  }

  // The card under the pointer first, then those that have waited longest.
  models() {
    const waited = [...this.cards.values()].sort((a, b) => (a.drawn ?? 0) - (b.drawn ?? 0));
    const ids = waited.map((card) => card.model.id);
    return this.hovered && ids.includes(this.hovered) ? [this.hovered, ...ids.filter((id) => id !== this.hovered)] : ids;
  }

  redraw() {
    if (!this.now || !this.cards.size) return;
    const { text, base, edited } = this.now;
    const { state } = this;
    const pair = !edited && base.key.startsWith("pair ") ? +base.key.slice(5) : null;
    const of = pair == null ? { map: text, seed: state.get("drop") } : { pair, seed: state.get("drop") };
    this.shown = this.stage.dataset.wanted = JSON.stringify(of);
    this.pictures.want({ models: this.models(), ...of });
    this.figures.clear();
    this.unmeasured = null;
    if (base.photograph && !edited) {
      const truth = pair == null ? { photograph: base.photograph.src } : {};
      this.measures.want({ models: [...this.cards.keys()], ...of, ...truth });
    } else this.measures.want(null);
    this.describe();
  }

  async arrived(sheets, asked) {
    const { models, ...of } = asked;
    for (const [id, address] of Object.entries(sheets)) {
      const card = this.cards.get(id);
      if (!card) continue;
      card.drawn = performance.now();
      await card.show(address, JSON.stringify(of));
    }
    this.describe();
  }

  measured(sheets, asked) {
    const { models, photograph, ...of } = asked;
    if (JSON.stringify(of) !== this.shown) return;
    for (const [id, figures] of Object.entries(sheets)) this.figures.set(id, figures);
    this.describe();
  }

  mention(asked, words, old = false) {
    for (const id of asked.models) {
      const card = this.cards.get(id);
      if (!card || card.element.dataset.shown === this.shown || (old && !card.image)) continue;
      card.caption.replaceChildren(...words());
      card.element.classList.toggle("late", !old);
    }
  }

  // --- what is seen

  changed(changed) {
    const has = (...keys) => keys.some((key) => changed.has(key));
    if (has("maps")) this.build();
    if (this.state.get("view") !== "facades") return;
    if (has("view", "pair", "building", "own")) this.open();
    if (has("maps", "drop")) this.redraw();
    if (has("heat", "wipe", "wrapped", "sort")) this.describe();
  }

  build() {
    const { state } = this;
    const words = Object.fromEntries(state.catalogue.losses.map((loss) => [loss.name, loss.words]));
    const models = state.translators();
    const many = (model) => models.filter((one) => one.loss === model.loss).length > 1;
    const old = this.cards;
    this.cards = new Map(models.map((model) => [model.id, old.get(model.id)
      ?? new Card(model, many(model) ? model.id : words[model.loss] ?? "L1 alone, no critic", (wipe) => state.set({ wipe }))]));
    this.describe();
  }

  // Captions, order, photograph and trap: everything but the pictures.
  describe() {
    const { state } = this;
    const { base, edited } = this.editor;
    const photograph = base?.photograph ?? null;
    const compared = photograph && !edited;
    this.photo.hidden = !photograph;
    if (photograph) {
      const [image] = this.photo.getElementsByTagName("img");
      if (image.src !== photograph.src) image.src = photograph.src;
      this.photo.lastChild.textContent = edited ? "what stood there before your edit" : "what stood there";
    }
    const shown = [...this.cards.values()];
    const value = ({ model }) => (this.figures.has(model.id) ? (this.figures.get(model.id).psnr ?? Infinity) : -Infinity);
    if (state.get("sort") === "psnr") shown.sort((a, b) => value(b) - value(a) || 0); // two infinite ones: NaN
    const order = [this.photo, ...shown.map((card) => card.element)];
    if (order.some((element, i) => this.list.children[i] !== element) || this.list.children.length !== order.length) this.list.replaceChildren(...order);
    for (const card of shown) {
      card.against(photograph, { heat: state.get("heat"), wipe: state.get("wipe") });
      if (card.element.dataset.shown === this.shown || (edited && !card.element.classList.contains("late"))) card.caption.replaceChildren(...this.caption(card.model.id, compared, edited));
    }
    this.stage.style.setProperty("--wipe", `${state.get("wipe")}%`);
    this.stage.classList.toggle("heated", state.get("heat"));
    this.origin.textContent = `${this.title(base?.key)}${edited ? ", edited" : ""}`; // of what is there, not of what is asked for
    this.why.textContent = base ? this.reason(photograph, edited) : ""; // of a map that has yet to come nothing is known
    this.why.hidden = !this.why.textContent;
    const rows = shown.map(({ model }) => ({ model, figures: this.figures.get(model.id) }));
    const told = JSON.stringify([rows, compared && base.scale]);
    if (this.told !== told) this.trap.replaceChildren(...trap(rows, compared ? base.scale : null, this.toggle()));
    this.told = told;
    this.toggle();
  }

  caption(id, compared, edited) {
    if (edited) return ["PSNR — · SSIM — edited"];
    if (!compared) return ["PSNR — · SSIM —"];
    const figures = this.figures.get(id);
    if (!figures) return this.unmeasured === this.shown ? ["The figures did not arrive. ", again(() => this.redraw())] : ["measuring"];
    const all = [...this.figures.values()];
    const part = (name, key, digits, unit = "") => {
      const best = all.length > 1 && all.every((one) => (figures[key] ?? Infinity) >= (one[key] ?? Infinity));
      return el(best && key !== "wrapped" ? "b" : "span", {}, `${name} ${figures[key] == null ? "∞" : figures[key].toFixed(digits)}${unit}`);
    };
    const psnr = this.state.get("wrapped") ? part("PSNR as uint8", "wrapped", 1, " dB") : part("PSNR", "psnr", 1, " dB");
    return [psnr, " · ", part("SSIM", "ssim", 2)];
  }

  // Why there are no figures, in one line.
  reason(photograph, edited) {
    if (photograph) return edited ? "No figures: no photograph shows the map as you have edited it. Undo, or choose another pair." : "";
    if (!this.maps.uploads) return `No figures: ${this.maps.how}.`;
    const pairs = this.maps.here ? "choose a test pair, or upload one" : `upload a pair, or choose a test pair (asks the Hub; or ${this.maps.how})`;
    return `No figures: no photograph shows this map. For PSNR and SSIM ${pairs}.`;
  }

  toggle() {
    this.switch ??= (() => {
      const input = el("input", { type: "checkbox", onchange: () => this.state.set({ wrapped: input.checked }) });
      return { input, label: el("label.check", {}, input, "Measure as uint8, as if by that slip") };
    })();
    this.switch.input.checked = this.state.get("wrapped");
    return this.switch.label;
  }

  // --- one box on all

  hover(event) {
    const frame = event.target.closest?.(".building");
    if (!frame || frame.matches(".canvas")) return frame ? null : this.point(null);
    const card = event.target.closest(".card");
    this.hovered = card?.dataset.id ?? this.hovered;
    const box = frame.getBoundingClientRect();
    const at = (value, side) => clamp(Math.round((value / side) * 256) - 16, 0, 224);
    return this.point({ x: at(event.clientX - box.left, box.width), y: at(event.clientY - box.top, box.height), w: 32, h: 32 });
  }

  point(box) {
    this.stage.classList.toggle("linked", box != null);
    if (!box) return;
    for (const side of ["x", "y", "w", "h"]) this.stage.style.setProperty(`--b${side}`, box[side]);
  }

  say(...words) {
    this.status.replaceChildren(...words);
  }

  notes() {
    return section(
      paragraph("PSNR, SSIM", "Against the photograph of this pair, in decibels and from 0 to 1, as train/evaluate.py takes them. Higher is nearer. Bold: best here. A dash: no photograph shows this map."),
      paragraph("Error", "Mean absolute difference of the three colours; the full accent stands for 90 of 255."),
      paragraph("What a map cannot say", "The colour of the wall, the weather, the hour. Each generator guesses, and PSNR charges for it."),
      paragraph("Maps", "CMP Facades, Tyleček & Šára, 2013. 400 pairs to train, 106 to test. A map of yours is snapped to its twelve colours."));
  }
}
