// What is being looked at. It lives in the query string: a link reproduces what is seen. Defaults are left out of it,
// and what is unknown or out of range falls back in silence.

import { range } from "./dom.js";
import { FIELDS } from "./fields.js";
import * as scene from "./scene.js";

const FIRST = ["vanilla", "lsgan", "wgan", "focal", "hinge"];
const VIEWS = ["compare", "interpolate", "facades", ...Object.keys(FIELDS)];
const OWN = Object.entries(FIELDS).flatMap(([view, fields]) =>
  Object.entries(fields).map(([name, [usual, read]]) => ({ view, name, usual, read })));

export class State {
  constructor(catalogue, query) {
    this.catalogue = catalogue;
    this.limits = catalogue.limits; // of space/limits.py: what the server takes
    this.listeners = [];
    this.taken = {}; // view → the models seen in it, for Python, where the choice is the view's own
    this.values = this.parse(new URLSearchParams(query));
  }

  get(name) {
    return this.values[name];
  }

  set(asked) {
    const other = asked.data != null && asked.data !== this.values.data;
    const patch = other ? { ...asked, ...this.ofData(asked.data) } : asked;
    const changed = Object.keys(patch).filter(
      (key) => JSON.stringify(this.values[key]) !== JSON.stringify(patch[key]),
    );
    if (!changed.length) return;
    Object.assign(this.values, patch);
    for (const listener of this.listeners) listener(new Set(changed));
    clearTimeout(this.timer);
    this.timer = setTimeout(() => history.replaceState(history.state, "", this.link()), 250);
  }

  on(listener) {
    this.listeners.push(listener);
  }

  // --- models

  modelsOf(data) {
    return this.catalogue.models.filter((model) => model.data === data);
  }

  rows(data = this.values?.data) {
    const order = Object.keys(this.catalogue.families);
    const rank = (row) => order.indexOf(this.family(row));
    return [...new Set(this.modelsOf(data).map((model) => model.row))].sort((a, b) => rank(a) - rank(b));
  }

  model(row, loss, data = this.values?.data) {
    return this.catalogue.models.find((m) => m.row === row && m.loss === loss && m.data === data);
  }

  family(row) {
    return this.catalogue.models.find((model) => model.row === row)?.family ?? row;
  }

  trained(data = this.values?.data) {
    const has = new Set(this.modelsOf(data).map((model) => model.loss));
    return this.catalogue.losses.map((loss) => loss.name).filter((name) => has.has(name));
  }

  // The models of the current view, in the order of the page.
  shown() {
    const rows = this.values.view === "interpolate" ? [this.values.row] : this.values.arch;
    return rows.flatMap((row) => this.values.loss.map((loss) => this.model(row, loss))).filter(Boolean);
  }

  // Those that Facades shows, in the order of the losses.
  translators() {
    const order = [...this.catalogue.losses.map((loss) => loss.name), "none"];
    return this.catalogue.translators.filter((model) => this.values.maps.includes(model.loss))
      .sort((a, b) => order.indexOf(a.loss) - order.indexOf(b.loss));
  }

  classes() {
    return Math.max(0, ...this.shown().map((model) => model.classes));
  }

  classNames() {
    const names = this.catalogue.data[this.values.data].labels;
    return range(this.classes()).map((i) => names[i] ?? `class ${i}`);
  }

  // The classes at the anchors; null: those of the latents.
  labels() {
    const { la, lb, c } = this.values;
    if (la == null && lb == null) return null;
    const [a, b] = [la ?? lb, lb ?? la];
    return c ? [a, b, a, b] : [a, b];
  }

  // --- defaults

  ofData(data) {
    const trained = this.trained(data);
    const usual = FIRST.filter((name) => trained.includes(name));
    const loss = usual.length > 1 ? usual : trained.slice(0, 5);
    const rows = this.rows(data);
    const filled = (row) => loss.filter((name) => this.model(row, name, data)).length;
    const full = rows.filter((row) => filled(row) * 2 > loss.length);
    const most = rows.reduce((best, row) => (filled(row) > filled(best) ? row : best), rows[0]);
    const arch = full.length ? full : [most];
    return { loss, arch, row: most, class: "all", la: null, lb: null };
  }

  defaults(data) {
    return {
      view: "compare", data, ...this.ofData(data), seed: this.limits.firstSeed, trunc: null, at: null, lens: false,
      a: [7, 27], b: [7, 12], c: null, d: null, path: "slerp", steps: this.limits.steps[1], t: 0,
      ...Object.fromEntries(OWN.map(({ name, usual }) => [name, usual])),
      ...scene.defaults(this.catalogue),
    };
  }

