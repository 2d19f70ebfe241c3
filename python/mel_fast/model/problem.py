"""One global cycle to plan: a task, learners, a radio, a deadline."""

from collections.abc import Mapping
from os import PathLike
from typing import TYPE_CHECKING, Any, ClassVar, Literal, Self, TypedDict, Unpack

import numpy as np

from mel_fast._base.arithmetic import guard
from mel_fast._base.frozen import Frozen
from mel_fast._base.optional import above
from mel_fast._base.validation import FloatColumn, choice, real
from mel_fast._core import Problem as CoreProblem
from mel_fast.model import grammar
from mel_fast.model.core.statement import core_problem, energy_sends, has_choice
from mel_fast.model.learners import Learners
from mel_fast.model.links import (
    Links,
    all_power,
    check_energy,
    check_returns,
    largest_shares,
    links_of,
)
from mel_fast.model.payload import Payload, WholePayload, payload_of
from mel_fast.model.radio import Law, Radio
from mel_fast.model.task import LearningTask

Idle = Literal["served", "excused"]

IDLES: tuple[Idle, ...] = ("served", "excused")


class ProblemChanges(TypedDict, total=False):
    """What `Problem.replace` takes: the arguments of the constructor."""

    task: LearningTask
    learners: Learners
    radio: Radio
    cycle_s: float
    idle: Idle
    payload: Payload | None


