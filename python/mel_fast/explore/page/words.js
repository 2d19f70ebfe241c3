// What was found, in words.
import { amountOf, constantSeconds } from "./answer.js";
import { count, grouped, growth, outward, significant, withUnit } from "./numbers.js";
import { law, links, nameOf, real, rests, size } from "./problem.js";
import { MOST_TIMES } from "./questions.js";

/** @typedef {import("./problem.js").Problem} Problem */
/** @typedef {import("./answer.js").Answer} Answer */
/** @typedef {import("./answer.js").Worth} Worth */
/** @typedef {import("./questions.js").Need} Need */
/** @typedef {[string, string]} Fact */

export const SCHEME_NAMES = new Map([["joint", "Joint"], ["task_only", "Task only"],
  ["resource_only", "Resource only"]]);
export const SCHEME_WORDS = new Map([["joint", "samples, bandwidth and power together"],
  ["task_only", "bandwidth and power in equal shares"], ["resource_only", "samples in equal shares"]]);
export const NAMES = new Map([["cycle_s", "Cycle"], ["bandwidth_hz", "Bandwidth"], ["power_w", "Power"]]);
export const UNITS = new Map([["cycle_s", "s"], ["bandwidth_hz", "Hz"], ["power_w", "W"]]);
const DIGITS = 5;
const ROUNDING = 1e-9; // relative: far more than any of a bound

/** @param {string} over @param {number} x @param {number} [digits] @returns {string} */
export const amount = (over, x, digits = DIGITS) => withUnit(x, UNITS.get(over) ?? "", digits);

/** @param {Answer} answer @returns {[string, string]} a chip and its kind */
export function chip(answer) {
  switch (answer.status) {
    case "optimal": return ["✓ Proved optimal", "good"];
    case "infeasible": return ["Proved infeasible", "bad"];
    case "feasible": return ["Not proved yet", ""];
    default: return ["Undecided", ""];
  }
}

/** @param {Problem} problem @param {Answer} answer @returns {string} */
export function headline(problem, answer) {
  const next = answer.bound + 1;
  if (answer.status === "optimal") {
    return `No plan has ${grouped(next)} local cycles, however samples, bandwidth and power are shared out.`;
  }
  if (answer.status === "infeasible") return `Not even one local cycle fits. ${blame(problem, answer)}`;
  const stop = answer.stopped ? "The search was stopped here"
    : "Double precision does not decide this; mel-fast solve has more";
  return `${stop}: at most ${grouped(answer.bound)} local cycles are possible.`;
}

/** @param {Problem} problem @param {Answer} answer @returns {string} */
function blame(problem, answer) {
  const { planned, constant } = links(problem);
  if (answer.blame === "slow_return" && answer.blamed < size(problem)) {
    const needs = constantSeconds(problem, answer.blamed);
    const does = constant === "return" ? "returning" : "receiving";
    return `Learner ${nameOf(problem, answer.blamed)} alone is too slow: ${does} the model takes `
      + `${withUnit(needs, "s")} of ${withUnit(problem.cycle_s, "s")}.`;
  }
  if (answer.blame === "computing") {
    return "The learners are too slow to work through all samples once, however fast the link were.";
  }
  if (answer.blame === "choice") {
    return `No choice of learners takes just ${count(problem.task.samples, "sample")} and is back in time.`;
  }
  const what = planned === "send" ? "what must be sent" : "what must be returned";
  return `Bandwidth and power, however they are shared out, are too little for ${what}.`;
}

/** @param {Problem} problem @param {Answer} answer @param {string} where @returns {Fact[]} */
export function facts(problem, answer, where) {
  const { plan } = answer;
  /** @type {Fact[]} */
  const found = [];
  if (plan) {
    const last = Math.max(...plan.total_s);
    const taking = plan.samples.filter((d) => d > 0).length;
    const used = plan.bandwidth_hz.reduce((sum, x) => sum + x, 0) / problem.radio.bandwidth_hz;
    const power = plan.power_w.reduce((sum, x) => sum + x, 0);
    found.push(["All are back after", withUnit(last, "s")],
      ["Learners with samples", `${grouped(taking)} of ${grouped(size(problem))}`],
      ["Bandwidth used", `${significant(100 * used, 3)}\u202f%`],
      ["Power used", problem.radio.power_w === null ? withUnit(power, "W", 3)
        : `${significant((100 * power) / problem.radio.power_w, 3)}\u202f%`]);
  }
  found.push([`Solved ${where}`, answer.elapsed_s < 1e-4 ? `in less than 0.1\u202fms` : withUnit(answer.elapsed_s, "s", 2)]);
  return found;
}

/** @param {Problem} problem @param {Answer} answer @param {Worth | null} worth at bound + 1
 * @returns {Fact[]} */
