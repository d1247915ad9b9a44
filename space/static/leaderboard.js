// Leaderboard: a row a checkpoint, with every figure, sorted and filtered by anything.

import { bar, control, select } from "./controls.js";
import { el, plural, say } from "./dom.js";
import { save } from "./film.js";
import { paragraph } from "./notes.js";
import { narrowed, narrowedTo, wanted } from "./where.js";

const KINDS = { training: "Training", pictures: "Pictures", curves: "Curves" };

export default class Leaderboard {
  // server: {board({}) → {columns, rows}, figures({models}) → {figures: {id: rows}}}.
  constructor(root, state, server) {
    Object.assign(this, { state, server, opened: new Map() });
    root.classList.add("leaderboard");
    this.status = el("p.status", { role: "status" });
    this.head = el("thead");
    this.body = el("tbody");
    this.table = el("div.scroll", { tabindex: 0, role: "region", "aria-label": "Checkpoints and their figures" }, el("table", {}, this.head, this.body));
    this.notes = el("section.notes", { "aria-label": "Notes" });
    root.append(this.bar(), el("div.saying", {},
      el("p", {}, "Every checkpoint, every figure. Compare at equal n, and mind the generator steps."), this.status),
      el("section.stage", { "aria-label": "Leaderboard" }, this.table), this.notes);
    state.on((changed) => this.changed(changed));
    if (state.get("view") === "leaderboard") this.open();
  }

  bar() {
    const { state } = this;
    this.where = el("input.where", { type: "search", placeholder: "hinge fid<60 -collapsed", spellcheck: "false", autocomplete: "off",
      oninput: () => state.set({ where: this.where.value }) });
    this.choices = Object.fromEntries(Object.entries({ data: "Data set", family: "Architecture", loss: "Loss" }).map(([name, title]) => {
      const input = select([["", "all"]], () => narrowedTo(state.get("where"), name), (value) => state.set({ where: narrowed(state.get("where"), name, value) }));
      return [name, { input, box: control(title, input) }];
    }));
    this.order = select([], () => this.by(), (value) => state.set({ by: value }));
    this.columns = el("div.columns", { hidden: true, role: "group", "aria-label": "Columns" });
    const more = el("button", { type: "button", "aria-expanded": "false", onclick: () => {
      this.columns.hidden = !this.columns.hidden;
      more.setAttribute("aria-expanded", !this.columns.hidden);
    } }, "Columns");
    const csv = el("button", { type: "button", onclick: () => this.csv() }, "CSV");
    this.folded = bar(state, () => [plural(this.shown?.length ?? 0, "checkpoint"), state.get("where")].filter(Boolean).join(" · "),
      ...Object.values(this.choices).map(({ box }) => box), control("Sort by", this.order), control("Filter by anything", this.where),
      control("Take along, choose", el("div.pair", {}, more, csv)), this.columns);
    return this.folded;
  }

  async open() {
    if (this.board) return this.draw();
    try {
      const answer = await this.server.board({});
      if (!answer?.rows) throw new Error(answer?.error ?? "no answer");
      this.board = answer;
    } catch (error) {
      this.status.replaceChildren(`The figures did not arrive: ${error.message} `, el("button.link", { type: "button", onclick: () => this.open() }, "Ask again"));
      return null;
    }
    for (const name of Object.keys(this.choices)) {
      const values = [...new Set(this.board.rows.map((row) => row.cells[name].value))].sort();
      this.choices[name].options = [["", "all"], ...values.map((value) => [value, value])];
    }
    this.orders = [{ name: "id", title: "checkpoint" }, ...this.board.columns].flatMap((column) => [[column.name, column.numbers ? `${column.title}, least first` : column.title],
      [`-${column.name}`, column.numbers ? `${column.title}, most first` : `${column.title}, backwards`]]);
    this.columns.replaceChildren(...Object.entries(KINDS).map(([kind, title]) => el("fieldset", {}, el("legend", {}, title),
      this.board.columns.filter((column) => column.kind === kind).map((column) => el("label.check", {}, el("input", { type: "checkbox", value: column.name,
        onchange: () => this.choose() }), column.title)))));
    return this.draw();
  }

  changed(changed) {
    if (this.state.get("view") !== "leaderboard") return;
    if (changed.has("view")) this.open();
    else if (this.board && ["by", "where", "cols"].some((key) => changed.has(key))) this.draw();
  }

  // --- which rows and columns

  seen() {
    const names = this.state.get("cols");
    return this.board.columns.filter((column) => (names ? names.includes(column.name) : column.first));
  }

