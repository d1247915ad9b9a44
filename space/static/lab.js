// Lab: what each loss asks of its nets, drawn, and toy GANs that are trained by it while one looks; a column a loss.

import { bar, control, random, segmented, select, whole } from "./controls.js";
import { clamp, el, lessMotionWanted, say } from "./dom.js";
import { CONSTANT } from "./fields.js";
import { lookout, notes, verdict } from "./lab-words.js";
import { picker } from "./picker.js";
import { Plane } from "./plane.js";
import { Price } from "./price.js";
import { Trainer, ask } from "./trainer.js";

const SHAPES = { ring: "ring", grid: "grid", moons: "two moons", own: "own points" };
const SPEEDS = { 1: "1 step a frame", 5: "5 steps", 0: "as fast as it goes" };
const NAMES = { alpha: "α", gamma: "γ", lam: "λ", lam_k: "λₖ" };
const FIRST = ["minimax", "vanilla", "lsgan", "wgan", "hinge"]; // where no model says which
const SATURATION = { loss: ["minimax", "vanilla"], score: -4, toy: "ring", opt: "plain", lead: 200, with: [] };

export default class Lab {
  constructor(root, state, server, { lab }) {
    const of = JSON.parse(JSON.stringify(lab)); // gradio's own is a proxy
    Object.assign(this, { state, of, cells: new Map(), drawn: 0 });
    this.trainer = new Trainer(of.frame, of.steps, {
      shown: (frame) => this.shown(frame),
      told: (words, again) => this.tell(words, again),
      playing: (yes) => {
        this.play.textContent = yes ? "Pause" : "Play";
        this.play.setAttribute("aria-pressed", yes);
      },
    });
    this.status = el("p.status", { role: "status" });
    this.count = el("output.count", {}, "step 0");
    this.play = el("button.main", { type: "button", "aria-pressed": false, onclick: () => this.toggle() }, "Play");
    this.columns = el("div.columns");
    this.words = el("div");
    this.stage = el("section.stage.lab", { "aria-label": "Losses and their toys" }, this.columns);
    root.append(picker(state, { trained: state.catalogue.losses.map((one) => one.name) }), this.bar(), this.track(), this.looks(), this.stage, this.words);
    if (!state.get("loss").length) state.set({ loss: FIRST });
    state.on((changed) => this.changed(changed));
    document.addEventListener("visibilitychange", () => document.hidden && this.trainer.pause());
    new ResizeObserver(() => this.redraw()).observe(this.stage);
    new MutationObserver(() => this.redraw()).observe(document.body, { attributes: true, attributeFilter: ["class"] });
    this.build();
    if (state.get("view") === "lab") this.restart();
  }

  // --- controls

  bar() {
    const { state } = this;
    const get = (name) => () => state.get(name);
    const [reach, step] = this.of.scores;
    const said = el("output");
    const score = el("input", { type: "range", min: -reach, max: reach, step, oninput: () => state.set({ score: +score.value }) });
    const toy = select(Object.entries(SHAPES), get("toy"), (value) => state.set({ toy: value }));
    toy.firstChild.setAttribute("aria-label", "Data");
    const seed = whole("Seed of the training", 0, state.limits.seed, get("start"), (start) => state.set({ start }), 72);
    const seeds = el("div.joined", {}, seed, el("button", { type: "button", onclick: () => state.set({ start: random() }) }, "Random"));
    const opt = segmented({ adam: "Adam", plain: "plain steps" }, get("opt"), (value) => state.set({ opt: value }));
    const lead = select([[0, "none"], [200, "200 steps"]], get("lead"), (value) => state.set({ lead: +value }));
    const clear = el("button", { type: "button", onclick: () => state.set({ places: [] }) }, "Clear points");
    const update = () => {
      score.value = state.get("score");
      said.textContent = state.get("score").toFixed(1).replace("-", "−");
      for (const one of [toy, seed, opt, lead]) one.update();
      clear.hidden = state.get("toy") !== "own";
    };
    state.on(update);
    update();
    const asked = control("Score that you ask about", score, ".asked");
    asked.append(said);
    return bar(state, () => `${SHAPES[state.get("toy")]} · score ${said.textContent} · seed ${state.get("start")}`, asked,
      control("Data", el("div.joined", {}, toy, clear)), control("Seed", seeds), control("Generator’s steps", opt), control("Critic’s head start", lead));
  }

  track() {
    const speed = select(Object.entries(SPEEDS), () => String(this.trainer.steps), (value) => (this.trainer.steps = +value));
    this.trainer.steps = 5;
    speed.update();
    speed.firstChild.setAttribute("aria-label", "Speed");
    return el("div.toy-track", {}, this.play,
      el("button", { type: "button", onclick: () => (this.bare() ? this.restart() : this.trainer.step()) }, "Step"),
      el("button", { type: "button", onclick: () => this.restart() }, "Restart"), speed, this.count, this.status);
  }

