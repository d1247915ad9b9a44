// One chart over training time: curves raw and smoothed, named where they end, with marks where they settled. The cursor
// is moved by style alone: the stage says by --k, from 0 to 1, where it is.

import { el } from "./dom.js";
import { indexAt, smoothed } from "./histories.js";
import { scaleOf, short } from "./scale.js";

const LEFT = 46, TOP = 8, BOTTOM = 22, LINE = 15; // px; LINE: of a name at the end of a curve
const NEAR = 24; // px from a curve at which the pointer means it

function draw(tag, attributes, text) {
  const element = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [name, value] of Object.entries(attributes)) if (value != null) element.setAttribute(name, value);
  if (text != null) element.textContent = text;
  return element;
}

export class Plot {
  // moved(kimg), near(id or null): what the pointer says.
  constructor(title, { moved, near }) {
    this.title = title;
    this.svg = draw("svg", { "aria-hidden": "true" });
    this.note = el("span");
    this.box = el("div.plot", { role: "img" }, this.svg, el("i.at"));
    this.element = el("figure.panel", { "data-title": title }, el("p", {}, el("b", {}, title), " ", this.note), this.box);
    const tell = (event) => {
      const box = this.box.getBoundingClientRect();
      const share = (event.clientX - box.left - LEFT) / this.width;
      if (!this.kept || share < -0.05 || share > 1.05) return near(null);
      near(this.nearest(share, event.clientY - box.top));
      return moved(Math.min(1, Math.max(0, share)));
    };
    this.box.addEventListener("pointermove", (event) => (event.pointerType === "mouse" || event.buttons) && tell(event));
    this.box.addEventListener("pointerdown", tell);
    this.box.addEventListener("pointerleave", () => near(null));
  }

  // series: [{id, label, tint, dash, x, y, settled, band}]. x in kimg; `band`: half widths around the smoothed curve.
  draw(series, { most, own, lines, ends }) {
    this.box.style.minHeight = ends > 20 ? `${TOP + series.length * LINE + BOTTOM}px` : ""; // a line for each name
    const [width, height] = [this.box.clientWidth, this.box.clientHeight];
    if (!width) return;
    this.width = width - LEFT - ends;
    this.height = height - TOP - BOTTOM;
    const soft = series.map((one) => smoothed(one.y));
    const seen = series.map((one, i) => (lines === "smooth" ? soft[i] : one.y));
    const common = own ? null : scaleOf(seen, height > 200 ? 5 : 3);
    const scales = series.map((_, i) => common ?? scaleOf([seen[i]], 1));
    const [px, py] = [(kimg) => LEFT + (kimg / (most || 1)) * this.width, (scale, value) => TOP + (1 - scale.to(value)) * this.height];
    const path = (one, values, scale) => {
      let on = false;
      return values.map((value, i) => {
        if (value == null) return (on = false), "";
        const step = `${on ? "L" : "M"}${px(one.x[i]).toFixed(1)} ${py(scale, value).toFixed(1)}`;
        on = true;
        return step;
      }).join("");
    };
    const marks = this.axes(common, most, py, px, own);
    const names = [];
    series.forEach((one, i) => {
      const group = draw("g", { class: `curve tint${one.tint}`, "data-id": one.id });
      if (one.band) group.append(draw("path", { class: "band", d: this.around(one, soft[i], scales[i], px, py) }));
      if (lines !== "smooth") group.append(draw("path", { class: lines === "raw" ? "soft" : "raw", d: path(one, one.y, scales[i]), "stroke-dasharray": lines === "raw" ? one.dash : null }));
      if (lines !== "raw") group.append(draw("path", { class: "soft", d: path(one, soft[i], scales[i]), "stroke-dasharray": one.dash }));
      const drawn = lines === "raw" ? one.y : soft[i];
      if (one.settled != null && one.x.length) {
        const at = indexAt(one.x, one.settled);
        const mark = draw("path", { class: "settled", d: `M${px(one.x[at])} ${py(scales[i], drawn[at]) - 6}l5 6l-5 6l-5 -6z` });
        mark.append(draw("title", {}, `${one.label} has settled from ${short(one.settled)} kimg on`));
        group.append(mark);
      }
      const last = drawn.findLastIndex((value) => value != null);
      if (last >= 0) names.push({ id: one.id, label: one.label, tint: one.tint, x: px(one.x[last]), y: py(scales[i], drawn[last]) });
      marks.push(group);
    });
    if (ends > 20) marks.push(...this.named(names, ends));
    this.svg.setAttribute("viewBox", `0 0 ${width} ${height}`);
    this.svg.replaceChildren(...marks);
    this.box.style.setProperty("--from", `${LEFT}px`);
    this.box.style.setProperty("--wide", `${this.width}px`);
    this.note.textContent = own ? "each on its own scale, from its lowest to its highest" : common.log ? "logarithmic on both sides of zero" : "";
    this.box.setAttribute("aria-label", `${this.title} over kimg: ${series.map((one) => one.label).join(", ")}`);
    this.kept = { series, soft, scales, most, py };
  }

