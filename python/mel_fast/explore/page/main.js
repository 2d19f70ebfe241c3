// The page: choices go in, the core answers, everything that is shown follows from its answer.
import { amountOf, SCHEMES } from "./answer.js";
import { BrowserCore } from "./core.js";
import { byId, html } from "./dom.js";
import { PackageCore } from "./endpoint.js";
import { frontierChart, gantt, learnerMap, order } from "./charts.js";
import { resourceSlider, sliderRow } from "./controls.js";
import { hasChoice, Refusal, size } from "./problem.js";
import { frontier, needs } from "./questions.js";
import { MOST_BYTES, readPlan, readProblem, readScenario } from "./reading.js";
import { choicesOf, chosen, table1, USUAL } from "./scenario.js";
import { factList, learnerTable, schemes } from "./tables.js";
import { chip, facts, hasResource, headline, learnerWords, needWords, proof, SCHEME_NAMES, worthWords } from "./words.js";
import { planFile, scenarioFile } from "./writing.js";
import { grouped } from "./numbers.js";

/** @typedef {import("./problem.js").Problem} Problem */
/** @typedef {import("./answer.js").Answer} Answer */
/** @typedef {import("./answer.js").Core} Core */

const FRAME_S = 0.12; // a question's limit while somebody drags,
const SETTLED_S = 4; // and once nobody does
const QUIET_MS = 350;
const SLICE_MS = 10; // of follow-up questions between two frames
const AXIS = 2; // the frontier goes to so many times what there is

/** @type {Core} */
let core;
let base = table1(USUAL.count, USUAL.seed);
let choices = { ...USUAL };
let source = "";
let fromFile = false;
let version = 0;
let running = false;
let learner = -1;
/** The frontier as it was drawn last, for a page of another width. */
let redraw = () => {};
/** @type {{problem: Problem, answers: Map<string, Answer>} | null} */
let shown = null;
/** @type {ReturnType<typeof setTimeout> | undefined} */
let settle;

/** @param {string} text @param {"error" | "note"} [kind] */
function say(text, kind = "error") {
  const place = byId("message");
  place.className = kind === "note" ? "message note" : "message";
  place.textContent = text;
}

/** Something was chosen: solve with the next frame. */
function changed() {
  version += 1;
  clearTimeout(settle);
  if (!running) {
    running = true;
    requestAnimationFrame(() => void run());
  }
}

const nextFrame = () => new Promise((resolve) => { requestAnimationFrame(resolve); });

/** Solve until nothing is newer than what is shown, then ask what follows. */
async function run() {
  for (let asked = -1; asked !== version;) {
    asked = version;
    try {
      await solveAndShow(FRAME_S);
      say("");
      byId("results").removeAttribute("aria-busy");
      if (asked === version) await follow(() => asked === version);
    } catch (error) {
      refuse(error);
    }
    if (asked !== version) await nextFrame();
  }
  running = false;
  settle = setTimeout(() => void settled(), QUIET_MS);
}

/** Nobody drags: more time for what was stopped, and the news for screen readers. */
async function settled() {
  if (!shown || running) return;
  const asked = version;
  running = true;
  try {
    if ([...shown.answers.values()].some((answer) => answer.stopped)) {
      await solveAndShow(SETTLED_S);
      await follow(() => asked === version);
    }
  } catch (error) {
    refuse(error);
  }
  running = false;
  if (asked !== version) return changed();
  if (!shown) return;
  const words = [...shown.answers].map(([scheme, answer]) => `${SCHEME_NAMES.get(scheme)}: `
    + `${answer.status === "infeasible" ? "infeasible" : `${grouped(answer.tau)} local cycles`}`);
  byId("live").textContent = `${chip(joint())[0].replace("✓ ", "")}. ${words.join(", ")}.`;
  document.documentElement.dataset.settled = String(asked);
}

/** What is asked has no answer: that of another scenario must not stand in its place.
 * @param {unknown} error */