  looks() {
    const go = el("button.link", { type: "button", onclick: () => this.saturate() }, "See saturation");
    this.look = el("ol", { hidden: true });
    return el("div.looks", {}, el("p", {}, "The losses differ in what a score feels like. ", go,
      " in three things; then move what you like."), this.look);
  }

  // Sets up the textbook's case and plays it: a critic that is ahead, and steps as long as the slope is steep.
  saturate() {
    this.state.set(SATURATION);
    this.look.hidden = false;
    this.teach();
    this.trainer.on = !lessMotionWanted();
    this.trainer.playing(this.trainer.on);
    this.restart();
  }

  // The words of the three things, with the slopes of the curves that are drawn.
  teach() {
    const slope = (name) => Math.abs(this.cells.get(name)?.price.slopeAt(SATURATION.score) ?? Number.NaN);
    if (!this.look.hidden) this.look.replaceChildren(...lookout(SATURATION.score, slope("minimax"), slope("vanilla")));
  }

  toggle() {
    if (this.bare()) return this.restart(); // which says why there is nothing to play
    if (lessMotionWanted()) return this.trainer.step(); // a step a press
    return this.trainer.on ? this.trainer.pause() : this.trainer.play();
  }

  // --- constants: "focal.gamma:3" in the link

  constants(name) {
    const known = this.of.sliders[name] ?? {};
    const found = Object.entries(known).map(([field, bounds]) => [field, bounds[3]]);
    const moved = (this.state.get("with") ?? []).map((text) => text.match(CONSTANT))
      .filter(([, loss, field]) => loss === name && Object.hasOwn(known, field))
      .map(([, , field, value]) => [field, clamp(+value, known[field][0], known[field][1])]);
    return Object.fromEntries([...found, ...moved]);
  }

  put(name, field, value) {
    const others = this.state.get("with").filter((text) => !text.startsWith(`${name}.${field}:`));
    const usual = this.of.sliders[name][field][3] === value;
    this.state.set({ with: usual ? others : [...others, `${name}.${field}:${value}`] });
  }

  sliders(name) {
    return Object.entries(this.of.sliders[name] ?? {}).map(([field, [min, max, step]]) => {
      const said = el("output");
      const input = el("input", { type: "range", min, max, step, oninput: () => this.put(name, field, +input.value) });
      const box = control(NAMES[field] ?? field, input, ".constant");
      box.append(said);
      box.dataset.field = field;
      box.update = () => {
        input.value = this.constants(name)[field];
        said.textContent = String(+(+input.value).toFixed(3)).replace("-", "−");
      };
      box.update();
      return box;
    });
  }

  // --- columns

  build() {
    const { state } = this;
    const old = this.cells;
    const all = state.catalogue.losses;
    this.cells = new Map(state.get("loss").map((name) => [name, old.get(name) ?? this.cell(all.find((one) => one.name === name))]));
    this.columns.replaceChildren(...[...this.cells.values()].map((cell) => cell.element));
    this.stage.style.setProperty("--count", Math.min(5, this.cells.size));
    for (const cell of this.cells.values()) cell.plane.writable(state.get("toy") === "own");
    this.words.replaceChildren(notes(this.of.ring));
    this.mark();
    this.curves();
    this.redraw();
  }

  cell({ name, words }) {
    const price = new Price(name, this.of.scores[0], (score) => this.mark(score));
    const plane = new Plane(name, this.of.plane, this.of.frame, {
      pointed: (place) => this.point(place),
      put: (place) => this.add(place),
      drop: () => this.state.set({ places: this.state.get("places").slice(0, -1) }),
    });
    const said = el("figcaption");
    const sliders = this.sliders(name);
    const element = el("article.toy", { "data-loss": name, "aria-label": name }, el("p.head", {}, el("b", {}, name), " ", el("span", {}, words)),
      price.element, el("figure", {}, plane.element, said), sliders.length > 0 && el("div.constants", {}, sliders));
    return { name, price, plane, said, sliders, element };
  }

