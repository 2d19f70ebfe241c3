// Files to take away: a plan that `mel-fast check` judges, a scenario that the package reads.
import { withoutEmptySides } from "./certificate.js";
import { hexOf } from "./hex.js";
import { COLUMNS, hasChoice, SECOND } from "./problem.js";
import { tomlFloat, tomlText } from "./toml.js";

/** @typedef {import("./problem.js").Problem} Problem */
/** @typedef {import("./answer.js").Answer} Answer */

const INTEGERS = ["samples", "features", "feature_bits", "fixed_parameters",
  "parameters_per_sample", "parameter_bits"];

/** @param {number} x @returns {string} */
const hexOrInf = (x) => (x === Infinity ? "inf" : hexOf(x));

/** The form of a problem in plan files.
 * @param {Problem} problem @returns {object} */
export function planProblem(problem) {
  const { task, radio } = problem;
  /** @type {Record<string, unknown>} */
  const learners = {};
  for (const [name, kind] of COLUMNS) {
    const column = problem.learners.get(name);
    if (!column) continue;
    const real = kind === "real" || kind === "cap";
    learners[name] = real ? /** @type {number[]} */ (column).map(hexOrInf) : column;
  }
  const numbers = Object.entries(radio).filter(([, value]) => typeof value === "number");
  const payload = [...problem.payload].map(([name, value]) =>
    [name, Array.isArray(value) ? value.map(hexOf) : hexOf(value)]);
  return {
    task: { ...task, flops_per_sample: hexOf(task.flops_per_sample) },
    learners,
    radio: {
      ...Object.fromEntries(numbers.map(([name, value]) => [name, hexOf(Number(value))])),
      ...(radio.shared === "return" ? { shared: "return" } : {}),
    },
    cycle_s: hexOf(problem.cycle_s),
    idle: problem.idle,
    ...(payload.length ? { payload: Object.fromEntries(payload) } : {}),
  };
}

/** @param {Problem} problem @param {string} scheme @param {Answer} answer
 * @returns {string} a plan file */
export function planFile(problem, scheme, answer) {
  const second = SECOND.some((name) => problem.learners.has(name)) || problem.payload.size > 0
    || problem.radio.shared === "return";
  const { plan } = answer;
  const columns = plan && { samples: plan.samples, bandwidth_hz: plan.bandwidth_hz.map(hexOf),
    power_w: plan.power_w.map(hexOf) };
  return `${JSON.stringify({
    format: "mel_fast.plan",
    version: second ? 2 : 1,
    status: answer.status,
    scheme,
    tau: answer.tau,
    bound: answer.bound,
    ...(columns ?? { samples: null, bandwidth_hz: null, power_w: null }),
    ...(plan && plan.blocks ? { blocks: plan.blocks } : {}),
    ...(plan && plan.flops_per_s ? { flops_per_s: plan.flops_per_s.map(hexOf) } : {}),
    problem: planProblem(problem),
    certificate: certificate(problem, scheme, answer),
    reasons: answer.status === "optimal" ? [] : [`${answer.status}, as the live page found it`],
    nodes: answer.nodes,
    passes: answer.passes,
    elapsed_s: answer.elapsed_s,
  })}\n`;
}

/** @param {Problem} problem @param {string} scheme @param {Answer} answer @returns {object | null} */
function certificate(problem, scheme, answer) {
  const tau = answer.bound + 1;
  if (scheme === "task_only") return { tau, rule: "equal_shares" };
  if (!answer.tree.length) return null;
  const whole = hasChoice(problem) ? answer.tree : withoutEmptySides(answer.tree, problem);
  const tree = whole.map((node) => ("learner" in node ? node
    : Object.fromEntries(Object.entries(node).map(([name, x]) => [name, hexOf(x)]))));
  return { tau, rule: "prices", tree };
}

/** @param {Problem} problem @returns {string} a scenario file */
export function scenarioFile(problem) {
  const { task, radio, draw } = problem;
  const lines = ["# A scenario for mel-fast, as the live page had it: mel-fast solve THIS_FILE", ""];
  /** @param {string} name @param {Iterable<[string, string]>} entries */
  const section = (name, entries) => {
    lines.push(`[${name}]`, ...[...entries].map(([key, value]) => `${key} = ${value}`), "");
  };
  section("task", Object.entries(task).map(([key, value]) => [key, INTEGERS.includes(key)
    ? String(value) : typeof value === "number" ? tomlFloat(value) : tomlText(value)]));
  section("radio", Object.entries(radio).flatMap(([key, value]) => (value === null || value === "send" ? []
    : [[key, typeof value === "number" ? tomlFloat(value) : tomlText(value)]])));
  section("cycle", [["cycle_s", tomlFloat(problem.cycle_s)], ["idle", tomlText(problem.idle)]]);
  if (problem.payload.size) {
    section("payload", [...problem.payload].map(([key, value]) => [key,
      Array.isArray(value) ? `[${value.map(tomlFloat).join(", ")}]` : tomlFloat(value)]));
  }
  /** @type {[string, string][]} */
  const columns = [];
  for (const [name, kind] of COLUMNS) {
    const column = problem.learners.get(name);
    if (!column || (draw && (name === "flops_per_s" || name === "gain"))) continue;
    const texts = [...column].map((x) => (typeof x === "string" ? tomlText(x)
      : typeof x === "boolean" || kind === "count" ? String(x) : tomlFloat(x)));
    const same = kind !== "text" && draw !== null && texts.every((text) => text === texts[0]);
    columns.push([name, same ? texts[0] : `[${texts.join(", ")}]`]);
  }
  section("learners", columns);
  if (draw) {
    section("learners.draw", [...draw.words].map(([key, value]) => [key, tomlValue(key, value)]));
  }
  return lines.join("\n");
}

/** @param {string} key @param {unknown} value @returns {string} */
function tomlValue(key, value) {
  if (value instanceof Map) {
    return `{ ${[...value].map(([k, v]) => `${k} = ${tomlValue(k, v)}`).join(", ")} }`;
  }
  if (Array.isArray(value)) return `[${value.map((v) => tomlValue(key, v)).join(", ")}]`;
  if (typeof value === "string") return tomlText(value);
  return ["count", "seed", "draw"].includes(key) ? String(value) : tomlFloat(Number(value));
}
