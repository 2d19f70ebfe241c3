// The parts of the page that are lists and tables.
import { html } from "./dom.js";
import { grouped, significant } from "./numbers.js";
import { nameOf, real, size } from "./problem.js";
import { MOST_ROWS, order } from "./charts.js";
import { SCHEME_NAMES, SCHEME_WORDS } from "./words.js";

/** @typedef {import("./problem.js").Problem} Problem */
/** @typedef {import("./answer.js").Answer} Answer */

/** Three digits, and room for more before the point.
 * @param {number} x @returns {string} */
const three = (x) => (Math.abs(x) < 1000 && (Math.abs(x) >= 0.01 || x === 0) ? x.toPrecision(3) : significant(x, 3));

/** @param {HTMLElement} list @param {[string, string][]} facts */
export function factList(list, facts) {
  list.replaceChildren(...facts.map(([name, text]) => html("div", {}, html("dt", {}, name), html("dd", {}, text))));
}

/** @param {HTMLElement} place @param {Map<string, Answer>} answers by scheme */
export function schemes(place, answers) {
  const most = Math.max(1, ...[...answers.values()].map((answer) => answer.tau));
  const alone = answers.size < 2;
  if (place.querySelectorAll(".scheme").length !== answers.size) {
    place.replaceChildren(...[...answers.keys()].map((scheme) => html("div",
      { class: scheme === "joint" ? "scheme best" : "scheme" }, html("span", {}, SCHEME_NAMES.get(scheme) ?? scheme),
      html("div", { class: "bar", "aria-hidden": "true" }, html("div")), html("span", { class: "number" }),
      html("small", {}))), ...(alone ? [html("p", { class: "sub" }, "Neither baseline knows learners that may sit out.")] : []));
  }
  [...answers].forEach(([scheme, answer], i) => {
    const [, bar, number, note] = place.children[i].children;
    /** @type {HTMLElement} */ (bar.firstElementChild).style.width = `${(100 * answer.tau) / most}%`;
    number.textContent = answer.status === "infeasible" ? "–" : grouped(answer.tau);
    const proved = answer.status === "optimal" ? "" : answer.status === "infeasible"
      ? ": proved infeasible" : `: at most ${grouped(answer.bound)}`;
    note.textContent = `${SCHEME_WORDS.get(scheme)}${proved}`;
  });
}

/** @param {HTMLElement} table @param {Problem} problem @param {Answer} answer @param {number} chosen */
export function learnerTable(table, problem, answer, chosen) {
  const { plan } = answer;
  const heads = ["Learner", "Gain", ...(plan ? ["Samples", ...(plan.blocks ? ["Blocks"] : []),
    "Band", "Power", ...(plan.flops_per_s ? ["Gflop/s"] : []), "Send", "Compute", "Return"] : [])];
  const gain = real(problem, "gain");
  const rows = order(problem).map((k) => {
    const cells = [gain[k] > 0 ? (10 * Math.log10(gain[k])).toFixed(0) : "none"];
    if (plan) {
      cells.push(grouped(plan.samples[k]), ...(plan.blocks ? [grouped(plan.blocks[k])] : []),
        three(plan.bandwidth_hz[k] / 1e6), three(plan.power_w[k] * 1e3), ...(plan.flops_per_s ? [three(plan.flops_per_s[k] / 1e9)] : []),
        ...[plan.send_s, plan.compute_s, plan.return_s].map((column) => column[k].toFixed(2)));
    }
    return html("tr", k === chosen ? { class: "chosen" } : {},
      html("th", { scope: "row" }, nameOf(problem, k)), ...cells.map((cell) => html("td", {}, cell)));
  });
  const rest = size(problem) - rows.length;
  table.replaceChildren(html("thead", {}, html("tr", {}, ...heads.map((head) => html("th", { scope: "col" }, head)))),
    html("tbody", {}, ...rows), ...(rest > 0 ? [html("caption", {}, `The first ${MOST_ROWS}; the saved plan has all ${grouped(size(problem))}`)] : []));
}
