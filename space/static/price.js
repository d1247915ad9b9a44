// What a score costs, and how steeply: two charts of one loss on common axes, a marker, and what each net feels there.

import { clamp, el } from "./dom.js";

const KINDS = { g: "generator", fake: "critic, fake", real: "critic, real" };
const [COST, SLOPE] = [[-2, 6], [-1.6, 1.6]]; // least and most of the vertical axes
const LOW = 0.05; // a slope of the generator that is as good as none

function draw(tag, attributes) {
  const element = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  return element;
}

export class Price {
  // pointed(score or null): the pointer is on a chart, or has left it.
  constructor(name, reach, pointed) {
    Object.assign(this, { name, reach });
    this.charts = [["price", COST], ["slope", SLOPE]].map(([what, range]) => this.chart(what, range));
    this.table = el("table.feels", {}, el("thead", {}, el("tr", {}, (this.at = el("th", { scope: "col" })),
      el("th", { scope: "col" }, "price"), el("th", { scope: "col" }, "slope"))),
      el("tbody", {}, Object.entries(KINDS).map(([kind, words]) =>
        el("tr", { "data-kind": kind }, el(`th.${kind}`, { scope: "row" }, words), el("td"), el("td")))));
    this.element = el("div.prices", {}, this.charts.map(({ box }) => box), this.table);
    for (const { box } of this.charts) {
      box.addEventListener("pointermove", (event) => {
        const { left, width } = box.getBoundingClientRect();
        pointed(Math.round(clamp((event.clientX - left) / width, 0, 1) * 20 * reach - 10 * reach) / 10);
      });
      box.addEventListener("pointerleave", () => pointed(null));
    }
  }

  chart(what, [low, high]) {
    const { reach } = this;
    const svg = draw("svg", { viewBox: `${-reach} ${-high} ${2 * reach} ${high - low}`, preserveAspectRatio: "none", "aria-hidden": "true" });
    const line = (kind, x1, y1, x2, y2) => svg.appendChild(draw("line", { class: kind, x1, y1, x2, y2 }));
    line("axis", -reach, 0, reach, 0);
    line("axis", 0, -high, 0, -low);
    const curves = Object.fromEntries(Object.keys(KINDS).reverse().map((kind) =>
      [kind, svg.appendChild(draw("polyline", { class: kind }))]));
    const spans = what === "price" && Object.fromEntries(["real", "fake"].map((kind, i) =>
      [kind, line(`span ${kind}`, 0, -low - 0.9 + 0.6 * i, 0, -low - 0.9 + 0.6 * i)]));
    const marker = line("marker", 0, -high, 0, -low);
    const box = el("div.price", { role: "img", "data-what": what }, el("small", {}, what), svg);
    return { what, box, curves, marker, spans };
  }

  // curves: of the server, {x, fake, real, g: [prices, slopes]}
  show(curves) {
    this.curves = curves;
    this.charts.forEach(({ curves: lines, what, box }, i) => {
      for (const [kind, line] of Object.entries(lines)) {
        line.setAttribute("points", curves.x.map((x, j) => `${x},${-curves[kind][i][j]}`).join(" "));
      }
      box.setAttribute("aria-label", `${this.name}: ${what} of a score, for the generator and the critic`);
    });
    if (this.score != null) this.mark(this.score);
  }

  mark(score) {
    this.score = score;
    const { curves } = this;
    const shown = clamp(score, -this.reach, this.reach);
    for (const { marker } of this.charts) for (const end of ["x1", "x2"]) marker.setAttribute(end, shown);
    this.at.textContent = `at ${score < 0 ? "−" : ""}${Math.abs(score).toFixed(1)}`;
    if (!curves) return;
    const i = Math.round((shown - curves.x[0]) * 10);
    const known = shown === score && i in curves.x;
    for (const row of this.table.querySelectorAll("tbody tr")) {
      [...row.querySelectorAll("td")].forEach((cell, j) => {
        const value = curves[row.dataset.kind][j][i];
        cell.textContent = known ? `${value < 0 ? "−" : ""}${Math.abs(value).toFixed(2)}` : "–";
      });
    }
    this.slope = known ? Math.abs(curves.g[1][i]) : null;
    this.table.classList.toggle("flat", known && this.slope < LOW);
  }

  slopeAt(score) {
    return this.curves?.g[1][Math.round((score - this.curves.x[0]) * 10)];
  }

  // Where eight in ten of the scores lie; the curve above is what these points feel.
  spans({ fake, real }) {
    for (const [kind, [low, , high]] of Object.entries({ fake, real })) {
      const line = this.charts[0].spans[kind];
      const [a, b] = [low, high].map((score) => clamp(score, -this.reach, this.reach));
      line.setAttribute("x1", Math.min(a, this.reach - 0.15));
      line.setAttribute("x2", Math.max(b, a + 0.15));
    }
  }
}
