// The same questions, put to the installed package on this machine.
import { hexOf } from "./hex.js";
import { Refusal } from "./problem.js";
import { planProblem } from "./writing.js";

/** @typedef {import("./problem.js").Problem} Problem */
/** @typedef {import("./answer.js").Answer} Answer */
/** @typedef {import("./answer.js").Budgets} Budgets */
/** @typedef {import("./answer.js").Limits} Limits */

export class PackageCore {
  /** @param {string} token */
  constructor(token) {
    this.token = token;
    this.name = "in the package on this machine";
    this.quick = false;
    /** @type {object | null} */
    this.problem = null;
  }

  /** @param {object} question @returns {Promise<any>} */
  async ask(question) {
    let reply;
    try {
      reply = await fetch("ask", {
        method: "POST",
        headers: { "Content-Type": "application/json", Authorization: `Bearer ${this.token}` },
        body: JSON.stringify({ problem: this.problem, ...question }),
      });
    } catch {
      throw new Refusal("the package on this machine answers no more: run mel-fast explore again");
    }
    const found = await reply.json().catch(() => null);
    if (!reply.ok || found === null) {
      throw new Refusal(found && typeof found.error === "string" ? found.error
        : `the package on this machine answered ${reply.status}`);
    }
    return found;
  }

  /** Without any loss, whatever their size.
   * @param {Budgets} budgets @returns {Record<string, string>} */
  exact(budgets) {
    return Object.fromEntries(Object.entries(budgets).map(([name, x]) => [name, hexOf(Number(x))]));
  }

  /** @param {Problem} problem */
  async pose(problem) {
    this.problem = planProblem(problem);
  }

  /** @param {Budgets} budgets @param {Limits} limits @returns {Promise<Answer>} */
  async solve(budgets, { scheme, seconds, spare = false }) {
    return this.ask({ kind: "solve", budgets: this.exact(budgets), scheme, seconds, spare });
  }

  /** @param {number} tau @param {Budgets} budgets @param {Limits} limits @returns {Promise<Answer>} */
  async decide(tau, budgets, { scheme, seconds }) {
    return this.ask({ kind: "decide", tau, budgets: this.exact(budgets), scheme, seconds });
  }

  /** @param {number} tau @param {number} seconds
   * @returns {Promise<import("./answer.js").Worth | null>} */
  async worth(tau, seconds) {
    return this.ask({ kind: "worth", tau, seconds });
  }
}
