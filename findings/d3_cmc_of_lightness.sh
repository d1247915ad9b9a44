#!/usr/bin/env bash
# d3-color-difference 0.1.3 (npm): by the CMC difference, red and a green of the same lightness are one colour.
#
# For whoever reads label maps back from a translated picture in a page: each pixel is the class whose colour is nearest. The
# package has seven differences of colours. CMC l:c (1984) is the root of a sum of three squares, for lightness, chroma
# and hue. `differenceCmc` and `differenceCmcWeighted` (`src/cmc.js`) hand the three to `Math.sqrt` as three
# arguments, and it takes the first alone: lightness. Of greys that is right. No error, no warning.
#
# Expected: 82 for red and the green #009300, by the formula; 85 by culori 4.0.2, of the same author, whose white is D65.
# Seen:     1.3, and 0.3 for two greys that are next to each other (right: 0.3). Of 12 classes' colours, with a little
#           noise in each channel, CMC names another class for 24 % of 1,200 pixels, CIEDE2000 and the formula for none.
#
# Fails (exit code 1) when that is no longer so.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
npm install --silent --no-audit --no-fund --prefix "$place" d3-color-difference@0.1.3 d3-color@1.4.1 culori@4.0.2 \
    > "$place/npm" 2>&1 || { cat "$place/npm"; exit 1; }
cd "$place"
node - <<'JS'
const assert = require('node:assert')
const { lab, rgb } = require('d3-color')
const { differenceCmc, differenceCmcWeighted, differenceCiede2000 } = require('d3-color-difference')
const culori = require('culori')

const cosine = (angle) => Math.cos((angle * Math.PI) / 180)

function byFormula(standard, sample) {
  const [one, other] = [lab(standard), lab(sample)]
  const [c1, c2] = [Math.hypot(one.a, one.b), Math.hypot(other.a, other.b)]
  const hue = ((Math.atan2(one.b, one.a) * 180) / Math.PI + 360) % 360
  const f = Math.sqrt(c1 ** 4 / (c1 ** 4 + 1900))
  const bluish = hue >= 164 && hue <= 345
  const t = bluish ? 0.56 + Math.abs(0.2 * cosine(hue + 168)) : 0.36 + Math.abs(0.4 * cosine(hue + 35))
  const ofLightness = one.l < 16 ? 0.511 : (0.040975 * one.l) / (1 + 0.01765 * one.l)
  const ofChroma = (0.0638 * c1) / (1 + 0.0131 * c1) + 0.638
  const hues = (one.a - other.a) ** 2 + (one.b - other.b) ** 2 - (c1 - c2) ** 2
  const ofHue = ofChroma * (f * t + 1 - f)
  return Math.hypot((one.l - other.l) / ofLightness, (c1 - c2) / ofChroma, Math.sqrt(Math.max(0, hues)) / ofHue)
}

const weighted = differenceCmcWeighted(1, 1)
const ways = { differenceCmc, weighted, culori: culori.differenceCmc(), byFormula, differenceCiede2000 }
const of = (one, other) => Object.fromEntries(Object.entries(ways).map(([name, way]) => [name, +way(one, other).toFixed(1)]))
const [apart, greys] = [of('#ff0000', '#009300'), of('#808080', '#818181')]
console.log('red and green', apart)
console.log('two greys', greys)
assert(apart.byFormula > 80 && Math.abs(apart.culori - apart.byFormula) < 5 && greys.differenceCmc === greys.byFormula)

const classes = '#e6194b #3cb44b #4363d8 #f58231 #911eb4 #46f0f0 #f032e6 #bcf60c #008080 #9a6324 #800000 #808000'.split(' ')
let state = 1
const draw = () => (state = (state * 16807) % 2147483647) / 2147483647
const wrong = { differenceCmc: 0, byFormula: 0, differenceCiede2000: 0 }
for (let i = 0; i < 1200; i++) {
  const { r, g, b } = rgb(classes[i % 12])
  const [red, green, blue] = [r, g, b].map((value) => Math.min(255, Math.max(0, Math.round(value + 16 * draw() - 8))))
  for (const name in wrong) {
    const far = classes.map((one) => ways[name](one, rgb(red, green, blue)))
    wrong[name] += far.indexOf(Math.min(...far)) !== i % 12
  }
}
console.log('pixels that are read as another class, of 1,200:', wrong)
assert(wrong.byFormula === 0 && wrong.differenceCiede2000 === 0)
assert(apart.differenceCmc < 2 && apart.weighted < 2 && wrong.differenceCmc > 200, 'no longer: lightness alone')
JS
