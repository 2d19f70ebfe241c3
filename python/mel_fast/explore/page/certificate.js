// The checker orders identical learners; a split that this order has settled already cuts nothing
// off there. The tree without such splits proves the same.
import { COLUMNS, PAYLOAD } from "./problem.js";

/** @typedef {import("./problem.js").Problem} Problem */
/** @typedef {{learner: number, at: number}} Split */
/** What a sample and a participant are worth is said where that is not 1 and 0.
 * @typedef {{lambda_per_hz: number, mu_per_w: number, per_sample?: number, per_learner?: number}} Leaf */
/** @typedef {{learner: number, at: number, above: boolean}} Side */

/** @param {(Split | Leaf)[]} tree in preorder @param {Problem} problem @returns {(Split | Leaf)[]} */
export function withoutEmptySides(tree, problem) {
  const kinds = kindsOf(tree, problem);
  if (new Set(kinds.values()).size === kinds.size) return tree;
  const ends = endsOf(tree);
  /** @type {(Split | Leaf)[]} */
  const kept = [];
  /** @type {Map<string, Side[]>} */
  const around = new Map([...kinds.values()].map((kind) => [kind, []]));
  /** @type {[number, Side | null][]} nodes to visit, and sides to leave (-1) */
  const ahead = [[0, null]];
  for (let next = ahead.pop(); next; next = ahead.pop()) {
    const [at, side] = next;
    if (side) {
      const sides = /** @type {Side[]} */ (around.get(kinds.get(side.learner) ?? ""));
      if (at < 0) {
        sides.pop();
        continue;
      }
      sides.push(side);
      ahead.push([-1, side]);
    }
    const node = tree[at];
    if (!("learner" in node)) {
      kept.push(node);
      continue;
    }
    const [below, above] = [at + 1, ends[at + 1]];
    const sides = /** @type {Side[]} */ (around.get(kinds.get(node.learner) ?? ""));
    const low = Math.max(...sides.filter((s) => s.above && s.learner >= node.learner)
      .map((s) => s.at + 1));
    const high = Math.min(...sides.filter((s) => !s.above && s.learner <= node.learner)
      .map((s) => s.at));
    if (node.at >= high) {
      ahead.push([below, null]);
    } else if (node.at < low) {
      ahead.push([above, null]);
    } else {
      kept.push(node);
      ahead.push([above, { ...node, above: true }], [below, { ...node, above: false }]);
    }
  }
  return kept;
}

/** What a learner that is split is like: the same text for identical ones.
 * @param {(Split | Leaf)[]} tree @param {Problem} problem @returns {Map<number, string>} */
function kindsOf(tree, problem) {
  const columns = [...COLUMNS.keys()].filter((name) => name !== "names" && name !== "weight")
    .map((name) => problem.learners.get(name));
  const amounts = PAYLOAD.map((name) => problem.payload.get(name)).filter(Array.isArray);
  const kinds = new Map();
  for (const node of tree) {
    if (!("learner" in node) || kinds.has(node.learner)) continue;
    const row = [...columns, ...amounts].map((column) => String(column?.[node.learner]));
    kinds.set(node.learner, row.join(" "));
  }
  return kinds;
}

/** Where the subtree of each node ends.
 * @param {(Split | Leaf)[]} tree @returns {number[]} */
function endsOf(tree) {
  const ends = Array(tree.length).fill(0);
  for (let at = tree.length - 1; at >= 0; at--) {
    ends[at] = "learner" in tree[at] ? ends[ends[at + 1]] : at + 1;
  }
  return ends;
}