export function proof(problem, answer, worth) {
  const tau = grouped(answer.bound + 1);
  const leaves = answer.tree.filter((node) => "lambda_per_hz" in node);
  /** @type {Fact[]} */
  const found = [];
  if (answer.plan) {
    found.push(["Reached", `${grouped(answer.tau)}: a plan for it is below, every learner timed within the deadline.`]);
  }
  const [{ lambda_per_hz, mu_per_w }] = /** @type {import("./certificate.js").Leaf[]} */ (
    leaves.length ? leaves : [{ lambda_per_hz: 0, mu_per_w: 0 }]);
  if (leaves.length === 1 && lambda_per_hz === 0 && mu_per_w === 0) {
    found.push(["Ruled out", `${tau}: were bandwidth and power free, the learners within their `
      + `own limits could still not take ${count(problem.task.samples, "sample")} and be back in time.`]);
  } else if (leaves.length === 1) {
    found.push(["Ruled out", `${tau}, by one pair of prices, ${significant(lambda_per_hz * 1e6, 3)} samples a `
      + `megahertz and ${significant(mu_per_w * 1e-3, 3)} a milliwatt: at them both budgets and all learners `
      + `together are worth fewer than ${count(problem.task.samples, "sample")}.`]);
  } else if (leaves.length > 1) {
    found.push(["Ruled out", `${tau}, by ${grouped(leaves.length)} boxes that hold every split of the samples, `
      + "each with a pair of prices at which it is worth too few."]);
  } else {
    found.push(["Ruled out", "nothing beyond the number above."]);
  }
  if (worth) {
    const most = Math.floor(worth.samples * (1 + ROUNDING) + ROUNDING);
    if (most < problem.task.samples) {
      found.push(["In samples", `with ${tau} local cycles at most ${grouped(most)} of `
        + `${grouped(problem.task.samples)} fit.`]);
    }
  }
  found.push(["Effort", `${count(answer.passes, "pass").replace("passs", "passes")} over the learners, `
    + `${answer.nodes ? `${count(answer.nodes, "box").replace("boxs", "boxes")} of branch and bound` : "no branch and bound"}.`],
  ["Check it", "save the plan and run mel-fast check: it shares no code with the solver."]);
  return found;
}

/** @param {Need} need @param {number} tau @returns {{strong: string, rest: string, open: boolean}} */
export function needWords(need, tau) {
  const { over, has, lower, upper } = need;
  const name = NAMES.get(over) ?? over;
  if (upper === null) {
    const rest = need.open ? ` ${name}: how much more would do is open.`
      : ` ${name}: no amount up to ${grouped(MOST_TIMES)} times as much makes ${tau} fit.`;
    return { strong: "", rest: rest.trim(), open: true };
  }
  const enough = outward(upper, DIGITS, true);
  return { strong: `${name} ${amount(over, enough)} (${growth(enough / has)})`,
    rest: ` instead of ${amount(over, has)} is enough; ${amount(over, outward(lower, DIGITS, false))} is not.`,
    open: false };
}

/** @param {Problem} problem @param {Worth} worth @returns {string} */
export function worthWords(problem, worth) {
  const power = problem.radio.power_w === null ? ""
    : `, a milliwatt ${significant(worth.per_w * 1e-3, 3)}`;
  return `Then a second more makes room for ${significant(worth.per_s, 3)} samples, a megahertz `
    + `${significant(worth.per_hz * 1e6, 3)}${power}.`;
}

/** @param {Problem} problem @param {Answer} answer @param {number} k @returns {string} */
export function learnerWords(problem, answer, k) {
  const { plan } = answer;
  const who = `Learner ${nameOf(problem, k)}`;
  if (!plan) return `${who}: ${withUnit(real(problem, "flops_per_s")[k], "flop/s")}`;
  if (rests(problem, k, plan.samples[k])) return `${who} is left out and uses nothing.`;
  const speed = plan.flops_per_s ? ` at ${withUnit(plan.flops_per_s[k], "flop/s", 3)}` : "";
  return `${who}: ${count(plan.samples[k], "sample")} · ${withUnit(plan.bandwidth_hz[k], "Hz", 3)}, `
    + `${withUnit(plan.power_w[k], "W", 3)} · sends ${withUnit(plan.send_s[k], "s", 3)}, computes `
    + `${withUnit(plan.compute_s[k], "s", 3)}${speed}, returns ${withUnit(plan.return_s[k], "s", 3)}`;
}

/** @param {Problem} problem @returns {string} */
export function problemWords(problem) {
  const { task, radio } = problem;
  return `${count(size(problem), "learner")}, ${count(task.samples, "sample")}, cycle `
    + `${withUnit(problem.cycle_s, "s")}, ${withUnit(radio.bandwidth_hz, "Hz")}, `
    + `${radio.power_w === null ? "each its own power" : withUnit(radio.power_w, "W")}, `
    + `${law(problem)} law, idle ${problem.idle}`;
}

/** @param {Problem} problem @param {string} over @returns {boolean} */
export const hasResource = (problem, over) => amountOf(problem, over) !== null;
