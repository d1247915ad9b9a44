#!/usr/bin/env bash
# color-delta-e 1.3.0 (npm): half a percent of saturation is a difference of 40, and half a percent of lightness is none.
#
# For whoever says in a page how far the colours of a translation are from the true ones. `deltaE` takes strings, or three numbers
# and what they are; numbers of HSL are made a string, too. From a string it takes the groups of digits one by one, and of them
# the first three (`convertStringToTuple` in `dist/index.mjs`): a decimal point ends a number, a minus sign is lost, and
# a tenth of a degree is the saturation. Whatever computes colours computes fractions. A string that begins with "lab" is
# parsed likewise and then taken for RGB; three numbers of "lab" are not. No error, no warning.
#
# Expected: less than 1 for what nobody sees: half a degree, half a percent or half a level more; more than 20 for other hues.
# Seen:     hsl(210, 50 %, 40 %), as numbers or as a string, is 16.2 from itself with half a degree more, 40.4 from itself
#           with half a percent more of saturation, 0 with half a percent more of lightness. rgb(100.5, 150, 200) is 49.2 from
#           rgb(100, 150, 200). lab(50 -30 20) and lab(50 30 20), a green and a red: 0; as numbers 38.9, as CIE94 says.
#
# Fails (exit code 1) when that is no longer so.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
npm install --silent --no-audit --no-fund --prefix "$place" color-delta-e@1.3.0 > "$place/npm" 2>&1 || { cat "$place/npm"; exit 1; }
cd "$place"
node - <<'JS'
const assert = require('node:assert')
const { deltaE, isPerceivable } = require('color-delta-e')

function hslToRgb([hue, saturation, lightness]) {
  const chroma = ((saturation / 100) * Math.min(lightness, 100 - lightness)) / 100
  return [0, 8, 4].map((n) => {
    const k = (n + hue / 30) % 12
    return 255 * (lightness / 100 - chroma * Math.max(-1, Math.min(k - 3, 9 - k, 1)))
  })
}

function rgbToLab(rgb) {
  const linear = (v) => (v > 0.04045 ? ((v + 0.055) / 1.055) ** 2.4 : v / 12.92)
  const [r, g, b] = rgb.map((value) => linear(value / 255))
  const [x, y, z] = [
    (0.4124 * r + 0.3576 * g + 0.1805 * b) / 0.95047,
    0.2126 * r + 0.7152 * g + 0.0722 * b,
    (0.0193 * r + 0.1192 * g + 0.9505 * b) / 1.08883,
  ].map((v) => (v > 216 / 24389 ? Math.cbrt(v) : (841 / 108) * v + 4 / 29))
  return [116 * y - 16, 500 * (x - y), 200 * (y - z)]
}

/** CIE94 of two colours in Lab, with the weights for graphics, the first one as the reference. */
function cie94([l1, a1, b1], [l2, a2, b2]) {
  const [c1, c2] = [Math.hypot(a1, b1), Math.hypot(a2, b2)]
  const hue = Math.max(0, (a1 - a2) ** 2 + (b1 - b2) ** 2 - (c1 - c2) ** 2)
  return Math.sqrt((l1 - l2) ** 2 + ((c1 - c2) / (1 + 0.045 * c1)) ** 2 + hue / (1 + 0.015 * c1) ** 2)
}

const toLab = { hsl: (colour) => rgbToLab(hslToRgb(colour)), rgb: rgbToLab, lab: (colour) => colour }
const strings = {
  hsl: ([h, s, l]) => `hsl(${h}, ${s}%, ${l}%)`,
  rgb: (colour) => `rgb(${colour.join(', ')})`,
  lab: (colour) => `lab(${colour.join(' ')})`,
}
/** What it finds for numbers and for strings, and what is right. */
function compare(type, one, other) {
  const found = deltaE(one, other, type)
  const ofStrings = deltaE(strings[type](one), strings[type](other))
  const right = cie94(toLab[type](one), toLab[type](other))
  console.log(`${strings[type](one)} and ${strings[type](other)}: numbers ${found.toFixed(2)}, strings ${ofStrings.toFixed(2)}; `
    + `right ${right.toFixed(2)}`)
  return [found, ofStrings, right]
}
const near = (one, other) => Math.abs(one - other) < 0.3 // it rounds HSL to whole levels of RGB

for (const other of [[211, 50, 40], [210, 55, 40], [210, 50, 44], [30, 80, 60]]) {
  const [found, ofStrings, right] = compare('hsl', [210, 50, 40], other)
  assert(near(found, right) && near(ofStrings, right), 'not even whole numbers')
}
for (const [other, from, to] of [[[210.5, 50, 40], 15, 18], [[210, 50.5, 40], 39, 42], [[210, 50, 40.5], 0, 0]]) {
  const [found, ofStrings, right] = compare('hsl', [210, 50, 40], other)
  assert(found === ofStrings && from <= found && found <= to, 'no longer: a point ends a number')
  assert(0.1 < right && right < 1)
}
for (const [other, perceivable] of [[[210.5, 50, 40], true], [[211, 50, 40], false]]) {
  assert.strictEqual(isPerceivable([210, 50, 40], other, { type: 'hsl' }), perceivable)
}

const [found, ofStrings, right] = compare('rgb', [100, 150, 200], [100.5, 150, 200])
assert(near(found, right) && right < 1 && ofStrings > 45, 'no longer: a point ends a number of RGB')
for (const other of [[50, 30, 20], [50, -30, -20]]) {
  const [ofNumbers, ofLabs, rightLab] = compare('lab', [50, -30, 20], other)
  assert(near(ofNumbers, rightLab) && rightLab > 20 && ofLabs === 0, 'no longer: a minus sign is lost')
}
JS
