// Problems out of files from anywhere: sizes are bounded, keys are known, values have their types;
// what their ranges are the core says.
import { drawn } from "./channel.js";
import { ofHex } from "./hex.js";
import { COLUMNS, PAYLOAD, Refusal } from "./problem.js";
import { stream } from "./random.js";
import { readToml } from "./toml.js";
import { inSi } from "./units.js";

/** @typedef {import("./problem.js").Problem} Problem */
/** @typedef {import("./problem.js").Column} Column */

export const MOST_BYTES = 16 * 2 ** 20;
export const MOST_LEARNERS = 5000;
const COUNTS = ["samples", "features", "feature_bits", "fixed_parameters", "parameters_per_sample",
  "parameter_bits"];
const TASK = [...COUNTS, "flops_per_sample", "setting"];
const RADIO = ["bandwidth_hz", "power_w", "noise_density_w_per_hz", "noise_power_w", "block_hz",
  "shared"];
const PLAN = ["format", "version", "status", "scheme", "tau", "bound", "samples", "bandwidth_hz",
  "power_w", "blocks", "problem", "certificate", "reasons", "nodes", "passes", "elapsed_s",
  "at_least", "no_more", "least_energy", "flops_per_s"];
const CYCLE = ["cycle_s", "idle"];
const LEARNERS = [...COLUMNS.keys(), "count", "draw", "table"];
const DRAW = ["count", "seed", "draw", "device_flops_per_s", "placement", "attenuation",
  "extra_loss_db", "fading"];
/** @type {[string, string[]][]} */
const SECTIONS = [["task", TASK], ["radio", RADIO], ["cycle", CYCLE], ["learners", LEARNERS],
  ["payload", PAYLOAD]];
const UNPRINTABLE = /[\p{C}\p{Zl}\p{Zp}]/u;

/** The beginning of a value, fit to be shown.
 * @param {unknown} value @returns {string} */
export function shown(value) {
  let text;
  if (typeof value === "string") text = JSON.stringify(value.slice(0, 60));
  else if (typeof value === "object" && value !== null) text = Array.isArray(value) ? "a list" : "a table";
  else text = String(value);
  text = text.replace(/[^\x20-\x7e]/g, "?");
  return text.length > 60 ? `${text.slice(0, 57)}...` : text;
}

/** @param {unknown} table @param {string} where @param {string[]} known
 * @returns {Map<string, any>} */
function keysOf(table, where, known) {
  if (!(table instanceof Map)) throw new Refusal(`${where} is ${shown(table)}: must be a table`);
  for (const key of table.keys()) {
    if (!known.includes(key)) {
      throw new Refusal(`${where}: unknown key ${shown(key)}: must be one of ${known.join(", ")}`);
    }
  }
  return table;
}

/** @param {Map<string, any>} table @param {string} where @param {string} key
 * @param {boolean} [infinite] @returns {number} */
function number(table, where, key, infinite = false) {
  const value = plainNumber(table.get(key), infinite);
  if (value === null) throw new Refusal(`${where}.${key} = ${shown(table.get(key))}: must be a number`);
  return value;
}

/** @param {unknown} value @param {boolean} infinite @returns {number | null} */
function plainNumber(value, infinite) {
  const x = typeof value === "string" ? (value === "inf" ? Infinity : ofHex(value)) : value;
  return typeof x === "number" && (Number.isFinite(x) || (infinite && x === Infinity)) ? x : null;
}

/** Integers up to 2^53, which are exact.
 * @param {unknown} value @returns {boolean} */
const isCount = (value) => Number.isInteger(value) && Number(value) >= 0 && Number(value) <= 2 ** 53;

/** @param {Map<string, any>} table @param {string} where @param {string} key @param {number} low
 * @returns {number} */
function integer(table, where, key, low) {
  const value = table.get(key);
  if (!isCount(value) || value < low) {
    throw new Refusal(`${where}.${key} = ${shown(value)}: must be an integer from ${low}`);
  }
  return value;
}

/** @param {Map<string, any>} table @param {string} where @param {string} key @param {string[]} words
 * @param {string} [usual] @returns {string} */
function choice(table, where, key, words, usual) {
  const value = table.get(key) ?? usual;
  if (!words.includes(value)) {
    throw new Refusal(`${where}.${key} = ${shown(value)}: must be ${words.join(" or ")}`);
  }
  return value;
}

/** A column, from a list or from one value for all.
 * @param {string} name @param {unknown} given
 * @returns {Column | number | boolean} */
function column(name, given) {
  const kind = COLUMNS.get(name);
  /** @param {unknown} value @param {string} where @returns {any} */
  const one = (value, where) => {
    if (kind === "flag" && typeof value === "boolean") return value;
    if (kind === "count" && isCount(value)) return value;
    const x = kind === "real" || kind === "cap" ? plainNumber(value, kind === "cap") : null;
    if (x !== null) return x;
    if (kind === "text" && typeof value === "string" && value.length >= 1 && value.length <= 100
      && value.trim() === value && !UNPRINTABLE.test(value)) return value;
    throw new Refusal(`learners.${name}${where} = ${shown(value)}: not a value of this column`);
  };
  if (!Array.isArray(given)) {
    if (kind === "text") throw new Refusal("learners.names: must be a list");
    return one(given, "");
  }
  if (given.length > MOST_LEARNERS) tooMany(given.length);
  const values = given.map((value, k) => one(value, `[${k}]`));
  if (kind === "text" && new Set(values).size < values.length) {
    throw new Refusal("learners.names: a name is given twice");
  }
  return values;
}

