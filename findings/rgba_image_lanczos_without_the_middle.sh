#!/usr/bin/env bash
# @rgba-image/lanczos 0.1.1 (npm): a third of the size leaves out the middle of each block, and the same size changes a picture.
#
# For whoever brings pictures to one size before they are shown or measured. The weight of a pixel is Lanczos' kernel at its
# distance from the place where the result lies: 1 at distance 0. There this package has 0 (`filterValue` in
# `dist/filters.js`). Distance 0 occurs where pixels of both sizes have one centre: for every pixel at an odd fraction of the
# size and at the same size, for every third at three times the size, nowhere at half or twice the size, which are the
# package's example. What is left is scaled up to a sum of 1: at the same size the rounding errors of sin(pi k).
# `lanczos2` does the same. No error, no warning.
#
# Expected: what the formula gives, to one or two levels: a picture itself at its own size, and at every third pixel of
#           three times the size; a third of the size bright where a dot lies in the middle of a block of 3 x 3.
# Seen:     half, five sixths and twice the size: within 1 level. A third: wrong by 20 on average for noise; a white dot in
#           the middle of each block makes 0 (right 28), one at its corner 63. The same size: wrong by 3 on average and 13
#           at most for smooth waves, by 100 and 255 for noise. Three times the size: by up to 13 and 255.
#
# Fails (exit code 1) when that is no longer so.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
npm install --silent --no-audit --no-fund --prefix "$place" @rgba-image/lanczos@0.1.1 \
    > "$place/npm" 2>&1 || { cat "$place/npm"; exit 1; }
cd "$place"
node - <<'JS'
const assert = require('node:assert')
const { lanczos, lanczos2 } = require('@rgba-image/lanczos')

const SIDE = 48
let state = 1
const draw = () => (state = (state * 16807) % 2147483647) / 2147483647

/** Grey pixels as the package takes them, and the greys of what it made. */
const picture = (side, grey) => ({ width: side, height: side, data: Uint8ClampedArray.from(
  { length: 4 * side * side }, (_, i) => (i % 4 === 3 ? 255 : grey((i >> 2) % side, Math.floor((i >> 2) / side)))) })
const greys = ({ data }) => Array.from(data).filter((_, i) => i % 4 === 0)

/** Lanczos by its formula along the rows, wider where a picture gets smaller; turned, so that twice is both directions. */
function along(values, side, rows, to, lobes) {
  const wide = Math.max(1, side / to)
  const sinc = (x) => (x === 0 ? 1 : Math.sin(Math.PI * x) / (Math.PI * x))
  const result = new Array(to * rows)
  for (let out = 0; out < to; out++) {
    const weights = Array.from({ length: side }, (_, i) => {
      const x = (i + 0.5 - ((out + 0.5) * side) / to) / wide
      return Math.abs(x) < lobes ? sinc(x) * sinc(x / lobes) : 0
    })
    const sum = weights.reduce((all, one) => all + one)
    for (let row = 0; row < rows; row++) {
      const value = weights.reduce((all, one, i) => all + one * values[row * side + i], 0) / sum
      result[out * rows + row] = Math.min(255, Math.max(0, Math.round(value)))
    }
  }
  return result
}

const pictures = {
  waves: picture(SIDE, (x, y) => Math.round(128 + 80 * Math.sin(x / 4) * Math.cos(y / 5))),
  noise: picture(SIDE, () => Math.round(255 * draw())),
}
const methods = { lanczos: [lanczos, 3], lanczos2: [lanczos2, 2] }
for (const [to, oneCentre] of [[24, false], [40, false], [96, false], [16, true], [48, true], [144, true]]) {
  for (const [name, source] of Object.entries(pictures)) {
    for (const [method, [resize, lobes]] of Object.entries(methods)) {
      const made = picture(to, () => 0)
      resize(source, made)
      const right = along(along(greys(source), SIDE, SIDE, to, lobes), SIDE, to, to, lobes)
      const wrong = greys(made).map((value, i) => Math.abs(value - right[i]))
      const mean = wrong.reduce((all, one) => all + one) / wrong.length
      console.log(`${method}, ${name}, ${SIDE} to ${to}: wrong by ${Math.max(...wrong)} at most, ${mean.toFixed(2)} on average`)
      if (!oneCentre) assert(Math.max(...wrong) <= 2, 'not what the formula gives')
      else if (name === 'noise') assert(mean > 10, 'no longer: the weight at distance 0 is 0')
      else if (to === SIDE) assert(Math.max(...wrong) > 5, 'no longer: the same size changes smooth waves')
    }
  }
}
for (const [place, at] of [['middle', 1], ['corner', 0]]) {
  const dots = picture(SIDE, (x, y) => (x % 3 === at && y % 3 === at ? 255 : 0))
  const made = picture(SIDE / 3, () => 0)
  lanczos(dots, made)
  const centre = 8 * (SIDE / 3) + 8
  const right = along(along(greys(dots), SIDE, SIDE, SIDE / 3, 3), SIDE, SIDE / 3, SIDE / 3, 3)[centre]
  console.log(`a white dot at the ${place} of each 3 x 3, a third of the size: ${greys(made)[centre]}, by the formula ${right}`)
  assert(right > 20 && (at === 1 ? greys(made)[centre] < 5 : greys(made)[centre] > 1.4 * right))
}
JS
