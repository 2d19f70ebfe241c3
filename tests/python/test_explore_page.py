"""The live page in a real browser: dragged, typed at, fed with files, looked at."""

import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

import mel_fast as mel
import speeds
from chromium import PROGRAM, Page, chromium
from exploring import PAGE, needs_core
from mel_fast.explore import export
from mel_fast.scenarios.file import load_scenario

pytestmark = [
    pytest.mark.skipif(PROGRAM is None, reason="needs Chromium"),
    needs_core,
    pytest.mark.usefixtures("nothing_logged"),
]

SETTLED = "document.documentElement.dataset.settled"


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Page]:
    folder = tmp_path_factory.mktemp("explore")
    with chromium(folder) as found:
        yield found


@pytest.fixture
def nothing_logged(page: Page) -> Iterator[None]:
    """No error in the console, and no request but for the page itself and what it saves."""
    page.errors.clear()
    page.requests.clear()
    yield
    assert page.errors == []
    assert all(re.match("(file|blob|data):", url) for url in page.requests), page.requests


@pytest.fixture
def fresh(page: Page, tmp_path: Path) -> Page:
    for path in page.downloads.iterdir():
        path.unlink()
    target = tmp_path / "page.html"
    export(target)
    page.look(1360, 1000)
    page.open(target.as_uri())
    page.until(SETTLED)
    return page


def settled(page: Page, action: Callable[[], object]) -> None:
    """Do something that changes the scenario, and wait for all that follows from it."""
    page.value(f"delete {SETTLED}")
    action()
    page.until(SETTLED)


def of_table1(page: Page) -> mel.Problem:
    """Return the problem that the page's numbers say."""
    now = page.value(
        "Object.fromEntries([...document.querySelectorAll('.slider')].map((row) =>"
        "['range', 'number'].map((type) => row.querySelector(`[type=${type}]`)).map((input, i) =>"
        "i ? Number(input.value) : input.name)))"
    )
    return mel.scenarios.table1(
        int(now["count"]),
        now["cycle_s"],
        seed=int(now["seed"]),
        bandwidth_hz=now["bandwidth_hz"] * 1e6,
    )


def test_the_plan_is_solved_again_while_a_slider_is_dragged(fresh: Page) -> None:
    assert fresh.text("#tau") == "8"
    assert "Proved optimal" in fresh.text("#status")
    left, top, width, height = fresh.place("#slider-cycle_s")
    y = top + height / 2
    fresh.mouse("Moved", left + width * 0.586, y)
    fresh.mouse("Pressed", left + width * 0.586, y)
    seen = set()
    for share in (0.62, 0.66, 0.7, 0.75, 0.8):
        fresh.mouse("Moved", left + width * share, y)
        fresh.value("new Promise((done) => requestAnimationFrame(() => setTimeout(done, 60)))")
        tau = mel.solve(of_table1(fresh), then="none").tau
        fresh.until(f"document.getElementById('tau').textContent.replaceAll(',', '') === '{tau}'")
        seen.add(tau)
    assert len(seen) == 5
    settled(fresh, lambda: fresh.mouse("Released", left + width * 0.8, y))
    assert fresh.text("#live").startswith(f"Proved optimal. Joint: {max(seen)} local cycles")


def test_the_saved_plan_passes_the_checker_and_the_saved_scenario_is_the_same(
    fresh: Page, command: Callable[..., object]
) -> None:
    settled(fresh, lambda: fresh.click("label:has([name=idle][value=excused])"))
    fresh.click("#save-plan")
    path = fresh.downloaded("plan.json")
    outcome = command("check", str(path))
    assert outcome.status == 0, outcome
    plan = mel.Plan.load(path)
    assert plan == mel.solve(mel.scenarios.table1(20, idle="excused"))
    assert str(plan.tau) == fresh.text("#tau")
    fresh.click("#save-scenario")
    assert load_scenario(fresh.downloaded("scenario.toml")) == plan.problem


