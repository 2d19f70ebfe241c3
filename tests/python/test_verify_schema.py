"""The published JSON Schema agrees with the checker's reader wherever a schema can say it."""

import json
from pathlib import Path

import pytest

pytest.importorskip("flint")
jsonschema = pytest.importorskip("jsonschema")

import mel_fast as mel  # noqa: E402
from mel_fast.verify import verify_dict  # noqa: E402
from strategies import SCHEMES  # noqa: E402
from test_verify import instance, plain, weaker  # noqa: E402
from test_verify_tampering import every_field, grown, solved  # noqa: E402

SCHEMA = json.loads(
    (Path(mel.__file__).parent / "schema" / "plan.schema.json").read_text(encoding="utf-8")
)
VALIDATOR = jsonschema.Draft202012Validator(SCHEMA)


def test_schema_is_one():
    jsonschema.Draft202012Validator.check_schema(SCHEMA)


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("idle", ["served", "excused"])
def test_saved_plans_are_valid(scheme, idle):
    for seed in range(12):
        plan = mel.solve(instance(seed, ("density", "fixed")[seed % 2], idle=idle), scheme=scheme)
        for data in (plan.to_dict(), plain(plan.to_dict()), weaker(plan, "undecided", 0)):
            assert list(VALIDATOR.iter_errors(data)) == []


def check_every_field(scheme, nth):
    data = grown(solved(), (0, 3)) if scheme == "joint" else solved(scheme, cycle_s=60.0)
    refused = passed = 0
    for path, new, other in every_field(data, nth):
        if VALIDATOR.is_valid(other):
            passed += 1
        else:
            refused += 1
            assert not verify_dict(other), (path, new)
    assert refused > 500 / nth
    assert passed > 100 / nth


@pytest.mark.no_cover
@pytest.mark.parametrize("scheme", ["joint", "task_only"])
def test_what_the_schema_refuses_the_checker_refuses(scheme):
    check_every_field(scheme, nth=5)


@pytest.mark.long
@pytest.mark.parametrize("scheme", ["joint", "task_only"])
def test_of_all_changes_what_the_schema_refuses_the_checker_refuses(scheme):
    check_every_field(scheme, nth=1)
