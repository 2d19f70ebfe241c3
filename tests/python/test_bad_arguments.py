"""Junk in place of an argument is refused by the argument's name, whatever kind of junk it is."""

from decimal import Decimal

import numpy as np
import pytest

import mel_fast as mel

MASKED = np.ma.array([1.0], mask=[True])
JUNK = (
    float("nan"), -1, 2.7, True, "x", b"1", 10**400, [], np.array([]), Decimal("2"), {}, object(),
    1 + 2j, np.array([[1.0]]), "\n", np.eye(2), [[1], [2, 3]], MASKED,
)  # fmt: skip

PROBLEM = mel.scenarios.table1(6, seed=1)
PLAN = mel.solve(PROBLEM)
SENDING = mel.Problem(
    PROBLEM.task.replace(samples=600),
    mel.Learners(
        flops_per_s=2.4e9, gain=[1e-10, 1e-11], send_bandwidth_hz=5e6, send_power_w=0.2,
        max_power_w=0.2, energy_coefficient=1e-28,
    ),
    mel.Radio(20e6, None, noise_density_w_per_hz=4e-21, shared="return"),
    cycle_s=4.0,
)  # fmt: skip
LABELS = np.arange(200) % 3
RNG = np.random.default_rng(0)
DATA = mel.learning.Dataset("drawn", RNG.random((200, 4)), LABELS, RNG.random((50, 4)), LABELS[:50])

CALLS = {
    "solve": (mel.solve, {"problem": PROBLEM, "threads": 1, "then": "time", "scheme": "joint"}),
    "verify": (mel.verify, {"problem": PROBLEM, "plan": PLAN, "time_limit_s": 5.0}),
    "simulate": (
        mel.simulate,
        {"plan": PLAN, "failures": 0.1, "gain_drift": 1.0, "seed": 0, "policies": ["nothing"]},
    ),
    "least": (mel.least, {"problem": SENDING, "tau": 1, "over": "energy_j", "at_least": None}),
    "trade": (mel.trade, {"problem": SENDING, "tau": 1, "cycles": [4.0], "time_limit_s": 5.0}),
    "within": (mel.within, {"problem": SENDING, "energy_budget_j": 1.0, "threads": 1}),
    "frontier": (mel.frontier, {"problem": SENDING, "over": "energy_j", "max_steps": 99}),
    "then": (mel.solve, {"problem": SENDING, "then": "energy", "at_least": None}),
    "campaign": (mel.campaign, {"problem": PROBLEM, "rounds": {1: 9}, "max_tau": 9, "prune": True}),
    "most": (mel.most, {"problem": PROBLEM, "samples": PLAN.samples, "spread": 2.0}),
    "keep": (mel.solve, {"problem": PROBLEM, "start": PLAN, "keep": [0]}),
    "dbm": (mel.channel.dbm, {"value": [1.0]}),
    "table1": (
        mel.scenarios.table1,
        {"learners": 3, "radius_m": 50.0, "law": "density", "budgets": "fixed", "seed": 0},
    ),
    "table1_draws": (mel.scenarios.table1_draws, {"draws": 2, "learners": 3, "first_draw": 0}),
    "Disc": (mel.channel.Disc, {"radius_m": 50.0}),
    "free_space": (mel.channel.free_space, {"carrier_hz": 2e9}),
    "run": (
        mel.learning.run,
        {"plan": 1, "data": DATA, "samples": [9, 9], "cycle_s": 3.0, "cycles": 1, "seed": 0},
    ),
    "random_split": (
        mel.learning.random_split,
        {"available": 30, "samples": [9, 9], "rng": np.random.default_rng(0)},
    ),
    "iid_shards": (
        mel.learning.iid_shards,
        {"available": 30, "learners": 3, "rng": np.random.default_rng(0)},
    ),
    "dirichlet_shards": (
        mel.learning.dirichlet_shards,
        {"labels": LABELS, "learners": 3, "concentration": 0.5, "rng": np.random.default_rng(0)},
    ),
    "gains": (
        mel.channel.gains,
        {
            "u": RNG.random((3, 2)),
            "placement": mel.channel.Disc(),
            "attenuation": mel.channel.paper(),
            "fading": mel.channel.Rayleigh(),
            "extra_loss_db": 0.0,
        },
    ),
    "encode": (mel.payload.encode, {"arrays": {"w": np.arange(3.0)}, "rng": 1}),
    "decode": (mel.payload.decode, {"data": mel.payload.encode({"w": np.arange(3.0)})}),
    "ErrorFeedback": (mel.payload.ErrorFeedback, {"recipe": mel.payload.Recipe(bits=4)}),
    "vary": (mel.Batch.vary, {"problem": PROBLEM, "rows": 2}),
    "Client": (
        mel.store.Client,
        {"url": "http://127.0.0.1:9", "token": "t", "most_bytes": 9, "timeout_s": 1.0},
    ),
    "average": (
        mel.learning.average,
        {"models": [[np.ones(2)], [np.ones(2)]], "samples": [1, 2]},
    ),
}


@pytest.mark.parametrize("name", CALLS)
def test_junk_is_refused_by_name_or_taken_for_what_it_equals(name):
    """What is taken is a number that serves as well: a seed of 10^400, a time limit of True."""
    if name == "Client":
        pytest.importorskip("httpx")
    call, words = CALLS[name]
    call(**words)
    for argument in words:
        for junk in JUNK:
            try:
                call(**{**words, argument: junk})
            except (ValueError, TypeError) as refusal:
                said = str(refusal)
                words_of = (argument.removesuffix("s"), "sampl", "payload", "dbm", "weights")
                assert any(word in said for word in words_of), (argument, junk, said)
                assert "\n" not in said, (argument, junk, said)
            else:
                assert isinstance(junk, bool | int | float | list | dict | np.ndarray | str), junk


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda: mel.simulate(PLAN, failures=[[1, 0, 0, 0, 0, 0]]), "failures has shape (1, 6)"),
        (lambda: mel.simulate(PLAN, failures=[[1], [2, 3]]), "failures is ragged"),
        (lambda: mel.simulate(PLAN, gain_drift=[[1], [2, 3]]), "gain_drift is ragged"),
        (lambda: mel.most(PROBLEM, samples=[[1], [2, 3]]), "samples is ragged"),
        (lambda: mel.channel.db([[1], [2, 3]]), "db is ragged"),
        (lambda: mel.solve(PROBLEM, start=PLAN, keep=MASKED), "keep has masked"),
        (lambda: mel.verify(PROBLEM, PLAN, time_limit_s=True), "time_limit_s = True"),
        (lambda: mel.trade(SENDING, 1, [9e58, 4.0]), "cycles[0] = 9e+58: cycle_s"),
        (lambda: mel.solve(SENDING, then="energy", at_least=-1), "at_least = -1: must be"),
        (
            lambda: mel.Radio(1.0, 1.0, noise_power_w=10**400, noise_density_w_per_hz=1.0),
            "noise_density_w_per_hz = 1.0 and noise_power_w = 1000",
        ),
    ],
)  # fmt: skip
def test_what_is_refused_is_named_on_one_line_before_any_work(call, said) -> None:
    with pytest.raises((ValueError, TypeError)) as refusal:
        call()
    assert str(refusal.value).startswith(said)
    assert len(str(refusal.value)) < 300


def test_time_limits_of_a_check_are_numbers_of_any_kind() -> None:
    pytest.importorskip("flint")
    for limit in (5, 5.0, np.float32(5), np.int64(5)):
        assert mel.verify(PROBLEM, PLAN, time_limit_s=limit).ok
