#!/usr/bin/env bash
# kmeans-ts 1.0.4 and node-kmeans 1.1.9 (npm): numbers that are two heaps far apart are one cluster, of all of them.
#
# For whoever sorts scores into those of runs that collapsed and of those that did not, or grey levels into paper and ink. By its
# README kmeans-ts takes `Array<number>` or `Array<Array<number>>`. For plain numbers it takes the first coordinate of each (`data[_i][0]`
# in `dist/kmeans-ts.cjs.development.js`), which a number does not have: all distances are NaN, none is smaller, and all numbers fall
# to the first cluster, whatever the beginnings; the others' centres are NaN. node-kmeans makes of plain numbers ("only one
# dimension", as its code says) centres that are lists of one, and `euclidianDistance` (`lib/kmeans.js`) returns an error, instead
# of throwing it, for a list and a number; no error is smaller than another. Its README asks for lists, and what checks the input
# lets numbers pass where all are numbers. No error, no warning.
#
# Expected: the two heaps, which both packages find among the same numbers in lists of one, [x], each time; or an error.
# Seen:     ten numbers from 0 to 1 and ten from 100 to 101: all 20 in the first of two clusters in 100 of 100 runs by either; by
#           kmeans-ts with any of its beginnings, the true ones included, after 10,000 iterations, about 50.5 and NaN.
#
# Fails (exit code 1) when that is no longer so.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
npm install --silent --no-audit --no-fund --prefix "$place" kmeans-ts@1.0.4 node-kmeans@1.1.9 > "$place/npm" 2>&1 \
    || { cat "$place/npm"; exit 1; }
cd "$place"
cat > look.js <<'JS'
const assert = require('node:assert')
const kmeans = require('kmeans-ts').default
const { clusterize } = require('node-kmeans')

const [TIMES, EACH] = [100, 10]
let state = 7
const draw = () => (state = (state * 16807) % 2147483647) / 2147483647
Math.random = draw

const numbers = Array.from({ length: 2 * EACH }, (_, i) => (i < EACH ? 0 : 100) + draw())
const lists = numbers.map((number) => [number])
const mean = (values) => values.reduce((sum, value) => sum + value) / values.length
const byNode = (data) => new Promise((resolve, reject) =>
  clusterize(data.slice(), { k: 2 }, (error, found) => (error ? reject(error) : resolve(found))))

/** Which cluster each of the numbers is in, the first number's being the first. */
const ofNode = (found) => {
  const at = numbers.map((_, i) => found.findIndex(({ clusterInd }) => clusterInd.includes(i)))
  return at.map((cluster) => (cluster === at[0] ? 0 : 1)).join('')
}
const one = '0'.repeat(2 * EACH)
const two = '0'.repeat(EACH) + '1'.repeat(EACH)

const look = async () => {
  for (const beginnings of [undefined, 'kmeans', 'kmeans++', [mean(numbers.slice(0, EACH)), mean(numbers.slice(EACH))]]) {
    const times = beginnings === undefined ? TIMES : 1
    const found = Array.from({ length: times }, () => kmeans(numbers, 2, beginnings))
    console.log(`kmeans-ts, ${beginnings}: ${found[0].indexes.join('')}, centres ${found[0].centroids}, ${found[0].iterations} iterations`)
    assert(found.every(({ indexes }) => indexes.join('') === one), 'no longer: all in one cluster')
    assert(found.every(({ centroids: [[first], [second]] }) => Math.abs(first - mean(numbers)) < 1e-9 && Number.isNaN(second)))
  }
  const inLists = kmeans(lists, 2, [[0], [100]])
  assert(inLists.indexes.join('') === two && Math.abs(inLists.centroids[1][0] - mean(numbers.slice(EACH))) < 1e-9)

  for (let time = 0; time < TIMES; time++) {
    assert(ofNode(await byNode(numbers)) === one, 'no longer: all in one cluster')
    assert(ofNode(await byNode(lists)) === two)
    const { indexes } = kmeans(lists, 2)
    assert(indexes.map((cluster) => (cluster === indexes[0] ? 0 : 1)).join('') === two)
  }
  const found = await byNode(numbers)
  console.log(`node-kmeans: ${found.map(({ cluster }) => cluster.length)} numbers in its clusters, in lists of one ` +
    (await byNode(lists)).map(({ cluster }) => cluster.length))
}
look().catch((error) => { console.error(error); process.exit(1) })
JS
node look.js
