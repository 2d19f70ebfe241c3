"""One grammar of plan files: the package, the checker and the schema read the same language.

Both readers get the same mutants. What both read is saved again and means the same; what the
checker then lets pass is judged by enumeration with 50 digits.
"""

import json
import math
from pathlib import Path

import pytest

pytest.importorskip("flint")
jsonschema = pytest.importorskip("jsonschema")

import mel_fast as mel  # noqa: E402
from mel_fast.verify import verify_dict, verify_file  # noqa: E402
from mel_fast.verify.claim import _entries, _read  # noqa: E402
from mutated import SPELLINGS, json_text_mutant, mutant, seeded  # noqa: E402
from test_verify_tampering import FILES, at, changed, is_true  # noqa: E402
from test_verify_tampering_limited import FILES as LIMITED  # noqa: E402

SCHEMA = Path(mel.__file__).parent / "schema" / "plan.schema.json"
VALIDATOR = jsonschema.Draft202012Validator(json.loads(SCHEMA.read_text(encoding="utf-8")))
CI = 800
LONG = 100_000


def without_proof():
    """A plan by hand: it can be saved and read, and is never verified."""
    problem = mel.Problem.from_dict(FILES["density"]()["problem"])
    shares = {"samples": 4, "bandwidth_hz": 1.0, "power_w": 0.01}
    return mel.Plan(problem, status="feasible", tau=1, bound=2, **shares).to_dict()


class Files:
    """What the mutants are made from, solved once."""

    made: list | None = None


def files():
    if Files.made is None:
        Files.made = [make() for make in (*FILES.values(), *LIMITED.values(), without_proof)]
    return Files.made


def loaded(read, source):
    """Return the plan, or None where it is refused; anything but a ValueError is a crash."""
    try:
        return read(source)
    except ValueError as error:
        assert str(error).isprintable()  # noqa: PT017
        assert len(str(error)) < 2000  # noqa: PT017
        return None


def claimed(data):
    try:
        return _read.read_plan(data)
    except _entries.RefusedError as refusal:
        assert str(refusal).isascii()  # noqa: PT017
        assert str(refusal).isprintable()  # noqa: PT017
        assert len(str(refusal)) < 2000  # noqa: PT017
        return None


def agree(data, judged):
    """Read a document with both readers; return whether it is a plan file."""
    plan, claim = loaded(mel.Plan.from_dict, data), claimed(data)
    assert (plan is None) == (claim is None)
    if plan is None or claim is None:
        return False
    assert VALIDATOR.is_valid(data)
    again = plan.to_dict()
    assert mel.Plan.from_dict(again) == plan
    assert claimed(again) == claim
    assert plan.summary().isprintable() or "\n" in plan.summary()
    json.loads(plan.to_json())
    if judged:
        verdict = verify_dict(data)
        assert verdict.checked
        assert not verdict.ok or is_true(data)
    return True


def run(first, last, judged_every):
    read = 0
    for seed in range(first, last):
        rng = seeded("plan", seed)
        data = mutant(rng.choice(files()), rng)
        try:
            read += agree(data, seed % judged_every == 0)
        except AssertionError:
            print("seed", seed)
            raise
    return read


@pytest.mark.no_cover
def test_both_readers_agree_on_every_mutant():
    assert CI // 13 < run(0, CI, judged_every=8) < CI // 2


@pytest.mark.long
def test_both_readers_agree_on_every_mutant_at_length():
    assert run(CI, LONG, judged_every=1) > LONG // 10


def texts(first, last, path):
    """Give both readers of files the same texts; return how many are plan files."""
    read = 0
    for seed in range(first, last):
        rng = seeded("text", seed)
        path.write_text(json_text_mutant(rng.choice(files()), rng), encoding="utf-8")
        plan = loaded(mel.Plan.load, path)
        try:
            verdict = verify_file(path)
        except ValueError:
            assert plan is None, seed
            continue
        assert (plan is None) == (verdict.status is None), seed
        assert verdict.checked
        read += plan is not None
    return read


def test_both_readers_of_files_agree_on_every_text(tmp_path):
    assert texts(0, 600, tmp_path / "plan.json") > 1