function refuse(error) {
  shown = null;
  byId("tau").textContent = "–";
  byId("status").textContent = "No answer";
  byId("status").className = "chip bad";
  byId("headline").textContent = "This scenario is not planned: see the message beside the sliders.";
  byId("results").setAttribute("aria-busy", "true");
  fail(error);
}

/** @param {unknown} error */
function fail(error) {
  const text = error instanceof Refusal ? error.message : `the page failed: ${error instanceof Error ? error.message : "unknown"}`;
  say(text.slice(0, 600));
}

/** @returns {Answer} */
function joint() {
  return /** @type {Answer} */ (shown?.answers.get("joint"));
}

/** @param {number} seconds */
async function solveAndShow(seconds) {
  const problem = chosen(base, choices);
  const answers = new Map();
  const asked = hasChoice(problem) ? ["joint"] : ["task_only", "resource_only", "joint"];
  for (const scheme of asked) {
    await core.pose(problem, scheme);
    answers.set(scheme, await core.solve({}, { scheme, seconds, spare: true }));
  }
  shown = { problem, answers: new Map([...answers].sort(([a], [b]) => SCHEMES.indexOf(a) - SCHEMES.indexOf(b))) };
  if (learner >= size(problem)) learner = -1;
  stale();
  show();
}

function show() {
  if (!shown) return;
  const { problem, answers } = shown;
  const answer = joint();
  byId("tau").textContent = answer.status === "infeasible" ? "–" : grouped(answer.tau);
  byId("tau-unit").textContent = answer.tau === 1 ? "local cycle" : "local cycles";
  const [word, kind] = chip(answer);
  byId("status").textContent = word;
  byId("status").className = `chip ${kind}`;
  byId("headline").textContent = headline(problem, answer);
  factList(byId("facts"), facts(problem, answer, core.name));
  schemes(byId("schemes"), answers);
  byId("map-note").textContent = problem.draw ? "Distances from the orchestrator as drawn, directions at will; area is samples."
    : "Nearer is less loss, directions at will; area is samples.";
  showLearners();
}

function showLearners() {
  if (!shown) return;
  const { problem } = shown;
  const answer = joint();
  gantt(byId("gantt"), problem, answer, learner, choose);
  learnerMap(byId("map"), problem, answer, learner, choose);
  learnerTable(byId("table"), problem, answer, learner);
  byId("detail").textContent = learner >= 0 ? learnerWords(problem, answer, learner)
    : "Point at a learner, or use the arrow keys, for its numbers.";
}

/** @param {number} k */
function choose(k) {
  if (k === learner) return;
  learner = k;
  requestAnimationFrame(showLearners);
}

/** The questions that follow, in slices between frames, for as long as nothing newer is asked.
 * @param {() => boolean} current */
async function follow(current) {
  if (!shown) return;
  const { problem } = shown;
  const answer = joint();
  const tau = answer.bound + 1;
  let begin = performance.now();
  const due = () => performance.now() - begin > SLICE_MS;
  /** Gives a frame back; false once something newer was asked. */
  const goOn = async () => {
    await nextFrame();
    begin = performance.now();
    return current();
  };
  const worth = await core.worth(tau, FRAME_S);
  factList(byId("proof"), proof(problem, answer, worth));
  fresh("proof");
  const over = overChosen(problem);
  const has = /** @type {number} */ (amountOf(problem, over));
  const end = AXIS * has;
  /** @type {(import("./questions.js").Point | null)[]} */
  let points = [];
  redraw = () => frontierChart(byId("frontier"), points, over, has, end, answer.tau);
  for await (points of frontier(core, problem, over, end, "joint")) {
    if (!due()) continue;
    redraw();
    fresh("frontier");
    if (!await goOn()) return;
  }
  redraw();
  fresh("frontier");
  const lines = [];
  for await (const need of needs(core, problem, tau, "joint")) {
    const { strong, rest, open } = needWords(need, tau);
    lines.push(html("p", open ? { class: "open" } : {}, html("strong", {}, strong), rest));
    if (due() && !await goOn()) return;
  }
  const intro = html("p", {}, `For ${grouped(tau)} local cycle${tau === 1 ? "" : "s"}, each of these alone:`);
  const prices = worth && worth.samples < problem.task.samples
    ? [html("p", { class: "open" }, worthWords(problem, worth))] : [];
  byId("more").replaceChildren(intro, ...lines, ...prices);
  fresh("more");
}

