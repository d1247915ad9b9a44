#!/usr/bin/env bash
# gif-encoder-2 1.0.5 (npm): whatever the quality, the same file.
#
# For whoever writes an animation of samples in node and wants its 256 colours well chosen. README has `setQuality`, 1 to 30,
# 1 the best and slowest. It fills `this.quality` (`src/GIFEncoder.js`), which nothing reads: NeuQuant is handed
# `this.sample`, which is always 10, so that it learns its palette from every tenth pixel. In the older gif-encoder, from whose
# code it stems, `setQuality` is what sets that number. No error, no warning.
#
# Expected: files that differ with the quality, and the smallest errors at 1.
# Seen:     the same bytes at 1, 5, 10 and 30. An image of 96 x 96 with many colours is off by 16.5 on average (root of the mean
#           square); by gif-encoder 0.7.2 by 11.9 at 1, by 16.5 at 10 and by 19.0 at 30.
#
# Fails (exit code 1) when that is no longer so.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
npm install --silent --no-audit --no-fund --prefix "$place" gif-encoder-2@1.0.5 gif-encoder@0.7.2 omggif@1.0.10 \
    > "$place/npm" 2>&1 || { cat "$place/npm"; exit 1; }
cd "$place"
node - <<'JS'
const assert = require('node:assert')
const Newer = require('gif-encoder-2')
const Older = require('gif-encoder')
const { GifReader } = require('omggif')

const SIDE = 96
const image = new Uint8Array(SIDE * SIDE * 4)
for (let pixel = 0; pixel < SIDE * SIDE; pixel++) {
  const [x, y] = [pixel % SIDE, Math.floor(pixel / SIDE)]
  image.set([(255 * x) / (SIDE - 1), (255 * y) / (SIDE - 1), 127 + 127 * Math.sin((x + y) / 9), 255], 4 * pixel)
}

function newer(quality) {
  const encoder = new Newer(SIDE, SIDE)
  encoder.start()
  encoder.setQuality(quality)
  encoder.addFrame(image)
  encoder.finish()
  return encoder.out.getData()
}

function older(quality) {
  const encoder = new Older(SIDE, SIDE, { highWaterMark: 1 << 20 })
  encoder.setQuality(quality)
  encoder.writeHeader()
  encoder.addFrame(image)
  encoder.finish()
  return encoder.read()
}

function error(file) {
  const shown = new Uint8Array(image.length)
  new GifReader(file).decodeAndBlitFrameRGBA(0, shown)
  const squares = Array.from(shown, (value, at) => (at % 4 < 3 ? (value - image[at]) ** 2 : 0))
  return Math.sqrt(squares.reduce((sum, square) => sum + square) / (3 * SIDE * SIDE))
}

const errors = {}
for (const quality of [1, 5, 10, 30]) {
  errors[quality] = error(older(quality))
  console.log(`quality ${quality}: error ${error(newer(quality)).toFixed(2)}, by gif-encoder ${errors[quality].toFixed(2)}`)
  assert(newer(quality).equals(newer(10)), 'no longer: the same bytes')
}
assert(errors[1] < errors[5] && errors[5] < errors[10] && errors[10] < errors[30], 'the reference is not right')
assert(error(newer(1)) > 1.2 * errors[1], 'no longer: worse than it can')
JS
