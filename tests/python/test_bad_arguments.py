"""Junk in place of an argument is refused by the argument's name, whatever kind of junk it is."""

from decimal import Decimal

import numpy as np
import pytest

import mel_fast as mel

JUNK = (
    float("nan"), -1, 2.7, True, "x", b"1", 10**400, [], np.array([]), Decimal("2"), {}, object(),
    1 + 2j, np.array([[1.0]]), "\n",
)  # fmt: skip

PROBLEM = mel.scenarios.table1(6, seed=1)
PLAN = mel.solve(PROBLEM)
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
                words_of = (argument.removesuffix("s"), "sampl", "payload")
                assert any(word in said for word in words_of), (argument, junk, said)
                assert "\n" not in said, (argument, junk, said)
            else:
                assert isinstance(junk, bool | int | float | list | dict | np.ndarray | str), junk
