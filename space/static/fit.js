// How large sheets are: by whole numbers, as many pixels as fit.

import { clamp } from "./dom.js";

const LEAST = 6, MOST = 40; // px between sheets

// Of `count` sheets of tiles of `size` pixels, `most` a row, in `width`: the tile's side, how many a row, the gap.
export function columnsFor(width, count, size, most, phone) {
  if (phone) {
    const columns = Math.min(count, 2);
    const n = columns === 1 ? most : 4;
    return { cell: Math.floor((width - 12 * (columns - 1)) / columns / n), n, gap: 12 };
  }
  const fits = (side) => count * side + (count - 1) * LEAST <= width;
  const gap = (side) => clamp((width - count * side) / Math.max(1, count - 1), LEAST, MOST);
  for (const scale of [3, 2, 1]) {
    const side = most * size * scale;
    if (fits(side)) return { cell: size * scale, n: most, gap: gap(side) };
  }
  for (let n = most - 1; n > 3; n -= 1) if (fits(n * size)) return { cell: size, n, gap: gap(n * size) };
  return { cell: size, n: 4, gap: LEAST };
}
