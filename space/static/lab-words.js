// What the lab says: three things that show saturation, what five seeds came to, and the notes.

import { el } from "./dom.js";
import { paragraph, section } from "./notes.js";

const two = (value) => (Number.isFinite(value) ? value.toFixed(2) : "…");

export function lookout(score, minimax, vanilla) {
  const item = (title, text) => el("li", {}, el("b", {}, title), ` ${text}`);
  return [
    item("The curve lies flat.", `At −${-score} the critic is sure that a picture is fake. Read the generator’s slope there: minimax ${two(minimax)}, vanilla ${two(vanilla)}. A slope is all that a generator ever learns from.`),
    item("The samples slide onto the flat part.", "While the critic is trained alone, the magenta bar under the curve (scores of the samples) moves left. Minimax’s arrows shrink with it, and its push falls towards 0; vanilla’s stay long."),
    item("The points stand still.", "Then the generators start from the same place with the same noise, and a step is as long as its slope is steep: vanilla’s points travel, minimax’s hardly move. That is saturation."),
  ];
}

// “8 modes (7–8) of five seeds”, computed by space/lab/ring.py.
export function verdict(ring, name) {
  const found = ring?.losses[name];
  if (!found) return [];
  const [low, high] = found.range;
  const spread = low === high ? "in each" : `${low} to ${high}`;
  return [el("span.verdict", {}, `${found.reached.length} seeds, ${ring.steps.toLocaleString("en")} steps: median ${found.median}, ${spread}`)];
}

export function notes(ring) {
  return section(...[
    paragraph("Price and slope", "What a score costs each net by its loss, and how much the price changes when the score does. The slope is what a net feels: the gradient that reaches it is the slope times its own. All drawn from zoo.losses. For rpgan a score is the gap to a real one, for began an error, which is never negative."),
    paragraph("The planes", "Grey: the critic’s scores, darker is more real, each plane on its own scale. Circles: where the data are. Magenta: 256 samples, of the same noise in all planes. Arrows: where the generator’s loss would push a sample; the longest are those that its samples have felt since the start."),
    paragraph("Push", "The mean length of that slope at the samples. Adam divides a gradient by its own size, so with Adam a small push moves points as well as a large one, as long as it keeps its direction. Plain steps are as long as the slope is steep."),
    paragraph("What is equal", "Start, noise, data and nets: two hidden layers of 64, batch 64, Adam with rate 0.001; plain steps are of the generator alone, 0.001 times its gradient. Each loss keeps its own critic steps, clipping and penalty. Weights are clipped at 0.1 here, not 0.01, which lets nothing through so small a net. began’s critic is an autoencoder."),
    ring && paragraph("Modes", "One is reached when at least a quarter of its share of 512 samples lie within three deviations of it. The line of five seeds was computed with the settings that the page opens with. Toys are no verdict on pictures."),
  ].filter(Boolean));
}
