// Curves: what the losses did in training, any models over each other, and under one slider the samples that came of it.

import { bar, control, dataBox, rowsBox, segmented, select } from "./controls.js";
import { clamp, el, lessMotionWanted, narrow, plural } from "./dom.js";
import { Frames } from "./frames.js";
import { Histories, indexAt, smoothed } from "./histories.js";
import { paragraph, section } from "./notes.js";
import { picker } from "./picker.js";
import { Plot } from "./plot.js";
import { short } from "./scale.js";
import { showAll } from "./sheet.js";

const POLL = 3000; // ms between two looks at what runs
const MOMENTS = 200; // of the slider
const DASHES = ["", "7 3", "2 3", "9 3 2 3", "12 4"]; // of the first family that is chosen, the second, …
const PANELS = { // column → its title
  loss: { d_loss: "Critic’s loss", g_loss: "Generator’s loss" },
  penalty: { penalty: "Gradient penalty" },
  norms: { grad_norm_d: "Critic’s gradient norm", grad_norm_g: "Generator’s gradient norm" },
  accuracy: { d_accuracy: "Share of pairs that the critic ranks right" },
  gap: { gap: "Score gap, real minus generated" },
};
const ALSO = { penalty: "penalty", norms: "gradient norms", accuracy: "pair accuracy", gap: "score gap, swing" };

export default class Curves {
  // server: {runs, curves, progress}. live: whether trainings may appear. papers: figures that ours stand beside.
  constructor(root, state, server, { live, papers }) {
    Object.assign(this, { state, server, live, papers, runs: [], plots: new Map(), cards: new Map(), lit: null });
    root.classList.add("curves");
    this.histories = new Histories(server.curves, "curves");
    this.samples = new Histories(server.progress, "progress");
    this.status = el("p.status");
    this.beside = el("div.beside");
    this.panels = el("div.panels");
    this.figures = el("div.along");
    this.play = el("button.play", { type: "button", onclick: () => this.toggle() }, "Play");
    this.scrubber = el("input.scrubber", { type: "range", min: 0, step: "any", "aria-label": "Time in training",
      oninput: () => (this.stop(), state.set({ kimg: +this.scrubber.value >= this.most ? null : this.round(+this.scrubber.value) })),
      onkeydown: (event) => this.press(event) });
    this.where = el("output.where");
    this.stage = el("section.stage.training", { "aria-label": "Curves" }, this.beside, this.panels,
      el("div.track.time", {}, this.where, this.play, this.scrubber), this.figures);
    root.append(picker(state), this.bar(), el("div.saying", {},
      el("p", {}, "What the losses did, and the samples of that moment: one slider moves both."), this.status), this.stage, this.notes());
    state.on((changed) => this.changed(changed));
    new ResizeObserver(() => this.draw()).observe(this.panels);
    document.addEventListener("visibilitychange", () => document.hidden && this.stop());
    if (state.get("view") === "curves") this.open();
  }

  bar() {
    const { state } = this;
    const also = el("div.checks", {}, Object.entries(ALSO).map(([name, text]) => el("label.check", {}, el("input", { type: "checkbox", value: name,
      onchange: () => state.set({ also: [...also.querySelectorAll("input")].filter((box) => box.checked).map((box) => box.value) }) }), text)));
    const scale = segmented({ common: "common", own: "own" }, () => state.get("scale"), (value) => state.set({ scale: value }));
    const lines = segmented({ both: "both", raw: "raw", smooth: "smoothed" }, () => state.get("lines"), (value) => state.set({ lines: value }));
    this.adder = select([], () => "", (id) => id && state.set({ models: [...this.ids(), id] }));
    const update = () => {
      for (const part of [scale, lines]) part.update();
      for (const box of also.querySelectorAll("input")) box.checked = state.get("also").includes(box.value);
    };
    state.on(update);
    update();
    return bar(state, () => `${plural(this.ids().length, "training")} · ${state.get("scale")} scale`, dataBox(state), rowsBox(state),
      control("Add a training", this.adder), control("Scale", scale), control("Lines", lines), control("Also draw", also));
  }

  // --- which

  // Those named in the link; else those of the picker and the architectures, and whatever runs.
  ids() {
    const running = this.runs.filter((run) => run.running).map((run) => run.id);
    return this.state.get("models") ?? [...new Set([...this.state.shown().map((model) => model.id), ...running])];
  }

  about(id) {
    const { models, translators } = this.state.catalogue;
    return [...this.runs, ...models, ...translators].find((one) => one.id === id) ?? { id };
  }

