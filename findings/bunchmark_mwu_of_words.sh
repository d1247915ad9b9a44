#!/usr/bin/env bash
# @bunchmark/stats 1.0.0-pre-5 (npm): scores around 10, or 100, of one loss in two sets differ "significantly" half of the time.
#
# For whoever compares in a page the scores of two losses over their seeds without a normal distribution. Mann and Whitney's test
# ranks the numbers of both samples. `mwu` (`src/mann-whitney-u.js`) sorts either by `sort()`, which JavaScript does by the
# letters: "10.2" before "9.8", and "1e-7" after "0.9". It then merges the two as if they were sorted by size. Nothing happens as long
# as all numbers have as many digits before the point; where a power of ten lies between them, ranks are wrong. `mwUnaive`, in the
# same file, sorts by size; README does not name it, and asks of the numbers only that none is NaN. `getTable`, for all pairs of
# several samples, is meant to be given `mwu`. No error, no warning.
#
# Expected: what `mwUnaive` gives, and the number of pairs in which one is larger; p <= 0.05 for about 5 % where nothing differs.
# Seen:     two samples of 20 from one normal distribution, 1,000 times: of mean 10 and deviation 1 p <= 0.05 for 47 %, of 100
#           and 10 for 51 %, of 15 and 1, which has no power of ten within, for 4 %. If the means are 9.25 and 10.75, which
#           are 1.5 deviations apart, for 47 % instead of 99 %.
#
# Fails (exit code 1) when that is no longer so.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
npm install --silent --no-audit --no-fund --prefix "$place" @bunchmark/stats@1.0.0-pre-5 > "$place/npm" 2>&1 \
    || { cat "$place/npm"; exit 1; }
cd "$place"
cat > look.mjs <<'JS'
import assert from 'node:assert'
import { mwu, mwUnaive } from '@bunchmark/stats'

const [TIMES, N] = [1000, 20]
let state = 7
const draw = () => (state = (state * 16807) % 2147483647) / 2147483647
const normal = () => Math.sqrt(-2 * Math.log(draw())) * Math.cos(2 * Math.PI * draw())
const sample = (mean, deviation) => Array.from({ length: N }, () => mean + deviation * normal())

/** The larger of both samples' numbers of pairs in which theirs is larger, by definition, and how likely one as large is. */
const byDefinition = (one, other) => {
  const above = one.flatMap((a) => other.map((b) => (a > b ? 1 : a < b ? 0 : 0.5))).reduce((sum, value) => sum + value)
  const U = Math.max(above, N * N - above)
  const z = (U - (N * N) / 2 - 0.5) / Math.sqrt((N * N * (2 * N + 1)) / 12)
  return { U, z }
}

const Z = 1.959964 // p = 0.05, both tails
const share = (one, other) => {
  const small = { mwu: 0, mwUnaive: 0, byDefinition: 0 }
  let wrong = 0
  for (let time = 0; time < TIMES; time++) {
    const [a, b] = [sample(...one), sample(...other)]
    const [found, naive, right] = [mwu(a, b), mwUnaive(a, b), byDefinition(a, b)]
    assert(naive.U === right.U && Math.abs(naive.z - right.z) < 1e-9)
    wrong += found.U !== right.U
    small.mwu += found.p <= 0.05
    small.mwUnaive += naive.p <= 0.05
    small.byDefinition += right.z >= Z
  }
  console.log(`${one} against ${other}: p <= 0.05 of ${TIMES}`, small, `another U: ${wrong}`)
  return { ...small, wrong }
}

const [ten, hundred, fifteen] = [[10, 1], [100, 10], [15, 1]].map((of) => share(of, of))
const apart = share([9.25, 1], [10.75, 1])
for (const same of [ten, hundred]) {
  assert(same.mwu > 0.4 * TIMES && same.wrong > 0.8 * TIMES, 'no longer: sorted by letters')
  assert(same.byDefinition < 0.08 * TIMES && same.mwUnaive < 0.08 * TIMES)
}
assert(fifteen.wrong === 0 && fifteen.mwu === fifteen.mwUnaive)
assert(apart.mwu < 0.6 * TIMES && apart.byDefinition > 0.97 * TIMES)
JS
node look.mjs
