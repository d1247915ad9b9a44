// From values to places: linear, or logarithmic on both sides of zero where curves leap.

import { range } from "./dom.js";

const LEAPS = 50; // a curve that leaves its middle so many times over: cards/figures.py
const APART = 10; // curves that lie so many times over apart
const finite = (values) => values.filter((value) => value != null);

const middle = (sizes) => [...sizes].sort((a, b) => a - b)[Math.floor(sizes.length / 2)] || 1;

// lists: values of each curve. → {to: value → 0 (bottom) to 1, ticks: [value], log}.
export function scaleOf(lists, count) {
  const all = finite(lists.flat());
  if (!all.length) return { to: () => 0, ticks: [], log: false };
  const [low, high] = [Math.min(...all), Math.max(...all)];
  const middles = lists.map((list) => middle(finite(list).map(Math.abs)));
  const most = lists.map((list) => Math.max(0, ...finite(list).map(Math.abs)));
  const unit = middle(middles);
  const leaps = most.some((size, i) => size > LEAPS * middles[i]) || Math.max(...most) > APART * unit;
  const bent = (value) => Math.sign(value) * Math.log10(1 + Math.abs(value) / unit);
  const put = leaps ? bent : (value) => value;
  const [from, to] = [put(low), put(high)];
  const span = to - from || 1;
  const ticks = leaps ? powers(low, high, unit) : steps(low, high, count);
  return { to: (value) => (put(value) - from) / span, ticks, log: leaps };
}

function steps(low, high, count) {
  const rough = (high - low || Math.abs(high) || 1) / count;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((factor) => factor * power).find((one) => one >= rough);
  const first = Math.ceil(low / step);
  return range(Math.floor(high / step + 1e-9) - first + 1).map((i) => (first + i) * step);
}

function powers(low, high, unit) {
  const least = Math.ceil(Math.log10(unit));
  const most = Math.floor(Math.log10(Math.max(-low, high, unit)));
  const every = Math.ceil((most - least + 1) / 3);
  const sizes = range(Math.max(0, most - least + 1)).map((i) => most - i).filter((_, i) => i % every === 0).map((power) => 10 ** power);
  return [...sizes.map((size) => -size), 0, ...sizes.reverse()].filter((value) => value >= low && value <= high);
}

export const short = (value) => {
  if (value == null) return "–";
  const size = Math.abs(value);
  const rounded = size >= 100 ? Math.round(value) : Number(value.toPrecision(3));
  return rounded.toLocaleString("en", { maximumSignificantDigits: 6 }).replace("-", "−");
};
