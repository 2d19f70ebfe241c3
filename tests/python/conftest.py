"""What all tests share: hypothesis without a clock, a small problem, `mel-fast` in-process."""

from collections.abc import Callable
from typing import NamedTuple

import hypothesis
import pytest

import mel_fast as mel
from mel_fast.cli import run

hypothesis.settings.register_profile("suite", deadline=None)
hypothesis.settings.load_profile("suite")


class Outcome(NamedTuple):
    status: int
    out: str
    err: str


@pytest.fixture
def command(capsys: pytest.CaptureFixture[str]) -> Callable[..., Outcome]:
    """Run `mel-fast` with the given arguments in this process."""

    def call(*arguments: object) -> Outcome:
        capsys.readouterr()
        status = run([str(argument) for argument in arguments])
        return Outcome(status, *capsys.readouterr())

    return call


@pytest.fixture(scope="session")
def problem() -> mel.Problem:
    return mel.scenarios.table1(learners=6, cycle_s=30.0, seed=1)


@pytest.fixture(scope="session")
def plan(problem: mel.Problem) -> mel.Plan:
    return mel.solve(problem)
