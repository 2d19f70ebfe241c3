"""Batteries and their charges in a loop's state."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from mel_fast._base.validation import LARGEST
from mel_fast.model import grammar
from mel_fast.orchestrate.batteries.charges import Charges
from mel_fast.orchestrate.batteries.spending import Amount, Batteries, Fair, Greedy, Spending
from mel_fast.orchestrate.files.state import packed, unpacked

_AMOUNTS = ("charge_j", "capacity_j", "harvest_w")
_COLUMNS = ("left_j", "capacity_j", "harvest_w")
_POLICIES = ("greedy", "fair")


def charges_state(charges: Charges) -> dict[str, Any]:
    """Return all of it."""
    given, spending = charges.given, charges.given.spending
    fair = isinstance(spending, Fair)
    return {
        "given": {name: _written(getattr(given, name)) for name in _AMOUNTS},
        "spending": _POLICIES[fair],
        "rounds": spending.rounds if isinstance(spending, Fair) else None,
        "ids": packed(charges.ids),
        **{name: packed(getattr(charges, name)) for name in _COLUMNS},
    }


def charges_of(data: object) -> Charges:
    """Return what was saved.

    Raises
    ------
    ValueError
        For what it cannot be.
    """
    found = grammar.members("batteries", data, ("given", "spending", "rounds", "ids", *_COLUMNS))
    given = grammar.members("given", found["given"], _AMOUNTS)
    amounts: dict[str, Any] = {name: _read(name, value) for name, value in given.items()}
    rounds = found["rounds"]
    spending: Spending = Greedy()
    if grammar.word("spending", found["spending"], _POLICIES) == "fair":
        spending = Fair(None if rounds is None else grammar.integer("rounds", rounds, 1))
    charges = Charges(Batteries(**amounts, spending=spending))
    charges.ids = unpacked("ids", found["ids"])
    shape = charges.ids.shape
    if charges.ids.dtype != np.int64 or len(shape) != 1 or not (np.diff(charges.ids) > 0).all():
        raise ValueError("batteries.ids: must be different numbers, ascending")
    for name in _COLUMNS:
        column = unpacked(name, found[name])
        if column.dtype != np.float64 or column.shape != shape or not (column >= 0.0).all():
            raise ValueError(f"batteries.{name}: must be {shape[0]} numbers of at least 0")
        setattr(charges, name, column)
    if not np.isfinite(charges.harvest_w).all() or (charges.left_j > charges.capacity_j).any():
        raise ValueError("batteries: left_j must be at most capacity_j, harvest_w finite")
    return charges


def _written(amount: Amount | None) -> Any:
    if isinstance(amount, Mapping):
        return {name: value.hex() for name, value in amount.items()}
    return None if amount is None else amount.hex()


def _read(name: str, value: object) -> Amount | None:
    if value is None and name == "capacity_j":
        return None
    if isinstance(value, dict):
        return {who: grammar.real(name, one, 0.0, LARGEST) for who, one in value.items()}
    return grammar.real(name, value, 0.0, LARGEST)
