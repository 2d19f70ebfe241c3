// The core itself, as WebAssembly in this page. It imports a clock and an environment that
// is empty, and nothing else of the world.
import { BLAMES, planColumns, SCHEMES, STATUSES } from "./answer.js";
import { hasChoice, links, Refusal, statement, wholePayload } from "./problem.js";
import { answered, selected, withoutChoice } from "./selecting.js";

/** @typedef {import("./problem.js").Problem} Problem */
/** @typedef {import("./answer.js").Answer} Answer */
/** @typedef {import("./answer.js").Budgets} Budgets */
/** @typedef {import("./answer.js").Limits} Limits */

const FIRST_OF_TREE = 7;
const WORK = 2e8; // learner responses in all, so that no question keeps the page for long

/** Whether any bit travels over the planned link: without one there are no prices.
 * @param {Problem} problem @returns {boolean} */
function sendsAnything(problem) {
  const { planned } = links(problem);
  const payload = wholePayload(problem);
  return [`${planned}_bits`, `${planned}_bits_per_sample`].some((name) =>
    [payload.get(name)].flat().some((bits) => bits !== 0));
}

export class BrowserCore {
  /** @param {BufferSource} bytes @returns {Promise<BrowserCore>} */
  static async load(bytes) {
    /** @type {WebAssembly.Exports} */
    let exports;
    const memory = () => /** @type {WebAssembly.Memory} */ (exports.memory).buffer;
    /** WASI: nanoseconds of a clock that never goes back.
     * @param {number} _clock @param {bigint} _precision @param {number} into */
    const clock = (_clock, _precision, into) => {
      new DataView(memory()).setBigUint64(into, BigInt(Math.round(performance.now() * 1e6)), true);
      return 0;
    };
    /** An environment of no variables.
     * @param {number} count @param {number} bytes */
    const nothing = (count, bytes) => {
      for (const into of [count, bytes]) new DataView(memory()).setUint32(into, 0, true);
      return 0;
    };
    const imports = {
      env: { emscripten_notify_memory_growth: () => undefined },
      wasi_snapshot_preview1: {
        clock_time_get: clock,
        environ_get: () => 0,
        environ_sizes_get: nothing,
        proc_exit: () => {
          throw new Error("the core gave up");
        },
      },
    };
    const { instance } = await WebAssembly.instantiate(bytes, imports);
    exports = instance.exports;
    const core = new BrowserCore(exports);
    core.call("_initialize");
    core.columns = core.text("mel_column_names").split(" ");
    return core;
  }

  /** @param {WebAssembly.Exports} exports */
  constructor(exports) {
    this.exports = exports;
    this.name = "in this page";
    this.quick = true;
    /** @type {string[]} */
    this.columns = [];
    /** @type {Problem | null} */
    this.problem = null;
    /** @type {{numbers: Float64Array, relaxed: Problem} | null} where somebody may choose to rest */
    this.own = null;
    /** @type {Required<Budgets> | null} */
    this.budgets = null;
  }

  /** @param {string} name @param {number[]} args @returns {number} */
  call(name, ...args) {
    return /** @type {(...args: number[]) => number} */ (this.exports[name])(...args);
  }

  /** @param {number} pointer @param {number} length @returns {Float64Array} */
  doubles(pointer, length) {
    const { buffer } = /** @type {WebAssembly.Memory} */ (this.exports.memory);
    return new Float64Array(buffer, pointer, length);
  }

  /** @param {string} name @returns {string} */
  text(name) {
    const { buffer } = /** @type {WebAssembly.Memory} */ (this.exports.memory);
    const bytes = new Uint8Array(buffer, this.call(name));
    return new TextDecoder().decode(bytes.subarray(0, bytes.indexOf(0)));
  }

  /** @param {number} code @returns {number} */
  checked(code) {
    if (code < 0) throw new Refusal(this.text("mel_text"));
    return code;
  }

  /** @param {Problem} problem @param {string} scheme */
  async pose(problem, scheme) {
    const numbers = statement(problem, scheme, this.columns);
    if (hasChoice(problem) && scheme !== "joint") {
      throw new Refusal(`learners that may sit out (optional) are not planned by ${scheme}`);
    }
    this.put(numbers);
    this.problem = problem;
    this.own = hasChoice(problem) ? { numbers, relaxed: withoutChoice(problem) } : null;
    const { cycle_s, radio } = problem;
    this.budgets = { cycle_s, bandwidth_hz: radio.bandwidth_hz, power_w: numbers[2] };
  }

  /** @param {Float64Array} numbers of a question */
  put(numbers) {
    this.doubles(this.call("mel_question", numbers.length), numbers.length).set(numbers);
    this.checked(this.call("mel_pose"));
  }