const FOLLOWING = ["proof", "frontier", "more"];

/** What is shown there is of the answer that is shown.
 * @param {string} id */
function fresh(id) {
  byId(id).removeAttribute("aria-busy");
}

/** What follows from an answer is dimmed until it is that of this one. */
function stale() {
  for (const id of FOLLOWING) byId(id).setAttribute("aria-busy", "true");
}

/** @param {Problem} problem @returns {string} */
function overChosen(problem) {
  const picked = /** @type {HTMLInputElement | null} */ (document.querySelector("[name=over]:checked"));
  const over = picked ? picked.value : "cycle_s";
  return hasResource(problem, over) ? over : "cycle_s";
}

/** Controls for the base's kind of scenario. */
function showControls() {
  const place = byId("sliders");
  const rows = [];
  const { count } = choices;
  /** @param {Partial<import("./scenario.js").Choices>} news */
  const take = (news) => {
    choices = { ...choices, ...news };
    if (!fromFile && ("count" in news || "seed" in news)) base = table1(choices.count, choices.seed);
    changed();
  };
  if (!fromFile) {
    rows.push(sliderRow({ name: "count", label: "Learners", low: 2, high: 100, unit: "", scale: 1, whole: true },
      count, (value) => take({ count: value })),
    sliderRow({ name: "seed", label: "Draw of Table I", low: 0, high: 99, unit: "", scale: 1, whole: true },
      choices.seed, (value) => take({ seed: value })));
  }
  const { cycle_s, radio } = base;
  const wide = fromFile ? 16 : 1;
  /** @param {number} low @param {number} high @param {number} usual @returns {[number, number]} */
  const ends = (low, high, usual) => (fromFile ? [usual / wide, usual * wide] : [low, high]);
  rows.push(sliderRow(resourceSlider("cycle_s", "Cycle, the deadline", ...ends(2, 200, cycle_s), "s", cycle_s),
    choices.cycle_s, (value) => take({ cycle_s: value })),
  sliderRow(resourceSlider("bandwidth_hz", "Bandwidth", ...ends(2e6, 500e6, radio.bandwidth_hz), "Hz", radio.bandwidth_hz),
    choices.bandwidth_hz, (value) => take({ bandwidth_hz: value })));
  if (radio.power_w !== null) {
    rows.push(sliderRow(resourceSlider("power_w", "Power", ...ends(1e-3, 10, radio.power_w), "W", radio.power_w),
      /** @type {number} */ (choices.power_w), (value) => take({ power_w: value })));
  }
  place.replaceChildren(...rows);
  byId("source").textContent = source || "The paper's Table I: an MNIST model, learners within 50 m";
  for (const input of document.querySelectorAll("input[type=radio]")) {
    const radio = /** @type {HTMLInputElement} */ (input);
    if (radio.name === "over") {
      radio.disabled = !hasResource(base, radio.value);
    } else {
      radio.checked = String(choices[/** @type {"law"} */ (radio.name)]) === radio.value;
      radio.onchange = () => take({ [radio.name]: radio.value });
    }
  }
}

/** @param {Problem} problem @param {string} name of where it came from, or none for Table I */
function open(problem, name) {
  base = problem;
  fromFile = name !== "";
  source = name;
  choices = choicesOf(problem);
  showControls();
  changed();
}

