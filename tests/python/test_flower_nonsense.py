"""What clients return that makes no sense: quarantined with a reason, and the run goes on."""

import math

import numpy as np
import pytest

pytest.importorskip("flwr", reason="needs the extra [flower]")

from flwr.app import Array, ArrayRecord, ConfigRecord, Message, RecordDict

from flower_fake import (
    COLUMNS,
    FEATURES,
    Federation,
    identity,
    replies,
    three,
)
from mel_fast.flower.wire.messages import REPORT

__all__ = ["identity"]
pytestmark = pytest.mark.usefixtures("identity")


def report(**words):
    return lambda content: content[REPORT].update(
        {k.replace("_", "-"): v for k, v in words.items()}
    )


def arrays(*parts):
    def change(content):
        content["arrays"] = ArrayRecord(list(parts))

    return change


def pickled(content):
    content["arrays"]["0"] = Array("object", (1,), "pickle", b"cos\nsystem\n(S'false'\ntR.")


def huge(content):
    """A head that promises an exabyte."""
    good = content["arrays"]["0"]
    many = b"(4" + b"0" * 15 + b", 2), }"  # in place of the padding
    data = good.data.replace(b"(4, 2), }" + b" " * 15, many)
    assert len(data) == len(good.data)
    content["arrays"]["0"] = Array(good.dtype, good.shape, good.stype, data)


W, B = np.zeros((FEATURES, 2), np.float32), np.zeros(2, np.float32)

NONSENSE = {
    "negative": (report(compute_s=-1.0), "compute-s = -1.0"),
    "no number": (report(send_s=math.nan), "send-s = nan"),
    "infinite": (report(return_s=math.inf), "return-s = inf"),
    "beyond belief": (report(compute_s=1e300), "1e+300"),
    "text": (report(compute_s="soon"), "'soon'"),
    "list": (report(compute_s=[1.0]), "compute-s"),
    "more samples": (report(samples=10**9), "asked for 40"),
    "other tau": (report(tau=1), "tau = 1"),
    "another's name": (report(name="c0"), "'c0'"),
    "no report": (lambda content: content.pop(REPORT), "no report"),
    "report as model": (lambda c: c.update({"arrays": c[REPORT]}), "no model"),
    "no model": (lambda content: content.pop("arrays"), "no model"),
    "not finite": (arrays(W, np.array([0, np.nan], np.float32)), "not finite"),
    "other shape": (arrays(W.T, B), "shape"),
    "other kind": (arrays(W.astype(float), B), "float64"),
    "one array too few": (arrays(W), "not those of the model"),
    "no compute": (lambda content: content[REPORT].pop("compute-s"), "no compute-s"),
    "pickle": (pickled, "pickle"),
    "a head that promises much": (huge, "shape"),
    "bytes": (
        lambda c: (c.pop("arrays"), c.update({"encoded-arrays": ConfigRecord({"data": b"x"})})),
        "no payload",
    ),
    "nothing": (lambda content: content.clear(), "no report"),
}


@pytest.mark.parametrize(("change", "why"), NONSENSE.values(), ids=NONSENSE)
def test_nonsense_is_quarantined_with_a_reason_and_the_run_goes_on(change, why):
    clients = three()
    run = Federation(clients)
    run.round()
    before = run.grid.nodes[11]
    run.grid.nodes[11] = replies(change)
    done = run.round()
    assert done.samples.keys() == {"c0", "c2"}
    assert why in done.missing["c1"]
    run.grid.nodes[11] = before
    done = run.round()
    assert "quarantine" in done.sitting_out["c1"]
    assert why[:20] in done.sitting_out["c1"]
    assert done.samples.keys() == {"c0", "c2"}
    back = [run.round() for _ in range(3)]
    assert "c1" in back[-1].samples


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (ConfigRecord(), "name"),
        (ConfigRecord({"name": 3}), "name = 3"),
        (ConfigRecord({"name": "x" * 200, **COLUMNS}), "names"),
        (ConfigRecord({"name": "stranger"}), "no learner 'stranger'"),
        (ConfigRecord({"name": "a", **COLUMNS, "gain": -1.0}), "gain"),
        (ConfigRecord({"name": "a", **COLUMNS, "gain": math.nan}), "gain"),
        (ConfigRecord({"name": "a", **COLUMNS, "flops_per_s": math.inf}), "flops_per_s"),
        (ConfigRecord({"name": "a", **COLUMNS, "max_samples": 1.5}), "max_samples"),
        (ConfigRecord({"name": "a", "gain": 1.0}), "flops_per_s"),
        (ConfigRecord({"name": "a", **COLUMNS, "colour": 1.0}), "colour"),
        (None, "no learner"),
    ],
)
def test_who_introduces_itself_with_nonsense_is_not_called(content, why):
    run = Federation(three()[:2])
    said = RecordDict({} if content is None else {"learner": content})
    run.grid.nodes[60] = lambda message: Message(said, reply_to=message)
    for _ in range(2):
        assert run.round().samples.keys() == {"c0", "c1"}
    assert why in run.strategy.refused[60]
    assert sum(one.metadata.dst_node_id == 60 for one in run.grid.sent) == 1
