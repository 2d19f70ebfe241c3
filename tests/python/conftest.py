"""What all tests share: hypothesis without clock or chance, a problem, `mel-fast` in-process."""

import signal
from collections.abc import Callable, Iterator
from typing import NamedTuple

import hypothesis
import pytest

import mel_fast as mel
from mel_fast.cli import run
from store_databases import postgres, sqlite_pattern, sqlite_url, url  # noqa: F401

# The same examples every time, however slow the machine; `--hypothesis-profile=other` draws others.
UNHURRIED = {"deadline": None, "suppress_health_check": [hypothesis.HealthCheck.too_slow]}
hypothesis.settings.register_profile("other", derandomize=False, **UNHURRIED)
hypothesis.settings.register_profile("suite", derandomize=True, database=None, **UNHURRIED)
hypothesis.settings.load_profile("suite")


class Outcome(NamedTuple):
    status: int
    out: str
    err: str


@pytest.fixture(autouse=True)
def ctrl_c_interrupts() -> Iterator[None]:
    """Let SIGINT interrupt also where it is ignored, as in what a shell runs in the background.

    Before each test: other libraries change the process's handler behind Python's back.
    """
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


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


class Steps:
    """Steps that the checker has counted."""

    taken = 0


@pytest.fixture
def steps(monkeypatch):
    """Count what the checker's allowances are asked for."""
    from mel_fast.verify._allowance import Allowance

    counted, use = Steps(), Allowance.use

    def counting(self, steps):
        counted.taken += steps
        use(self, steps)

    monkeypatch.setattr(Allowance, "use", counting)
    return counted