/** @param {File} file */
async function openFile(file) {
  try {
    if (file.size > MOST_BYTES) throw new Refusal("more than 16 MiB, too large for this page");
    const text = await file.text();
    const name = file.name.slice(0, 80);
    if (/^\s*\{/.test(text)) {
      const { problem, claim } = readPlan(text);
      open(problem, `From ${name}`);
      await idle();
      const now = shown?.answers.get(claim.scheme);
      if (claim.more.length) {
        say(`${name} says more than this page plans (${claim.more.join(", ")}): its problem is opened without `
          + "that; mel-fast check judges what it says.", "note");
        return;
      }
      if (!now) return;
      const same = now.status === claim.status && now.tau === claim.tau && now.bound === claim.bound;
      say(`${name} says ${claim.scheme}: ${claim.status}, tau = ${claim.tau}. ${same ? "Solved here: the same."
        : `Solved here: ${now.status}, tau = ${now.tau}.`} Its own proof is for mel-fast check to judge.`, "note");
    } else {
      open(readScenario(text), `From ${name}`);
    }
  } catch (error) {
    fail(error instanceof Refusal ? new Refusal(`${file.name.slice(0, 80)}: ${error.message}`) : error);
  }
}

/** Wait until nothing is being solved. */
async function idle() {
  do await nextFrame(); while (running);
}

/** @param {string} name @param {string} text @param {string} type */
function save(name, text, type) {
  const url = URL.createObjectURL(new Blob([text], { type }));
  const link = /** @type {HTMLAnchorElement} */ (html("a", { href: url, download: name }));
  link.click();
  setTimeout(() => URL.revokeObjectURL(url), 10_000);
}

function listen() {
  byId("controls").addEventListener("submit", (event) => event.preventDefault());
  const file = /** @type {HTMLInputElement} */ (byId("file"));
  file.addEventListener("change", () => {
    if (file.files && file.files[0]) void openFile(file.files[0]);
    file.value = "";
  });
  document.addEventListener("dragover", (event) => event.preventDefault());
  document.addEventListener("drop", (event) => {
    event.preventDefault();
    const dropped = event.dataTransfer?.files[0];
    if (dropped) void openFile(dropped);
  });
  byId("save-plan").addEventListener("click", () => {
    if (shown) save("plan.json", planFile(shown.problem, "joint", joint()), "application/json");
  });
  byId("save-scenario").addEventListener("click", () => {
    if (shown) save("scenario.toml", scenarioFile(shown.problem), "application/toml");
  });
  byId("reset").addEventListener("click", () => {
    say("");
    open(table1(USUAL.count, USUAL.seed), "");
  });
  for (const input of document.querySelectorAll("[name=over]")) input.addEventListener("change", changed);
  byId("gantt").addEventListener("keydown", (event) => {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (!step || !shown) return;
    event.preventDefault();
    const rows = order(shown.problem);
    choose(rows[Math.min(Math.max(rows.indexOf(learner) + step, 0), rows.length - 1)]);
  });
  new ResizeObserver(() => requestAnimationFrame(() => {
    show();
    redraw();
  })).observe(byId("gantt"));
}

/** @param {string} id @returns {string | null} what the page carries */
const carried = (id) => document.getElementById(id)?.textContent ?? null;

async function start() {
  const binary = carried("core");
  if (binary === null) {
    core = new PackageCore(new URLSearchParams(location.search).get("token") ?? "");
    byId("where").textContent = "The package on this machine works it out.";
  } else {
    const found = await BrowserCore.load(Uint8Array.from(atob(binary), (c) => c.charCodeAt(0)));
    byId("version").textContent = ` ${found.text("mel_version")}`;
    byId("where").textContent = "The solver itself runs in this page; nothing is sent anywhere.";
    core = found;
  }
  listen();
  const scenario = carried("scenario");
  if (scenario === null) {
    showControls();
    changed();
  } else {
    open(readProblem(scenario), byId("scenario").dataset.name ?? "From a file");
  }
}

start().catch((error) => {
  say(`This page needs WebAssembly with exceptions and SIMD (browsers of 2023 or later): ${error instanceof Error ? error.message : "unknown"}`);
});
