// The pictures: times of the learners, tau over a resource, where the learners are.
import { drawing, present, svg, ticks } from "./dom.js";
import { grouped, significant, withUnit } from "./numbers.js";
import { nameOf, real, size } from "./problem.js";
import { amount, NAMES } from "./words.js";

/** @typedef {import("./problem.js").Problem} Problem */
/** @typedef {import("./answer.js").Answer} Answer */
/** @typedef {import("./questions.js").Point} Point */

const COARSE = 1 / 256; // of the axis: nearer points are one step
export const MOST_ROWS = 120;
const GOLDEN = Math.PI * (3 - Math.sqrt(5));

/** Learners in the order in which they are drawn: the fastest first, then the best channel.
 * @param {Problem} problem @returns {number[]} */
export function order(problem) {
  const speed = real(problem, "flops_per_s");
  const gain = real(problem, "gain");
  return Array.from(gain, (_, k) => k).sort((a, b) => speed[b] - speed[a] || gain[b] - gain[a])
    .slice(0, MOST_ROWS);
}

/** @param {HTMLElement} place @param {Problem} problem @param {Answer} answer @param {number} chosen
 * @param {(k: number) => void} choose */
export function gantt(place, problem, answer, chosen, choose) {
  const { plan } = answer;
  if (!plan) {
    drawing(place, 72, (width) => [svg("text", { x: width / 2, y: 40, "text-anchor": "middle" },
      "There is no plan, and so no times.")]);
    place.setAttribute("aria-label", "No plan, and so no times");
    return;
  }
  const rows = order(problem);
  const pitch = Math.max(6, Math.min(24, 520 / rows.length));
  const [top, bottom] = [4, 26];
  const height = top + rows.length * pitch + bottom;
  const end = Math.max(problem.cycle_s * 1.02, ...plan.total_s.filter(Number.isFinite));
  drawing(place, height, (width) => {
    const left = pitch >= 11 ? 72 : 8;
    /** @param {number} s */
    const x = (s) => left + (s / end) * (width - left - 14);
    const floor = height - bottom;
    const grid = ticks(problem.cycle_s, width < 500 ? 5 : 10).flatMap((s) => [
      svg("line", { class: "grid", x1: x(s), x2: x(s), y1: top, y2: floor }),
      svg("text", { x: x(s), y: floor + 16, "text-anchor": "middle" }, significant(s, 3) + (s === 0 ? "\u202fs" : ""))]);
    const bars = rows.map((k, i) => {
      const y = top + i * pitch;
      let from = 0;
      const row = svg("g", { class: k === chosen ? "row chosen" : "row" },
        svg("rect", { class: "hit", x: 0, y, width, height: pitch }),
        pitch >= 11 ? svg("text", { x: left - 8, y: y + pitch / 2 + 4, "text-anchor": "end" }, shortened(nameOf(problem, k))) : null,
        .../** @type {const} */ (["send", "compute", "return"]).map((part) => {
          const seconds = plan[/** @type {"send_s"} */ (`${part}_s`)][k];
          const bar = svg("rect", { class: part, x: x(from), y: y + pitch * 0.16,
            width: Math.max(x(from + seconds) - x(from), 0), height: pitch * 0.68, rx: Math.min(2, pitch / 6) });
          from += seconds;
          return Number.isFinite(seconds) && seconds > 0 ? bar : null;
        }));
      row.addEventListener("pointerenter", () => choose(k));
      row.addEventListener("click", () => choose(k));
      return row;
    });
    const limit = x(problem.cycle_s);
    const head = pitch >= 11 ? svg("text", { x: left - 18, y: floor + 16, "text-anchor": "end" }, "learner") : null;
    return [...grid, head, ...bars, svg("line", { class: "deadline", x1: limit, x2: limit, y1: 0, y2: floor })];
  });
  place.setAttribute("aria-label", `Times of ${rows.length} learners against the deadline of `
    + `${withUnit(problem.cycle_s, "s")}; arrow keys go through them`);
}

/** @param {string} name @returns {string} */
const shortened = (name) => (name.length > 9 ? `${name.slice(0, 8)}…` : name);

/** @param {HTMLElement} place @param {(Point | null)[]} points @param {string} over
 * @param {number} has @param {number} end @param {number} tau at `has` */