def test_everything_can_be_reached_by_keyboard(fresh: Page) -> None:
    where = (
        "(() => { const a = document.activeElement;"
        "return a.id || (a.name && a.name + '=' + a.value) || a.tagName; })()"
    )
    fresh.value("document.activeElement.blur()")
    met = []
    for _ in range(40):
        fresh.key("Tab")
        met.append(fresh.value(where))
        outline = fresh.value(
            "(() => { const e = document.activeElement; const s = (x) => x && getComputedStyle(x);"
            "return [s(e), s(e.nextElementSibling), s(e.parentElement)].some((t) => t &&"
            "t.outlineStyle !== 'none') || e === document.body; })()"
        )
        assert outline, met[-1]
    for name in ("slider-cycle_s", "slider-power_w", "law=density", "file", "save-plan", "gantt"):
        assert name in met, met
    fresh.value("document.getElementById('slider-count').focus()")
    settled(fresh, lambda: fresh.key("ArrowRight"))
    assert of_table1(fresh).learners.gain.size == 21
    fresh.value("document.getElementById('gantt').focus()")
    fresh.key("ArrowDown")
    fresh.until("/^Learner \\d+: .* samples/.test(document.getElementById('detail').textContent)")
    fresh.value("document.querySelector('[name=law]:checked').focus()")
    settled(fresh, lambda: fresh.key("ArrowRight"))
    assert fresh.value("document.querySelector('[name=law]:checked').value") == "fixed"
    fresh.value("document.getElementById('save-plan').focus()")
    fresh.ask("Input.dispatchKeyEvent", type="char", text=" ", key=" ", code="Space")
    fresh.ask("Input.dispatchKeyEvent", type="rawKeyDown", key=" ", windowsVirtualKeyCode=32)
    fresh.ask("Input.dispatchKeyEvent", type="keyUp", key=" ", windowsVirtualKeyCode=32)
    assert mel.Plan.load(fresh.downloaded("plan.json")).problem.law == "fixed"


def test_every_control_has_a_name_and_news_are_told(fresh: Page) -> None:
    nodes = fresh.ask("Accessibility.getFullAXTree")["nodes"]
    wanted = {"slider", "spinbutton", "radio", "button", "image", "table", "region"}
    found = [
        (node["role"]["value"], node.get("name", {}).get("value", ""))
        for node in nodes
        if not node.get("ignored") and node["role"]["value"] in wanted
    ]
    assert len([role for role, _ in found if role == "slider"]) == 5
    assert all(name for role, name in found if role != "table"), found
    assert fresh.value("document.querySelectorAll('[aria-live], [role=alert], output').length") >= 4
    texts = fresh.value("document.getElementById('slider-bandwidth_hz').ariaValueText")
    assert texts == "100 MHz"


def test_files_from_elsewhere_are_opened_or_refused_and_never_run(
    fresh: Page, tmp_path: Path
) -> None:
    problem = mel.scenarios.table1(5, seed=3, cycle_s=40.0)
    names = ["<img src=x onerror=alert(1)>", "</script><script>", "ü", "a b", "javascript:1"]
    problem = problem.replace(learners=problem.learners.replace(names=names))
    plan = mel.solve(problem)
    good, bad = tmp_path / "plan.json", tmp_path / "<b>bad.toml"
    plan.save(good)
    bad.write_text("<script>alert(1)</script>")
    settled(fresh, lambda: fresh.give("#file", good))
    fresh.until("document.getElementById('message').textContent.includes('the same')")
    assert fresh.text("#tau") == str(plan.tau)
    assert names[0] in fresh.text("#table")
    assert fresh.value("document.images.length + document.querySelectorAll('b').length") == 0
    fresh.give("#file", bad)
    fresh.until("document.getElementById('message').textContent.includes('bad.toml')")
    assert "line 1" in fresh.text("#message")
    fresh.give("#file", tmp_path / "huge.json")
    huge = tmp_path / "huge.json"
    huge.write_bytes(b"[" * (17 * 2**20))
    fresh.give("#file", huge)
    fresh.until("document.getElementById('message').textContent.includes('too large')")
    scenario = tmp_path / "impossible.toml"
    fresh.click("#save-scenario")
    text = fresh.downloaded("scenario.toml").read_text(encoding="utf-8")
    scenario.write_text(text.replace("cycle_s = 40.0", "cycle_s = 0.001"), encoding="utf-8")
    settled(fresh, lambda: fresh.give("#file", scenario))
    assert fresh.text("#status") == "Proved infeasible"
    settled(fresh, lambda: fresh.click("#reset"))
    assert fresh.text("#tau") == "8"


