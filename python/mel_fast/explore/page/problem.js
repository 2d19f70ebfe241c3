// A problem as the page holds it, and as the core is told of it.

/** @typedef {{samples: number, features: number, feature_bits: number, fixed_parameters: number,
 *   parameters_per_sample: number, parameter_bits: number, flops_per_sample: number,
 *   setting: string}} Task */
/** @typedef {{bandwidth_hz: number, power_w: number | null, noise_density_w_per_hz: number | null,
 *   noise_power_w: number | null, block_hz: number | null, shared: string}} Radio */
/** @typedef {number[] | string[] | boolean[]} Column */
/** @typedef {{count: number, seed: number, draw: number, words: Map<string, any>,
 *   distance_m: number[]}} Draw how the learners came about, where they were drawn */
/** @typedef {{task: Task, radio: Radio, cycle_s: number, idle: string,
 *   learners: Map<string, Column>, payload: Map<string, number | number[]>,
 *   draw: Draw | null}} Problem */

/** What every column of learners holds, as in the package's table of columns.
 * @type {Map<string, "real" | "cap" | "count" | "flag" | "text">} */
export const COLUMNS = new Map([
  ["flops_per_s", "real"], ["gain", "real"], ["return_bandwidth_hz", "real"],
  ["return_power_w", "real"], ["send_bandwidth_hz", "real"], ["send_power_w", "real"],
  ["min_samples", "count"], ["max_samples", "count"], ["max_bandwidth_hz", "cap"],
  ["max_power_w", "cap"], ["energy_j", "cap"], ["energy_per_flop_j", "real"],
  ["energy_coefficient", "real"], ["min_flops_per_s", "real"],
  ["optional", "flag"], ["weight", "real"], ["names", "text"]]);
/** Those that came with version 2 of plan files. */
export const SECOND = ["energy_coefficient", "min_flops_per_s", "send_bandwidth_hz", "send_power_w", "optional", "weight", "names"];
export const PAYLOAD = ["send_bits", "send_bits_per_sample", "return_bits",
  "return_bits_per_sample", "flops_per_sample"];
const NEEDED = ["flops_per_s", "gain", "return_bandwidth_hz", "return_power_w"];
const SPEEDS = ["energy_coefficient", "min_flops_per_s"];
const ROOM = 1 + 2 ** -30; // a budget that is none must never be one

/** Something in a file or a problem that is refused: the message is for people. */
export class Refusal extends Error {}

/** @param {Problem} problem @returns {number} K */
export const size = (problem) => real(problem, "gain").length;

/** @param {Problem} problem @param {string} name @returns {number[]} */
export function real(problem, name) {
  const column = problem.learners.get(name);
  if (!column) throw new Refusal(`learners: ${name} is missing`);
  return /** @type {number[]} */ (column);
}

/** @param {Problem} problem @param {number} k @returns {string} */
export function nameOf(problem, k) {
  const names = problem.learners.get("names");
  return names ? String(names[k]) : String(k);
}

/** @param {Problem} problem @returns {"density" | "fixed"} */
export const law = (problem) => (problem.radio.noise_power_w === null ? "density" : "fixed");

/** What is sent and returned, whole.
 * @param {Problem} problem
 * @returns {Map<string, number | number[]>} */
export function wholePayload(problem) {
  const t = problem.task;
  const model = t.parameter_bits * t.fixed_parameters;
  const grown = t.parameter_bits * t.parameters_per_sample;
  const sample = t.setting === "federated" ? 0 : t.features * t.feature_bits;
  for (const bits of [model, grown, t.features * t.feature_bits, sample + grown]) {
    if (bits > 2 ** 53) throw new Refusal(`task: ${bits} bits are more than 2^53`);
  }
  return new Map(/** @type {[string, number | number[]][]} */ ([
    ["send_bits", model], ["send_bits_per_sample", sample + grown], ["return_bits", model],
    ["return_bits_per_sample", grown], ["flops_per_sample", t.flops_per_sample],
    ...problem.payload]));
}

/** @param {number | number[] | undefined} amount @param {number} k @returns {number} */
export const at = (amount, k) => (Array.isArray(amount) ? amount[k] : amount ?? 0);

/** The link that is planned, and the other, whose rate is constant.
 * @param {Problem} problem
 * @returns {{planned: string, constant: string}} */
export const links = (problem) => (problem.radio.shared === "return"
  ? { planned: "return", constant: "send" } : { planned: "send", constant: "return" });

/** Whether somebody may sit out that otherwise might not: excused learners without a minimum rest anyway.
 * @param {Problem} problem @returns {boolean} */
