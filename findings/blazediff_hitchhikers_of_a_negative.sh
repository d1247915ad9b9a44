#!/usr/bin/env bash
# @blazediff/ssim 1.7.1 (npm): its Hitchhiker's SSIM calls a picture and its negative identical.
#
# For whoever measures translated pictures in a page. By its README `hitchhikersSSIM` returns 0 to 1, 1 for identical pictures and
# below 0.8 for pictures that differ much. Of the SSIM of its windows it takes 1 - standard deviation / mean, unless told
# otherwise: it says how much the windows differ from each other, so windows that are all equally bad make nearly 1. Where
# the mean is 0 or below, the quotient is taken as 0 (the minified `nn` in `dist/hitchhikers-ssim.js`), and the result is
# exactly 1; where it is a little above 0, the result falls without bound. No error, no warning.
#
# Expected: 1 for a picture and itself, well below 1 for any other, and nothing below 0.
# Seen:     exactly 1 for noise and its negative (mean of the windows -0.98); 0.996 for noise and the same noise with an
#           eighth of the contrast (0.06), 0.92 for noise and plain grey (0.01); -1.1 for two pictures of noise (0.03).
#           With `covPooling: false`, and by the package's own `ssim`, each is within 0.02 of what the formula gives.
#
# Fails (exit code 1) when that is no longer so.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
npm install --silent --no-audit --no-fund --prefix "$place" @blazediff/ssim@1.7.1 \
    > "$place/npm" 2>&1 || { cat "$place/npm"; exit 1; }
cd "$place"
node - <<'JS'
const assert = require('node:assert')
const { hitchhikersSSIM } = require('@blazediff/ssim/hitchhikers-ssim')
const { ssim } = require('@blazediff/ssim/ssim')

const SIDE = 64
let state = 1
const draw = () => (state = (state * 16807) % 2147483647) / 2147483647
const noise = () => Array.from({ length: SIDE * SIDE }, () => Math.round(255 * draw()))
const rgba = (greys) => new Uint8ClampedArray(greys.flatMap((value) => [value, value, value, 255]))
const mean = (values) => values.reduce((sum, one) => sum + one, 0) / values.length

/** The mean of Wang et al.'s SSIM over windows of 11 x 11 that do not overlap. */
function byFormula(one, other) {
  const windows = []
  for (let y = 0; y + 11 <= SIDE; y += 11) {
    for (let x = 0; x + 11 <= SIDE; x += 11) {
      const places = Array.from({ length: 121 }, (_, i) => (y + Math.floor(i / 11)) * SIDE + x + (i % 11))
      const [a, b] = [one, other].map((greys) => places.map((place) => greys[place]))
      const [ma, mb] = [mean(a), mean(b)]
      const spread = mean(a.map((value, i) => (value - ma) ** 2 + (b[i] - mb) ** 2))
      const shared = mean(a.map((value, i) => (value - ma) * (b[i] - mb)))
      const luminance = (2 * ma * mb + 2.55 ** 2) / (ma ** 2 + mb ** 2 + 2.55 ** 2)
      windows.push((luminance * (2 * shared + 7.65 ** 2)) / (spread + 7.65 ** 2))
    }
  }
  return mean(windows)
}

const picture = noise()
const others = {
  itself: picture,
  'its negative': picture.map((value) => 255 - value),
  'an eighth of its contrast': picture.map((value) => Math.round(value / 8)),
  'plain grey': picture.map(() => 128),
  'other noise': noise(),
}
const pooled = {}
for (const [name, other] of Object.entries(others)) {
  const both = [rgba(picture), rgba(other), undefined, SIDE, SIDE]
  pooled[name] = hitchhikersSSIM(...both)
  const [byMean, gaussian] = [hitchhikersSSIM(...both, { covPooling: false }), ssim(...both)]
  const right = byFormula(picture, other)
  const [found, ...rest] = [pooled[name], byMean, gaussian, right].map((value) => value.toFixed(3))
  console.log(`${name}: ${found}; by the mean, by ssim, by the formula: ${rest.join(', ')}`)
  assert(Math.abs(byMean - right) < 0.001 && Math.abs(gaussian - right) < 0.02)
  assert(name === 'itself' ? right > 0.999 : right < 0.1)
}
assert(pooled.itself === 1)
assert(pooled['its negative'] === 1, 'no longer: a negative is identical')
assert(pooled['an eighth of its contrast'] > 0.99 && pooled['plain grey'] > 0.9, 'no longer: only the spread counts')
assert(pooled['other noise'] < -1, 'no longer: without bound')
JS
