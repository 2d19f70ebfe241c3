// The package's streams of random numbers: PCG64 seeded by SeedSequence, as NumPy has them, so that
// a draw here is the same draw there, to the bit.

const M128 = (1n << 128n) - 1n;
const M64 = (1n << 64n) - 1n;
const FACTOR = 0x2360ed051fc65da44385df649fccf645n;
const JUMP = 210306068529402873165736369884012333109n; // of a draw: 2^128 over the golden ratio

/** A hash of 32 bits whose constant goes on with every use.
 * @param {number} begin @param {number} factor @returns {(value: number) => number} */
function hash(begin, factor) {
  let constant = begin;
  return (value) => {
    value = (value ^ constant) >>> 0;
    constant = Math.imul(constant, factor) >>> 0;
    value = Math.imul(value, constant) >>> 0;
    return (value ^ (value >>> 16)) >>> 0;
  };
}

/** @param {number} one @param {number} other @returns {number} */
function mix(one, other) {
  const both = (Math.imul(0xca01f9dd, one) - Math.imul(0x4973f715, other)) >>> 0;
  return (both ^ (both >>> 16)) >>> 0;
}

/** Four words of 64 bits.
 * @param {bigint} seed below 2^128 @returns {bigint[]} */
function seeded(seed) {
  const mixed = hash(0x43b0d7e5, 0x931e8875);
  const pool = [0n, 1n, 2n, 3n].map((word) => mixed(Number((seed >> (32n * word)) & 0xffffffffn)));
  for (let source = 0; source < 4; source++) {
    for (let target = 0; target < 4; target++) {
      if (source !== target) pool[target] = mix(pool[target], mixed(pool[source]));
    }
  }
  const last = hash(0x8b51f9dd, 0x58f38ded);
  const halves = [0, 1, 2, 3, 4, 5, 6, 7].map((i) => BigInt(last(pool[i % 4])));
  return [0, 2, 4, 6].map((i) => halves[i] | (halves[i + 1] << 32n));
}

/** Draw number `draw` of a seed: a function that returns one uniform number in [0, 1) after another.
 * @param {number} seed @param {number} draw @returns {() => number} */
export function stream(seed, draw) {
  const [stateHigh, stateLow, incHigh, incLow] = seeded(BigInt(seed));
  const inc = ((((incHigh << 64n) | incLow) << 1n) | 1n) & M128;
  /** @param {bigint} s @returns {bigint} */
  const next = (s) => (s * FACTOR + inc) & M128;
  let state = next((next(0n) + ((stateHigh << 64n) | stateLow)) & M128);
  state = advanced(state, inc, (BigInt(draw) * JUMP) & M128);
  return () => {
    state = next(state);
    const mixed = ((state >> 64n) ^ state) & M64;
    const turn = state >> 122n;
    const word = ((mixed >> turn) | (mixed << ((64n - turn) & 63n))) & M64;
    return Number(word >> 11n) * 2 ** -53;
  };
}

/** The state so many steps on.
 * @param {bigint} state @param {bigint} inc @param {bigint} steps
 * @returns {bigint} */
function advanced(state, inc, steps) {
  let [factor, plus, allFactor, allPlus] = [FACTOR, inc, 1n, 0n];
  for (; steps > 0n; steps >>= 1n) {
    if (steps & 1n) {
      allFactor = (allFactor * factor) & M128;
      allPlus = (allPlus * factor + plus) & M128;
    }
    plus = ((factor + 1n) * plus) & M128;
    factor = (factor * factor) & M128;
  }
  return (allFactor * state + allPlus) & M128;
}
