// Numbers as people read them: 100 MHz, 41.2 s, 60,000 samples.

const PREFIXES = new Map([[-12, "p"], [-9, "n"], [-6, "µ"], [-3, "m"], [0, ""], [3, "k"], [6, "M"],
  [9, "G"], [12, "T"], [15, "P"]]);
const THIN = "\u202f"; // between a number and its unit

/** So many significant digits, trailing zeros left out.
 * @param {number} x @param {number} digits
 * @returns {string} */
export function significant(x, digits) {
  if (!Number.isFinite(x)) return x > 0 ? "∞" : "–";
  if (x === 0) return "0";
  const size = Math.abs(x);
  if (size >= 1e7 || size < 1e-4) return x.toExponential(digits - 1).replace(/\.?0+e/, "e").replace("e+", "e");
  const rounded = Number(x.toPrecision(digits));
  return rounded.toLocaleString("en-US", { maximumSignificantDigits: Math.max(digits, 7) });
}

/** With an SI prefix.
 * @param {number} x @param {string} unit @param {number} [digits]
 * @returns {string} */
export function withUnit(x, unit, digits = 4) {
  if (x === 0 || !Number.isFinite(x)) return `${significant(x, digits)}${THIN}${unit}`;
  const exponent = 3 * Math.floor(Math.log10(Math.abs(x)) / 3 + 1e-9);
  const prefix = PREFIXES.get(exponent);
  if (prefix === undefined) return `${significant(x, digits)}${THIN}${unit}`;
  return `${significant(x / 10 ** exponent, digits)}${THIN}${prefix}${unit}`;
}

/** @param {number} n @returns {string} 60,000 */
export const grouped = (n) => n.toLocaleString("en-US", { maximumFractionDigits: 0 });

/** @param {number} n @param {string} noun @returns {string} "1 sample" or "60,000 samples" */
export const count = (n, noun) => `${grouped(n)} ${noun}${n === 1 ? "" : "s"}`;

/** Rounded in one direction only: what is printed is enough (up), or too little.
 * @param {number} x @param {number} digits @param {boolean} up @returns {number} */
export function outward(x, digits, up) {
  if (x === 0 || !Number.isFinite(x)) return x;
  const step = 10 ** (Math.floor(Math.log10(Math.abs(x))) - digits + 1);
  const near = Number(x.toPrecision(digits));
  if (up ? near >= x : near <= x) return near;
  return Number((near + (up ? step : -step)).toPrecision(digits));
}

/** @param {number} watts @returns {string} */
export const dbm = (watts) => `${(10 * Math.log10(watts * 1000)).toFixed(1)}${THIN}dBm`;

/** How much more it is.
 * @param {number} factor @returns {string} */
export const growth = (factor) => (factor >= 3
  ? `${significant(factor, 3)} times as much` : `+${significant(100 * (factor - 1), 3)}${THIN}%`);
