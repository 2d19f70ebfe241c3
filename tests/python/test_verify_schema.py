"""The published JSON Schema agrees with the checker's reader wherever a schema can say it."""

import json
from pathlib import Path

import pytest

pytest.importorskip("flint")
jsonschema = pytest.importorskip("jsonschema")

import numpy as np  # noqa: E402

import mel_fast as mel  # noqa: E402
from mel_fast.verify import verify_dict  # noqa: E402
from receivers import cell  # noqa: E402
from strategies import SCHEMES  # noqa: E402
from test_energy_few_samples import excused  # noqa: E402
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


def compared(data, nth):
    """Change every place: what the schema refuses the checker does; how many of each there are."""
    refused = passed = 0
    for path, new, other in every_field(data, nth):
        if VALIDATOR.is_valid(other):
            passed += 1
        else:
            refused += 1
            assert not verify_dict(other), (path, new)
    return refused, passed


def check_every_field(scheme, nth):
    data = grown(solved(), (0, 3)) if scheme == "joint" else solved(scheme, cycle_s=60.0)
    refused, passed = compared(data, nth)
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


def selected() -> tuple[mel.Problem, mel.Plan]:
    problem = mel.scenarios.table1(seed=1)
    learners = problem.learners.replace(
        min_samples=2000, max_samples=6000, optional=True, weight=np.linspace(1.0, 2.0, 20)
    )
    problem = problem.replace(learners=learners)
    return problem, mel.solve(problem, at_least=12)


def asked_for(name: str) -> mel.Plan:
    """A plan with what came with version 2: own conditions, claims, columns."""
    if name == "at_least":
        return selected()[1]
    if name == "no_more":
        problem, plan = selected()
        return mel.most(problem, plan.tau, of="weight").proof
    if name == "watts":
        return mel.least(cell(law="density"), 20, "energy_j").plan
    plan = mel.least(excused(4, 22), 1, "energy_j").plan
    assert plan.least_energy.tree
    return plan


NTHS = {"at_least": 12, "no_more": 8, "tree": 3, "watts": 6}


def check_what_came_with_version_2(name, nth):
    data = asked_for(name).to_dict()
    assert data["version"] == 2
    for same in (data, plain(data)):
        assert list(VALIDATOR.iter_errors(same)) == []
    assert not VALIDATOR.is_valid({**data, "version": 1})
    refused, passed = compared(data, nth)
    assert refused > 100 * NTHS[name] / nth
    assert passed > 20 * NTHS[name] / nth


@pytest.mark.parametrize("name", NTHS)
def test_what_came_with_version_2_is_in_the_schema(name):
    check_what_came_with_version_2(name, 3 * NTHS[name])


@pytest.mark.long
@pytest.mark.parametrize("name", NTHS)
def test_of_more_changes_to_what_came_with_version_2(name):
    check_what_came_with_version_2(name, NTHS[name])