export function hasChoice(problem) {
  const flags = problem.learners.get("optional");
  const minima = problem.learners.get("min_samples");
  return Boolean(flags?.some((flag, k) => flag && (problem.idle === "served" || Number(minima?.[k] ?? 0) > 0)));
}

/** Whether a learner takes no part: it has no samples and need not be served.
 * @param {Problem} problem @param {number} k @param {number} samples @returns {boolean} */
export function rests(problem, k, samples) {
  return samples === 0 && (problem.idle === "excused" || Boolean(problem.learners.get("optional")?.[k]));
}

/** Whether plans say how fast learners compute.
 * @param {Problem} problem @returns {boolean} */
export const choosesSpeed = (problem) => problem.learners.has("energy_coefficient");

/** The question's numbers, in the order that cpp/wasm/entry.cpp reads.
 * @param {Problem} problem @param {string} scheme @param {string[]} columns the core's names
 * @returns {Float64Array} */
export function statement(problem, scheme, columns) {
  const { radio, task } = problem;
  const count = size(problem);
  const { planned, constant } = links(problem);
  const payload = wholePayload(problem);
  const choice = hasChoice(problem);
  // Where nobody's energy is limited, all compute at full speed.
  const told = (/** @type {string} */ name) => problem.learners.has(name)
    && (name === "optional" ? choice : !SPEEDS.includes(name) || problem.learners.has("energy_j"));
  const energySends = planned === "return" && problem.learners.has("energy_j");
  if (energySends && (radio.power_w !== null || radio.block_hz !== null)) {
    throw new Refusal("energy_j with radio.shared = 'return': power_w and block_hz must be left out");
  }
  const numbers = [task.samples, radio.bandwidth_hz, powerBudget(problem, scheme),
    /** @type {number} */ (radio.noise_power_w ?? radio.noise_density_w_per_hz),
    Number(law(problem) === "fixed"), problem.cycle_s, Number(problem.idle === "excused"),
    radio.block_hz ?? 0, Number(energySends), count];
  const paces = !energySends && choosesSpeed(problem) && problem.learners.has("energy_j");
  if (paces && choice) {
    throw new Refusal("optional: not together with energy_j and energy_coefficient: who takes part is "
      + "not chosen together with a speed");
  }
  if (energySends && choice) {
    throw new Refusal("optional: not together with energy_j and radio.shared = 'return': who takes part is "
      + "not chosen with an energy of sending");
  }
  /** @type {Record<string, string>} what the core calls sending is the planned link */
  const swapped = { send_bits: `${planned}_bits`, return_bits: `${constant}_bits`,
    send_bits_per_sample: `${planned}_bits_per_sample`,
    return_bits_per_sample: `${constant}_bits_per_sample`,
    return_bandwidth_hz: `${constant}_bandwidth_hz`, return_power_w: `${constant}_power_w` };
  for (const column of columns) {
    const name = swapped[column] ?? column;
    if (payload.has(name)) {
      const amount = payload.get(name);
      numbers.push(...(Array.isArray(amount) ? [amount.length] : [1]));
      push(numbers, Array.isArray(amount) ? amount : [amount ?? 0]);
    } else if (told(name)) {
      numbers.push(count);
      push(numbers, real(problem, name).map(Number));
    } else if (NEEDED.includes(column)) {
      throw new Refusal(`learners: ${name} is missing`);
    } else {
      numbers.push(0);
    }
  }
  return Float64Array.from(numbers);
}

/** @param {number[]} numbers @param {number[]} more */
function push(numbers, more) {
  for (const x of more) numbers.push(x);
}

/** P; where there is no common budget a little over all learners' limits.
 * @param {Problem} problem @param {string} scheme @returns {number} */
function powerBudget(problem, scheme) {
  if (problem.radio.power_w !== null) return problem.radio.power_w;
  const most = real(problem, "max_power_w");
  if (!most.every(Number.isFinite)) {
    throw new Refusal("max_power_w must be finite where radio.power_w is left out");
  }
  const all = scheme === "task_only"
    ? Math.max(...most) * (most.length * ROOM) : most.reduce((sum, x) => sum + x, 0) * ROOM;
  return Math.max(all, 1e-60);
}

/** The same with another cycle, bandwidth or power.
 * @param {Problem} problem
 * @param {{cycle_s?: number, bandwidth_hz?: number, power_w?: number}} changes @returns {Problem} */
export function withBudgets(problem, changes) {
  const radio = { ...problem.radio };
  if (changes.bandwidth_hz !== undefined) radio.bandwidth_hz = changes.bandwidth_hz;
  if (changes.power_w !== undefined) radio.power_w = changes.power_w;
  return { ...problem, radio, cycle_s: changes.cycle_s ?? problem.cycle_s };
}
