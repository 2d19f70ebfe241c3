"""Hypothesis strategies that draw a seed and sizes, and the decorator that runs a property."""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mel_fast import Problem, reference

LAWS = ("density", "fixed")
SETTINGS = ("parallelized", "federated")
IDLES = ("served", "excused")
SCHEMES = ("joint", "task_only", "resource_only")
VARIANTS = [(law, setting, idle) for law in LAWS for setting in SETTINGS for idle in IDLES]


class Case(NamedTuple):
    """What is drawn; its printed form is enough to make the problem again."""

    seed: int
    learners: int
    samples: int
    law: str
    setting: str
    idle: str
    kinds: int | None

    def rng(self) -> np.random.Generator:
        """Return a generator for further draws of the same case."""
        return np.random.default_rng([self.seed, 1])

    def problem(self) -> Problem:
        return reference.random_problem(
            np.random.default_rng(self.seed),
            self.learners,
            self.samples,
            law=self.law,
            setting=self.setting,
            idle=self.idle,
            kinds=self.kinds,
        )


def draw(
    seed: int,
    learners: int,
    samples: int,
    law: str = "density",
    setting: str = "parallelized",
    idle: str = "served",
) -> Problem:
    """Return the problem of a case that is not drawn but named."""
    return Case(seed, learners, samples, law, setting, idle, None).problem()


@st.composite
def cases(draw: st.DrawFn, learners: int = 200, samples: int = 100_000, table: int = 10**9) -> Case:
    """Draw a case of up to `learners` and `samples`, both spread over their magnitudes.

    `table` limits (samples + 1) * learners, the size of what the reference must tabulate.
    """
    count = round(2 ** draw(st.floats(0, np.log2(learners))))
    most = max(1, min(samples, table // count - 1))
    return Case(
        seed=draw(st.integers(0, 2**32 - 1)),
        learners=count,
        samples=round(2 ** draw(st.floats(0, np.log2(most)))),
        law=draw(st.sampled_from(LAWS)),
        setting=draw(st.sampled_from(SETTINGS)),
        idle=draw(st.sampled_from(IDLES)),
        kinds=draw(st.sampled_from([None, None, None, 1, 2, 3])),
    )


def holds_for_all(
    strategy: st.SearchStrategy, *, ci: int, long: int
) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Make a test of a property: `ci` fixed examples always, `long` random ones with `-m long`."""

    def decorate(check: Callable[..., None]) -> Callable[..., None]:
        @pytest.mark.parametrize(
            "examples",
            [pytest.param(ci, id="ci"), pytest.param(long, id="long", marks=pytest.mark.long)],
        )
        def test(examples: int) -> None:
            limits = settings(
                max_examples=examples,
                derandomize=examples == ci,
                database=None,
                deadline=None,
                print_blob=True,
                suppress_health_check=list(HealthCheck),
            )
            given(strategy)(limits(check))()

        test.__name__, test.__doc__ = check.__name__, check.__doc__
        test.__module__ = check.__module__
        return test

    return decorate
