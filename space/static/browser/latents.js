// From a seed to latents, and from one latent to another, as zoo.latents has them: the same float32 numbers.

const LEVELS = 2 ** 24;

// The Mersenne twister MT19937 (Matsumoto and Nishimura 1998), started by one number.
class Twister {
  constructor(seed) {
    this.words = new Uint32Array(624);
    this.words[0] = seed;
    for (let i = 1; i < 624; i += 1) {
      const before = this.words[i - 1];
      this.words[i] = Math.imul(before ^ (before >>> 30), 1812433253) + i;
    }
    this.at = 624;
  }

  turn() {
    const { words } = this;
    for (let i = 0; i < 624; i += 1) {
      const both = (words[i] & 0x80000000) | (words[(i + 1) % 624] & 0x7fffffff);
      words[i] = words[(i + 397) % 624] ^ (both >>> 1) ^ (both & 1 ? 0x9908b0df : 0);
    }
    this.at = 0;
  }

  // The lower 24 of a word's 32 bits.
  level() {
    if (this.at === 624) this.turn();
    let word = this.words[this.at];
    this.at += 1;
    word ^= word >>> 11;
    word ^= (word << 7) & 0x9d2c5680;
    word ^= (word << 15) & 0xefc60000;
    word ^= word >>> 18;
    return word & (LEVELS - 1);
  }

  pass(count) {
    for (let i = 0; i < count; i += 1) this.level();
  }
}

// n · size latents, row by row; within ±truncation where that is a number.
export function draw(n, size, seed, truncation = null) {
  const twister = new Twister(seed);
  const z = Float32Array.from({ length: n * size }, () => latent(twister.level()));
  return truncation == null ? z : z.map((value) => cut(cumulative(value), truncation));
}

// Row k of such a draw.
export function row(k, size, seed) {
  const twister = new Twister(seed);
  twister.pass(k * size);
  return Float32Array.from({ length: size }, () => latent(twister.level()));
}

export const latent = (level) => quantile((level + 0.5) / LEVELS);

// `count` times 1 / (1 - p), or 0 with probability p: dropout, by torch.rand's numbers.
export function masks(counts, p, seed) {
  const twister = new Twister(seed);
  const kept = Math.fround(p);
  return counts.map((count) => Float32Array.from({ length: count }, () => (twister.level() / LEVELS >= kept ? 1 / (1 - p) : 0)));
}

// --- the normal distribution

const along = (x, coefficients) => coefficients.reduce((sum, one) => sum * x + one, 0);

// Rational approximations of Moshier's Cephes library: [numerator, denominator], highest power first.
const MIDDLE = [
  [-5.99633501014107895267e1, 9.80010754185999661536e1, -5.66762857469070293439e1, 1.39312609387279679503e1, -1.23916583867381258016],
  [1, 1.95448858338141759834, 4.67627912898881538453, 8.63602421390890590575e1, -2.25462687854119370527e2, 2.00260212380060660359e2,
    -8.20372256168333339912e1, 1.59056225126211695515e1, -1.18331621121330003142],
];
const TAIL = [
  [4.05544892305962419923, 3.15251094599893866154e1, 5.71628192246421288162e1, 4.40805073893200834700e1, 1.46849561928858024014e1,
    2.18663306850790267539, -1.40256079171354495875e-1, -3.50424626827848203418e-2, -8.57456785154685413611e-4],
  [1, 1.57799883256466749731e1, 4.53907635128879210584e1, 4.13172038254672030440e1, 1.50425385692907503408e1, 2.50464946208309415979,
    -1.42182922854787788574e-1, -3.80806407691578277194e-2, -9.33259480895457427372e-4],
];
const EDGE = 0.13533528323661269189; // e⁻²
const SQRT_2_PI = 2.50662827463100050242;
const ratio = (x, [above, below]) => along(x, above) / along(x, below);

// Φ⁻¹(u) for 1e-14 < u < 1 - 1e-14.
export function quantile(u) {
  const upper = u > 1 - EDGE;
  const y = upper ? 1 - u : u;
  if (y > EDGE) {
    const off = y - 0.5;
    const square = off * off;
    return (off + off * (square * ratio(square, MIDDLE))) * SQRT_2_PI;
  }
  const x = Math.sqrt(-2 * Math.log(y));
  const value = x - Math.log(x) / x - ratio(1 / x, TAIL) / x;
  return upper ? value : -value;
}

const cumulative = (x) => (1 + (x < 0 ? -1 : 1) * (1 - tail(Math.abs(x) / Math.SQRT2))) * 0.5;

// erfc(x) for x ≥ 0: by the series of erf where it is short, else by the continued fraction.
function tail(x) {
  const bell = Math.exp(-x * x);
  if (x < 2) {
    let term = x, sum = x;
    for (let k = 1; term > sum * 1e-17; k += 1) sum += (term *= (2 * x * x) / (2 * k + 1));
    return 1 - (2 / Math.sqrt(Math.PI)) * bell * sum;
  }
  let below = x;
  for (let k = 120; k > 0; k -= 1) below = x + k / 2 / below;
  return bell / (Math.sqrt(Math.PI) * below);
}

// The quantile u of the distribution cut off at ±t.
function cut(u, t) {
  const low = 0.5 * tail(t / Math.SQRT2);
  return Math.min(t, Math.max(-t, quantile(low + u * (1 - 2 * low))));
}

// --- on the way

export function lerp(a, b, t) {
  return a.map((value, i) => (1 - t) * value + t * b[i]);
}

// The direction turns on the sphere, the norm moves linearly; the straight line where no single arc exists.
export function slerp(a, b, t) {
  const norm = (x) => Math.sqrt(x.reduce((sum, value) => sum + value * value, 0));
  const [from, to] = [a, b].map((x) => Float64Array.from(x));
  const [long, longer] = [norm(from), norm(to)];
  const cosine = from.reduce((sum, value, i) => sum + (value / long) * (to[i] / longer), 0);
  const angle = Math.acos(Math.min(1, Math.max(-1, cosine)));
  if (!(Math.sin(angle) > 1e-6) || t === 0 || t === 1) return lerp(a, b, t);
  const reach = (long + t * (longer - long)) / Math.sin(angle);
  const [x, y] = [(Math.sin((1 - t) * angle) * reach) / long, (Math.sin(t * angle) * reach) / longer];
  return a.map((value, i) => x * value + y * b[i]);
}

// Two ends → `steps` rows; the four corners top left, top right, bottom left and bottom right → steps · steps rows.
export function between(ends, steps, mix) {
  const times = Array.from({ length: steps }, (_, i) => i / (steps - 1));
  if (ends.length === 2) return times.map((t) => mix(ends[0], ends[1], t));
  return times.flatMap((down) => {
    const [left, right] = [mix(ends[0], ends[2], down), mix(ends[1], ends[3], down)];
    return times.map((across) => mix(left, right, across));
  });
}