  choose() {
    const chosen = [...this.columns.querySelectorAll("input:checked")].map((input) => input.value);
    const usual = this.board.columns.filter((column) => column.first).map((column) => column.name);
    this.state.set({ cols: JSON.stringify(chosen) === JSON.stringify(usual) ? null : chosen });
  }

  textOf(row) {
    return [row.id, ...row.notes, row.collapsed ? "collapsed" : "", ...this.board.columns.filter((one) => !one.numbers).map((one) => row.cells[one.name]?.value)].join(" ");
  }

  // The column of the link or, where no row has such a figure, the first figure that there is.
  by() {
    const by = this.state.get("by");
    const columns = this.board?.columns ?? [];
    if (!columns.length || ["id", ...columns.map((one) => one.name)].includes(by.replace(/^-/, ""))) return by;
    const figure = columns.find((one) => one.kind === "pictures");
    return figure ? `${figure.better === "↑" ? "-" : ""}${figure.name}` : "id";
  }

  // Those without a figure come last either way.
  sorted(rows) {
    const sort = this.by();
    const [name, way] = sort.startsWith("-") ? [sort.slice(1), -1] : [sort, 1];
    const value = (row) => (name === "id" ? row.id : row.cells[name]?.value);
    return [...rows].sort((a, b) => {
      const [x, y] = [value(a), value(b)];
      if (x == null || y == null) return (x == null) - (y == null);
      return way * (typeof x === "number" ? x - y : x.localeCompare(y));
    });
  }

  draw() {
    const { state } = this;
    const { holds, wrong } = wanted(state.get("where"), this.board.columns, (row) => this.textOf(row));
    this.shown = this.sorted(this.board.rows.filter(holds));
    this.state.taken.leaderboard = this.shown;
    const columns = this.seen();
    if (this.where.value !== state.get("where")) this.where.value = state.get("where");
    for (const { input, options } of Object.values(this.choices)) input.update(options);
    this.order.update(this.orders);
    for (const input of this.columns.querySelectorAll("input")) input.checked = columns.some((column) => column.name === input.value);
    this.head.replaceChildren(el("tr", {}, this.heading({ name: "id", title: "checkpoint", better: "" }), columns.map((column) => this.heading(column))));
    this.body.replaceChildren(...this.shown.flatMap((row) => [this.row(row, columns), this.opened.has(row.id) && this.details(row, columns.length + 1)]).filter(Boolean));
    const words = this.shown.length < this.board.rows.length ? `${this.shown.length} of ${plural(this.board.rows.length, "checkpoint")}` : plural(this.shown.length, "checkpoint");
    this.status.textContent = [words, ...wrong].join(" · ");
    this.folded.update();
    this.tell(columns);
  }

  // --- the table

  heading(column) {
    const sort = this.by();
    const [up, down] = [sort === column.name, sort === `-${column.name}`];
    const first = column.better === "↑" ? `-${column.name}` : column.name;
    const other = first === column.name ? `-${column.name}` : column.name;
    const n = [...new Set((this.shown ?? []).map((row) => row.cells[column.name]?.n).filter(Boolean))];
    return el(`th${column.numbers ? ".number" : ""}`, { scope: "col", "aria-sort": up ? "ascending" : down ? "descending" : "none", "data-column": column.name },
      el("button.sort", { type: "button", onclick: () => {
        this.state.set({ by: sort === first ? other : first });
        this.head.querySelector(`[data-column="${column.name}"] button`)?.focus();
        say(`sorted by ${column.title}`);
      } }, column.title, column.better && el("span", { title: column.better === "↓" ? "lower is better" : "higher is better" }, ` ${column.better}`),
      el("i", { "aria-hidden": true }, up ? " ▴" : down ? " ▾" : "")),
      n.length === 1 && el("small", {}, `n = ${n[0].toLocaleString("en")}`));
  }

  row(row, columns) {
    const open = el("button.link", { type: "button", title: "Open in Compare", onclick: () => this.compare(row) }, row.id);
    const marks = [row.collapsed && el("b", {}, "† collapsed"), ...row.notes.map((note) => el("span", {}, note))].filter(Boolean);
    const all = el("button.link", { type: "button", "aria-expanded": String(this.opened.has(row.id)), onclick: () => this.unfold(row) }, `${plural(row.measured, "figure")}`);
    return el(`tr${row.collapsed ? ".collapsed" : ""}`, { "data-id": row.id },
      el("th", { scope: "row" }, el("p.id", {}, open, marks.map((mark) => [" ", mark]).flat()),
        el("p.more", {}, row.curves && [el("button.link", { type: "button", onclick: () => this.curves(row) }, "curves"), " · "],
          row.card && [el("a", { href: row.card, target: "_blank", rel: "noopener" }, "card"), " · "], all)),
      columns.map((column) => this.cell(row.cells[column.name], column)));
  }

