"""Proved-optimal task, bandwidth and power allocation for mobile edge learning.

>>> import mel_fast as mel
>>> plan = mel.solve(mel.scenarios.table1(learners=20, cycle_s=30.0, seed=0))
>>> plan.status
<Status.OPTIMAL: 'optimal'>
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from mel_fast import _interpreter  # noqa: F401  first: before anything compiled is imported
from mel_fast._base.arithmetic import usual_arithmetic
from mel_fast._base.optional import attach
from mel_fast._core import __version__

if TYPE_CHECKING:
    from mel_fast import (
        channel,
        cp_sat,
        flower,
        learning,
        orchestrate,
        payload,
        reference,
        scenarios,
        store,
        tiers,
    )
    from mel_fast.bracket.energy.least import LeastEnergy
    from mel_fast.campaigns import (
        Association,
        Campaign,
        Cells,
        Most,
        MostCycles,
        campaign,
        cells,
        most,
    )
    from mel_fast.cli.about.config import show_config
    from mel_fast.model.learners import Learners
    from mel_fast.model.payload import Payload
    from mel_fast.model.problem import Problem
    from mel_fast.model.radio import Radio
    from mel_fast.model.task import LearningTask
    from mel_fast.model.times import Times, evaluate
    from mel_fast.planning import (
        Explanation,
        Frontier,
        Least,
        Simulation,
        explain,
        fastest,
        frontier,
        least,
        simulate,
    )
    from mel_fast.planning.energy.frontier import EnergyFrontier
    from mel_fast.planning.energy.trade import EnergyTrade, trade
    from mel_fast.planning.energy.within import WithinEnergy, within
    from mel_fast.plans.interrupted import Interrupted
    from mel_fast.plans.plan import Plan
    from mel_fast.plans.status import Status
    from mel_fast.scenarios.file import load_scenario
    from mel_fast.scenarios.plausible import ImplausibleWarning, implausible
    from mel_fast.solve.many import Batch, Plans, solve_many
    from mel_fast.solve.shards.checking import verify_sharded
    from mel_fast.solve.shards.plan import ShardedPlan
    from mel_fast.solve.shards.solving import solve_sharded
    from mel_fast.solve.shards.sources import shards_from_npy, shards_from_parquet
    from mel_fast.solve.single import solve
    from mel_fast.sweep import sweep
    from mel_fast.verify import verify
    from mel_fast.verify._verdict import Verdict

# Names that are imported when first used, NumPy with them: some need extras, all cost time. The
# import comes before the call, so before the call's time limit begins.
_MODULES = (
    "channel",
    "cp_sat",
    "flower",
    "learning",
    "orchestrate",
    "payload",
    "reference",
    "scenarios",
    "store",
    "tiers",
)
_NAMES = {
    "Association": "campaigns",
    "Batch": "solve.many",
    "Campaign": "campaigns",
    "Cells": "campaigns",
    "EnergyFrontier": "planning.energy.frontier",
    "EnergyTrade": "planning.energy.trade",
    "Explanation": "planning",
    "Frontier": "planning",
    "ImplausibleWarning": "scenarios.plausible",
    "Interrupted": "plans.interrupted",
    "Learners": "model.learners",
    "LearningTask": "model.task",
    "Least": "planning",
    "LeastEnergy": "bracket.energy.least",
    "Most": "campaigns",
    "MostCycles": "campaigns",
    "Payload": "model.payload",
    "Plan": "plans.plan",
    "Plans": "solve.many",
    "Problem": "model.problem",
    "Radio": "model.radio",
    "ShardedPlan": "solve.shards.plan",
    "Simulation": "planning",
    "Status": "plans.status",
    "Times": "model.times",
    "Verdict": "verify._verdict",
    "WithinEnergy": "planning.energy.within",
    "campaign": "campaigns",
    "cells": "campaigns",
    "evaluate": "model.times",
    "explain": "planning",
    "fastest": "planning",
    "frontier": "planning",
    "implausible": "scenarios.plausible",
    "least": "planning",
    "load_scenario": "scenarios.file",
    "most": "campaigns",
    "shards_from_npy": "solve.shards.sources",
    "shards_from_parquet": "solve.shards.sources",
    "show_config": "cli.about.config",
    "simulate": "planning",
    "solve": "solve.single",
    "solve_many": "solve.many",
    "solve_sharded": "solve.shards.solving",
    "sweep": "sweep",
    "trade": "planning.energy.trade",
    "verify": "verify",
    "verify_sharded": "solve.shards.checking",
    "within": "planning.energy.within",
}

__all__ = [
    "Association",
    "Batch",
    "Campaign",
    "Cells",
    "EnergyFrontier",
    "EnergyTrade",
    "Explanation",
    "Frontier",
    "ImplausibleWarning",
    "Interrupted",
    "Learners",
    "LearningTask",
    "Least",
    "LeastEnergy",
    "Most",
    "MostCycles",
    "Payload",
    "Plan",
    "Plans",
    "Problem",
    "Radio",
    "ShardedPlan",
    "Simulation",
    "Status",
    "Times",
    "Verdict",
    "WithinEnergy",
    "__version__",
    "campaign",
    "cells",
    "channel",
    "cp_sat",
    "evaluate",
    "explain",
    "fastest",
    "flower",
    "frontier",
    "implausible",
    "learning",
    "least",
    "load_scenario",
    "most",
    "orchestrate",
    "payload",
    "reference",
    "scenarios",
    "shards_from_npy",
    "shards_from_parquet",
    "show_config",
    "simulate",
    "solve",
    "solve_many",
    "solve_sharded",
    "store",
    "sweep",
    "tiers",
    "trade",
    "verify",
    "verify_sharded",
    "within",
]


# What has the name of its room, which an import of the room would put on the face.
for _name in ("solve", "sweep", "verify"):
    import_module(f"mel_fast.{_name}")
    del globals()[_name]


if not TYPE_CHECKING:  # a type checker knows every name; what it does not know is a mistake

    @usual_arithmetic
    def __getattr__(name: str) -> Any:
        if name in _MODULES:
            return import_module(f"mel_fast.{name}")
        if name not in _NAMES:
            raise AttributeError(f"module 'mel_fast' has no attribute {name!r}")
        found = getattr(import_module(f"mel_fast.{_NAMES[name]}"), name)
        return globals().setdefault(name, found)


def __dir__() -> list[str]:
    return sorted(__all__)


attach(
    explain="planning",
    learners_from_table="scenarios.any_table",
    plot="figures.plan",
    prices_of="planning",
    solve="solve.single",
    to_toml="scenarios.toml",
)