  // As short as tells them apart.
  label(id) {
    const abouts = this.ids().map((one) => this.about(one));
    const { loss, family } = this.about(id);
    if (!loss) return id;
    const alike = (key) => abouts.filter((one) => key(one) === key({ loss, family })).length === 1;
    if (alike((one) => one.loss)) return loss;
    return alike((one) => `${one.family} ${one.loss}`) ? `${family} ${loss}` : id;
  }

  tint(id) {
    const at = this.state.catalogue.losses.findIndex((loss) => loss.name === this.about(id).loss);
    return at < 0 ? "" : at;
  }

  dash(id) {
    const families = [...new Set(this.ids().map((one) => this.about(one).family))];
    return DASHES[families.indexOf(this.about(id).family) % DASHES.length] || null;
  }

  // --- what they hold

  async open() {
    clearInterval(this.poll);
    if (this.live) this.poll = setInterval(() => !document.hidden && this.look(), POLL);
    await this.histories.want(this.ids()).catch(() => null); // the curves first; fetch says what went wrong
    await Promise.all([this.fetch(), this.look()]);
  }

  close() {
    clearInterval(this.poll);
    this.stop();
  }

  // What there is, and what has moved since the last look.
  async look() {
    const answer = await this.server.runs({}).catch(() => null);
    if (!answer?.runs) return;
    for (const run of answer.runs) {
      const here = this.histories.get(run.id);
      if (here && here.rev !== run.rev) for (const part of [this.histories, this.samples]) part.forget(run.id);
    }
    this.runs = answer.runs;
    await this.fetch();
  }

  async fetch() {
    const ids = this.ids();
    try {
      await this.histories.want(ids);
      if (JSON.stringify(ids) === JSON.stringify(this.ids())) this.build();
      await this.samples.want(ids);
      await this.place(true);
    } catch (error) {
      this.status.replaceChildren(`The curves did not arrive: ${error.message} `,
        el("button.link", { type: "button", onclick: () => this.fetch() }, "Ask again"));
    }
  }

  changed(changed) {
    const has = (...keys) => keys.some((key) => changed.has(key));
    const { state } = this;
    if (has("data", "loss", "arch") && state.get("models") && !has("models")) return state.set({ models: null });
    if (has("view") && state.get("view") !== "curves") this.close();
    if (state.get("view") !== "curves") return null;
    if (has("view")) return this.open();
    if (has("data", "loss", "arch", "models")) return this.fetch();
    if (has("scale", "lines", "also")) this.draw();
    if (has("kimg")) this.place();
    return null;
  }

  // --- the figures under the slider, which name the curves

  build() {
    const chosen = this.ids();
    this.adder.update([["", "…"], ...this.runs.filter((run) => !chosen.includes(run.id)).map((run) => [run.id, run.running ? `${run.id}, running` : run.id])]);
    const ids = chosen.filter((id) => this.histories.get(id));
    this.state.taken.curves = ids.map((id) => this.about(id)).filter((one) => one.load);
    const old = this.cards;
    this.cards = new Map(ids.map((id) => [id, old.get(id) ?? this.card(id)]));
    for (const [id, card] of this.cards) {
      card.name.textContent = this.label(id);
      card.name.title = id;
      card.swatch.setAttribute("class", `swatch tint${this.tint(id)}`);
      card.swatch.firstChild.setAttribute("stroke-dasharray", this.dash(id) ?? "");
    }
    const figures = [...this.cards.values()].map((card) => card.element);
    const moved = figures.length !== this.figures.children.length || figures.some((one, i) => one !== this.figures.children[i]);
    if (moved) this.figures.replaceChildren(...figures); // else the keyboard's focus would be lost
    this.most = Math.max(0, ...ids.map((id) => this.histories.get(id).kimg.at(-1) ?? 0));
    this.scrubber.max = this.most;
    const none = this.state.get("models") ? 0 : this.state.get("arch").length * this.state.get("loss").length - this.state.shown().length;
    const running = this.runs.filter((run) => run.running && ids.includes(run.id)).length;
    this.status.textContent = [plural(ids.length, "training"), running && `${running} running`,
      none && `${none} of the chosen not trained yet`].filter(Boolean).join(" · ");
    const wrong = this.ids().filter((id) => this.histories.wrong.has(id)).map((id) => this.histories.wrong.get(id));
    if (wrong.length) this.status.append(` · ${wrong.join("; ")} `, el("button.link", { type: "button", onclick: () => this.fetch() }, "Ask again"));
    this.beside.replaceChildren(...this.papersOf(ids));
    this.draw();
    this.place();
  }

