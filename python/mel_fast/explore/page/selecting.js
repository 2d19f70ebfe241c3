// Where somebody may choose to sit out: the search over tau, each of which is one question to the
// core. No plan has fewer local cycles than one of the problem without its choice, so it begins there.
import { planColumns } from "./answer.js";

/** @typedef {import("./problem.js").Problem} Problem */
/** @typedef {import("./answer.js").Answer} Answer */
/** What the core says of one tau.
 * @typedef {{fits: boolean, refuted: boolean, stopped: boolean, room: number, nodes: number,
 *   passes: number, end: [number, number], columns: number[][],
 *   tree: import("./answer.js").Answer["tree"]}} Selection */
/** @typedef {(tau: number, start: [number, number, number], seconds: number) => Selection} Ask */

const NOBODY_KNOWS = Number.MAX_SAFE_INTEGER; // a bound that says nothing
const TOLD = 12; // questions that go where bounds say
const FARTHEST = 2 ** 40;

/** The problem in which every minimum that is open is none, and anybody may rest.
 * @param {Problem} problem @returns {Problem} */
export function withoutChoice(problem) {
  const learners = new Map(problem.learners);
  const flags = learners.get("optional") ?? [];
  const minima = learners.get("min_samples");
  learners.delete("optional");
  if (minima) learners.set("min_samples", minima.map((least, k) => (flags[k] ? 0 : Number(least))));
  return { ...problem, idle: "excused", learners };
}

/** Whether a split of `withoutChoice` is one of the problem itself.
 * @param {Problem} problem @param {number[]} samples @returns {boolean} */
function keepsChoice(problem, samples) {
  const flags = problem.learners.get("optional") ?? [];
  const minima = problem.learners.get("min_samples");
  return samples.every((d, k) => (d > 0 ? d >= Number(minima?.[k] ?? 0)
    : Boolean(flags[k]) || (problem.idle === "excused" && !Number(minima?.[k] ?? 0))));
}

/** The same search as the package's, in the core's seconds.
 * @param {Problem} problem @param {Answer} relaxed the answer for `withoutChoice`
 * @param {Ask} ask @param {number} seconds @param {() => number} clock in seconds
 * @returns {Answer} */
export function selected(problem, relaxed, ask, seconds, clock) {
  const begin = clock();
  /** @type {{tau: number, plan: Answer["plan"], above: number, tree: Answer["tree"]}} */
  const found = { tau: 0, plan: null, above: NOBODY_KNOWS, tree: [] };
  let { nodes, passes } = relaxed;
  let stopped = relaxed.stopped;
  /** @type {[number, number, number]} */
  let start = [0, 0, 0];
  /** @type {Map<number, number>} the samples' room at a tau, over all samples */
  const room = new Map();
  if (relaxed.tree.length === 1) Object.assign(found, { above: relaxed.bound + 1, tree: relaxed.tree });
  if (relaxed.plan && keepsChoice(problem, relaxed.plan.samples)) {
    Object.assign(found, { tau: relaxed.tau, plan: relaxed.plan });
  }

  /** Whether so many local cycles fit; null where nobody knows.
   * @param {number} tau @returns {boolean | null} */
  const decide = (tau) => {
    const said = ask(tau, start, Math.max(seconds - (clock() - begin), 0));
    nodes += said.nodes;
    passes += said.passes;
    if (Math.min(...said.end) > 0) start = [tau, ...said.end];
    if (said.room > 0 && said.room < Infinity) room.set(tau, said.room / problem.task.samples);
    if (said.fits) {
      if (tau > found.tau) Object.assign(found, { tau, plan: planColumns(problem, said.columns, tau) });
      return true;
    }
    if (said.refuted) {
      if (tau < found.above) Object.assign(found, { above: tau, tree: said.tree });
      return false;
    }
    stopped ||= said.stopped;
    return null;
  };

  if (!stopped && found.above > found.tau + 1) {
    const ends = relaxed.status === "optimal" || relaxed.status === "infeasible";
    const guess = ends ? relaxed.bound : Math.max(relaxed.tau, 1);
    const high = highest(decide, Math.max(guess, 1), relaxed.bound + 1, found, room, () => stopped);
    if (!stopped && found.above > found.tau + 1 && high === relaxed.bound + 1) decide(high);
    for (let low = high; low < found.above - 1 && found.above < NOBODY_KNOWS && !stopped;) {
      const asked = Math.floor((low + found.above) / 2);
      if (decide(asked) !== false) low = asked;
    }
    for (let step = 1; found.above === NOBODY_KNOWS && !stopped && step < FARTHEST; step *= 4) {
      decide(Math.max(high, found.tau) + step);
    }
  }
  const bound = found.above - 1;
  const status = found.tau ? (found.tau === bound ? "optimal" : "feasible")
    : bound === 0 ? "infeasible" : "undecided";
  return { status, tau: found.tau, bound, nodes, passes, elapsed_s: relaxed.elapsed_s + clock() - begin,
    stopped, blame: "choice", blamed: 0, plan: found.plan, tree: found.tree };
}

/** Where the bounds say that the samples just fit, until something does and no more; where they
 * cannot tell, down with doubling steps until something fits, then by halves.
 * @param {(tau: number) => boolean | null} decide @param {number} guess
 * @param {number} above that is not known to fit @param {{tau: number}} found
 * @param {Map<number, number>} room @param {() => boolean} stopped
 * @returns {number} the least tau that is not known to fit */
function highest(decide, guess, above, found, room, stopped) {
  let high = above;
  let asked = guess;
  let step = 1;
  for (let told = 0; found.tau < high - 1 && !stopped();) {
    asked = Math.min(Math.max(asked, found.tau + 1), high - 1);
    const answer = decide(asked);
    if (!answer) high = asked;
    const where = answer !== null && told < TOLD ? justFits(room) : null;
    told += 1;
    if (where !== null) {
      asked = Math.floor(where);
    } else if (answer) {
      asked = step === 1 ? asked + 1 : Math.floor((found.tau + high) / 2);
    } else if (found.tau) {
      asked = Math.floor((found.tau + high) / 2);
    } else {
      asked = Math.max(asked - step, 1);
      step *= 2;
    }
  }
  return high;
}

/** At which tau just the samples fit, along the logarithms of tau and of what fits, nearly straight.
 * @param {Map<number, number>} room @returns {number | null} */
function justFits(room) {
  const nearest = [...room].map(([tau, share]) => [Math.log(tau), Math.log(share)])
    .sort((a, b) => Math.abs(a[1]) - Math.abs(b[1]));
  if (!nearest.length) return null;
  const [x, y] = nearest[0];
  let slope = -1;
  if (nearest.length > 1) {
    const [x0, y0] = nearest[1];
    if ((y - y0) * (x - x0) < 0) slope = (y - y0) / (x - x0);
  }
  return Math.exp(Math.min(x - y / slope, Math.log(NOBODY_KNOWS)));
}

/** One tau as an answer.
 * @param {Problem} problem @param {number} tau @param {Selection} said @param {number} elapsed_s
 * @returns {Answer} */
export function answered(problem, tau, said, elapsed_s) {
  const bound = said.refuted ? tau - 1 : NOBODY_KNOWS;
  const status = said.fits ? "feasible" : bound === 0 ? "infeasible" : "undecided";
  return { status, tau: said.fits ? tau : 0, bound, nodes: said.nodes, passes: said.passes, elapsed_s,
    stopped: said.stopped, blame: "choice", blamed: 0,
    plan: said.fits ? planColumns(problem, said.columns, tau) : null, tree: said.tree };
}

