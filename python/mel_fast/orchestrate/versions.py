"""Which version of the model each learner holds, and how many bits bring it up to date.

Knows a store only by what it does: publish a version, and say what leads from one to another.
:class:`mel_fast.store.Store` does that, and so may anything else.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol, runtime_checkable

import numpy as np

from mel_fast._base.validation import FloatColumn, IntColumn
from mel_fast.model import grammar


@runtime_checkable
class ModelStore(Protocol):
    """What the loop needs of a store."""

    def publish(self, model: str, arrays: Mapping[str, Any]) -> int:
        """Add a version and return its number."""
        ...

    def delta(self, model: str, have: int | None = None, want: int | None = None) -> Any:
        """Return what leads from one version to another, all of it from None; it has `bits`."""
        ...


@dataclass(slots=True)
class Versions:
    """What was published, and who has it.

    Attributes
    ----------
    store
        None: nothing is published.
    model
        Its name there.
    current
        The version that goes out with the next round.
    held
        The version that each learner is known to hold, by its id.
    """

    store: ModelStore | None = None
    model: str = "model"
    current: int | None = None
    held: dict[int, int] = field(default_factory=dict)
    _bits: dict[tuple[int | None, int], float] = field(default_factory=dict)

    def publish(self, arrays: Mapping[str, Any]) -> int:
        """Publish a round's model.

        Raises
        ------
        ValueError
            Without a store, and for what the store refuses.
        """
        if self.store is None:
            raise ValueError("the loop has no store: give one to Orchestrator(store=)")
        self.current = self.store.publish(self.model, arrays)
        self._bits.clear()
        return self.current

    def bits(self, ids: IntColumn) -> FloatColumn | None:
        """Return the bits of the next download of some learners; None where nothing is known."""
        if self.store is None or self.current is None:
            return None
        wanted = [self._needed(self.held.get(learner)) for learner in ids.tolist()]
        return np.array(wanted, dtype=np.float64)

    def _needed(self, have: int | None) -> float:
        assert self.store is not None
        assert self.current is not None
        key = have, self.current
        if key not in self._bits:
            try:
                found = self.store.delta(self.model, have=have, want=self.current)
            except ValueError:  # what the learner holds is no longer in the store
                if have is None:
                    raise
                return self._needed(None)
            self._bits[key] = float(found.bits)
        return self._bits[key]

    def delivered(self, learners: IntColumn) -> None:
        """Note that learners hold the current version now."""
        if self.current is not None:
            self.held.update(dict.fromkeys(learners.tolist(), self.current))

    def keep(self, ids: IntColumn) -> None:
        """Forget everybody but some learners."""
        for learner in self.held.keys() - set(ids.tolist()):
            del self.held[learner]

    def state(self) -> dict[str, Any]:
        """Return everything that a file must hold; the store itself is not in it."""
        held = {str(learner): version for learner, version in self.held.items()}
        return {"model": self.model, "current": self.current, "held": held}

    @classmethod
    def from_state(cls, state: Any, store: ModelStore | None) -> "Versions":
        """Build it from `state`.

        Raises
        ------
        ValueError
            For what it cannot be.
        """
        found = grammar.members("versions", state, ("model", "current", "held"))
        if not isinstance(found["model"], str) or not isinstance(found["held"], dict):
            raise ValueError("versions: the model must be a text, what is held an object")
        current = found["current"]
        versions = cls(store, found["model"])
        versions.current = None if current is None else grammar.integer("current", current)
        for learner, version in found["held"].items():
            if not (learner.isdecimal() and len(learner) < 20):
                raise ValueError(f"versions.held: no learner {learner[:20]!r}")
            versions.held[int(learner)] = grammar.integer("held", version)
        return versions