  card(id) {
    const frames = new Frames(`${id}, samples from the same latents`);
    const swatch = document.createElementNS("http://www.w3.org/2000/svg", "svg");
    swatch.setAttribute("aria-hidden", "true");
    swatch.append(document.createElementNS("http://www.w3.org/2000/svg", "path"));
    swatch.firstChild.setAttribute("d", "M0 6H28");
    const name = el("button.name", { type: "button", "aria-pressed": "false", onclick: () => this.light(this.pinned === id ? null : id, true) });
    const away = el("button.away", { type: "button", "aria-label": `take ${id} away`,
      onclick: () => this.state.set({ models: this.ids().filter((one) => one !== id) }) }, "×");
    const values = el("p.values");
    const said = el("p.said");
    const element = el("figure", { "data-id": id, onpointerenter: () => this.light(id), onpointerleave: () => this.light(null) },
      el("p.head", {}, swatch, name, away), frames.element, values, said);
    return { id, frames, swatch, name, values, said, element };
  }

  light(id, pin = false) {
    if (pin) this.pinned = id;
    const lit = id ?? this.pinned ?? null;
    for (const card of this.cards.values()) card.name.setAttribute("aria-pressed", card.id === this.pinned);
    if (lit === this.lit) return;
    this.lit = lit;
    this.stage.classList.toggle("lighted", lit != null);
    for (const one of this.stage.querySelectorAll("[data-id]")) one.classList.toggle("on", one.dataset.id === lit);
  }

  // --- the charts

  draw() {
    if (!this.panels.clientWidth) return;
    const wanted = Object.assign({}, PANELS.loss, ...this.state.get("also").map((name) => PANELS[name]));
    const ids = [...this.cards.keys()];
    for (const [column, title] of Object.entries(wanted)) {
      if (!this.plots.has(column)) this.plots.set(column, new Plot(title, {
        moved: (share) => !this.playing && this.state.set({ kimg: share >= 1 ? null : this.round(share * this.most) }),
        near: (id) => this.light(id) }));
    }
    const shown = Object.keys(wanted).map((column) => this.plots.get(column));
    const elements = shown.map((plot) => plot.element);
    if (elements.length !== this.panels.children.length || elements.some((one, i) => one !== this.panels.children[i])) this.panels.replaceChildren(...elements);
    const longest = Math.max(0, ...ids.map((id) => this.label(id).length));
    const ends = narrow() ? 12 : clamp(longest * 7 + 24, 40, 150);
    for (const column of Object.keys(wanted)) {
      const series = ids.map((id) => this.series(id, column)).filter(Boolean);
      const plot = this.plots.get(column);
      plot.element.classList.toggle("without", !series.length);
      plot.draw(series, { most: this.most, own: this.state.get("scale") === "own", lines: this.state.get("lines"), ends });
    }
    const lit = this.cards.has(this.lit) ? this.lit : null;
    this.lit = undefined;
    this.light(lit);
  }

  series(id, column) {
    const { kimg, columns, said } = this.histories.get(id);
    if (!columns[column]) return null;
    const who = { d_loss: "d", g_loss: "g" }[column];
    const swing = column === "gap" && said.d && columns.score_gap_sd;
    return { id, label: this.label(id), tint: this.tint(id), dash: this.dash(id), x: kimg, y: columns[column],
      settled: who ? said[who]?.settled : null,
      band: swing ? smoothed(columns.score_gap_sd).map((sd) => (sd == null ? null : sd * said.d.swing)) : null };
  }

  // --- the slider

  round(kimg) {
    const digits = Math.max(0, 3 - Math.ceil(Math.log10(this.most || 1)));
    return +kimg.toFixed(digits);
  }

  // all: samples have come, too.
  async place(all = false) {
    if (all) {
      const pairs = [...this.cards].filter(([id, card]) => card.of !== (this.samples.get(id) ?? null)).map(([id, card]) => {
        card.of = this.samples.get(id) ?? null;
        return [card.frames, card.of];
      });
      await showAll(pairs);
    }
    const kimg = Math.min(this.state.get("kimg") ?? this.most, this.most);
    this.scrubber.value = kimg;
    this.where.textContent = `${short(kimg)} of ${short(this.most)} kimg`;
    this.scrubber.setAttribute("aria-valuetext", `${short(kimg)} kimg`);
    this.stage.style.setProperty("--k", this.most ? kimg / this.most : 0);
    for (const [id, card] of this.cards) this.say(id, card, kimg);
  }

