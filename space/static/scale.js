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

// Round numbers on both sides of zero, a few of them, from half the unit up.
function powers(low, high, unit) {
  const sizes = range(40).map((i) => i - 20).flatMap((power) => [1, 2, 5].map((one) => one * 10 ** power))
    .filter((size) => size > unit / 2);
  const side = (end) => {
    const here = sizes.filter((size) => size <= end);
    const tens = here.filter((size) => Math.abs(Math.log10(size) % 1) < 1e-9);
    const few = here.length <= 4 ? here : tens.length > 1 ? tens : here.filter((_, i) => (here.length - 1 - i) % 2 === 0);
    return few.filter((_, i) => (few.length - 1 - i) % Math.ceil(few.length / 4) === 0);
  };
  return [...side(-low).map((size) => -size), 0, ...side(high)].filter((value) => value >= low && value <= high);
}

export const short = (value) => {
  if (value == null) return "–";
  const size = Math.abs(value);
  const rounded = size >= 100 ? Math.round(value) : Number(value.toPrecision(3));
  return rounded.toLocaleString("en", { maximumSignificantDigits: 6 }).replace("-", "−");
};