  cell(cell, column) {
    const kind = column.numbers ? "td.number" : "td";
    if (!cell) return el(kind, { title: "not measured" }, "–");
    const mixed = cell.n && new Set(this.shown.map((row) => row.cells[column.name]?.n).filter(Boolean)).size > 1;
    return el(kind, { title: cell.protocol || null }, el("span", {}, cell.shown, cell.give && el("small", {}, ` ${cell.give}`)),
      mixed && el("small", {}, `n = ${cell.n.toLocaleString("en")}`), cell.seeds && el("small", {}, cell.seeds));
  }

  async unfold(row) {
    if (this.opened.has(row.id)) this.opened.delete(row.id);
    else {
      const answer = await this.server.figures({ models: [row.id] }).catch(() => null);
      if (!answer?.figures) return (this.status.textContent = `The figures did not arrive: ${answer?.error ?? "ask again"}`);
      this.opened.set(row.id, answer.figures[row.id]);
    }
    this.draw();
    return this.body.querySelector(`[data-id="${CSS.escape(row.id)}"] .more button:last-child`)?.focus();
  }

  details(row, span) {
    const line = (figure) => el("tr", {}, el("td", {}, figure.figure), el("td.number", {}, `${figure.shown} ${figure.give}`), el("td", {}, figure.of),
      el("td.number", {}, figure.kimg?.toLocaleString("en") ?? ""), el("td.number", {}, figure.g_steps?.toLocaleString("en") ?? ""), el("td", {}, figure.protocol), el("td", {}, figure.date));
    const titles = ["figure", "value", "of", "kimg", "generator steps", "protocol", "date"];
    return el("tr.details", {}, el("td", { colspan: span }, el("table", { "aria-label": `Every figure of ${row.id}` },
      el("thead", {}, el("tr", {}, titles.map((title) => el("th", { scope: "col" }, title)))), el("tbody", {}, this.opened.get(row.id).map(line)))));
  }

  // --- elsewhere

  // In Compare beside the losses that are shown there; a translator in Facades.
  compare(row) {
    const { state } = this;
    const model = state.catalogue.models.find((one) => one.id === row.id);
    if (!model) return state.set({ maps: [...new Set([...state.get("maps"), row.cells.loss.value])], view: "facades" });
    state.set({ data: model.data });
    const order = state.catalogue.losses.map((loss) => loss.name);
    return state.set({ loss: order.filter((name) => name === model.loss || state.get("loss").includes(name)), arch: [model.row], view: "compare" });
  }

  curves(row) {
    this.state.set({ models: [row.id], view: "curves" });
  }

  // --- to take along

  csv() {
    const { columns } = this.board;
    const quoted = (value) => (/[",\n]/.test(value ?? "") ? `"${String(value).replaceAll('"', '""')}"` : String(value ?? ""));
    const measured = columns.filter((column) => column.kind !== "training");
    const made = columns.filter((column) => column.kind === "training");
    const parts = ["give", "seeds", "n", "protocol"];
    const head = ["id", "load", "collapsed", "notes", ...made.map((one) => one.name),
      ...measured.flatMap((one) => [one.name, `${one.name}_uncertainty`, `${one.name}_over_seeds`, `${one.name}_n`, `${one.name}_protocol`])];
    const lines = this.shown.map((row) => [row.id, row.load, row.collapsed, row.notes.join("; "), ...made.map((one) => row.cells[one.name]?.value),
      ...measured.flatMap((one) => [row.cells[one.name]?.value, ...parts.map((part) => row.cells[one.name]?.[part])])]);
    const text = [head, ...lines].map((line) => line.map(quoted).join(",")).join("\n");
    save(new Blob([`${text}\n`], { type: "text/csv" }), "leaderboard.csv");
  }

  // --- words: the protocol of what is seen

  tell(columns) {
    const said = new Map();
    for (const column of columns.filter((one) => one.kind === "pictures")) {
      for (const row of this.shown) {
        const cell = row.cells[column.name];
        if (!cell?.n) continue;
        const text = `n = ${cell.n.toLocaleString("en")}, ${cell.protocol}`;
        said.set(text, new Set([...(said.get(text) ?? []), column.title]));
      }
    }
    this.notes.replaceChildren(
      paragraph("± and [ ]", "The standard error or 95 % interval of that one figure; below it the mean ± standard deviation over training seeds (their number), where more than one was trained. Two rows closer than that are not told apart."),
      paragraph("† collapsed", "Recall below 0.05, or fewer than half of the classes: many noises, few pictures."),
      ...[...said].map(([text, titles]) => paragraph([...titles].join(", "), `${text}.`)));
  }
}