/** @param {number} count @returns {never} */
function tooMany(count) {
  throw new Refusal(`${count.toLocaleString("en-US")} learners: this page takes at most `
    + `${MOST_LEARNERS.toLocaleString("en-US")}; mel-fast solve takes millions`);
}

/** Columns of one length.
 * @param {Map<string, Column | number | boolean>} found
 * @param {number | null} count @returns {Map<string, Column>} */
function together(found, count) {
  const lengths = new Set([...found.values()].flatMap((c) => (Array.isArray(c) ? [c.length] : [])));
  if (count !== null) lengths.add(count);
  const [length] = lengths;
  if (lengths.size !== 1 || !length) throw new Refusal("learners: columns must be lists of one length");
  return new Map([...found].map(([name, c]) => [name,
    Array.isArray(c) ? c : /** @type {Column} */ (Array(length).fill(c))]));
}

/** @param {Map<string, any>} data whose real numbers may be hexadecimal @param {any} draw
 * @param {Map<string, Column>} learners @param {string} idle @param {number} cycle
 * @returns {Problem} */
function assembled(data, learners, draw, cycle, idle) {
  const task = keysOf(data.get("task"), "task", TASK);
  const radio = keysOf(data.get("radio"), "radio", RADIO);
  /** @param {string} key @returns {number | null} */
  const given = (key) => (radio.has(key) ? number(radio, "radio", key) : null);
  const shared = choice(radio, "radio", "shared", ["send", "return"], "send");
  const noises = [given("noise_density_w_per_hz"), given("noise_power_w")];
  if ((noises[0] === null) === (noises[1] === null)) {
    throw new Refusal("radio: exactly one of noise_density_w_per_hz and noise_power_w must be given");
  }
  if (!radio.has("power_w") && shared === "send") throw new Refusal("radio.power_w is missing");
  const length = /** @type {Column} */ (learners.get("gain") ?? []).length;
  const payload = new Map();
  if (data.has("payload")) {
    for (const [key, value] of keysOf(data.get("payload"), "payload", PAYLOAD)) {
      const values = (Array.isArray(value) ? value : [value]).map((x) => plainNumber(x, false));
      if (values.includes(null)) throw new Refusal(`payload.${key}: must be a number or a list of numbers`);
      if (Array.isArray(value) && value.length !== length) {
        throw new Refusal(`payload.${key} has ${value.length} entries: must have ${length}`);
      }
      payload.set(key, Array.isArray(value) ? values : values[0]);
    }
  }
  const counts = Object.fromEntries(COUNTS.map((key) => [key,
    integer(task, "task", key, /^(samples|feature_bits|parameter_bits)$/.test(key) ? 1 : 0)]));
  const problem = /** @type {Problem} */ ({
    task: { ...counts, flops_per_sample: number(task, "task", "flops_per_sample"),
      setting: choice(task, "task", "setting", ["parallelized", "federated"], "parallelized") },
    radio: { bandwidth_hz: number(radio, "radio", "bandwidth_hz"), power_w: given("power_w"),
      noise_density_w_per_hz: noises[0], noise_power_w: noises[1], block_hz: given("block_hz"),
      shared },
    cycle_s: cycle, idle, learners, payload, draw });
  checkPairs(problem);
  return problem;
}

/** Refuse columns beside which another is missing, or one too many.
 * @param {Problem} problem */
function checkPairs({ learners, radio }) {
  for (const [name, needed] of [["energy_per_flop_j", "energy_j"], ["min_flops_per_s", "energy_coefficient"]]) {
    if (learners.has(name) && !learners.has(needed)) {
      throw new Refusal(`learners: ${name} is given without ${needed}: both must be given or neither`);
    }
  }
  if (learners.has("energy_per_flop_j") && learners.has("energy_coefficient")) {
    throw new Refusal("learners: only one of energy_per_flop_j and energy_coefficient may be given");
  }
  const chosen = learners.has("energy_j") && learners.has("energy_coefficient");
  if (chosen && radio.shared === "send" && radio.block_hz !== null) {
    throw new Refusal("learners: energy_j with energy_coefficient: radio.block_hz must be left out");
  }
}