  mainData() {
    const names = Object.keys(this.catalogue.data);
    const count = (name) => this.modelsOf(name).length;
    return names.reduce((best, name) => (count(name) > count(best) ? name : best), names[0] ?? "");
  }

  // --- the link

  parse(query) {
    const known = Object.hasOwn(this.catalogue.data, query.get("data") ?? ""); // not "in": every object has a toString
    const data = known ? query.get("data") : this.mainData();
    const values = this.defaults(data);
    const { columns, latent, seed: last, steps, truncation } = this.limits;
    const whole = (text, low, high) => (/^\d{1,16}$/.test(text ?? "") && +text >= low && +text <= high ? +text : null);
    const list = (text, known) => known.filter((name) => (text ?? "").split(",").includes(name));
    const anchor = (text) => {
      const [seed, row] = (text ?? "").split(".").map((part) => whole(part, 0, last));
      return seed == null || row == null || row > latent ? null : [seed, row];
    };
    if (VIEWS.includes(query.get("view"))) values.view = query.get("view");
    const loss = values.view === "facades" ? [] : list(query.get("loss"), this.catalogue.losses.map((one) => one.name));
    const arch = list(query.get("arch"), this.rows(data));
    if (loss.length) values.loss = loss;
    if (arch.length && values.view === "interpolate") values.row = arch[0];
    else if (arch.length) values.arch = arch;
    values.seed = whole(query.get("seed"), 0, last) ?? values.seed;
    const trunc = Number.parseFloat(query.get("trunc"));
    if (trunc >= truncation[0] && trunc < truncation[1]) values.trunc = Math.round(trunc * 10) / 10;
    const most = Math.max(0, ...this.modelsOf(data).map((model) => model.classes));
    const label = query.get("class");
    if (most && label === "rows") values.class = label;
    else if (most) values.class = whole(label, 0, most - 1) ?? "all";
    values.at = whole(query.get("at"), 0, latent);
    values.lens = query.get("lens") === "1" && values.at != null;
    values.a = anchor(query.get("a")) ?? values.a;
    values.b = anchor(query.get("b")) ?? values.b;
    values.c = anchor(query.get("c"));
    values.d = values.c && anchor(query.get("d"));
    if (!values.d) values.c = null;
    if (query.get("path") === "lerp") values.path = "lerp";
    values.steps = whole(query.get("steps"), ...steps) ?? values.steps;
    const frames = values.c ? columns ** 2 : values.steps;
    values.t = whole(query.get("t"), 0, frames - 1) ?? 0;
    if (most) [values.la, values.lb] = ["la", "lb"].map((key) => whole(query.get(key), 0, most - 1));
    for (const { name, usual, read } of OWN) values[name] = read(query.get(name)) ?? usual;
    return Object.assign(values, scene.parse(query, this.catalogue, { whole, list, seed: last }));
  }

  // What the link does not hold; null where it holds all.
  missing() {
    return scene.missing(this.values);
  }

  link() {
    const { values } = this;
    const usual = this.defaults(values.data);
    const query = new URLSearchParams(location.search);
    const put = (key, value, standard) => {
      if (value == null || JSON.stringify(value) === JSON.stringify(standard)) query.delete(key);
      else query.set(key, Array.isArray(value) ? value.join(typeof value[0] === "number" ? "." : ",") : value);
    };
    const only = (view, value) => (values.view === view ? value : null);
    put("view", values.view, usual.view);
    put("data", values.data, this.mainData());
    for (const key of ["pair", "map", "drop", "wipe", "show", "psnr", "sort"]) query.delete(key);
    if (values.view === "facades") scene.link(values, this.catalogue, put);
    else put("loss", values.loss, usual.loss);
    if (values.view === "facades") query.delete("arch");
    else put("arch", values.view === "interpolate" ? values.row : values.arch,
        values.view === "interpolate" ? usual.row : usual.arch);
    for (const key of ["seed", "trunc", "class", "at"]) put(key, only("compare", values[key]), usual[key]);
    put("lens", only("compare", values.lens ? 1 : null));
    for (const key of ["a", "b", "path", "steps"]) put(key, only("interpolate", values[key]), usual[key]);
    for (const key of ["c", "d", "la", "lb"]) put(key, only("interpolate", values[key]));
    put("t", only("interpolate", values.t), 0);
    for (const { view, name, usual } of OWN) put(name, only(view, values[name]), usual);
    const text = query.toString().replaceAll("%2C", ",");
    return location.pathname + (text ? `?${text}` : "") + location.hash;
  }
}
