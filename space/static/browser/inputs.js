// What is asked for, as the numbers that a model takes: {given: {name: {data, dims}}, columns of the sheet}.

import { SIDE, unpack } from "../labelmap.js";
import { between, draw, lerp, masks, row, slerp } from "./latents.js";

const COLUMNS = 8; // of a sheet: space/limits.py
const MIXES = { lerp, slerp };

// model: {latent, classes} or {palette, dropout: {p, shapes}}.
export function inputs(model, asked) {
  if (asked.map != null) return ofMap(model, asked);
  return asked.anchors ? ofWalk(model, asked) : ofSheet(model, asked);
}

function ofSheet({ latent, classes }, { seed, n, truncation, label }) {
  const given = { latents: { data: draw(n, latent, seed, truncation), dims: [n, latent] } };
  const of = (i) => (label === "rows" ? Math.floor(i / COLUMNS) : label ?? i % classes);
  if (classes) given.classes = rows(Array.from({ length: n }, (_, i) => one(of(i), classes)));
  return { given, columns: COLUMNS };
}

function ofWalk({ latent, classes }, { anchors, labels, steps, path }) {
  const ends = anchors.map(([seed, k]) => row(k, latent, seed));
  const given = { latents: rows(between(ends, steps, MIXES[path])) };
  if (classes) {
    const told = labels ?? anchors.map(([, k]) => k % classes);
    given.classes = rows(between(told.map((label) => one(label, classes)), steps, lerp));
  }
  return { given, columns: steps };
}

async function ofMap({ palette, dropout }, { map, seed }) {
  const labels = await unpack(map, palette.length);
  const plane = SIDE * SIDE;
  const data = new Float32Array(3 * plane);
  for (let c = 0; c < 3; c += 1) {
    const shades = Float32Array.from(palette, (colour) => colour[c] / 127.5 - 1);
    for (let i = 0; i < plane; i += 1) data[c * plane + i] = shades[labels[i]];
  }
  const given = { labelmap: { data, dims: [1, 3, SIDE, SIDE] } };
  const counts = dropout.shapes.map((shape) => shape.reduce((product, side) => product * side, 1));
  masks(counts, dropout.p, seed).forEach((mask, i) => (given[`dropout_${i + 1}`] = { data: mask, dims: [1, ...dropout.shapes[i]] }));
  return { given, columns: 1 };
}

const one = (label, classes) => Float32Array.from({ length: classes }, (_, i) => +(i === label));

// Arrays of one length → a matrix.
function rows(all) {
  const data = new Float32Array(all.length * all[0].length);
  all.forEach((each, i) => data.set(each, i * each.length));
  return { data, dims: [all.length, all[0].length] };
}