def test_learners_that_may_sit_out_and_chosen_speeds_are_planned(
    fresh: Page, tmp_path: Path, command: Callable[..., object]
) -> None:
    cell = mel.scenarios.table1(5, seed=3, cycle_s=40.0)
    least = [20_000, 20_000, 9_000, 30_000, 1]
    choice = cell.replace(learners=cell.learners.replace(optional=True, min_samples=least))
    path = tmp_path / "choice.toml"
    for problem in (choice, speeds.random_problem(1, 3, 40)):
        path.write_text(problem.to_toml(), encoding="utf-8")
        settled(fresh, lambda: fresh.give("#file", path))
        assert fresh.text("#tau") == str(mel.solve(problem).tau)
        fresh.click("#save-plan")
        saved = fresh.downloaded("plan.json")
        assert mel.Plan.load(saved).problem == problem
        assert command("check", str(saved)).status == 0
        saved.unlink()
    assert "Gflop/s" in fresh.text("#table")
    plan = tmp_path / "plan.json"
    mel.solve(cell, at_least=2).save(plan)
    settled(fresh, lambda: fresh.give("#file", plan))
    fresh.until("document.getElementById('message').textContent.includes('at_least')")


def test_a_page_that_was_exported_with_a_scenario_begins_with_it(
    page: Page, tmp_path: Path
) -> None:
    problem = mel.scenarios.table1(6, seed=8, law="fixed", block_hz=180e3)
    target = tmp_path / "own.html"
    export(target, problem, "cell <1>.toml")
    page.open(target.as_uri())
    page.until(SETTLED)
    assert page.text("#tau") == str(mel.solve(problem).tau)
    assert page.text("#source") == "From cell <1>.toml"


def test_it_is_read_on_a_phone_and_in_the_dark(fresh: Page) -> None:
    light = fresh.value("getComputedStyle(document.body).backgroundColor")
    fresh.look(360, 740, dark=True, phone=True)
    fresh.until(f"getComputedStyle(document.body).backgroundColor !== {light!r}")
    fresh.until("document.documentElement.scrollWidth <= 360")
    assert fresh.value("document.querySelector('#save-plan').getBoundingClientRect().height") >= 40


def test_text_stands_out_from_its_ground_in_both_schemes() -> None:
    """Contrast of at least 4.5 to 1, WCAG 2.2 level AA."""

    def luminance(colour: str) -> float:
        parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
        linear = [x / 12.92 if x <= 0.04045 else ((x + 0.055) / 1.055) ** 2.4 for x in parts]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    css = (PAGE / "page.css").read_text()
    light, dark = css.split("@media (prefers-color-scheme: dark)")
    for text in (light, dark.split("* {")[0]):
        found = dict(re.findall(r"--([a-z-]+): (#[0-9a-f]{6})", text))
        pairs = [("text", "surface"), ("muted", "surface"), ("muted", "ground"), ("text", "sunk")]
        pairs += [("muted", "sunk")] + [(k, f"{k}-ground") for k in ("good", "bad", "warn")]
        for one, other in pairs:
            high, low = sorted((luminance(found[one]), luminance(found[other])), reverse=True)
            assert (high + 0.05) / (low + 0.05) >= 4.5, (one, other)


def test_a_plan_of_the_page_says_what_its_schema_says(fresh: Page) -> None:
    jsonschema = pytest.importorskip("jsonschema")
    schema = json.loads((Path(mel.__file__).parent / "schema/plan.schema.json").read_text())
    fresh.click("#save-plan")
    jsonschema.validate(json.loads(fresh.downloaded("plan.json").read_text()), schema)


def test_an_answer_never_stands_beside_a_scenario_that_is_refused(fresh: Page) -> None:
    enter = (
        "(() => { const box = document.querySelector('.slider:nth-child(3) [type=number]');"
        "box.value = '%s'; box.dispatchEvent(new Event('input', {bubbles: true})); })()"
    )
    fresh.value(enter % "1e50")
    fresh.until("document.getElementById('status').textContent === 'No answer'")
    assert "cycle_s" in fresh.text("#message")
    assert fresh.text("#tau") == "–"
    fresh.click("#save-plan")
    settled(fresh, lambda: fresh.value(enter % "30"))
    assert fresh.text("#tau") == "8"
    assert fresh.text("#message") == ""
    assert list(fresh.downloads.iterdir()) == []
