// Placement, attenuation and fading, with the package's own elementary functions: nothing but
// operations that every machine rounds alike, so that gains agree with the package's to the bit.
import { frexp, powerOfTwo } from "./hex.js";

const LN2_HI = 0x162e42fefa38 / 2 ** 45; // 11 trailing zero bits
const LN2_LO = 0x1ef35793c7673 / 2 ** 93;
const LN10 = 0x126bb1bbb55516 / 2 ** 51;
const TWO_PI = 0x1921fb54442d18 / 2 ** 50;
const SQRT_HALF = 0x16a09e667f3bcd / 2 ** 53;
const LOG = [23, 21, 19, 17, 15, 13, 11, 9, 7, 5, 3].map((n) => 2 / n);
const FACTORIALS = [1, 1, 2, 6, 24, 120, 720, 5040, 40320, 362880, 3628800, 39916800, 479001600,
  6227020800, 87178291200, 1307674368000];
const EXP = [13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0].map((n) => 1 / FACTORIALS[n]);
const SIN = [7, 6, 5, 4, 3, 2, 1, 0].map((n) => (n % 2 ? -1 : 1) / FACTORIALS[2 * n + 1]);
const COS = [7, 6, 5, 4, 3, 2, 1, 0].map((n) => (n % 2 ? -1 : 1) / FACTORIALS[2 * n]);
const GAIN_RANGE = [1e-60, 1e60];

/** @param {number} x @param {number[]} coefficients @returns {number} */
function horner(x, coefficients) {
  let total = coefficients[0];
  for (const coefficient of coefficients.slice(1)) total = total * x + coefficient;
  return total;
}

/** To the nearest integer, ties to even.
 * @param {number} x @returns {number} */
const rint = (x) => x + 6755399441055744 - 6755399441055744;

/** @param {number} x @returns {number} */
function ln(x) {
  let [mantissa, exponent] = frexp(x);
  if (mantissa < SQRT_HALF) {
    mantissa += mantissa;
    exponent -= 1;
  }
  const f = mantissa - 1;
  const s = f / (mantissa + 1);
  const square = s * s;
  const tail = s * (f - square * horner(square, LOG));
  return exponent * LN2_HI + (f - (tail - exponent * LN2_LO));
}

/** @param {number} x @returns {number} */
const log10 = (x) => ln(x) / LN10;

/** @param {number} x @returns {number} */
function exp(x) {
  const count = rint(x / (LN2_HI + LN2_LO));
  const remainder = x - count * LN2_HI - count * LN2_LO;
  return horner(remainder, EXP) * powerOfTwo(count);
}

/** @param {number} x @returns {number} */
const fromDecibel = (x) => exp(x * (LN10 / 10));
/** @param {number} u @returns {number} */
const exponential = (u) => -ln(Math.max(u, 2 ** -54));

/** Two standard normal numbers.
 * @param {number} u @param {number} v @returns {[number, number]} */
function normals(u, v) {
  const radius = Math.sqrt(2 * exponential(u));
  const quarter = rint(4 * v);
  const angle = (v - 0.25 * quarter) * TWO_PI;
  const square = angle * angle;
  const sine = angle * horner(square, SIN);
  const cosine = horner(square, COS);
  const odd = quarter % 2 === 1;
  const x = odd ? sine : cosine;
  const y = odd ? cosine : sine;
  return [
    radius * (quarter === 1 || quarter === 2 ? -x : x),
    radius * (quarter === 2 || quarter === 3 ? -y : y),
  ];
}

/** @param {string} name @param {unknown} value @param {number} low @param {number} high
 * @returns {number} */
function need(name, value, low, high) {
  if (typeof value !== "number" || !(value >= low && value <= high)) {
    throw new Error(`${name} must lie in [${low}, ${high}]`);
  }
  return value;
}

/** @typedef {Record<string, unknown>} Words */
/** @typedef {{uniforms: number, of: (u: number[]) => number}} Part */

/** @param {Words} words @returns {Part} */
export function placement(words) {
  if (words.shape === "disc") {
    const radius = need("radius_m", words.radius_m ?? 50, 1e-3, 1e9);
    return { uniforms: 1, of: ([u]) => radius * Math.sqrt(u) };
  }
  if (words.shape === "annulus") {
    const outer = need("outer_m", words.outer_m, 1e-3, 1e9);
    const inner = need("inner_m", words.inner_m, 0, outer);
    const [a, b] = [inner * inner, outer * outer];
    return { uniforms: 1, of: ([u]) => Math.sqrt(a + (b - a) * u) };
  }
  if (words.shape === "fixed") {
    const at = need("at_m", words.at_m, 1e-3, 1e9);
    return { uniforms: 0, of: () => at };
  }
  throw new Error("placement.shape must be disc, annulus or fixed");
}

