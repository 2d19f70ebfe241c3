// Real numbers as Python's float.hex() writes them: plan files lose nothing.

const view = new DataView(new ArrayBuffer(8));

/** @param {number} x @returns {{sign: string, exponent: number, mantissa: string}} */
function parts(x) {
  view.setFloat64(0, x);
  const high = view.getUint32(0);
  const mantissa = (high & 0xfffff).toString(16).padStart(5, "0")
    + view.getUint32(4).toString(16).padStart(8, "0");
  return { sign: high >>> 31 ? "-" : "", exponent: (high >>> 20) & 0x7ff, mantissa };
}

/** @param {number} x a finite number @returns {string} */
export function hexOf(x) {
  const { sign, exponent, mantissa } = parts(x);
  if (exponent === 0 && /^0+$/.test(mantissa)) return `${sign}0x0.0p+0`;
  const power = exponent === 0 ? -1022 : exponent - 1023;
  return `${sign}0x${exponent === 0 ? 0 : 1}.${mantissa}p${power < 0 ? "" : "+"}${power}`;
}

/** @param {string} text @returns {number} NaN for what hexOf does not write */
export function ofHex(text) {
  if (text === "0x0.0p+0") return 0;
  const found = /^(-?)0x([01])\.([0-9a-f]{13})p([+-]\d{1,4})$/.exec(text);
  if (!found) return NaN;
  const exponent = found[2] === "0" ? 0 : Number(found[4]) + 1023;
  if (exponent < 0 || exponent > 2046) return NaN;
  const high = (found[1] ? 0x80000000 : 0) + exponent * 0x100000 + parseInt(found[3].slice(0, 5), 16);
  view.setUint32(0, high);
  view.setUint32(4, parseInt(found[3].slice(5), 16));
  const x = view.getFloat64(0);
  return hexOf(x) === text ? x : NaN;
}

/** x = mantissa 2^exponent with a mantissa in [1/2, 1), of normal positive numbers.
 * @param {number} x @returns {[number, number]} */
export function frexp(x) {
  view.setFloat64(0, x);
  const high = view.getUint32(0);
  view.setUint32(0, (high & 0x800fffff) | (1022 << 20));
  return [view.getFloat64(0), ((high >>> 20) & 0x7ff) - 1022];
}

/** 2^n, exactly.
 * @param {number} n from -1022 to 1023 @returns {number} */
export function powerOfTwo(n) {
  view.setUint32(0, (n + 1023) << 20);
  view.setUint32(4, 0);
  return view.getFloat64(0);
}
