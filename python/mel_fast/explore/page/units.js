// What scenario files may write in place of SI: a key's ending is its unit, as in the package's table.
import { powerOfTwo } from "./hex.js";

/** @typedef {{ending: string, si: string, convert: number | ((x: number) => number)}} Unit */

const BITS = 220n; // of fixed-point numbers
const ONE = 1n << BITS;

/** atanh(1/n).
 * @param {bigint} n @returns {bigint} */
function atanhOfInverse(n) {
  let sum = 0n;
  let power = ONE / n;
  for (let k = 1n; power > 0n; k += 2n) {
    sum += power / k;
    power /= n * n;
  }
  return sum;
}

const LN2 = 2n * atanhOfInverse(3n);
const LN10 = 3n * LN2 + 2n * atanhOfInverse(9n);

/** A number as fixed point.
 * @param {number} x @returns {bigint} */
function fixed(x) {
  const view = new DataView(new ArrayBuffer(8));
  view.setFloat64(0, Math.abs(x));
  const bits = view.getBigUint64(0);
  const exponent = bits >> 52n;
  const mantissa = (bits & ((1n << 52n) - 1n)) | (exponent ? 1n << 52n : 0n);
  const shift = BITS + (exponent || 1n) - 1075n;
  const size = shift >= 0n ? mantissa << shift : mantissa >> -shift;
  return x < 0 ? -size : size;
}

/** The float64 nearest to 10^((x - less) / 10).
 * @param {number} x @param {number} less
 * @returns {number} */
export function ratio(x, less) {
  if (!(x >= less - 600 && x <= less + 600)) throw new Error(`${x} dB: must be in [${less - 600}, ${less + 600}]`);
  const exponent = ((fixed(x) - fixed(less)) * LN10) / (10n * ONE);
  const twos = (2n * exponent + LN2) / (2n * LN2) - (2n * exponent + LN2 < 0n ? 1n : 0n);
  const rest = exponent - twos * LN2;
  let sum = ONE;
  let term = ONE;
  for (let k = 1n; term !== 0n; k += 1n) {
    term = (term * rest) / (k * ONE);
    sum += term;
  }
  const length = sum.toString(2).length;
  const drop = BigInt(length - 53);
  const rounded = (sum + (1n << (drop - 1n))) >> drop;
  return Number(rounded) * powerOfTwo(Number(twos + drop - BITS));
}

/** @type {Unit[]} */
const UNITS = [
  { ending: "_dbm_per_hz", si: "_w_per_hz", convert: (x) => ratio(x, 30) },
  { ending: "_dbm", si: "_w", convert: (x) => ratio(x, 30) },
  { ending: "_mw", si: "_w", convert: 1e-3 },
  { ending: "_db", si: "", convert: (x) => ratio(x, 0) },
  { ending: "_khz", si: "_hz", convert: 1e3 },
  { ending: "_mhz", si: "_hz", convert: 1e6 },
  { ending: "_ghz", si: "_hz", convert: 1e9 },
  { ending: "_ms", si: "_s", convert: 1e-3 },
  { ending: "_mj", si: "_j", convert: 1e-3 },
  { ending: "_nj", si: "_j", convert: 1e-9 },
  { ending: "mflops_per_s", si: "flops_per_s", convert: 1e6 },
  { ending: "gflops_per_s", si: "flops_per_s", convert: 1e9 },
];

/** A table with every key in SI.
 * @param {Map<string, any>} table @param {string[]} known
 * @returns {Map<string, any>} never one quantity in two units */
export function inSi(table, known) {
  const found = new Map();
  for (const [word, value] of table) {
    const unit = known.includes(word) ? undefined : UNITS.find(({ ending, si }) =>
      word.endsWith(ending) && known.includes(word.slice(0, word.length - ending.length) + si));
    const name = unit ? word.slice(0, word.length - unit.ending.length) + unit.si : word;
    if (found.has(name)) throw new Error(`${word} is given in two units`);
    found.set(name, unit ? scaled(value, unit.convert) : value);
  }
  return found;
}

/** @param {any} value @param {Unit["convert"]} convert @returns {any} */
function scaled(value, convert) {
  if (Array.isArray(value)) return value.map((one) => scaled(one, convert));
  if (typeof value !== "number") return value;
  return typeof convert === "number" ? value * convert : convert(value);
}
