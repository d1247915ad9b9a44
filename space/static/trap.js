// Why a PSNR of 28 dB may say nothing: true figures beside those of 8-bit subtraction, and beside the focal paper's.

import { el } from "./dom.js";

const TABLE_4 = { vanilla: 28.813, "wgan-gp": 27.778, lsgan: 28.056, focal: 28.351 };

const decibels = (value) => (value == null ? "∞" : value.toFixed(1));

// models: [{model, figures or undefined}]; scale: figures of what translates nothing, or null.
export function trap(models, scale, toggle) {
  const measured = models.filter((one) => one.figures);
  const example = measured.find((one) => one.model.loss === "focal") ?? measured[0];
  const untrained = Object.keys(TABLE_4).filter((loss) => !models.some((one) => one.model.loss === loss));
  const row = (name, paper, figures) => el("tr", {}, el("th", { scope: "row" }, name), el("td", {}, paper ?? ""),
    el("td", {}, figures ? decibels(figures.psnr) : "—"), el("td", {}, figures ? decibels(figures.wrapped) : "—"));
  const words = example
    ? `With that slip, ${example.model.loss} reads ${decibels(example.figures.wrapped)} dB on this pair; its PSNR is ${decibels(example.figures.psnr)} dB.`
    : "With that slip any two pictures that differ much read 27 to 29 dB; choose a test pair to see it.";
  return [
    el("div", {}, el("p.why", {}, el("b", {}, "Where could the paper’s 28 dB come from?"),
      ` Subtracting 8-bit pictures wraps round at 256, and so does squaring. ${words} Black, noise and an unrelated building read the same, so the figure says nothing of a translation. We have not seen the paper’s code: this is a possibility.`),
    el("p.why", {}, "torcheval 0.0.7 does this today: its peak_signal_noise_ratio gives uint8 tensors of unrelated noise 27.9 dB, and no pair less than 24. Convert to float before you measure."),
    toggle),
    el("div.table", { tabindex: 0, role: "group", "aria-label": "PSNR, true and as uint8" }, el("table", {}, el("thead", {}, el("tr", {}, el("th", { scope: "col" }, "PSNR, dB"),
      el("th", { scope: "col" }, "paper, Table 4"), el("th", { scope: "col" }, "this pair"), el("th", { scope: "col" }, "as uint8"))),
    el("tbody", {}, models.map(({ model, figures }) => row(model.loss, TABLE_4[model.loss]?.toFixed(3), figures)),
      untrained.map((loss) => row(loss, TABLE_4[loss].toFixed(3), null)),
      (scale ?? []).map((figures) => row(figures.of, null, figures))))),
  ];
}