@pytest.mark.long
def test_both_readers_of_files_agree_on_every_text_at_length(tmp_path):
    assert texts(1000, 40_000, tmp_path / "plan.json") > 100


NUMBERS = [
    ("problem", "radio", "power_w"),
    ("problem", "cycle_s"),
    ("problem", "task", "flops_per_sample"),
    ("problem", "learners", "gain", 1),
    ("power_w", 0),
    ("certificate", "tree", 0, "mu_per_w"),
    ("elapsed_s",),
]


@pytest.mark.parametrize("path", NUMBERS)
def test_a_number_has_one_hexadecimal_spelling(path):
    data = FILES["density"]()
    for spelling in SPELLINGS:
        read = agree(changed(data, path, spelling), judged=False)
        if read:
            assert float.fromhex(spelling).hex() == spelling
    number = at(data, path)
    number = float.fromhex(number) if isinstance(number, str) else number
    for same in (number, number.hex()):
        assert agree(changed(data, path, same), judged=False)
    for other in (True, 2**53 + 1, 10**400, 1e400, math.nan, [number], {"value": number}):
        assert not agree(changed(data, path, other), judged=False)


@pytest.mark.parametrize("tree", [5, None, [], [None], [{}], "x", {}, [[]], [{"learner": 0}]])
def test_a_certificate_that_is_none_is_refused_when_it_is_read(tree):
    data = FILES["density"]()
    data["certificate"]["tree"] = tree
    with pytest.raises(ValueError, match="certificate"):
        mel.Plan.from_dict(data)
    assert verify_dict(data).status is None


def test_a_tree_must_be_whole_and_cut_learners_that_are_there():
    data = FILES["density"]()
    (leaf,) = data["certificate"]["tree"]
    split = {"learner": 0, "at": 3}
    for tree, message in (
        ([split, leaf], "1 boxes are missing"),
        ([leaf, leaf], "complete before"),
        ([{**split, "learner": 3}, leaf, leaf], "there is no learner 3"),
        ([{**split, "at": 2**53 + 1}, leaf, leaf], "at"),
        ([{**split, "at": 3.0}, leaf, leaf], "at"),
    ):
        data["certificate"]["tree"] = tree
        with pytest.raises(ValueError, match=message):
            mel.Plan.from_dict(data)
        assert verify_dict(data).status is None
        with pytest.raises(ValueError, match=message):
            mel.Plan(
                mel.Problem.from_dict(data["problem"]),
                status="undecided",
                tau=0,
                bound=data["bound"],
                certificate=data["certificate"],
            )


def test_a_plan_without_proof_is_read_and_never_verified(tmp_path):
    data = without_proof()
    assert data["certificate"] is None
    assert agree(data, judged=False)
    verdict = verify_dict(data)
    assert verdict.status == "feasible"
    assert "certificate is null: nothing rules out tau = 3" in verdict.reasons
    plan = mel.Plan.from_dict(data)
    plan.save(tmp_path / "plan.json")
    assert mel.Plan.load(tmp_path / "plan.json") == plan


def test_infinite_times_are_written_as_inf():
    data = FILES["density"]()
    data["power_w"][0] = 0.0
    plan = mel.Plan.from_dict(data)
    assert math.isinf(plan.send_s[0])
    told = json.loads(plan.to_json())
    assert told["send_s"][0] == told["total_s"][0] == "inf"
    assert told["send_s"][1] == plan.send_s[1]
    assert mel.Plan.from_dict(plan.to_dict()) == plan


@pytest.mark.parametrize("flops_per_s", [1e-60, 1.0, 1e60])
@pytest.mark.parametrize("gain", [1e-60, 1e60])
@pytest.mark.parametrize("band", [1e-60, 1e60])
def test_learners_out_of_all_range_are_refused_by_both(flops_per_s, gain, band):
    data = FILES["undecided"]()
    columns = data["problem"]["learners"]
    columns["flops_per_s"][0], columns["gain"][0] = flops_per_s, gain
    columns["return_bandwidth_hz"][0] = band
    agree(data, judged=False)
