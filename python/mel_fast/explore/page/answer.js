// What a core answers, whichever it is.
import { at, choosesSpeed, links, real, rests, size, wholePayload } from "./problem.js";

/** @typedef {import("./problem.js").Problem} Problem */
/** @typedef {import("./certificate.js").Split} Split */
/** @typedef {import("./certificate.js").Leaf} Leaf */
/** @typedef {{samples: number[], bandwidth_hz: number[], power_w: number[], blocks: number[] | null,
 *   send_s: number[], compute_s: number[], return_s: number[], total_s: number[],
 *   flops_per_s: number[] | null}} PlanColumns the speeds only where they are chosen */
/** @typedef {{status: string, tau: number, bound: number, nodes: number, passes: number,
 *   elapsed_s: number, stopped: boolean, blame: string, blamed: number,
 *   plan: PlanColumns | null, tree: (Split | Leaf)[]}} Answer */
/** @typedef {{samples: number, per_s: number, per_hz: number, per_w: number}} Worth at most so many
 *   samples fit, and what a little more of each resource adds */
/** @typedef {{cycle_s?: number, bandwidth_hz?: number, power_w?: number}} Budgets */
/** @typedef {{scheme: string, seconds: number, spare?: boolean}} Limits */
/** Where the core runs. Problems are posed once and asked about often.
 * @typedef {object} Core
 * @property {string} name
 * @property {boolean} quick whether hundreds of questions fit between two frames
 * @property {(problem: Problem, scheme: string) => Promise<void>} pose
 * @property {(budgets: Budgets, limits: Limits) => Promise<Answer>} solve
 * @property {(tau: number, budgets: Budgets, limits: Limits) => Promise<Answer>} decide
 * @property {(tau: number, seconds: number) => Promise<Worth | null>} worth */

export const STATUSES = ["optimal", "feasible", "infeasible", "undecided"];
export const BLAMES = ["none", "slow_return", "computing", "radio"]; // and "choice", of selections
export const SCHEMES = ["joint", "task_only", "resource_only"];
export const RESOURCES = /** @type {const} */ (["cycle_s", "bandwidth_hz", "power_w"]);

const ULP = 2 ** -53;
const ROOM = 32 * ULP; // of an energy: less than what the solver leaves of it
const SLOWEST = 1e-60;

/** @param {Problem} problem @param {string} over @returns {number | null} */
export function amountOf(problem, over) {
  if (over === "cycle_s") return problem.cycle_s;
  return over === "bandwidth_hz" ? problem.radio.bandwidth_hz : problem.radio.power_w;
}

/** The columns of a plan from what the core says, which sends over the planned link and times
 * learners that rest.
 * @param {Problem} problem @param {number[][]} columns samples, bandwidth, power, blocks, times
 * @param {number} tau @returns {PlanColumns | null} */
export function planColumns(problem, columns, tau) {
  const [samples, bandwidth_hz, power_w, blocks, planned, compute_s, constant] = columns;
  if (samples.length !== size(problem)) return null;
  samples.forEach((d, k) => {
    if (rests(problem, k, d)) [planned, compute_s, constant].forEach((column) => { column[k] = 0; });
  });
  const swap = links(problem).planned === "return";
  const [send_s, return_s] = swap ? [constant, planned] : [planned, constant];
  const flops_per_s = choosesSpeed(problem) ? speeds(problem, tau, samples, power_w, return_s) : null;
  flops_per_s?.forEach((speed, k) => {
    if (compute_s[k] > 0) compute_s[k] *= real(problem, "flops_per_s")[k] / speed;
  });
  return { samples, bandwidth_hz, power_w, blocks: problem.radio.block_hz === null ? null : blocks,
    send_s, compute_s, return_s, total_s: samples.map((_, k) => send_s[k] + compute_s[k] + return_s[k]),
    flops_per_s };
}

/** The highest speeds that everybody's energy allows: what is left of it over that of a flop, rounded
 * so that it is kept.
 * @param {Problem} problem @param {number} tau @param {number[]} samples @param {number[]} power_w
 * @param {number[]} return_s @returns {number[]} */
function speeds(problem, tau, samples, power_w, return_s) {
  const [fastest, coefficient] = [real(problem, "flops_per_s"), real(problem, "energy_coefficient")];
  const energy = problem.learners.get("energy_j");
  const slowest = problem.learners.get("min_flops_per_s");
  const flopsOfSample = wholePayload(problem).get("flops_per_sample");
  // Who sends over the shared link does so with the power planned for it.
  const power = links(problem).planned === "return" ? power_w : real(problem, "return_power_w");
  return fastest.map((most, k) => {
    const budget = Number(energy?.[k] ?? Infinity);
    const spent = coefficient[k] * (tau * samples[k] * at(flopsOfSample, k));
    if (!energy || budget === Infinity || !(spent > 0)) return most;
    const returning = power[k] * Math.max(return_s[k], 0);
    const left = Math.max(budget * (1 - ROOM) - returning, 0);
    const speed = Math.min(Math.sqrt(left / spent) * (1 - 4 * ULP), most);
    return Math.max(speed, Number(slowest?.[k] ?? SLOWEST), SLOWEST);
  });
}

/** Seconds that a learner needs over the constant link for the bare model, for words.
 * @param {Problem} problem @param {number} k @returns {number} */
export function constantSeconds(problem, k) {
  const { constant } = links(problem);
  const band = Number(problem.learners.get(`${constant}_bandwidth_hz`)?.[k]);
  const power = Number(problem.learners.get(`${constant}_power_w`)?.[k]);
  const { noise_power_w, noise_density_w_per_hz } = problem.radio;
  const noise = noise_power_w ?? Number(noise_density_w_per_hz) * band;
  const gain = Number(problem.learners.get("gain")?.[k]);
  const bits = at(wholePayload(problem).get(`${constant}_bits`), k);
  return bits / (band * (Math.log1p((power * gain) / noise) / Math.LN2));
}
