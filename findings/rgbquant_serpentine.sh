#!/usr/bin/env bash
# rgbquant 1.1.2 (npm), colours for a GIF: serpentine dithering leaves pixels out and loses the largest part of the errors.
#
# For whoever reduces a grid of samples to few colours in a page. With `dithSerp` every second line is run from right to left. Its loops
# (`dither` in `src/rgbquant.js`) then end when their counter is 0, before that one has its turn: the pixel at the left border is
# never reduced, and of the kernel its first entry, the neighbour ahead, gets nothing: 7 of 16 parts with Floyd-Steinberg, 2 of 4
# with SierraLite. README says only that the pattern is serpentine. No error, no warning.
#
# Expected: colours of the palette alone, and the same mean as without, near that of the image.
# Seen:     in 32 of 64 lines the pixel at the border keeps its own colour (with indices: undefined). A grey of 64 in black and
#           white has a mean of 47 (without: 61, a direct computation 64), one of 100 has 77 (98), one of 200 has 213 (199).
# The image is an object that calls itself ImageData, as a page's does: the package asks for that name alone.
#
# Fails (exit code 1) when that is no longer so.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
npm install --silent --no-audit --no-fund --prefix "$place" rgbquant@1.1.2 > "$place/npm" 2>&1 || { cat "$place/npm"; exit 1; }
cd "$place"
node - <<'JS'
const assert = require('node:assert')
const RgbQuant = require('rgbquant')

const SIDE = 64
const [IMAGE, INDICES] = [1, 2]
const mean = (values) => values.reduce((sum, value) => sum + value) / values.length

class ImageData {
  constructor(grey) {
    Object.assign(this, { width: SIDE, height: SIDE, data: new Uint8ClampedArray(4 * SIDE * SIDE).fill(grey) })
    for (let at = 3; at < this.data.length; at += 4) this.data[at] = 255
  }

  get [Symbol.toStringTag]() {
    return 'ImageData'
  }
}

function reduce(grey, kind, kernel, serpentine) {
  const quantiser = new RgbQuant({ colors: 2, palette: [[0, 0, 0], [255, 255, 255]] })
  const reduced = Array.from(quantiser.reduce(new ImageData(grey), kind, kernel, serpentine))
  return kind === IMAGE ? reduced.filter((_, at) => at % 4 === 0) : reduced
}

/** Floyd and Steinberg's, every second line from the right. */
function right(grey) {
  const rest = Array.from({ length: SIDE + 1 }, () => new Array(SIDE + 2).fill(grey))
  const shown = []
  for (let y = 0; y < SIDE; y++) {
    const ahead = y % 2 ? -1 : 1
    for (let step = 1; step <= SIDE; step++) {
      const x = ahead === 1 ? step : SIDE + 1 - step
      const value = rest[y][x] < 127.5 ? 0 : 255
      const error = rest[y][x] - value
      shown.push(value)
      rest[y][x + ahead] += (7 / 16) * error
      rest[y + 1][x - ahead] += (3 / 16) * error
      rest[y + 1][x] += (5 / 16) * error
      rest[y + 1][x + ahead] += (1 / 16) * error
    }
  }
  return mean(shown)
}

for (const kernel of ['FloydSteinberg', 'SierraLite']) {
  for (const grey of [32, 64, 100, 200]) {
    const [straight, serpentine] = [false, true].map((serp) => reduce(grey, IMAGE, kernel, serp))
    const left = serpentine.map((value, at) => [value, at]).filter(([value]) => value !== 0 && value !== 255)
    const at = mean(serpentine)
    console.log(`${kernel}, a grey of ${grey}: mean ${at.toFixed(1)}, without serpentine ${mean(straight).toFixed(1)}, computed `
      + `${right(grey).toFixed(1)}; ${left.length} pixels are not reduced`)
    assert(Math.abs(right(grey) - grey) < 4 && Math.abs(mean(straight) - grey) < 4, 'the reference is not right')
    assert(Math.abs(at - grey) > 10, 'no longer: another mean')
    assert(left.length === SIDE / 2 && left.every(([, place]) => place % SIDE === 0), 'no longer: the border is left out')
  }
}
const missing = reduce(100, INDICES, 'FloydSteinberg', true).filter((index) => index === undefined).length
console.log(`indices that are undefined: ${missing}`)
assert.strictEqual(missing, SIDE / 2)
JS
