#!/usr/bin/env bash
# @alttiri/image-hash 0.0.2-20241214 (npm): pictures that lie in one array, one behind the other, all have the hash of the first.
#
# For whoever looks in a page for samples that are training pictures, or for samples that are alike: a batch comes from a network
# as one array, and `subarray` shows each picture of it without a copy. `getGrayData` (`src/grayscale.js`), through which all four
# hashes go, reads the pixels from `data.buffer`, which is the whole array, and leaves out where the picture begins in it
# (`byteOffset`). A README there is none; the types ask for pixels in a Uint8ClampedArray, width and height, which each of these
# pictures has. Pictures of a canvas are arrays of their own, with which all is well. No error, no warning.
#
# Expected: the hash of a picture by its pixels, wherever they lie: that of a copy of them; about half of the bits of two
#           unlike pictures differ.
# Seen:     of 100 pictures of noise in one array, 100 have the hash of the first by each of the four hashes, and all 4,950 pairs
#           are at a distance of 0; of copies of the same pictures 32 of 64 bits differ on average, and none is equal.
#
# Fails (exit code 1) when that is no longer so.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
npm install --silent --no-audit --no-fund --prefix "$place" @alttiri/image-hash@0.0.2-20241214 > "$place/npm" 2>&1 \
    || { cat "$place/npm"; exit 1; }
cd "$place"
cat > look.mjs <<'JS'
import assert from 'node:assert'
import { aHash, bHash, dHash, mHash } from '@alttiri/image-hash'

const [PICTURES, SIDE] = [100, 16]
const BYTES = SIDE * SIDE * 4
let state = 7
const draw = () => (state = (state * 16807) % 2147483647) / 2147483647

const batch = Uint8ClampedArray.from({ length: PICTURES * BYTES }, (_, i) => (i % 4 === 3 ? 255 : 256 * draw()))
const each = (make) => Array.from({ length: PICTURES }, (_, i) => make(i * BYTES, (i + 1) * BYTES))
const picture = (data) => ({ data, width: SIDE, height: SIDE, colorSpace: 'srgb' })

/** aHash by its definition, for a picture that is halved: which of 8 x 8 blocks are brighter than all on average. */
const byDefinition = (data) => {
  const blocks = Array(64).fill(0)
  for (let i = 0; i < SIDE * SIDE; i++) {
    const [r, g, b] = data.subarray(4 * i)
    blocks[8 * (i >> 5) + ((i % SIDE) >> 1)] += Math.round(0.299 * r + 0.587 * g + 0.114 * b) / 4
  }
  const mean = blocks.reduce((sum, value) => sum + value) / 64
  return blocks.map((value) => (value > mean ? 1 : 0)).join('')
}

for (const hash of [dHash, aHash, mHash, bHash]) {
  const shown = each((from, to) => hash(picture(batch.subarray(from, to))))
  const copied = each((from, to) => hash(picture(batch.slice(from, to))))
  const distances = (hashes) => hashes.flatMap((one, i) => hashes.slice(i + 1).map((other) => one.diff(other)))
  const [near, far] = [distances(shown), distances(copied)]
  const mean = far.reduce((sum, value) => sum + value) / far.length
  console.log(`${hash.name}: ${near.filter((d) => d === 0).length} of ${near.length} pairs equal, ` +
    `of copies ${far.filter((d) => d === 0).length}, ${mean.toFixed(1)} of 64 bits differ`)
  assert(shown.every((one) => one.hex === copied[0].hex), 'no longer: all have the hash of the first')
  assert(far.every((d) => d > 0) && mean > 28 && mean < 36)
}

const differ = each((from, to) => batch.slice(from, to)).map((data) => {
  const [found, right] = [aHash(picture(data)).bin, byDefinition(data)]
  return [...found].filter((bit, i) => bit !== right[i]).length
})
console.log(`aHash of copies against its definition: at most ${Math.max(...differ)} of 64 bits differ`)
assert(Math.max(...differ) <= 4)
JS
node look.mjs