  /** @param {Budgets} changes @returns {Problem} */
  with(changes) {
    if (!this.problem || !this.budgets) throw new Error("no problem was posed");
    const { cycle_s, bandwidth_hz, power_w } = { ...this.budgets, ...changes };
    this.checked(this.call("mel_with", cycle_s, bandwidth_hz, power_w));
    return this.problem;
  }

  /** @param {Budgets} budgets @param {Limits} limits @returns {Promise<Answer>} */
  async solve(budgets, { scheme, seconds, spare = false }) {
    const problem = this.with(budgets);
    if (this.own) return this.chosen(problem, this.own, budgets, seconds, spare);
    const code = SCHEMES.indexOf(scheme);
    this.checked(this.call("mel_solve", code, Number(spare), seconds, WORK));
    return this.answer(problem);
  }

  /** The search over who takes part, which begins with the problem without its choice.
   * @param {Problem} problem @param {{numbers: Float64Array, relaxed: Problem}} own
   * @param {Budgets} budgets @param {number} seconds @param {boolean} spare @returns {Answer} */
  chosen(problem, { numbers, relaxed }, budgets, seconds, spare) {
    const begin = performance.now();
    let first;
    try {
      this.put(statement(relaxed, "joint", this.columns));
      this.with(budgets);
      this.checked(this.call("mel_solve", 0, 0, seconds, WORK));
      first = this.answer(relaxed);
    } finally {
      this.put(numbers);
    }
    this.with(budgets);
    const left = Math.max(seconds - (performance.now() - begin) / 1000, 0);
    return selected(problem, first, (tau, start, limit) => this.select(tau, start, limit, spare), left,
      () => performance.now() / 1000);
  }

  /** Who takes part at one tau.
   * @param {number} tau @param {[number, number, number]} start @param {number} seconds
   * @param {boolean} spare @returns {import("./selecting.js").Selection} */
  select(tau, start, seconds, spare) {
    const fits = this.checked(this.call("mel_select", tau, Number(spare), ...start, seconds, WORK)) === 1;
    const [refuted, stopped, room, nodes, passes, ...end] = this.facts();
    return { fits, refuted: refuted !== 0, stopped: stopped !== 0, room, nodes, passes,
      end: [end[0], end[1]], columns: this.shares(), tree: this.tree() };
  }

  /** @param {number} tau @param {Budgets} budgets @param {Limits} limits @returns {Promise<Answer>} */
  async decide(tau, budgets, { scheme, seconds }) {
    const problem = this.with(budgets);
    if (this.own) {
      const begin = performance.now();
      const said = this.select(tau, [0, 0, 0], seconds, false);
      return answered(problem, tau, said, (performance.now() - begin) / 1000);
    }
    this.checked(this.call("mel_decide", tau, SCHEMES.indexOf(scheme), seconds, WORK));
    return this.answer(problem);
  }

  /** @param {number} tau @param {number} seconds
   * @returns {Promise<import("./answer.js").Worth | null>} null where no bound has a least */
  async worth(tau, seconds) {
    if (!sendsAnything(this.with({}))) return null;
    if (this.checked(this.call("mel_worth", tau, seconds, WORK)) !== 0) return null;
    const [samples, per_s, per_hz, per_w] = this.facts();
    return { samples, per_s, per_hz, per_w };
  }

  /** @returns {Float64Array} */
  facts() {
    return this.doubles(this.call("mel_facts"), this.call("mel_facts_size"));
  }

  /** @param {number} which @returns {number[]} */
  column(which) {
    const length = this.call("mel_column_size", which);
    return length ? [...this.doubles(this.call("mel_column", which), length)] : [];
  }

  /** @param {Problem} problem @returns {Answer} */
  answer(problem) {
    const [status, tau, bound, nodes, passes, elapsed_s, stopped, blame, blamed] = this.facts();
    return { status: STATUSES[status], tau, bound, nodes, passes, elapsed_s, stopped: stopped !== 0,
      blame: BLAMES[blame], blamed, plan: planColumns(problem, this.shares(), tau), tree: this.tree() };
  }

  /** @returns {number[][]} */
  shares() {
    return Array.from({ length: FIRST_OF_TREE }, (_, which) => this.column(which));
  }

  /** @returns {Answer["tree"]} */
  tree() {
    const [learner, cut, lambda, mu, sample, each] = [0, 1, 2, 3, 4, 5].map((i) => this.column(FIRST_OF_TREE + i));
    return learner.map((k, i) => {
      if (k >= 0) return { learner: k, at: cut[i] };
      const leaf = { lambda_per_hz: lambda[i], mu_per_w: mu[i] };
      return sample.length && (sample[i] !== 1 || each[i] !== 0)
        ? { ...leaf, per_sample: sample[i], per_learner: each[i] } : leaf;
    });
  }
}
