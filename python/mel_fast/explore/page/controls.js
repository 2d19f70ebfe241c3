// The scenario's controls: sliders on a logarithmic scale with a number beside each.
import { html } from "./dom.js";
import { dbm, significant } from "./numbers.js";

/** @typedef {{name: string, label: string, low: number, high: number, unit: string, scale: number,
 *   whole: boolean, also?: (value: number) => string}} Slider a value is shown divided by `scale` */

const STEPS = 600;
const DIGITS = 3;

/** @param {Slider} slider @param {number} position @returns {number} */
function valueAt({ low, high, whole }, position) {
  if (whole) return position;
  const value = low * (high / low) ** (position / STEPS);
  return Math.min(Math.max(Number(value.toPrecision(DIGITS)), low), high);
}

/** @param {Slider} slider @param {number} value @returns {number} */
function positionOf({ low, high, whole }, value) {
  const inside = Math.min(Math.max(value, low), high);
  return whole ? inside : Math.round((STEPS * Math.log(inside / low)) / Math.log(high / low));
}

/** A slider's elements; `changed` is told of every move.
 * @param {Slider} slider @param {number} value @param {(value: number) => void} changed
 * @returns {HTMLElement} */
export function sliderRow(slider, value, changed) {
  const id = `slider-${slider.name}`;
  const range = /** @type {HTMLInputElement} */ (html("input", { type: "range", id, name: slider.name,
    min: slider.whole ? slider.low : 0, max: slider.whole ? slider.high : STEPS, step: 1 }));
  const box = /** @type {HTMLInputElement} */ (html("input", { type: "number", step: "any",
    inputmode: "decimal", "aria-label": `${slider.label}${slider.unit ? ` in ${slider.unit}` : ""}` }));
  const also = html("span", { class: "also" });
  /** @param {number} now */
  const show = (now) => {
    range.setAttribute("aria-valuetext", `${significant(now / slider.scale, 4)} ${slider.unit}`.trim());
    also.textContent = slider.also ? slider.also(now) : "";
  };
  /** @param {number} now */
  const boxed = (now) => {
    box.value = String(Number((now / slider.scale).toPrecision(4)));
  };
  range.value = String(positionOf(slider, value));
  boxed(value);
  show(value);
  range.addEventListener("input", () => {
    const now = valueAt(slider, Number(range.value));
    boxed(now);
    show(now);
    changed(now);
  });
  box.addEventListener("input", () => {
    const now = Number(box.value) * slider.scale;
    const fits = slider.whole ? Number.isInteger(now) && now >= slider.low && now <= slider.high
      : now >= 1e-60 && now <= 1e60;
    box.setAttribute("aria-invalid", String(!fits));
    if (!fits) return;
    range.value = String(positionOf(slider, now));
    show(now);
    changed(now);
  });
  return html("div", { class: "slider" }, html("label", { for: id }, slider.label),
    html("span", { class: "value" }, box, html("span", { class: "unit" }, slider.unit)), range, also);
}

/** An SI unit that suits a value.
 * @param {number} value @param {string} unit
 * @returns {{scale: number, unit: string}} */
export function suited(value, unit) {
  const exponent = Math.min(9, Math.max(-9, 3 * Math.floor(Math.log10(value) / 3 + 1e-9)));
  const prefix = ["n", "µ", "m", "", "k", "M", "G"][exponent / 3 + 3];
  return { scale: 10 ** exponent, unit: prefix + unit };
}

/** @param {string} name @param {string} label @param {number} low @param {number} high
 * @param {string} base @param {number} usual @returns {Slider} */
export function resourceSlider(name, label, low, high, base, usual) {
  return { name, label, low, high, whole: false, ...suited(usual, base),
    ...(name === "power_w" ? { also: dbm } : {}) };
}
