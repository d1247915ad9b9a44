// Short paragraphs under the sheets: what the figures are, what is equal, how it was measured.

import { el } from "./dom.js";
import { thousands } from "./caption.js";

export const paragraph = (title, text) => el("p", {}, el("b", {}, title), " ", text);
export const section = (...paragraphs) => el("section.notes", { "aria-label": "Notes" }, ...paragraphs);

// Of one row, for rows differ in more: models of one's own need not have the same budget, nor the same beginning.
function equal(models) {
  const rows = Object.values(Object.groupBy(models, (model) => model.row));
  const spread = (of) => Math.max(...of) / Math.min(...of);
  const kimg = rows.map((row) => row.map((model) => model.kimg)).filter((row) => spread(row) > 1.02).flat(); // whole steps make a little difference
  const seeds = rows.some((row) => new Set(row.map((model) => model.seed)).size > 1);
  const starts = rows.some((row) => new Set(row.map((model) => model.from)).size > 1);
  const alike = ["Networks", "data", ...(kimg.length ? [] : ["budget"]), ...(seeds ? [] : ["seeds"])].join(", ");
  const other = [kimg.length > 0 && `budget, from ${Math.min(...kimg)} to ${Math.max(...kimg)} kimg`, seeds && "seeds",
    starts && "the weights that training began with"].filter(Boolean).join("; ");
  return other ? `${alike}. Not equal: ${other}.` : `${alike}.`;
}

export function notes(models, data) {
  const shown = models.map((model) => model.figures).filter(Boolean);
  const n = (name) => shown.find((one) => one.name === name)?.n; // undefined where no model has that figure
  const errors = shown.filter((one) => one.se).length;
  const measured = errors < shown.length ? ", where it was measured," : "";
  const near = errors ? ` and what the sampling error${measured} cannot tell from it (95 %)` : "";
  const bold = `Bold: best of its row${near}; another training seed may order them otherwise.`;
  return section([
    n("FID") && paragraph(["FID", el("sub", {}, thousands(n("FID")))],
      `How far ${n("FID").toLocaleString("en")} samples lie from real pictures of ${data.title}, by Inception features. Lower is nearer. ${bold}`),
    n("distance") && paragraph(["Distance", el("sub", {}, thousands(n("distance")))],
      `How far ${n("distance").toLocaleString("en")} samples lie from the test pictures of ${data.title}, by the features of a small classifier (a Fréchet distance; no FID). Lower is nearer. ${bold}`),
    shown.some((one) => one.reach?.startsWith("recall")) && paragraph("Recall",
      "The share of real pictures that some sample comes close to: does the model make all of it, or a corner?"),
    shown.some((one) => one.reach?.endsWith("classes")) && paragraph("Classes",
      "Of how many classes samples turn up, by that classifier."),
    shown.some((one) => one.collapsed) && paragraph("† collapsed",
      "Many noises, few pictures. Kept here because it is a result too."),
    paragraph("What is equal in a row", `${equal(models)} Each loss keeps the Lipschitz control that belongs to it.`),
  ].filter(Boolean));
}
