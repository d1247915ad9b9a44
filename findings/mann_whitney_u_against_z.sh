#!/usr/bin/env bash
# mann-whitney-utest 1.0.5 and @tainakanchu/mann-whitney-utest 1.1.0 (npm): one score each is significant, twenty hardly ever.
#
# For whoever lets a page say which of two losses is better, by the FIDs of their seeds. `significant(u, samples)`, so the
# README, holds U against an approximate critical value. What stands for that (`criticalValue` in `mann-whitney.js`) is |z|, the
# number of standard deviations that U lies from its mean: the smaller U is called significant if it is below |z|. U grows with
# the product of the sizes and |z| with the root of one, so few scores pass easily and many almost never. U itself and z
# are right. The second package is a fork of the first. There is no p-value and no alpha. No error, no warning.
#
# Expected: about one in twenty of the orders that equal models can come in is significant, or fewer; none for one or two each.
# Seen:     all orders of one score each, 33 % for two each, 20 % for three, 3 % for five, 0.00000003 % for twenty. Of 20
#           and 20 scores with U = 36 (p = 0.000001) it says no. |z| > 1.96, by the same z: 0, 0, 10, 6, 5 %, and yes.
#
# Fails (exit code 1) when that is no longer so.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
npm install --silent --no-audit --no-fund --prefix "$place" mann-whitney-utest@1.0.5 @tainakanchu/mann-whitney-utest@1.1.0 \
    > "$place/npm" 2>&1 || { cat "$place/npm"; exit 1; }
cd "$place"
node - <<'JS'
const assert = require('node:assert')
const packages = ['mann-whitney-utest', '@tainakanchu/mann-whitney-utest'].map(require)

/** Two samples of n different scores each, in which u pairs have the first sample's score above the second's. */
function samples(n, u) {
  const below = (i) => Math.min(n, Math.max(0, u - n * (n - 1 - i))) // how many of the second lie below the i-th of the first
  const indices = [...Array(n).keys()]
  return [indices.map((i) => below(i) + (i + 1) / (n + 2)), indices.map((i) => i + 1)]
}

/** How many of the orders of n and n scores have each U: a product of (1 - q^(n + i)) / (1 - q^i). */
function orders(n) {
  const count = Array(n * n + 1).fill(0n)
  count[0] = 1n
  for (let i = 1; i <= n; i++) {
    for (let u = n * n; u >= n + i; u--) count[u] -= count[u - n - i]
    for (let u = i; u <= n * n; u++) count[u] += count[u - i]
  }
  return count.map(Number)
}

const of = {}
for (const n of [1, 2, 3, 5, 20]) {
  const count = orders(n)
  const all = count.reduce((sum, one) => sum + one)
  const said = [0, 0]
  let right = 0
  count.forEach((many, u) => {
    const both = samples(n, u)
    packages.forEach((one, i) => {
      const found = one.test(both)
      assert.deepEqual([...found].sort((a, b) => a - b), [u, n * n - u].sort((a, b) => a - b))
      said[i] += one.significant(found, both) ? many / all : 0
    })
    const z = Math.abs(u - n * n / 2) / Math.sqrt(n * n * (2 * n + 1) / 12)
    assert(Math.abs(packages[0].criticalValue([u, n * n - u], both) - z) < 1e-9, 'no longer: its critical value is z')
    right += z > 1.96 ? many / all : 0
  })
  of[n] = { said: said[0], right }
  assert(said[0] === said[1])
  const [percent, rightly] = [+(100 * said[0]).toPrecision(2), (100 * right).toFixed(1)]
  console.log(`${n} and ${n} scores: significant in ${percent} % of the orders, |z| > 1.96 in ${rightly} %`)
}
const [count, both] = [orders(20), samples(20, 36)]
const p = 2 * count.slice(0, 37).reduce((sum, one) => sum + one) / count.reduce((sum, one) => sum + one)
const yes = packages.map((one) => one.significant(one.test(both), both))
console.log(`20 and 20 with U = 36, p = ${p.toPrecision(1)}: significant? ${yes}`)
assert(p < 1e-5 && of[20].right > 0.03 && of[1].right === 0 && of[2].right === 0)
assert(of[1].said === 1 && of[2].said > 0.3 && of[3].said > 0.15 && of[20].said < 1e-9, 'no longer: U is held against z')
assert(!yes[0] && !yes[1], 'no longer: U is held against z')
JS