/** @param {Words} words @returns {{shadowing: number, loss: (r: number) => number}} */
export function attenuation(words) {
  if (words.law === "log_distance") {
    const at = need("at_one_metre_db", words.at_one_metre_db, -300, 300);
    const slope = need("slope_db", words.slope_db, 0, 100);
    const shadowing = need("shadowing_db", words.shadowing_db ?? 0, 0, 20);
    const closest = need("closest_m", words.closest_m ?? 1, 1e-3, 1e9);
    return { shadowing, loss: (r) => at + slope * log10(Math.max(r, closest)) };
  }
  const carrier = words.carrier_hz;
  if (words.law === "free_space") {
    const wave = (4 * Math.PI * need("carrier_hz", carrier, 1e6, 1e13)) / 299792458;
    const at = 20 * log10(wave);
    return { shadowing: 0, loss: (r) => at + 20 * log10(Math.max(r, 1)) };
  }
  if (words.law === "indoor_office") {
    const ghz = log10(need("carrier_hz", carrier, 0.5e9, 100e9) / 1e9);
    const height = need("height_m", words.height_m ?? 2, 0, 100);
    const shadowing = need("shadowing_db", words.shadowing_db ?? 3, 0, 20);
    /** @param {number} r */
    const loss = (r) => {
      const d3 = need("distance in metres", Math.sqrt(r * r + height * height), 0, 150);
      return 32.4 + 17.3 * log10(Math.max(d3, 1)) + 20 * ghz;
    };
    return { shadowing, loss };
  }
  if (words.law === "urban_micro") {
    const hz = need("carrier_hz", carrier, 0.5e9, 100e9);
    const shadowing = need("shadowing_db", words.shadowing_db ?? 4, 0, 20);
    const station = need("station_m", words.station_m ?? 10, 2, 100);
    const learner = need("learner_m", words.learner_m ?? 1.5, 1.5, 22.5);
    const breaks = (4 * ((station - 1) * (learner - 1)) * hz) / 3e8;
    const height = station - learner;
    const ghz = log10(hz / 1e9);
    const far = 9.5 * log10(breaks * breaks + height * height);
    /** @param {number} r */
    const loss = (r) => {
      const d2 = Math.max(need("distance in metres", r, 0, 5000), 10);
      const d3 = log10(Math.sqrt(d2 * d2 + height * height));
      return 32.4 + 20 * ghz + (d2 <= breaks ? 21 * d3 : 40 * d3 - far);
    };
    return { shadowing, loss };
  }
  throw new Error("attenuation.law must be log_distance, indoor_office, urban_micro or free_space");
}

/** @param {unknown} word @returns {Part} */
export function fading(word) {
  const [name, number] = String(word).split(":");
  if (word === "none") return { uniforms: 0, of: () => 1 };
  if (word === "rayleigh") return { uniforms: 1, of: ([u]) => exponential(u) };
  if (name === "rician" && number) {
    const k = fromDecibel(need("k_db", Number(number), -60, 60));
    const direct = Math.sqrt(2 * k);
    return {
      uniforms: 2,
      of: ([u, v]) => {
        const [x, y] = normals(u, v);
        return ((direct + x) * (direct + x) + y * y) / (2 * (k + 1));
      },
    };
  }
  if (name === "nakagami" && number) {
    const m = need("m", Number(number), 0.5, 32);
    if ((2 * m) % 1 !== 0) throw new Error("m must be a multiple of 0.5");
    const whole = Math.floor(m);
    return {
      uniforms: whole + (m > whole ? 2 : 0),
      of: (u) => {
        let total = 0;
        for (let i = 0; i < whole; i++) total += exponential(u[i]);
        if (m > whole) {
          const [z] = normals(u[whole], u[whole + 1]);
          total += 0.5 * z * z;
        }
        return total / m;
      },
    };
  }
  throw new Error("fading must be none, rayleigh, rician:K_DB or nakagami:M");
}

/** Gains and distances of `count` learners.
 * @param {() => number} uniform @param {number} count
 * @param {{placement: Words, attenuation: Words, fading: unknown, extraLossDb: number}} parts
 * @returns {{gain: number[], distance_m: number[]}} */
export function drawn(uniform, count, parts) {
  const where = placement(parts.placement);
  const law = attenuation(parts.attenuation);
  const fade = fading(parts.fading);
  const extra = need("extra_loss_db", parts.extraLossDb, -700, 700);
  const gain = [];
  const distance_m = [];
  for (let k = 0; k < count; k++) {
    const r = where.of(Array.from({ length: where.uniforms }, uniform));
    let loss = law.loss(r) + extra;
    if (law.shadowing > 0) loss += law.shadowing * normals(uniform(), uniform())[0];
    need("loss in dB", Math.abs(loss), 0, 700);
    const power = fade.of(Array.from({ length: fade.uniforms }, uniform));
    gain.push(Math.min(Math.max(fromDecibel(-loss) * power, GAIN_RANGE[0]), GAIN_RANGE[1]));
    distance_m.push(r);
  }
  return { gain, distance_m };
}
