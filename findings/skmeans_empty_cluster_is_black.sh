#!/usr/bin/env bash
# skmeans 0.11.3 (npm): a cluster to which nothing belongs is returned at the origin: a colour, or a mode, that nothing has.
#
# For whoever takes the palette of a sample, of an edge map or a label map say, by k-means in a page, or counts the modes of a GAN
# by it. A cluster runs empty when two of its beginnings are equal, and of a picture's pixels most are: the paper is white.
# Then its centre is 0 / 0 in each coordinate, of which `(sumj[h])/(cj) || 0` (`main.js`; `sum[j]/count[j] || 0` for plain numbers)
# makes 0. Each of these clusters is returned as a centre like any other, `k` counts it, and `test` assigns new points to
# it. The README says of "kmrand" alone that no two beginnings are equal (with few colours it is an error), of the default that
# "apropiate ones" are chosen, and nothing of empty clusters. No error, no warning.
#
# Expected: of a picture without black a palette without black: an empty cluster left where it was, begun anew, left out, or NaN.
# Seen:     of 100 drawings in three inks on white paper, 85 % white and no value below 50, a palette of 8 has black each time, 5.6 of
#           its 8 colours on average; a dark grey that is looked up by `test` is black. A set of samples that has collapsed
#           to two pictures has three modes by "kmpp", k = 3, one of them black. Of sixty numbers from 5 to 6, from beginnings
#           that the caller gives, 5.5 and 9, the second is 0, and so it is in the caller's own array.
#
# Fails (exit code 1) when that is no longer so.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
npm install --silent --no-audit --no-fund --prefix "$place" skmeans@0.11.3 > "$place/npm" 2>&1 || { cat "$place/npm"; exit 1; }
cd "$place"
node - <<'JS'
const assert = require('node:assert')
const skmeans = require('skmeans')

const [TIMES, PALETTE, WHITE] = [100, 8, [255, 255, 255]]
const INKS = [[200, 60, 60], [60, 120, 200], [90, 160, 90]]
let state = 7
const draw = () => (state = (state * 16807) % 2147483647) / 2147483647
Math.random = draw

const ink = () => INKS[Math.floor(3 * draw())].map((value) => Math.round(value + 20 * draw() - 10))
const drawing = () => Array.from({ length: 1024 }, () => (draw() < 0.85 ? WHITE : ink()))
const mean = (values) => values.reduce((sum, value) => sum + value) / values.length
const isBlack = (colour) => colour.every((value) => value === 0)

/** What is in the cluster of each centre, as its own list of them says. */
const members = ({ idxs, k }) => Array.from({ length: k }, (_, at) => idxs.filter((index) => index === at).length)

const blacks = []
for (let time = 0; time < TIMES; time++) {
  const pixels = drawing()
  assert(Math.min(...pixels.flat()) >= 50)
  const found = skmeans(pixels, PALETTE)
  const sizes = members(found)
  blacks.push(found.centroids.filter(isBlack).length)
  found.centroids.forEach((centre, at) => {
    if (sizes[at] === 0) return assert(isBlack(centre), 'no longer: an empty cluster is at the origin')
    const cluster = pixels.filter((_, i) => found.idxs[i] === at)
    return centre.forEach((value, axis) => assert(Math.abs(value - mean(cluster.map((pixel) => pixel[axis]))) < 1e-6))
  })
  assert(isBlack(found.test([40, 40, 40]).centroid), 'no longer: a dark grey is black')
}
console.log(`${blacks.filter(Boolean).length} of ${TIMES} palettes have black, ${mean(blacks)} of ${PALETTE} colours on average`)
assert(blacks.every(Boolean) && mean(blacks) > 4, 'no longer: palettes have black')

const two = [[10, 20, 30], [200, 100, 50]]
const collapsed = Array.from({ length: 20 }, (_, i) => two[i % 2])
const modes = skmeans(collapsed, 3, 'kmpp')
console.log(`two pictures, k = 3: centres ${JSON.stringify(modes.centroids)}, with ${members(modes)} pictures`)
assert(modes.k === 3 && modes.centroids.filter(isBlack).length === 1, 'no longer: a mode that nothing has')
assert(two.every((picture) => modes.centroids.some((centre) => String(centre) === String(picture))))

const beginnings = [5.5, 9]
const numbers = skmeans(Array.from({ length: 60 }, () => 5 + draw()), 2, beginnings)
console.log(`numbers from 5 to 6, from 5.5 and 9: centres ${numbers.centroids}; what was handed over: ${beginnings}`)
assert(numbers.centroids[1] === 0 && beginnings[1] === 0 && beginnings[0] > 5)
JS
