"""Who may take part: clients that report nonsense or stay silent sit out for a while."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from mel_fast._base.validation import IntColumn

_MOST_ROUNDS = 16
_SILENT = 3  # rounds in a row without an answer
_LONGEST_REASON = 300


@dataclass(slots=True)
class Record:
    """What is held against one learner."""

    misses: int = 0
    """Rounds in a row that it did not answer at all."""
    offences: int = 0
    until: int = 0
    """The first round in which it may take part again."""
    reason: str = ""


@dataclass(slots=True)
class Standing:
    """The learners, by their ids, of which something is known that counts against them."""

    records: dict[int, Record] = field(default_factory=dict)

    def quarantine(self, learner: int, number: int, reason: str) -> None:
        """Let a learner sit out after round `number`: 1 round, then 2, 4, up to 16."""
        record = self.records.setdefault(learner, Record())
        record.until = number + 1 + min(2**record.offences, _MOST_ROUNDS)
        record.offences = min(record.offences + 1, 30)
        record.reason = reason[:_LONGEST_REASON]
        record.misses = 0

    def silent(self, learner: int, number: int) -> int:
        """Note that a learner did not answer; after three rounds in a row it sits out.

        Returns in how many rounds in a row it did not.
        """
        record = self.records.setdefault(learner, Record())
        record.misses += 1
        misses = record.misses
        if misses >= _SILENT:
            self.quarantine(learner, number, f"no answer in {_SILENT} rounds, up to {number}")
        return misses

    def answered(self, learner: int, number: int) -> None:
        """Note an answer in round `number`; what was held against the learner fades."""
        record = self.records.get(learner)
        if record is None or record.until > number:  # in quarantine from this round on
            return
        record.misses, record.offences = 0, max(record.offences - 1, 0)
        if not record.offences:
            del self.records[learner]

    def against(self, learner: int, number: int) -> str | None:
        """Return why a learner must sit out in round `number`, None where it need not."""
        record = self.records.get(learner)
        if record is None or record.until <= number:
            return None
        return f"in quarantine up to round {record.until - 1}: {record.reason}"

    def all_against(self, number: int) -> dict[int, str]:
        """Return whom anything keeps out of round `number`, and what."""
        found = {learner: self.against(learner, number) for learner in self.records}
        return {learner: reason for learner, reason in found.items() if reason is not None}

    def keep(self, ids: IntColumn) -> None:
        """Forget everybody but some learners, whose ids ascend."""
        for learner in list(self.records):
            at = int(np.searchsorted(ids, learner))
            if at == ids.size or ids[at] != learner:
                del self.records[learner]

    def state(self) -> dict[str, Any]:
        """Return everything that a file must hold."""
        return {
            str(learner): [record.misses, record.offences, record.until, record.reason]
            for learner, record in self.records.items()
        }

    @classmethod
    def from_state(cls, state: Mapping[str, Any]) -> "Standing":
        """Build it from `state`.

        Raises
        ------
        ValueError
            For what it cannot be.
        """
        found = cls()
        for learner, entry in state.items():
            if not (learner.isdecimal() and len(learner) < 20 and _is_record(entry)):
                raise ValueError(f"standing: no record of a learner at {learner[:20]!r}")
            found.records[int(learner)] = Record(*entry)
        return found


def _is_record(entry: Any) -> bool:
    if not isinstance(entry, list) or len(entry) != 4:
        return False
    *numbers, reason = entry
    counts = all(type(number) is int and 0 <= number <= 2**53 for number in numbers)
    return counts and numbers[1] <= 30 and isinstance(reason, str) and len(reason) <= 300
