"""One global cycle to plan: a task, learners, a radio, a deadline."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar, Literal, Self, TypedDict, Unpack

import numpy as np

from mel_fast._base.arithmetic import guard
from mel_fast._base.frozen import Frozen
from mel_fast._base.validation import FloatColumn, choice, real
from mel_fast._core import Problem as CoreProblem
from mel_fast.model import grammar
from mel_fast.model.columns import ALWAYS, COLUMNS, LABELS, LIMITS
from mel_fast.model.learners import Learners
from mel_fast.model.payload import Payload, WholePayload, payload_of
from mel_fast.model.radio import Law, Radio
from mel_fast.model.task import COUNTS, SETTINGS, LearningTask

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
    """

    __slots__ = ("_core", "_given", "cycle_s", "idle", "learners", "payload", "radio", "task")
    _fields: ClassVar[tuple[str, ...]] = ("task", "learners", "radio", "cycle_s", "idle", "payload")

    task: LearningTask
    learners: Learners
    radio: Radio
    cycle_s: float
    idle: Idle
    payload: WholePayload
    """What is sent, computed and returned: whole, from the task where nothing was given."""
    _given: Payload | None
    _core: CoreProblem
    """The same problem in the compiled core."""

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
        self._set("_core", self._compile())

    def _arguments(self) -> dict[str, Any]:
        return {**super()._arguments(), "payload": self._given}

    @property
    def law(self) -> Law:
        """Link law of the radio: ``"density"`` or ``"fixed"``."""
        return self.radio.law

    @property
    def limited(self) -> bool:
        """Whether any limit of a learner was given, or bandwidth comes in blocks."""
        return self.learners.limited or self.radio.block_hz is not None

    def _compile(self) -> CoreProblem:
        task, learners, radio = self.task, self.learners, self.radio
        limits: dict[str, Any] = {
            name: column.astype(np.float64) for name, column in learners.limits().items()
        }
        if radio.block_hz is not None:
            limits["block_hz"] = radio.block_hz
        return CoreProblem(
            samples=task.samples,
            **self.payload._arguments(),
            **{name: getattr(learners, name) for name in ALWAYS},
            bandwidth_hz=radio.bandwidth_hz,
            power_w=radio.power_w,
            noise=radio.noise,
            fixed_law=radio.law == "fixed",
            cycle_s=self.cycle_s,
            excused=self.idle == "excused",
            **limits,
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
        budgets = {"bandwidth_hz": bandwidth_hz, "power_w": power_w}
        changes = {name: value for name, value in budgets.items() if value is not None}
        if changes:
            radio = radio.replace(**changes)
        cycle = self.cycle_s if cycle_s is None else real("cycle_s", cycle_s)
        changed = object.__new__(type(self))
        changed._set("task", self.task)
        changed._set("learners", self.learners)
        changed._set("radio", radio)
        changed._set("cycle_s", cycle)
        changed._set("idle", self.idle)
        changed._set("_given", self._given)
        changed._set("payload", self.payload)
        changed._set("_core", self._core.with_budgets(cycle, radio.bandwidth_hz, radio.power_w))
        return changed

    def rates(self, bandwidth_hz: Any, power_w: Any) -> FloatColumn:
        """Return each learner's rate in bits a second at some bandwidth and power, equation (6)."""
        noise = self.radio.noise * bandwidth_hz if self.law == "density" else self.radio.noise
        with np.errstate(over="ignore", under="ignore", divide="ignore", invalid="ignore"):
            snr = power_w * self.learners.gain / noise
            return np.asarray(bandwidth_hz * (np.log1p(snr) / np.log(2.0)))

    def return_rates(self) -> FloatColumn:
        """Return R_k in bits a second, equation (8) at each learner's own bandwidth and power."""
        return self.rates(self.learners.return_bandwidth_hz, self.learners.return_power_w)

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
        task = dict(grammar.members("task", file["task"], LearningTask._fields))
        for name in COUNTS:
            task[name] = grammar.integer(name, task[name])
        task["flops_per_sample"] = grammar.number("flops_per_sample", task["flops_per_sample"])
        task["setting"] = grammar.word("setting", task["setting"], SETTINGS)
        learners = grammar.members("learners", file["learners"], ALWAYS, (*LIMITS, *LABELS))
        columns = {name: COLUMNS[name].read(column) for name, column in learners.items()}
        radio = grammar.members("radio", file["radio"], Radio._fields, optional=Radio._fields[2:])
        return cls(
            task=LearningTask(**task),
            learners=Learners(**columns),
            radio=Radio(**{name: grammar.number(name, value) for name, value in radio.items()}),
            cycle_s=grammar.number("cycle_s", file["cycle_s"]),
            idle=grammar.word("idle", file["idle"], IDLES),  # type: ignore[arg-type]
            payload=Payload.from_dict(file["payload"]) if "payload" in file else None,
        )


guard(__name__)
