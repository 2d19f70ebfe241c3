"""Flower runs the plans: a strategy around an orchestrator, a client's helper, real processes.

>>> import mel_fast as mel
>>> strategy = mel.flower.PlannedFedAvg(loop, min_clients=4)               # doctest: +SKIP
>>> app = mel.flower.client_app(make_client)                               # doctest: +SKIP

What decides is in `mel_fast.orchestrate`, which knows nothing of Flower; what is here turns its
rounds into Flower's messages, and the answers into observations and an average. docs/flower.md has
the messages, the policies and a run on real processes. A project to begin with is written by
``mel-fast flower new DIR``.

Needs the extra ``[flower]``.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from mel_fast._base.optional import require

if TYPE_CHECKING:
    from mel_fast.flower.clients.client import Client, client_app
    from mel_fast.flower.clients.models import ScikitEstimator, local_model
    from mel_fast.flower.clients.radio import SimulatedRadio
    from mel_fast.flower.cycle import Done
    from mel_fast.flower.grid import PolledGrid
    from mel_fast.flower.loopback import Loopback, Run
    from mel_fast.flower.project import new_project
    from mel_fast.flower.strategy import PlannedFedAvg
    from mel_fast.flower.wire.messages import Order, Report

_LAZY = {
    "Client": "clients.client",
    "Done": "cycle",
    "Loopback": "loopback",
    "Order": "wire.messages",
    "PlannedFedAvg": "strategy",
    "PolledGrid": "grid",
    "Report": "wire.messages",
    "Run": "loopback",
    "ScikitEstimator": "clients.models",
    "SimulatedRadio": "clients.radio",
    "client_app": "clients.client",
    "local_model": "clients.models",
    "new_project": "project",
}

__all__ = [
    "Client",
    "Done",
    "Loopback",
    "Order",
    "PlannedFedAvg",
    "PolledGrid",
    "Report",
    "Run",
    "ScikitEstimator",
    "SimulatedRadio",
    "client_app",
    "local_model",
    "new_project",
]


def __getattr__(name: str) -> Any:
    if name in _LAZY:
        require("flwr", extra="flower")
        return getattr(import_module(f"mel_fast.flower.{_LAZY[name]}"), name)
    raise AttributeError(f"module 'mel_fast.flower' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
