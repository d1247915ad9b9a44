#!/usr/bin/env bash
# float16 0.0.1 (npm): beyond the range of half precision a number becomes NaN, minus zero, or a small one of the other sign.
#
# For whoever halves in a page what a model needs: weights, features, the means and covariances that FID is made of. By IEEE 754
# a number from 65,520 on is infinite as a half, which whoever reads it can see. `float16ToByte` (`src/index.js`) adds
# exponent and fraction without asking whether the exponent still fits its five bits. From 65,520 to 65,536 the result is
# infinite; from there the fraction makes it NaN, from 131,072 on the exponent runs into the sign, and a negative number's
# sign beyond 16 bits. Its README has one example, 1, and says nothing of a range. What lies exactly between two
# halves goes up, not to the even one: 2,049 becomes 2,050. No error, no warning.
#
# Expected: as by IEEE 754 (`Float16Array`, or NumPy): infinity of the right sign; ties to even.
# Seen:     70,000 and 100,000 NaN; 131,072 -0; 200,000 -0.00003; 10^6 -0.00023; 10^9 -0.23; 10^10 -84; 3 * 10^9 a number
#           of 42 bits; -131,072 one of 17 bits, which a `Uint16Array` cuts to 0. Of 2,000 numbers from 65,536 to 10^6 none is infinite,
#           93 % are less than 0.001 in size and the others NaN. Up to 65,519 all but ties are right, subnormal ones, too.
#
# Fails (exit code 1) when that is no longer so.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
npm install --silent --no-audit --no-fund --prefix "$place" float16@0.0.1 > "$place/npm" 2>&1 || { cat "$place/npm"; exit 1; }
cd "$place"
node - <<'JS'
const assert = require('node:assert')
const { byteToFloat16, float16ToByte } = require('float16')

/** The nearest half, ties to even: multiples of a power of two that leaves ten bits after the first. */
function half(x) {
  const step = 2 ** (Math.max(Math.floor(Math.log2(Math.abs(x))), -14) - 10)
  const whole = Math.floor(x / step)
  const rest = x / step - whole
  const rounded = (rest > 0.5 || (rest === 0.5 && whole % 2) ? whole + 1 : whole) * step
  return Math.abs(rounded) > 65504 ? Math.sign(x) * Infinity : rounded
}
let state = 1
const draw = () => (state = (state * 16807) % 2147483647) / 2147483647
/** What is read from two bytes that were written. */
const stored = (x) => byteToFloat16(Uint16Array.of(float16ToByte(x))[0])

for (let time = 0; time < 20000; time++) {
  const x = (draw() < 0.5 ? -1 : 1) * 2 ** (41 * draw() - 25)
  assert(Math.abs(x) >= 65520 || stored(x) === half(x), `${x}: not even small ones`)
}
for (const [x, right, found] of [[2049, 2048, 2050], [2051, 2052, 2052], [1 + 2 ** -11, 1, 1 + 2 ** -10]]) {
  console.log(`${x}: ${stored(x)}, by IEEE 754 ${half(x)}`)
  assert(half(x) === right && stored(x) === found, 'no longer: ties go up')
}
for (const x of [65504, 65519]) assert.strictEqual(stored(x), 65504)
for (const x of [65520, 65536]) assert.strictEqual(stored(x), Infinity, 'not even the least of what is infinite')

for (const x of [70000, 1e5, 131072, 2e5, 1e6, 1e9, 3e9, 1e10, -131072]) {
  console.log(`${x}: ${float16ToByte(x)}, read as ${stored(x)}; by IEEE 754 ${half(x)}`)
  assert(Math.abs(half(x)) === Infinity && Math.abs(stored(x)) !== Infinity, 'no longer: the exponent may run over')
}
assert(Number.isNaN(stored(70000)) && Object.is(stored(131072), -0) && Object.is(stored(-131072), 0))
assert(stored(2e5) < 0 && stored(2e5) > -1e-4 && float16ToByte(3e9) > 2 ** 41 && float16ToByte(-131072) === 65536)

const many = Array.from({ length: 2000 }, () => stored(65536 + 0.5 + (1e6 - 65536) * draw()))
const [infinite, small] = [many.filter((x) => Math.abs(x) === Infinity), many.filter((x) => Math.abs(x) < 0.001)]
console.log(`of ${many.length} numbers from 65,536 to 1e6 ${infinite.length} are infinite, ${small.length} less than 0.001 in size`)
assert(infinite.length < 5 && small.length > 0.9 * many.length, 'no longer: large numbers become small ones')
JS