  axes(common, most, py, px, own) {
    const marks = [];
    for (const value of common?.ticks ?? []) {
      const y = py(common, value);
      marks.push(draw("path", { class: value === 0 ? "zero" : "grid", d: `M${LEFT} ${y}h${this.width}` }),
        draw("text", { x: LEFT - 8, y: y + 4, "text-anchor": "end" }, short(value)));
    }
    if (own) marks.push(draw("path", { class: "grid", d: `M${LEFT} ${TOP}h${this.width}M${LEFT} ${TOP + this.height}h${this.width}` }));
    for (const value of scaleOf([[0, most]], this.width > 400 ? 5 : 3).ticks) {
      marks.push(draw("text", { x: px(value), y: TOP + this.height + 17, "text-anchor": value === 0 ? "start" : "middle" },
        value === 0 ? "0 kimg" : short(value)));
    }
    return marks;
  }

  around(one, soft, scale, px, py) {
    const here = soft.map((value, i) => (value == null || one.band[i] == null ? null : i)).filter((i) => i != null);
    const edge = (sign) => here.map((i) => `${px(one.x[i]).toFixed(1)} ${py(scale, soft[i] + sign * one.band[i]).toFixed(1)}`);
    return here.length ? `M${[...edge(1), ...edge(-1).reverse()].join("L")}z` : "";
  }

  // Names beside the ends of their curves, moved apart where they would lie on each other.
  named(names, ends) {
    const sorted = names.sort((a, b) => a.y - b.y);
    const places = sorted.map((one) => one.y);
    for (let i = 1; i < places.length; i += 1) places[i] = Math.max(places[i], places[i - 1] + LINE);
    const floor = TOP + this.height + 4;
    for (let i = places.length - 1; i >= 0; i -= 1) places[i] = Math.min(places[i], floor - LINE * (places.length - 1 - i));
    const right = LEFT + this.width;
    return sorted.flatMap((one, i) => [
      draw("path", { class: `lead tint${one.tint}`, "data-id": one.id, d: `M${one.x} ${one.y}H${right + 2}L${right + 12} ${places[i]}` }),
      draw("text", { class: "name", "data-id": one.id, x: right + 16, y: places[i] + 4, textLength: one.label.length * 7 > ends - 16 ? ends - 18 : null, lengthAdjust: "spacingAndGlyphs" }, one.label),
    ]);
  }

  nearest(share, y) {
    const { series, soft, scales, most, py } = this.kept;
    let [found, least] = [null, NEAR];
    series.forEach((one, i) => {
      const at = indexAt(one.x, share * most);
      if (soft[i][at] == null) return;
      const away = Math.abs(py(scales[i], soft[i][at]) - y);
      if (away < least) [found, least] = [one.id, away];
    });
    return found;
  }
}
