"""How batteries are spent: as if there were no tomorrow, or so that nobody is empty early."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

from mel_fast._base.arithmetic import guard
from mel_fast._base.untrusted import shown
from mel_fast._base.validation import LARGEST, integer, real


@dataclass(frozen=True, slots=True)
class Greedy:
    """Each round may spend all that is left: the most local cycles now.

    Examples
    --------
    >>> import mel_fast as mel
    >>> mel.orchestrate.Greedy().share(7)
    1.0
    """

    def share(self, number: int) -> float:
        """Return the share of its charge that a learner may spend in round `number`."""
        return 1.0


@dataclass(frozen=True, slots=True)
class Fair:
    """As many local cycles, at the least share of everybody's charge that they take.

    Each round is planned as a greedy one; then again with less and less of each charge, the same
    share for all, while tau and the samples stay what they were. Whoever has little left is spared,
    and those who have much work instead.

    Parameters
    ----------
    rounds
        Rounds that the batteries are to last, counted from the loop's first, at least 1: a round
        may spend what is left over the rounds that are left (all, from round `rounds` on). None:
        any round may spend all that is left.

    Examples
    --------
    >>> import mel_fast as mel
    >>> mel.orchestrate.Fair(rounds=10).share(7)
    0.25
    """

    rounds: int | None = None

    def __post_init__(self) -> None:
        if self.rounds is not None:
            object.__setattr__(self, "rounds", integer("rounds", self.rounds, low=1))

    def share(self, number: int) -> float:
        """Return the share of its charge that a learner may spend in round `number` at most."""
        return 1.0 if self.rounds is None else 1.0 / max(self.rounds - number + 1, 1)


Spending = Greedy | Fair
Amount = float | Mapping[str, float]


@dataclass(frozen=True, slots=True)
class Batteries:
    """Batteries that learners carry from round to round.

    Parameters
    ----------
    charge_j
        What each has when it joins, in joules, in [0, 1e60]: a number, or numbers by name; whoever
        is not named has no battery and is limited by its own `energy_j` alone.
    capacity_j
        What each holds at most, likewise; None: as much as it joins with.
    harvest_w
        What each gains, in watts, for as long as rounds last (their deadlines); a number, or
        numbers by name, of others nothing.
    spending
        How they are spent: :class:`Greedy` or :class:`Fair`.

    Raises
    ------
    ValueError, TypeError
        Naming the field, the learner, the value and the allowed range.

    Notes
    -----
    What a round takes is what `Learners` say: `energy_per_flop_j`, or `energy_coefficient` where
    speeds are chosen; and sending back, with the learner's power times the seconds that it took.

    Examples
    --------
    >>> import mel_fast as mel
    >>> problem = mel.scenarios.table1(learners=3, idle="excused")
    >>> fleet = mel.orchestrate.Fleet(
    ...     problem.learners.replace(energy_j=float("inf"), energy_per_flop_j=1e-9)
    ... )
    >>> loop = mel.orchestrate.Orchestrator(
    ...     fleet, problem.task, problem.radio, 30.0,
    ...     batteries=mel.orchestrate.Batteries(500.0, harvest_w=0.1),
    ... )
    >>> round = loop.plan_round()
    >>> closed = loop.close_round()
    >>> all(charge <= 500.0 for charge in loop.charge_j.values())
    True
    """

    charge_j: Amount
    capacity_j: Amount | None = None
    harvest_w: Amount = 0.0
    spending: Spending = field(default_factory=Greedy)

    def __post_init__(self) -> None:
        object.__setattr__(self, "charge_j", _amounts("charge_j", self.charge_j))
        object.__setattr__(self, "harvest_w", _amounts("harvest_w", self.harvest_w))
        if self.capacity_j is not None:
            object.__setattr__(self, "capacity_j", _amounts("capacity_j", self.capacity_j))
        if not isinstance(self.spending, Greedy | Fair):
            kind = type(self.spending).__name__
            raise TypeError(f"spending is a {kind}: must be a Greedy or a Fair")

    def __hash__(self) -> int:
        named = (x.items() if isinstance(x, Mapping) else [x] for x in self._amounts())
        return hash((*map(frozenset, named), self.spending))

    def __reduce__(self) -> tuple[Any, ...]:
        plain = (dict(x) if isinstance(x, Mapping) else x for x in self._amounts())
        return type(self), (*plain, self.spending)

    def _amounts(self) -> tuple[Amount | None, ...]:
        return self.charge_j, self.capacity_j, self.harvest_w


def _amounts(field: str, given: Any) -> Amount:
    if not isinstance(given, Mapping):
        return real(field, given, low=0.0)
    found: dict[str, float] = {}
    for name, value in given.items():
        if not isinstance(name, str):
            raise TypeError(f"{field}: a learner is called {shown(name)}: must be a text")
        found[name] = real(f"{field}[{name[:80]!r}]", value, low=0.0, high=LARGEST)
    return MappingProxyType(found)


guard(__name__)
