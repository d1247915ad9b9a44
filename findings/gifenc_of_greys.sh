#!/usr/bin/env bash
# gifenc 1.0.3 (npm): of a picture's 256 greys it keeps 32, though its palette holds all, and the first pixels decide which.
#
# For whoever writes samples, digits above all, or the course of a training as a GIF. By its README `applyPalette` looks for
# each pixel's nearest colour of the palette, in Euclidean RGB. It does so once for each cell of 8 x 4 x 8 levels of red,
# green and blue, for the first pixel in it, and gives the answer to every later pixel of the cell (`applyPalette` in
# `src/palettize.js`; cells of 16 levels for "rgb444"). A palette of exactly the picture's colours, which a GIF can hold,
# does not help, and there is no format without cells. No error, no warning.
#
# Expected: each pixel's own colour where the palette holds it, as `nearestColorIndex` of the same package finds it; a picture
#           turned by half a turn is shown as the same, turned; where one pixel changes, one pixel changes.
# Seen:     of 256 greys 32 are left, wrong by up to 7 levels (16 and 15 with "rgb444"). A ramp that begins with black gets
#           darker by 3.5 on average, the same turned brighter by 3.5. Noise with another grey in front: 128
#           of 4,095 pixels that are equal in both pictures are shown with another grey: they flicker in an animation.
#
# Fails (exit code 1) when that is no longer so.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
npm install --silent --no-audit --no-fund --prefix "$place" gifenc@1.0.3 > "$place/npm" 2>&1 || { cat "$place/npm"; exit 1; }
cd "$place"
node - <<'JS'
const assert = require('node:assert')
const { applyPalette, nearestColorIndex } = require('gifenc')

const ALL_GREYS = Array.from({ length: 256 }, (_, grey) => [grey, grey, grey])
let state = 1
const draw = () => (state = (state * 16807) % 2147483647) / 2147483647

/** The greys that a viewer shows: the palette's, by the indices, for a picture of these greys. */
function shown(greys, format = 'rgb565') {
  const rgba = Uint8Array.from(greys.flatMap((grey) => [grey, grey, grey, 255]))
  return Array.from(applyPalette(rgba, ALL_GREYS, format), (index) => ALL_GREYS[index][0])
}
const mean = (values) => values.reduce((sum, value) => sum + value) / values.length

const ramp = Array.from({ length: 4096 }, (_, i) => i >> 4)
const noise = ramp.map(() => Math.floor(256 * draw()))
assert(ramp.every((grey) => nearestColorIndex(ALL_GREYS, [grey, grey, grey]) === grey))
for (const [name, greys] of Object.entries({ ramp, noise })) {
  for (const [format, left] of [['rgb565', 32], ['rgb444', 16]]) {
    const once = shown(greys, format)
    const turned = shown(greys.toReversed(), format).toReversed()
    const wrong = Math.max(...once.map((grey, i) => Math.abs(grey - greys[i])))
    const [shift, turnedShift] = [once, turned].map((found) => mean(found) - mean(greys))
    console.log(`${name}, ${format}: of ${new Set(greys).size} greys ${new Set(once).size} left, wrong by ${wrong} at most; `
      + `brighter by ${shift.toFixed(1)} on average, turned by ${turnedShift.toFixed(1)}`)
    assert.strictEqual(new Set(once).size, left, 'no longer: one colour for each cell')
    assert.strictEqual(wrong, 256 / left - 1)
    if (name === 'ramp') assert(shift < -3 && turnedShift > 3, 'no longer: the first pixel decides')
  }
}

const next = [noise[0] ^ 4, ...noise.slice(1)] // another grey of the same cell
const [before, after] = [noise, next].map((greys) => shown(greys).slice(1))
const flicker = before.filter((grey, i) => grey !== after[i]).length
console.log(`${flicker} of ${before.length} pixels are shown with another grey when the pixel before them changes by 4`)
assert(flicker > 50, 'no longer: a pixel decides for others')
JS
