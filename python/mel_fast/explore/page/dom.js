// Small help for elements: texts are set as texts, never as markup.

const SVG = "http://www.w3.org/2000/svg";

/** @param {string} id @returns {HTMLElement} */
export function byId(id) {
  const found = document.getElementById(id);
  if (!found) throw new Error(`no element ${id}`);
  return found;
}

/** @typedef {Node | string | null} Child */

/** Those that are there.
 * @template T
 * @param {(T | null)[]} list @returns {T[]} */
export const present = (list) => list.flatMap((one) => (one === null ? [] : [one]));

/** @template {Element} E @param {E} element @param {Record<string, string | number | null>} attributes
 * @param {Child[]} children @returns {E} */
function filled(element, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (value !== null) element.setAttribute(name, String(value));
  }
  element.append(...present(children));
  return element;
}

/** @param {string} tag @param {Record<string, string | number | null>} [attributes]
 * @param {Child[]} children @returns {HTMLElement} */
export const html = (tag, attributes = {}, ...children) =>
  filled(document.createElement(tag), attributes, children);

/** @param {string} tag @param {Record<string, string | number | null>} [attributes]
 * @param {Child[]} children @returns {SVGElement} */
export const svg = (tag, attributes = {}, ...children) =>
  filled(/** @type {SVGElement} */ (document.createElementNS(SVG, tag)), attributes, children);

/** A drawing as wide as its place.
 * @param {HTMLElement} place @param {number} height
 * @param {(width: number) => (SVGElement | null)[]} draw */
export function drawing(place, height, draw) {
  const width = Math.max(place.clientWidth, 240);
  place.replaceChildren(svg("svg", { viewBox: `0 0 ${width} ${height}`, height, "aria-hidden": "true" },
    ...present(draw(width))));
}

/** Round numbers from 0 to `end`, a few of them.
 * @param {number} end @param {number} most
 * @returns {number[]} */
export function ticks(end, most) {
  const rough = end / most;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = power * ([1, 2, 5, 10].find((n) => n * power >= rough) ?? 10);
  return Array.from({ length: Math.floor(end / step + 1e-9) + 1 }, (_, i) => i * step);
}
