// Compare: rows architectures, columns losses, a cell one sheet; all sheets from the same noise.

import { caption, empty } from "./caption.js";
import { bar, classBox, dataBox, rowsBox, seedBox, summary, truncationBox } from "./controls.js";
import { Cursor } from "./cursor.js";
import { clamp, el, narrow, plural, say } from "./dom.js";
import { columnsFor } from "./fit.js";
import { Lens } from "./lens.js";
import { notes } from "./notes.js";
import { picker } from "./picker.js";
import { Sheet, showAll } from "./sheet.js";
import { Source } from "./source.js";

const GUTTER = 92; // px, for the names of classes

const setting = ({ models, ...of }) => JSON.stringify(of);

export default class Compare {
  constructor(root, state, { draw }) {
    root.classList.add("compare");
    this.state = state;
    this.columns = state.limits.columns; // of every sheet: latent = row · columns + column
    this.cells = new Map(); // id → {sheet, model, caption, figure}
    this.source = new Source(draw, {
      arrived: (sheets, asked) => this.arrived(sheets, asked),
      slow: (asked) => this.mention(asked, () => [`drawing seed ${asked.seed}`], false, true),
      busy: (asked) => this.mention(asked, () => ["many are asking, trying again"], true),
      failed: (asked) => this.mention(asked, () => ["This did not arrive. ",
        el("button.link", { type: "button", onclick: () => this.redraw() }, "Draw again")], true),
    });
    this.status = el("p.status");
    this.matrix = el("div.matrix");
    this.lens = new Lens({
      step: (by) => this.open(clamp(this.lit + by, 0, this.count() - 1)),
      morph: () => this.morph(),
      close: () => this.close(),
    });
    this.stage = el("section.stage", { "aria-label": "Sheets" }, this.matrix, this.lens.element);
    this.cursor = new Cursor(this.stage, {
      sheets: () => [...this.cells.values()].map((cell) => cell.sheet),
      words: (index) => this.words(index),
      moved: (index) => this.moved(index),
      chosen: (index) => this.open(index),
      pinned: () => (state.get("lens") ? state.get("at") : null),
      key: (event) => this.key(event),
    });
    this.notes = el("div");
    root.append(
      picker(state),
      bar(state, () => summary(state), dataBox(state), rowsBox(state), seedBox(state), truncationBox(state), classBox(state)),
      el("div.saying", {}, el("p", {}, "Same noise, but each generator has learned its own meaning for it."), this.status),
      this.stage, this.notes);
    state.on((changed) => this.changed(changed));
    new ResizeObserver(() => this.fit()).observe(this.stage);
    this.build();
    if (state.get("view") === "compare") this.redraw();
  }

  // --- what is asked for

  // The names of the classes, where each has a row.
  classes() {
    return this.state.get("class") === "rows" ? this.state.classNames().slice(0, this.state.limits.classes) : [];
  }

  rows() {
    return this.classes().length || this.columns;
  }

  words(index) {
    const name = this.classes()[Math.floor(index / this.columns)];
    return `latent ${index}${name ? `, ${name}` : ""}`;
  }

  count() {
    return this.columns * this.rows();
  }

  redraw() {
    const { state } = this;
    const label = state.get("class");
    const models = [...this.cells.keys()];
    if (!models.length) return;
    this.source.want({
      models, seed: state.get("seed"), n: this.count(), truncation: state.get("trunc"), label: label === "all" ? null : label,
    });
  }

  async arrived(sheets, asked) {
    const cells = Object.entries(sheets).filter(([id]) => this.cells.has(id));
    if (asked.n !== this.count()) return;
    await showAll(cells.map(([id, address]) => [this.cells.get(id).sheet, address]));
    this.drawn = asked.seed;
    if (!this.lens.element.hidden) {
      this.enlarge();
      this.tell();
    }
    for (const [id] of cells) {
      const cell = this.cells.get(id);
      cell.caption.replaceChildren(...caption(cell.model));
      cell.element.classList.remove("late");
      Object.assign(cell.element.dataset, { seed: asked.seed, shown: setting(asked) });
    }
    this.describe();
  }

  // late: the old picture is faded. old: only where there is one; a first one is awaited in silence.
  mention(asked, words, late = false, old = false) {
    for (const id of asked.models) {
      const cell = this.cells.get(id);
      if (!cell || this.source.wanted !== asked || cell.element.dataset.shown === setting(asked)) continue;
      if (old && !cell.sheet.image) continue;
      cell.caption.replaceChildren(...words());
      cell.element.classList.toggle("late", late);
    }
  }

  changed(changed) {
    const { state } = this;
    if (["data", "loss", "arch", "class"].some((key) => changed.has(key))) this.build();
    if (changed.has("view")) this.dock();
    if (state.get("view") !== "compare") return;
    if (["view", "data", "loss", "arch", "seed", "trunc", "class"].some((key) => changed.has(key))) this.redraw();
    if (changed.has("lens") || changed.has("at")) this.showLens();
    if (changed.has("trunc")) this.tell();
  }

  // --- the matrix