class Problem(Frozen):
    """Maximise the number of local cycles within one global cycle of `cycle_s` seconds.

    Parameters
    ----------
    task, learners, radio
        What is learnt, by whom, over which link.
    cycle_s
        T, the deadline in seconds for sending, computing and returning.
    idle
        What a learner without samples needs. ``"served"`` (the paper as printed): it still
        receives and returns the model within T. ``"excused"``: it takes no part, uses nothing.
    payload
        What is sent, computed and returned where it is not what the task says, see
        :class:`mel_fast.Payload`; the attribute `payload` is always whole.

    Raises
    ------
    ValueError, TypeError
        Naming the field, its value and the allowed range. Beyond the ranges of the single fields,
        no learner may be so fast that a sample could be worked through more than 2**53 times.

    Examples
    --------
    >>> import mel_fast as mel
    >>> problem = mel.scenarios.table1(learners=4, cycle_s=30.0)
    >>> problem.replace(cycle_s=60.0).cycle_s, problem.law
    (60.0, 'density')
    """

    __slots__ = (
        "_core",
        "_given",
        "_links",
        "_power_w",
        "cycle_s",
        "has_choice",
        "idle",
        "learners",
        "payload",
        "radio",
        "task",
    )
    _fields: ClassVar[tuple[str, ...]] = ("task", "learners", "radio", "cycle_s", "idle", "payload")

    task: LearningTask
    learners: Learners
    radio: Radio
    cycle_s: float
    idle: Idle
    payload: WholePayload
    """What is sent, computed and returned: whole, from the task where nothing was given."""
    has_choice: bool
    """Whether some learner may sit out that without `optional` might not."""
    _given: Payload | None
    _links: Links
    _power_w: float
    _core: CoreProblem
    """The same problem in the compiled core, whose sending is the planned link."""

    if TYPE_CHECKING:  # the arguments by name and type, which `Frozen` cannot know

        def replace(self, **changes: Unpack[ProblemChanges]) -> Self:  # type: ignore[override]
            """Return a copy in which the named constructor arguments are changed and validated."""

    def __init__(
        self,
        task: LearningTask,
        learners: Learners,
        radio: Radio,
        cycle_s: float,
        idle: Idle = "served",
        payload: Payload | None = None,
    ) -> None:
        parts = (
            ("task", task, LearningTask),
            ("learners", learners, Learners),
            ("radio", radio, Radio),
        )
        for name, value, kind in parts:
            if not isinstance(value, kind):
                raise TypeError(f"{name} is a {type(value).__name__}: must be a {kind.__name__}")
            self._set(name, value)
        self._set("cycle_s", real("cycle_s", cycle_s))
        self._set("idle", choice("idle", idle, IDLES))
        if payload is not None:
            if not isinstance(payload, Payload):
                kind = type(payload).__name__
                raise TypeError(f"payload is a {kind}: must be a Payload or None")
            payload.check_length(len(learners))
        self._set("_given", payload)
        self._set("payload", payload_of(task, payload))
        self._set("_links", links_of(radio, learners, self.payload))
        check_energy(
            radio.shared,
            learners.energy_j,
            radio.power_w,
            radio.block_hz,
            learners.energy_coefficient,
        )
        if self.chooses_speed and self.energy_sends:
            check_returns(self.payload, learners.energy_j)
        own = radio.power_w is None  # each its own: then a little over all of them
        self._set("_power_w", float(all_power(learners.max_power_w)) if own else radio.power_w)
        self._set("has_choice", has_choice(learners, self.idle))
        core = core_problem(
            task,
            learners,
            radio,
            self._links,
            cycle_s=self.cycle_s,
            power_w=self._power_w,
            flops_per_sample=self.payload.flops_per_sample,
            excused=self.idle == "excused",
            optional=learners.optional if self.has_choice else None,
        )
        self._set("_core", core)

    def _arguments(self) -> dict[str, Any]:
        return {**super()._arguments(), "payload": self._given}

    @property
    def law(self) -> Law:
        """Link law of the radio: ``"density"`` or ``"fixed"``."""
        return self.radio.law

    @property
    def links(self) -> Links:
        """What travels over which link: one is planned, the other's rate is constant."""
        return self._links

    @property
    def power_budget_w(self) -> float:
        """P; where there is none (``radio.power_w`` is None) a little over all learners' limits."""
        return self._power_w

    @property
    def energy_sends(self) -> bool:
        """Whether `energy_j` is for computing and sending over the planned link."""
        return energy_sends(self.radio.shared, self.learners)

    @property
    def chooses_speed(self) -> bool:
        """Whether plans say how fast learners compute."""
        return self.learners.energy_coefficient is not None

    @property
    def paces(self) -> bool:
        """Whether a speed is chosen within an energy that is not for sending."""
        return self.chooses_speed and self.learners.energy_j is not None and not self.energy_sends

    def refuse_speeds(self, what: str) -> None:
        """Refuse learners whose speed is chosen, for a question that does not know them.

        Raises
        ------
        ValueError
            Naming the column and what does not know it.
        """
        if self.chooses_speed:
            raise ValueError(
                f"energy_coefficient: {what} does not know learners whose speed is chosen"
            )

    def deciding_columns(self) -> list[FloatColumn]:
        """Return all that the core is told of single learners, columns of shape (K,)."""
        learners, links = self.learners, self._links
        amounts = (a for a in self.payload._arguments().values() if isinstance(a, np.ndarray))
        own = (learners.flops_per_s, learners.gain, links.bandwidth_hz, links.power_w)
        return [*own, *learners.limits().values(), *amounts]

    @property
    def limited(self) -> bool:
        """Whether any limit of a learner was given, or bandwidth comes in blocks."""
        return self.learners.limited or self.radio.block_hz is not None

    def refuse_choice(self, what: str) -> None:
        """Refuse learners that may sit out, for a question that does not know them yet.

        Raises
        ------
        ValueError
            Naming the column and what does not know it.
        """
        if self.has_choice:
            assert self.learners.optional is not None
            k = int(np.flatnonzero(self.learners.optional)[0])
            raise ValueError(
                f"optional[{k}] = True: {what} does not support learners that may sit out although "
                "they have a minimum"
            )

    def core_for(self, scheme: str) -> CoreProblem:
        """Return the problem in the compiled core for a scheme.

        Where there is no common power budget, the equal share of power of ``task_only`` is what
        each learner may use itself.
        """
        most = self.learners.max_power_w
        if scheme != "task_only" or self.radio.power_w is not None or most is None:
            return self._core
        return self._core.with_budgets(
            self.cycle_s, self.radio.bandwidth_hz, float(largest_shares(most))
        )

    def with_budgets(
        self,
        *,
        cycle_s: float | None = None,
        bandwidth_hz: float | None = None,
        power_w: float | None = None,
    ) -> "Problem":
        """Return this problem with another deadline or other budgets; None keeps one as it is.

        Quicker than `replace`: the learners' columns are not looked at again.

        Raises
        ------
        ValueError, TypeError
            Naming the field, its value and the allowed range.
        """
        radio = self.radio
        if bandwidth_hz is not None:
            radio = radio.replace(bandwidth_hz=bandwidth_hz)
        if power_w is not None:
            radio = radio.replace(power_w=power_w)
            learners = self.learners
            check_energy(radio.shared, learners.energy_j, radio.power_w, radio.block_hz)
        cycle = self.cycle_s if cycle_s is None else real("cycle_s", cycle_s)
        power = self._power_w if radio.power_w is None else radio.power_w
        core = self._core.with_budgets(cycle, radio.bandwidth_hz, power)
        return self._with(radio=radio, cycle_s=cycle, _power_w=power, _core=core)

    def with_samples(self, samples: int) -> "Problem":
        """Return this problem with so many samples in all, as quickly as `with_budgets`.

        Raises
        ------
        ValueError, TypeError
            Naming the number and the allowed range.
        """
        task = self.task.replace(samples=samples)
        return self._with(task=task, _core=self._core.with_samples(task.samples))

    def with_bounds(self, low: int, high: int) -> "Problem":
        """Return this problem in which every learner takes `low` to `high` samples.

        Quicker than `replace`: only these two columns are looked at.

        Raises
        ------
        ValueError, TypeError
            Naming the column, the number and the allowed range.
        """
        learners, stated = self.learners, {"min_samples": low, "max_samples": high}
        if learners.optional is not None or not learners.reached:  # those have bounds of their own
            return self.replace(learners=learners.replace(min_samples=low, max_samples=high))
        core = self._core.with_bounds(low, high)
        # One number for everybody, read as a column; numpy lets nobody write to it.
        size = len(learners)
        columns = {k: np.broadcast_to(np.array(v, np.int64), size) for k, v in stated.items()}
        return self._with(learners=learners._with(**columns), _core=core)

    def _with(self, **changed: Any) -> "Problem":
        other = object.__new__(type(self))
        for name in Problem.__slots__:
            other._set(name, changed.get(name, getattr(self, name)))
        return other

    def rates(self, bandwidth_hz: Any, power_w: Any) -> FloatColumn:
        """Return each learner's rate in bits a second at some bandwidth and power, equation (6)."""
        return self.radio._rates(self.learners.gain, bandwidth_hz, power_w)

    def constant_rates(self, every: int = 1) -> FloatColumn:
        """Return the constant rates in bits a second, at each learner's own bandwidth and power.

        Those of returning, R_k of equation (8); where the return is shared, those of sending. Of
        every so-many-th learner, from the first on.
        """
        links = self._links
        some = (self.learners.gain, links.bandwidth_hz, links.power_w)
        return self.radio._rates(*(column[::every] for column in some))

    def return_rates(self) -> FloatColumn:
        """Return R_k in bits a second, equation (8) at each learner's own bandwidth and power.

        Raises
        ------
        ValueError
            Where the return is shared: its rates are planned.
        """
        if self.radio.shared == "return":
            raise ValueError("radio.shared = 'return': the rates of returning are planned")
        return self.constant_rates()

    def to_dict(self) -> dict[str, Any]:
        """Return a JSON-ready dict, real numbers as hexadecimal strings (the plan file's form)."""
        return {
            "task": self.task.to_dict(),
            "learners": self.learners.to_dict(),
            "radio": self.radio.to_dict(),
            "cycle_s": self.cycle_s.hex(),
            "idle": self.idle,
            **({} if self._given is None else {"payload": self._given.to_dict()}),
        }

    def to_toml(self, path: str | PathLike[str] | None = None) -> str:
        """Return the problem as a scenario file, which `load_scenario` reads back to the bit.

        Parameters
        ----------
        path
            Where to write it as well. More than 1,000 learners then stand in a table beside it,
            ``STEM_learners.csv``.

        Raises
        ------
        ValueError
            Without a path, for so many learners that the text is too large for a scenario (4 MiB).
        OSError
            When it cannot be written.

        Examples
        --------
        >>> import mel_fast as mel
        >>> problem = mel.scenarios.table1(learners=3)
        >>> print(problem.to_toml().splitlines()[9])
        [radio]
        """
        text: str = above("to_toml")(self, path)
        return text

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> "Problem":
        """Build a problem from `to_dict`'s form; plain numbers are taken as well as hexadecimal.

        The grammar is that of plan files (docs/certificate.md), stricter than the constructors.

        Raises
        ------
        ValueError
            For unknown or missing keys, and for everything that the constructors refuse.
        """
        file = grammar.members("problem", data, cls._fields, ("payload",))
        return cls(
            task=LearningTask._from_file(file["task"]),
            learners=Learners._from_file(file["learners"]),
            radio=Radio._from_file(file["radio"]),
            cycle_s=grammar.number("cycle_s", file["cycle_s"]),
            idle=grammar.word("idle", file["idle"], IDLES),  # type: ignore[arg-type]
            payload=Payload.from_dict(file["payload"]) if "payload" in file else None,
        )


guard(__name__)