  // The curves of all constants now; of a burst of moves only the last is asked for.
  async curves() {
    if (this.state.get("view") !== "lab") return;
    const losses = Object.fromEntries([...this.cells.keys()].map((name) => [name, this.constants(name)]));
    const wanted = JSON.stringify(losses);
    if (wanted === this.wanted) return;
    this.wanted = wanted;
    while (this.asking) await this.asking;
    if (wanted !== this.wanted) return;
    this.asking = ask({ ask: "curves", losses }).catch(() => null);
    const found = await this.asking;
    this.asking = null;
    if (wanted !== this.wanted) return;
    if (!found || found.error) {
      this.wanted = null;
      this.tell(found?.error ?? "The curves did not arrive.", true);
      return;
    }
    for (const [name, curves] of Object.entries(found)) this.cells.get(name)?.price.show(curves);
    this.mark();
    this.teach();
  }

  // --- one cursor: a score in all charts, or a place in all planes, which has a score of its own in each

  mark(score = this.state.get("score")) {
    for (const { price } of this.cells.values()) price.mark(score ?? this.state.get("score"));
  }

  point(place) {
    for (const { plane, price } of this.cells.values()) {
      plane.point(place);
      price.mark((place && plane.scoreAt(place)) ?? this.state.get("score"));
    }
  }

  add(place) {
    const own = this.state.get("places");
    if (own.length >= this.of.plane.own) return this.tell(`${own.length} points: that is all there is room for`);
    return this.state.set({ places: [...own, place.map((value) => Math.round(clamp(value, -1.2, 1.2) * 100))] });
  }

  // --- training

  setting() {
    const { state } = this;
    const own = state.get("places").map((place) => place.map((value) => value / 100));
    return {
      losses: Object.fromEntries([...this.cells.keys()].map((name) => [name, this.constants(name)])),
      shape: state.get("toy"), ...(state.get("toy") === "own" ? { own } : {}),
      seed: state.get("start"), optimiser: state.get("opt"), lead: state.get("lead"),
    };
  }

  // Whether there is nothing to train on.
  bare() {
    return this.state.get("toy") === "own" && !this.state.get("places").length;
  }

  restart() {
    clearTimeout(this.timer);
    const setting = this.setting();
    this.begun = JSON.stringify(setting);
    for (const { plane } of this.cells.values()) plane.restart();
    if (this.bare()) {
      this.trainer.pause();
      return this.tell("Click into a plane to put points there.");
    }
    return this.trainer.start(setting);
  }

  changed(changed) {
    const has = (...keys) => keys.some((key) => changed.has(key));
    const here = this.state.get("view") === "lab";
    if (has("view") && !here) this.trainer.pause();
    if (has("view") && here) this.curves();
    if (has("loss", "toy")) this.build();
    if (has("score")) this.mark();
    if (has("with")) {
      for (const { sliders } of this.cells.values()) for (const slider of sliders) slider.update();
      this.curves();
    }
    const overtaken = has("view") && this.begun !== JSON.stringify(this.setting());
    if (here && (overtaken || has("loss", "with", "toy", "places", "start", "opt", "lead"))) {
      clearTimeout(this.timer);
      this.timer = setTimeout(() => this.restart(), 250); // of a burst of moves the last
    }
  }

  shown(frame) {
    this.drawn += 1;
    this.stage.dataset.steps = frame.steps;
    this.stage.dataset.frames = this.drawn;
    this.count.textContent = frame.steps < 0 ? `critic alone, ${-frame.steps} to go` : `step ${frame.steps}`;
    const now = performance.now();
    const part = this.state.get("toy") === "moons" ? "parts" : this.state.get("toy") === "own" ? "points" : "modes";
    for (const loss of frame.losses) {
      const cell = this.cells.get(loss.name);
      if (!cell) continue;
      const words = loss.lost ? "lost: its numbers have grown out of all bounds"
        : `${loss.reached} of ${frame.places.length} ${part} · push ${loss.pull.toPrecision(2)}`;
      cell.plane.show(loss, frame.places, words);
      cell.price.spans(loss);
      cell.element.dataset.reached = loss.reached;
      cell.said.replaceChildren(el("span", {}, words),
        ...verdict(this.asShipped(loss.name) ? this.of.ring : null, loss.name));
    }
    if (now - (this.spoken ?? 0) > 3000) {
      this.spoken = now;
      if (this.trainer.on) say(this.count.textContent);
    }
  }

  // Whether what is trained is what ring.json was computed of, but for the seed.
  asShipped(name) {
    const { state } = this;
    const plain = state.get("toy") === "ring" && state.get("opt") === "adam" && !state.get("lead");
    return plain && !state.get("with").some((text) => text.startsWith(`${name}.`));
  }

  redraw() {
    for (const { plane } of this.cells.values()) plane.draw();
  }

  tell(words, again = false) {
    const link = el("button.link", { type: "button", onclick: () => (this.curves(), this.restart()) }, "Start again");
    this.status.replaceChildren(...(again ? [words, " ", link] : [words]));
  }
}
