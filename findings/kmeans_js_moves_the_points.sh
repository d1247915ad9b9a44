#!/usr/bin/env bash
# kmeans-js 0.1.2 (npm): it moves some of the points that it is to cluster, and stops as soon as one number keeps still.
#
# For whoever counts in a page how many samples fall to which mode, or takes a palette of few colours from a picture. K-means
# begins with K points of the data as centres, moves each centre to the mean of its cluster, and ends when none moves. The
# package takes the arrays of those points themselves, not copies (`initializeForgy` in `kMeans.js`), and writes each new
# centre into them: the caller's data change, and a point that has become a centre agrees with it wherever it goes. And
# `hasConverged` is true when any of the numbers has moved by less than the tolerance, not when all have: a feature that is the
# same everywhere (a black border, a dead unit) is enough. README says neither; its example begins so. No error, no warning.
#
# Expected: the points as they were; centres that are the means of their clusters; the same whether or not a 0 is appended.
# Seen:     of twelve points around three places 2 to 3 are changed, and some centre lies 1.1 from its cluster's mean on average (of
#           200 sets); of ninety points again 3, and 0.27. With a 0 appended to each of ninety points it always ends after one
#           step: the mean squared distance to the nearest centre is 14.4, by Lloyd's rule from the same beginnings 7.0.
#
# Fails (exit code 1) when that is no longer so.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
npm install --silent --no-audit --no-fund --prefix "$place" kmeans-js@0.1.2 > "$place/npm" 2>&1 || { cat "$place/npm"; exit 1; }
cd "$place"
node - <<'JS'
const assert = require('node:assert')
const KMeans = require('kmeans-js')

const [TIMES, PLACES] = [200, [[0, 0], [10, 0], [0, 10]]]
let state = 1
const draw = () => (state = (state * 16807) % 2147483647) / 2147483647
Math.random = draw // so that it begins with the same points each time

const mean = (values) => values.reduce((sum, value) => sum + value) / values.length
const middle = (points) => points[0].map((_, axis) => mean(points.map((point) => point[axis])))
const squared = (one, other) => one.reduce((sum, value, axis) => sum + (value - other[axis]) ** 2, 0)
const spread = (points, centres) => mean(points.map((point) => Math.min(...centres.map((centre) => squared(point, centre)))))

/** Lloyd's rule, until nothing moves. */
function lloyd(points, centres) {
  const clusters = centres.map(() => [])
  for (const point of points) {
    const far = centres.map((centre) => squared(point, centre))
    clusters[far.indexOf(Math.min(...far))].push(point)
  }
  const next = centres.map((centre, k) => (clusters[k].length ? middle(clusters[k]) : centre))
  return next.every((centre, k) => squared(centre, centres[k]) < 1e-18) ? next : lloyd(points, next)
}

function measure(each, appended) {
  const all = { moved: [], off: [], steps: [], found: [], right: [] }
  for (let time = 0; time < TIMES; time++) {
    const around = (at) => [...at.map((x) => x + 6 * draw() - 3), ...appended]
    const points = Array.from({ length: each }, () => PLACES.map(around)).flat()
    const handed = points.map((point) => [...point])
    const begin = state
    const km = new KMeans({ K: 3 })
    km.autoCluster(handed)
    const end = state
    state = begin
    const first = PLACES.map(() => [...points[Math.floor(draw() * points.length)]])
    assert.strictEqual(state, end, 'it does not begin with three points')
    all.moved.push(points.filter((point, i) => squared(point, handed[i]) > 0).length)
    all.off.push(Math.max(...km.clusters.map((cluster, k) => (
      cluster.length ? Math.sqrt(squared(middle(cluster.map((i) => points[i])), km.centroids[k])) : 0))))
    all.steps.push(km.currentIteration)
    all.found.push(spread(points, km.centroids))
    all.right.push(spread(points, lloyd(points, first)))
  }
  const result = Object.fromEntries(Object.entries(all).map(([name, values]) => [name, mean(values)]))
  console.log(`${3 * each} points${appended.length ? ', a 0 appended' : ''}: ${result.moved.toFixed(2)} points moved, a centre `
    + `${result.off.toFixed(2)} from its cluster's mean, ${result.steps.toFixed(1)} steps, mean square ${result.found.toFixed(2)}, `
    + `by Lloyd's rule ${result.right.toFixed(2)}`)
  return result
}

const [few, many] = [measure(4, []), measure(30, [])]
assert(few.moved > 2 && many.moved > 2, 'no longer: it moves points')
assert(few.off > 0.8 && many.off > 0.15, 'no longer: centres are not the means')
const dead = measure(30, [0])
assert(dead.steps === 1 && many.steps > 5, 'no longer: one number that keeps still is enough')
assert(dead.found > 1.3 * dead.right)
JS