  build() {
    const { state } = this;
    const losses = state.get("loss");
    const words = Object.fromEntries(state.catalogue.losses.map((loss) => [loss.name, loss.words]));
    const old = this.cells;
    this.cells = new Map();
    const names = this.classes();
    const head = (loss) => el("p.head", {}, el("b", {}, loss), " ", el("span", {}, words[loss]));
    this.matrix.replaceChildren(
      el("div.heads", { "aria-hidden": true }, losses.map(head)),
      ...state.get("arch").map((row) => {
        const family = state.catalogue.families[state.family(row)];
        return el("section.row", { "aria-label": row },
          el("h2", {}, row, " ", el("span", {}, family.words)),
          el("div.cells", {},
            names.length > 0 && losses.some((loss) => state.model(row, loss)?.classes) &&
              el("ol.classes", {}, names.map((name) => el("li", { title: name }, name))),
            losses.map((loss) => this.cell(state.model(row, loss), family, loss, head(loss), old))));
      }));
    if (state.get("at") >= this.count()) state.set({ at: this.count() - 1 });
    const models = [...this.cells.values()].map((cell) => cell.model);
    this.lens.fill(models, { columns: this.columns, rows: this.rows() });
    this.notes.replaceChildren(notes(models, state.catalogue.data[state.get("data")]));
    this.fit();
    this.showLens();
    this.cursor.describe();
    this.describe();
  }

  cell(model, family, loss, head, old) {
    if (!model) return el("figure", {}, head, empty(family, loss, this.state.catalogue.data[this.state.get("data")]), el("figcaption"));
    const before = old.get(model.id);
    const name = `${model.id}, ${plural(this.count(), "picture")}`;
    if (before) {
      before.sheet.rename(name);
      this.cells.set(model.id, before);
      return before.element;
    }
    const sheet = new Sheet(name);
    const line = el("figcaption", {}, caption(model));
    const element = el("figure", { "data-id": model.id }, head, sheet.element, line);
    this.cells.set(model.id, { model, sheet, caption: line, element });
    return element;
  }

  // Whole pixels: 3×, 2× or 1× with all 64; else the top left n × n; on a phone two columns of 4 × 4.
  fit() {
    const width = this.stage.clientWidth;
    if (!width) return;
    const data = this.state.catalogue.data[this.state.get("data")];
    const gutter = this.classes().length && !narrow() ? GUTTER : 0;
    const fitted = columnsFor(width - gutter, this.state.get("loss").length, data.size, this.columns, narrow());
    const rows = this.rows();
    this.stage.style.setProperty("--side", `${fitted.n * fitted.cell}px`);
    this.stage.style.setProperty("--tall", `${(fitted.n === this.columns ? rows : Math.min(rows, rows === this.columns ? fitted.n : rows)) * fitted.cell}px`);
    this.stage.style.setProperty("--gutter", `${gutter}px`);
    this.stage.style.setProperty("--tile", `${fitted.cell}px`);
    this.stage.style.setProperty("--gap", `${fitted.gap}px`);
    this.stage.classList.toggle("tight", fitted.n * fitted.cell < 200);
    for (const { sheet } of this.cells.values()) {
      sheet.size({ cell: fitted.cell, columns: this.columns, rows, nx: fitted.n, ny: rows === this.columns ? fitted.n : rows });
    }
    this.seen = fitted.n;
    this.describe();
  }

  // --- cursor and lens

  describe() {
    const sheets = plural(this.cells.size, "sheet");
    if (this.cursor.index != null) this.status.textContent = `L${this.words(this.cursor.index).slice(1)}, lit in ${sheets}. Click to enlarge.`;
    else if (!this.cells.size) this.status.textContent = "None of these is trained yet.";
    else {
      const seen = this.seen * (this.rows() === this.columns ? this.seen : this.rows());
      const latents = seen < this.count() ? `${seen} of ${this.count()} latents` : `${seen} latents`;
      this.status.textContent = `${latents} a sheet. Point at one to find it in all.`;
    }
  }

  moved(index) {
    this.describe();
    if (index == null) return;
    say(this.words(index));
    if (!this.lens.element.hidden) this.tell();
  }

  key(event) {
    const { state } = this;
    if (event.key === "PageUp" || event.key === "PageDown") {
      state.set({ seed: clamp(state.get("seed") + (event.key === "PageUp" ? 1 : -1), 0, state.limits.seed) });
      say(`seed ${state.get("seed")}`);
    } else if (event.key === "Escape" && state.get("lens")) this.close();
    else return false;
    return true;
  }

  open(index) {
    this.state.set({ at: index, lens: true });
  }

  close() {
    const inside = this.lens.element.contains(document.activeElement);
    this.state.set({ lens: false, at: null });
    if (inside) [...this.cells.values()][0]?.sheet.element.focus();
    this.cursor.rest();
  }

  showLens() {
    const { state } = this;
    const open = state.get("lens") && state.get("at") != null && this.cells.size > 0;
    if (open) this.enlarge();
    this.lens.element.hidden = !open;
    this.stage.classList.toggle("lensed", open);
    this.dock();
    if (state.get("at") == null) return;
    this.cursor.point(Math.min(state.get("at"), this.count() - 1));
    this.tell();
  }

  // On a phone other controls make room for the lens, as long as it is seen.
  dock() {
    document.body.classList.toggle("zoo-lensed", !this.lens.element.hidden && this.state.get("view") === "compare");
  }

  // The latent that the lens enlarges.
  get lit() {
    return this.cursor.index ?? this.state.get("at");
  }

  tell() {
    const { state } = this;
    if (state.get("at") != null) this.lens.say(this.lit, this.drawn ?? state.get("seed"), state.get("trunc") != null);
  }

  enlarge() {
    const drawn = [...this.cells].filter(([, { sheet }]) => sheet.address);
    return showAll(drawn.map(([id, { sheet }]) => [this.lens.tiles.get(id), sheet.address]));
  }

  // The walk starts at the picture that is enlarged: at its class, too.
  morph() {
    const { state } = this;
    const [{ model }] = this.cells.values();
    const [at, label] = [this.lit, state.get("class")];
    const la = label === "rows" ? Math.floor(at / this.columns) : label === "all" ? null : label;
    state.set({ a: [state.get("seed"), at], la: model.classes ? la : null, lb: null, row: model.row, t: 0, view: "interpolate" });
  }
}
