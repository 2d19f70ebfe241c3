// Runs the page's modules without a page: questions come in as one JSON on stdin, answers go out.
import fs from "node:fs";
import { pathToFileURL } from "node:url";

const [folder, binary] = process.argv.slice(2);
const from = (name) => import(pathToFileURL(`${folder}/${name}`).href);
const { BrowserCore } = await from("core.js");
const { readProblem, readScenario, readPlan } = await from("reading.js");
const { planFile, planProblem, scenarioFile } = await from("writing.js");
const { table1 } = await from("scenario.js");
const { hexOf, ofHex } = await from("hex.js");
const { frontier, needs } = await from("questions.js");

const core = binary ? await BrowserCore.load(fs.readFileSync(binary)) : null;

async function answer(problem, scheme) {
  await core.pose(problem, scheme);
  return core.solve({}, { scheme, seconds: 10, spare: true });
}

async function told(problem, scheme) {
  try {
    return planFile(problem, scheme, await answer(problem, scheme));
  } catch (error) {
    return `refused: ${error.message}`;
  }
}

function refusal(call) {
  const begin = process.cpuUsage();
  const spent = () => process.cpuUsage(begin).user / 1000; // milliseconds, whatever else runs
  try {
    call();
    return ["accepted", spent()];
  } catch (error) {
    return [error.message, spent()];
  }
}

const tasks = {
  plans: async (pairs) => {
    const found = [];
    for (const [problem, scheme] of pairs) found.push(await told(readProblem(problem), scheme));
    return found;
  },
  scenarios: (texts) => texts.map((text) => JSON.stringify(planProblem(readScenario(text)))),
  rewritten: (problems) => problems.map((text) => scenarioFile(readProblem(text))),
  table1: (pairs) => pairs.map(([count, seed]) => {
    const problem = table1(count, seed);
    return [JSON.stringify(planProblem(problem)), scenarioFile(problem)];
  }),
  hex: (words) => words.map((word) => [hexOf(ofHex(word)), ofHex(word)]),
  refusals: (files) => files.map(([kind, text]) =>
    refusal(() => (kind === "toml" ? readScenario(text) : readPlan(text)))),
  functions: (columns) => Object.fromEntries(Object.entries(columns).map(([name, words]) =>
    [name, words.map((word) => hexOf(core.call(name, ofHex(word))))])),
  questions: async ({ problem, over }) => {
    const read = readProblem(problem);
    const first = await answer(read, "joint");
    let points = [];
    for await (const found of frontier(core, read, over, 2 * (over === "cycle_s" ? read.cycle_s : read.radio[over]), "joint")) points = found;
    const needed = [];
    for await (const need of needs(core, read, first.bound + 1, "joint")) needed.push(need);
    return { points, needed, tau: first.tau, worth: await core.worth(first.bound + 1, 5) };
  },
  about: () => ({ version: core.text("mel_version"), sources: core.text("mel_sources"),
    imports: WebAssembly.Module.imports(new WebAssembly.Module(fs.readFileSync(binary))).map((i) => i.name) }),
};

const { task, given } = JSON.parse(fs.readFileSync(0, "utf8"));
process.stdout.write(JSON.stringify(await tasks[task](given)));
