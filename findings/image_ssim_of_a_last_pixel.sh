#!/usr/bin/env bash
# image-ssim 0.2.0 (npm): two equal pictures of 257 x 257 pixels have an SSIM of NaN, of 256 x 256 one of 1.
#
# For whoever shows beside a translation how near the truth it is, in a page. Windows of 8 x 8 pixels do not overlap, and what is
# left at the right and below makes smaller ones (`_iterate` in `dist/image-ssim.js`). Where both sides leave one pixel, the
# window of the corner is that pixel alone; its variance is a sum of nothing over n - 1 = 0, which is NaN, and so is the mean over
# all windows. Any pair of pictures is hit, any `windowSize` whose remainder is 1 for both sides, and a window of 1 always.
# No error, no warning; neither README nor typings name a size that does not do.
#
# Expected: 1 for a picture and itself, of any size; for another picture a number from -1 to 1.
# Seen:     256 x 256: 1. 257 x 256: 1. 257 x 257, 9 x 17 and 65 x 65: NaN, also against another picture; with a window of 11
#           257 x 257 is 1 again, and 254 x 254 NaN.
#
# Fails (exit code 1) when that is no longer so.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
npm install --silent --no-audit --no-fund --prefix "$place" image-ssim@0.2.0 > "$place/npm" 2>&1 || { cat "$place/npm"; exit 1; }
cd "$place"
node - <<'JS'
const assert = require('node:assert')
const { compare } = require('image-ssim')

/** A grey picture of smooth waves. */
function picture(width, height, phase = 0) {
  const data = Array.from({ length: width * height }, (_, i) =>
    128 + 100 * Math.sin((i % width) / 7 + phase) * Math.cos(Math.floor(i / width) / 9))
  return { data, width, height, channels: 1 }
}

const cases = [[256, 256, 8], [257, 256, 8], [257, 257, 8], [9, 17, 8], [65, 65, 8], [257, 257, 11], [254, 254, 11]]
for (const [width, height, windowSize] of cases) {
  const [one, other] = [picture(width, height), picture(width, height, 1)]
  const [itself, another] = [compare(one, one, windowSize).ssim, compare(one, other, windowSize).ssim]
  console.log(`${width} x ${height}, windows of ${windowSize}: ${+itself.toFixed(6)} with itself, ${+another.toFixed(3)} with another`)
  if (width % windowSize === 1 && height % windowSize === 1) {
    assert(Number.isNaN(itself) && Number.isNaN(another), 'no longer: a single pixel has a variance')
  } else {
    assert(Math.abs(itself - 1) < 1e-9 && another > -1 && another < 0.9)
  }
}
JS
