// Short paragraphs under the sheets: what the figures are, what is equal, how it was measured.

import { el } from "./dom.js";
import { thousands } from "./caption.js";

export function notes(models, data) {
  const shown = models.map((model) => model.figures).filter(Boolean);
  const [first] = shown;
  const names = new Set(shown.map((one) => one.name));
  const n = first && first.n.toLocaleString("en");
  const paragraph = (title, text) => el("p", {}, el("b", {}, title), " ", text);
  return el("section.notes", { "aria-label": "Notes" }, [
    names.has("FID") && paragraph(["FID", el("sub", {}, thousands(first.n))],
      `How far ${n} samples lie from real pictures of ${data.title}, by Inception features. Lower is nearer. Bold: best of its row.`),
    names.has("distance") && paragraph(["Distance", el("sub", {}, thousands(first.n))],
      `How far ${n} samples lie from the test pictures of ${data.title}, by the features of a small classifier (a Fréchet distance; no FID). Lower is nearer. Bold: best of its row.`),
    shown.some((one) => one.reach?.startsWith("recall")) && paragraph("Recall",
      "The share of test pictures that some sample comes close to: does the model make all of it, or a corner?"),
    shown.some((one) => one.reach?.endsWith("classes")) && paragraph("Classes",
      "Of how many classes samples turn up, by that classifier."),
    shown.some((one) => one.collapsed) && paragraph("† collapsed",
      "Many noises, few pictures. Kept here because it is a result too."),
    paragraph("What is equal", "Networks, data, budget, seeds. Each loss keeps the Lipschitz control that belongs to it."),
  ].filter(Boolean));
}