export function frontierChart(place, points, over, has, end, tau) {
  const height = 290;
  const known = present(points);
  const most = Math.max(1, ...known.map((p) => p.tau)) * 1.08;
  const scale = 10 ** (3 * Math.floor(Math.log10(end) / 3 + 1e-9));
  drawing(place, height, (width) => {
    const [left, right, top, bottom] = [36, 12, 22, 40];
    /** @param {number} a */
    const x = (a) => left + (a / end) * (width - left - right);
    /** @param {number} t */
    const y = (t) => height - bottom - (t / most) * (height - top - bottom);
    const grid = ticks(most, 5).filter((t) => Number.isInteger(t)).flatMap((t) => [
      svg("line", { class: "grid", x1: left, x2: width - right, y1: y(t), y2: y(t) }),
      svg("text", { x: left - 8, y: y(t) + 4, "text-anchor": "end" }, grouped(t))]);
    const across = ticks(end / scale, 5).map((a) => svg("text",
      { x: x(a * scale), y: height - bottom + 16, "text-anchor": "middle" }, significant(a, 3)));
    let steps = "";
    let area = "";
    /** @type {SVGElement[]} between two points that are apart: where in there tau steps up is open */
    const open = [];
    known.forEach((point, i) => {
      const [px, py] = [x(point.amount).toFixed(1), y(point.tau).toFixed(1)];
      const before = known[i - 1];
      const apart = before && point.tau !== before.tau && point.amount - before.amount > COARSE * end;
      if (apart) {
        open.push(svg("rect", { class: "open", x: x(before.amount), y: py, width: x(point.amount) - x(before.amount),
          height: y(before.tau) - y(point.tau) }));
      }
      steps += steps ? (apart ? `M${px} ${py}` : `H${px}V${py}`) : `M${x(0).toFixed(1)} ${py}H${px}`;
      area += area ? `H${px}V${py}` : `M${x(0).toFixed(1)} ${py}H${px}`;
    });
    if (known.length) area += `V${y(0).toFixed(1)}H${x(0).toFixed(1)}Z`;
    const label = `${NAMES.get(over)} (${withUnit(scale, { cycle_s: "s", bandwidth_hz: "Hz" }[over] ?? "W").slice(1).trim()})`;
    const early = x(has) < 170;
    return [...grid, ...across,
      svg("text", { x: left - 24, y: 10, class: "axis-name" }, "local cycles τ"),
      svg("text", { x: width - right, y: height - 6, "text-anchor": "end" }, label),
      svg("path", { class: "under", d: area }), ...open, svg("path", { class: "steps", d: steps }),
      svg("line", { class: "here", x1: x(has), x2: x(has), y1: top, y2: y(0) }),
      svg("circle", { class: "point", cx: x(has), cy: y(tau), r: 5 }),
      svg("text", { class: "strong", x: x(has) + (early ? 10 : -10), y: early ? y(tau) + 18 : Math.max(y(tau) - 12, 24), "text-anchor": early ? "start" : "end" },
        `τ = ${grouped(tau)} at ${amount(over, has, 4)}`)];
  });
  place.setAttribute("aria-label", `Local cycles against ${NAMES.get(over)?.toLowerCase()}: `
    + `${known.length ? `${grouped(known[0].tau)} at the least, ${grouped(known[known.length - 1].tau)} at ${amount(over, end, 4)}` : "being worked out"}; `
    + `${grouped(tau)} at ${amount(over, has, 4)}`);
}

/** @param {HTMLElement} place @param {Problem} problem @param {Answer} answer @param {number} chosen
 * @param {(k: number) => void} choose */
export function learnerMap(place, problem, answer, chosen, choose) {
  const { plan } = answer;
  const count = Math.min(size(problem), MOST_ROWS);
  const gain = real(problem, "gain");
  const speed = real(problem, "flops_per_s");
  const fastest = Math.max(...speed);
  const decibels = gain.map((g) => -10 * Math.log10(Math.max(g, 1e-60)));
  const [least, largest] = [Math.min(...decibels), Math.max(...decibels)];
  const distance = problem.draw ? problem.draw.distance_m
    : decibels.map((loss) => 0.15 + (0.85 * (loss - least)) / Math.max(largest - least, 1e-9));
  const outer = problem.draw ? Math.max(...distance, Number(problem.draw.words.get("placement")?.get?.("radius_m") ?? 1)) : 1;
  const samples = plan ? plan.samples : gain.map(() => 0);
  const most = Math.max(1, ...samples);
  drawing(place, 300, (width) => {
    const middle = [width / 2, 150];
    const radius = Math.min(138, width / 2 - 12);
    const rings = [0.25, 0.5, 0.75, 1].map((part) => svg("circle",
      { class: "ring", cx: middle[0], cy: middle[1], r: radius * part }));
    const kinds = [["fast", "fastest"], ["slow", "slower"], ["resting", "no samples"]];
    const key = kinds.flatMap(([kind, text], i) => [
      svg("circle", { class: `dotted ${kind}`, cx: 6, cy: 250 + 20 * i, r: 5 }),
      svg("text", { x: 18, y: 254 + 20 * i }, text)]);
    const label = problem.draw ? svg("text", { x: middle[0] + radius * 0.72, y: middle[1] - radius * 0.74 },
      `${significant(outer, 3)} m`) : null;
    const dots = Array.from({ length: count }, (_, k) => k)
      .sort((a, b) => samples[b] - samples[a]).map((k) => {
        const r = (distance[k] / outer) * radius;
        const angle = k * GOLDEN;
        const size = samples[k] > 0 ? 4 + 9 * Math.sqrt(samples[k] / most) : 4;
        const kind = samples[k] > 0 ? `dotted ${speed[k] >= fastest * 0.999 ? "fast" : "slow"}` : "dotted resting";
        const dot = svg("circle", { class: k === chosen ? `${kind} chosen` : kind,
          cx: middle[0] + r * Math.cos(angle), cy: middle[1] + r * Math.sin(angle), r: size });
        dot.addEventListener("pointerenter", () => choose(k));
        dot.addEventListener("click", () => choose(k));
        return dot;
      });
    return [...key, ...rings, label, ...dots, svg("rect", { class: "mast", x: middle[0] - 4, y: middle[1] - 4, width: 8, height: 8, rx: 2 })];
  });
  place.setAttribute("aria-label", `Map of ${count} learners round the orchestrator; the table has the numbers`);
}
