// The scenario that the controls change: the paper's Table I drawn here, or what a file said.
import { drawn } from "./channel.js";
import { law } from "./problem.js";
import { stream } from "./random.js";

/** @typedef {import("./problem.js").Problem} Problem */
/** @typedef {{count: number, seed: number, cycle_s: number, bandwidth_hz: number,
 *   power_w: number | null, law: "density" | "fixed", idle: string, setting: string}} Choices */

const SPEEDS = [2.4e9, 0.7e9]; // flop/s, dealt in turn
const NODE_BANDWIDTH_HZ = 5e6;
const NODE_POWER_W = 0.19952623149688797; // 23 dBm
const NOISE_DENSITY = 3.981071705534972e-21; // -174 dBm/Hz
const BANDWIDTH_HZ = 100e6;
const TABLE = { placement: { shape: "disc", radius_m: 50 },
  attenuation: { law: "log_distance", at_one_metre_db: 70, slope_db: 21 }, fading: "rayleigh" };

/** @type {Choices} */
export const USUAL = { count: 20, seed: 0, cycle_s: 30, bandwidth_hz: BANDWIDTH_HZ,
  power_w: NODE_POWER_W, law: "density", idle: "served", setting: "parallelized" };

/** A draw of Table I, the package's scenarios.table1(learners, seed=...) to the bit.
 * @param {number} count @param {number} seed @returns {Problem} */
export function table1(count, seed) {
  const { gain, distance_m } = drawn(stream(seed, 0), count, { ...TABLE, extraLossDb: 7 });
  const words = new Map(/** @type {[string, any][]} */ ([["count", count], ["seed", seed], ["draw", 0],
    ["device_flops_per_s", SPEEDS], ["placement", new Map(Object.entries(TABLE.placement))],
    ["attenuation", new Map(Object.entries(TABLE.attenuation))], ["extra_loss_db", 7],
    ["fading", TABLE.fading]]));
  return {
    task: { samples: 60000, features: 784, feature_bits: 32, fixed_parameters: 280440,
      parameters_per_sample: 0, parameter_bits: 32, flops_per_sample: 1123736, setting: "parallelized" },
    radio: { bandwidth_hz: BANDWIDTH_HZ, power_w: NODE_POWER_W, noise_density_w_per_hz: NOISE_DENSITY,
      noise_power_w: null, block_hz: null, shared: "send" },
    cycle_s: 30, idle: "served", payload: new Map(),
    learners: new Map(/** @type {[string, number[]][]} */ ([
      ["flops_per_s", gain.map((_, k) => SPEEDS[k % SPEEDS.length])], ["gain", gain],
      ["return_bandwidth_hz", gain.map(() => NODE_BANDWIDTH_HZ)],
      ["return_power_w", gain.map(() => NODE_POWER_W)]])),
    draw: { count, seed, draw: 0, words, distance_m },
  };
}

/** What the controls show of a problem.
 * @param {Problem} problem @returns {Choices} */
export function choicesOf(problem) {
  const { radio, draw, cycle_s, idle, task } = problem;
  return { count: draw ? draw.count : 0, seed: draw ? draw.seed : 0, cycle_s, idle, law: law(problem),
    bandwidth_hz: radio.bandwidth_hz, power_w: radio.power_w, setting: task.setting };
}

/** A problem with the controls' choices in it. With another law the noise is that of the whole
 * bandwidth as it stands in `base`.
 * @param {Problem} base @param {Choices} choices @returns {Problem} */
export function chosen(base, choices) {
  const radio = { ...base.radio, bandwidth_hz: choices.bandwidth_hz, power_w: choices.power_w };
  const { noise_density_w_per_hz: density, noise_power_w: fixed, bandwidth_hz } = base.radio;
  if (choices.law !== law(base)) {
    radio.noise_power_w = density === null ? null : density * bandwidth_hz;
    radio.noise_density_w_per_hz = fixed === null ? null : fixed / bandwidth_hz;
  }
  return { ...base, radio, cycle_s: choices.cycle_s, idle: choices.idle,
    task: { ...base.task, setting: choices.setting } };
}
