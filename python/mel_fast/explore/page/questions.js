// What a planner asks next, answered by solving again: where tau steps up as a resource grows, and
// how much of each alone one more local cycle takes. Only what is proved is drawn or said.
import { amountOf, RESOURCES } from "./answer.js";

/** @typedef {import("./problem.js").Problem} Problem */
/** @typedef {import("./answer.js").Core} Core */
/** @typedef {{amount: number, tau: number}} Point */
/** @typedef {{over: string, has: number, lower: number, upper: number | null, open: boolean}} Need
 *   alone: `upper` is enough, `lower` is not; null where nothing up to MOST_TIMES was */

export const MOST_TIMES = 1024;
const FINEST = 1 / 512; // of the frontier's axis
const CLOSE = 1e-6; // relative, of a need
const SECONDS = 0.25; // a question

/** Known values of tau at rising amounts, ever more of them: between two equal ones tau is that,
 * for more of a resource never takes a plan away. Null where a point could not be decided.
 * @param {Core} core with the problem posed @param {Problem} problem @param {string} over
 * @param {number} end of the axis, which begins near 0 @param {string} scheme
 * @returns {AsyncGenerator<(Point | null)[], void>} */
export async function* frontier(core, problem, over, end, scheme) {
  /** @param {number} amount @returns {Promise<Point | null>} */
  const ask = async (amount) => {
    const answer = await core.solve({ [over]: amount }, { scheme, seconds: SECONDS });
    return answer.status === "optimal" || answer.status === "infeasible" ? { amount, tau: answer.tau } : null;
  };
  let points = [await ask(end * FINEST), await ask(/** @type {number} */ (amountOf(problem, over))), await ask(end)];
  for (let width = end; width > end * FINEST; width /= 2) {
    const finer = [points[0]];
    for (let i = 1; i < points.length; i++) {
      const [a, b] = [points[i - 1], points[i]];
      if (a && b && a.tau !== b.tau && b.amount - a.amount > end * FINEST) {
        finer.push(await ask((a.amount + b.amount) / 2));
        yield [...finer, ...points.slice(i)];
      }
      finer.push(b);
    }
    points = finer;
  }
  yield points;
}

/** @param {Core} core with the problem posed @param {Problem} problem @param {number} tau that does
 * not fit
 * @param {string} scheme @returns {AsyncGenerator<Need, void>} one a resource */
export async function* needs(core, problem, tau, scheme) {
  for (const over of RESOURCES) {
    const has = amountOf(problem, over);
    if (has === null) continue;
    /** Whether tau fits with so much: null where that stays open.
     * @param {number} amount */
    const fits = async (amount) => {
      const answer = await core.decide(tau, { [over]: amount }, { scheme, seconds: SECONDS });
      return answer.tau >= tau ? true : answer.bound < tau ? false : null;
    };
    let lower = has;
    let upper = has;
    /** @type {boolean | null} */
    let found = false;
    while (found === false && upper < has * MOST_TIMES) {
      lower = upper;
      upper *= 2;
      found = await fits(upper);
    }
    if (found !== true) {
      yield { over, has, lower: found === null ? lower : upper, upper: null, open: found === null };
      continue;
    }
    while (upper > lower * (1 + CLOSE)) {
      const middle = (lower + upper) / 2;
      const inside = await fits(middle);
      if (inside === null) break;
      if (inside) upper = middle;
      else lower = middle;
    }
    yield { over, has, lower, upper, open: false };
  }
}