  say(id, card, kimg) {
    const { kimg: moments, g_steps: steps, columns, said } = this.histories.get(id);
    const at = indexAt(moments, kimg);
    const drawn = card.frames.show(kimg + this.most / MOMENTS);
    const value = (name) => short(columns[name]?.[at]);
    const over = moments.length && kimg > moments.at(-1) * 1.001 ? `ended at ${short(moments.at(-1))} kimg` : null;
    card.values.replaceChildren(`critic ${value("d_loss")} · generator ${value("g_loss")}`, el("br"),
      [over ?? (drawn != null ? `samples of ${short(drawn)} kimg` : "no samples kept"), steps[at] != null && `${steps[at].toLocaleString("en")} steps`].filter(Boolean).join(" · "));
    const { running, kimg: budget } = this.about(id);
    const words = ["d", "g"].map((who) => said[who] && (said[who].settled == null ? "not settled" : `settled ${short(said[who].settled)}`));
    card.said.replaceChildren(...(running ? [el("b", {}, "running"), budget ? `, ${short(moments.at(-1) ?? 0)} of ${short(budget)} kimg` : ""]
      : said.d ? [`swing ${said.d.swing.toFixed(3)}, ${said.g?.swing.toFixed(3)} · ${words.join(", ")}`, said.d.state && el("b", {}, ` · ${said.d.state} critic`)].filter(Boolean) : []));
  }

  press(event) {
    const by = { ArrowRight: 1, ArrowUp: 1, ArrowLeft: -1, ArrowDown: -1, PageUp: MOMENTS / 10, PageDown: -MOMENTS / 10 }[event.key];
    const to = { Home: 0, End: this.most }[event.key];
    if (by == null && to == null) return;
    event.preventDefault();
    this.stop();
    this.go(to ?? +this.scrubber.value + (by * this.most) / MOMENTS);
  }

  go(kimg) {
    this.state.set({ kimg: kimg >= this.most ? null : this.round(Math.max(0, kimg)) });
  }

  toggle() {
    if (this.playing) return this.stop();
    const over = this.state.get("kimg") == null;
    if (over) this.go(0);
    if (lessMotionWanted()) return over ? null : this.step(); // a step a press
    this.playing = setInterval(() => this.step(), 1000 / this.state.limits.fps);
    this.play.textContent = "Pause";
    return null;
  }

  step() {
    const next = +this.scrubber.value + (2 * this.most) / MOMENTS;
    this.go(next);
    if (next >= this.most) this.stop();
  }

  stop() {
    clearInterval(this.playing);
    this.playing = null;
    this.play.textContent = "Play";
  }

  // --- words

  papersOf(ids) {
    const abouts = ids.map((id) => ({ id, ...this.about(id) }));
    return this.papers.flatMap((paper) => {
      const ours = abouts.filter((one) => paper.families.includes(one.family) && one.data === paper.data && paper.losses.includes(one.loss));
      if (!ours.length) return [];
      const most = Math.max(...ours.map((one) => one.kimg ?? 0));
      const budget = paper.kimg ? `, ${paper.kimg.toLocaleString("en")} kimg` : "";
      const groups = paper.families.map((family) => [family, ours.filter((one) => one.family === family).map((one) => one.loss)]);
      const here = groups.filter(([, losses]) => losses.length).map(([family, losses]) => `${family} ${[...new Set(losses)].join(", ")}`);
      return [el("p", {}, el("b", {}, `${paper.figures[0].toUpperCase()}${paper.figures.slice(1)}`), ` of “${paper.source}” `,
        `(${paper.losses.length > 1 ? "" : `${paper.losses[0]}: `}${paper.shows}${budget}): here ${here.join("; ")}; ${most.toLocaleString("en")} kimg.`)];
    });
  }

  notes() {
    return section(
      paragraph("kimg", "Thousands of real pictures that the critic has seen. At equal kimg a loss with five critic steps has had a fifth of the generator steps."),
      paragraph("Smoothed", "The mean over a twentieth of training. A line is the mean over an interval already. Losses are on scales of their own: a lower curve is no better model."),
      paragraph("Swing", "How far scores move around their trend, in deviations of the score gap over pairs: 0 is a smooth curve. The band around a score gap is that wide."),
      paragraph("Settled ◆", "From there on the loss stays within its final band. A critic that ranks almost every pair right is saturated, and its calm is no stability."));
  }
}