/** @param {string} text a scenario file @returns {Problem} */
export function readScenario(text) {
  const data = keysOf(refusing("not a scenario", () => readToml(text)), "the file",
    ["task", "radio", "cycle", "learners", "payload"]);
  for (const [name, known] of SECTIONS) {
    const table = data.get(name);
    if (table instanceof Map) data.set(name, refusing(name, () => inSi(table, known)));
  }
  const cycle = keysOf(data.get("cycle"), "cycle", CYCLE);
  const stated = keysOf(data.get("learners"), "learners", LEARNERS);
  if (stated.has("table")) {
    throw new Refusal("learners.table: a table beside the file cannot be read by a page; "
      + "mel-fast explore SCENARIO opens this page with it");
  }
  /** @type {Map<string, Column | number | boolean>} */
  const found = new Map();
  for (const [name, value] of stated) {
    if (COLUMNS.has(name)) found.set(name, column(name, value));
  }
  let count = stated.has("count") ? integer(stated, "learners", "count", 1) : null;
  if (count !== null && count > MOST_LEARNERS) tooMany(count);
  let draw = null;
  if (stated.has("draw")) {
    if (count !== null) throw new Refusal("learners: beside draw there must be no count");
    draw = drawnFrom(stated.get("draw"));
    for (const [name, values] of draw.columns) {
      if (found.has(name)) throw new Refusal(`learners.${name} is given both there and by draw`);
      found.set(name, values);
    }
    count = draw.draw.count;
  }
  return assembled(data, together(found, count), draw && draw.draw, number(cycle, "cycle", "cycle_s"),
    choice(cycle, "cycle", "idle", ["served", "excused"], "served"));
}

/** @param {unknown} table @returns {{draw: import("./problem.js").Draw,
 *   columns: [string, Column][]}} */
function drawnFrom(table) {
  const where = "learners.draw";
  const words = keysOf(table instanceof Map ? refusing(where, () => inSi(table, DRAW)) : table,
    where, DRAW);
  const count = integer(words, where, "count", 1);
  if (count > MOST_LEARNERS) tooMany(count);
  const seed = words.has("seed") ? integer(words, where, "seed", 0) : 0;
  const draw = words.has("draw") ? integer(words, where, "draw", 0) : 0;
  const speeds = [words.get("device_flops_per_s")].flat().map((x) => plainNumber(x, false));
  if (!speeds.length || speeds.includes(null)) {
    throw new Refusal(`${where}.device_flops_per_s: must be a number or a list of numbers`);
  }
  const laws = ["placement", "attenuation"].map((key) => {
    if (!(words.get(key) instanceof Map)) throw new Refusal(`${where}.${key}: must be a table`);
    return Object.fromEntries(words.get(key));
  });
  const found = refusing(where, () => drawn(stream(seed, draw), count, {
    placement: laws[0], attenuation: laws[1], fading: words.get("fading"),
    extraLossDb: words.has("extra_loss_db") ? number(words, where, "extra_loss_db") : 0 }));
  return {
    draw: { count, seed, draw, words, distance_m: found.distance_m },
    columns: [["flops_per_s", Array.from({ length: count },
      (_, k) => /** @type {number} */ (speeds[k % speeds.length]))], ["gain", found.gain]],
  };
}

/** @template T @param {string} where @param {() => T} call @returns {T} */
function refusing(where, call) {
  try {
    return call();
  } catch (error) {
    throw error instanceof Refusal ? error
      : new Refusal(`${where}: ${error instanceof Error ? error.message : "unreadable"}`);
  }
}

/** JSON with tables as maps, so that no key of a file can be anything but a key.
 * @param {string} text @returns {unknown} */
function readJson(text) {
  return refusing("not a plan file", () => JSON.parse(text, (_, value) => (
    value !== null && typeof value === "object" && !Array.isArray(value)
      ? new Map(Object.entries(value)) : value)));
}

/** `more` is what a plan claims beyond its tau, which this page cannot compare with its own.
 * @typedef {{status: string, scheme: string, tau: number, bound: number, more: string[]}} Claim */

/** @param {string} text a plan file @returns {{problem: Problem, claim: Claim}} */
export function readPlan(text) {
  const file = keysOf(readJson(text), "the file", PLAN);
  if (file.get("format") !== "mel_fast.plan" || ![1, 2].includes(file.get("version"))) {
    throw new Refusal("not a plan file of version 1 or 2");
  }
  const claim = {
    status: choice(file, "plan", "status", ["optimal", "feasible", "infeasible", "undecided"]),
    scheme: choice(file, "plan", "scheme", ["joint", "task_only", "resource_only"]),
    tau: integer(file, "plan", "tau", 0), bound: integer(file, "plan", "bound", 0),
    more: ["at_least", "no_more", "least_energy"].filter((name) => file.has(name)) };
  return { problem: problemOf(file.get("problem")), claim };
}

/** @param {string} text a plan file's problem @returns {Problem} */
export const readProblem = (text) => problemOf(readJson(text));

/** @param {unknown} stated @returns {Problem} */
function problemOf(stated) {
  const data = keysOf(stated, "problem", ["task", "learners", "radio", "cycle_s", "idle", "payload"]);
  const columns = keysOf(data.get("learners"), "learners", [...COLUMNS.keys()]);
  const found = new Map([...columns].map(([name, value]) => [name, column(name, value)]));
  return assembled(data, together(found, null), null, number(data, "problem", "cycle_s"),
    choice(data, "problem", "idle", ["served", "excused"]));
}
