"""What is sent, computed and returned for each learner: bits down, bits up, flops."""

from collections.abc import Callable, Mapping
from functools import partial
from types import MappingProxyType
from typing import Any, ClassVar

import numpy as np

from mel_fast._base.arithmetic import guard
from mel_fast._base.frozen import Frozen
from mel_fast._base.units import span
from mel_fast._base.validation import (
    LARGEST,
    SMALLEST,
    FloatColumn,
    freeze,
    limit_column,
    scalar_or_column,
)
from mel_fast.model import grammar
from mel_fast.model.task import LearningTask

Amount = float | FloatColumn

_bits = partial(limit_column, also=(0.0,))
CHECKS: Mapping[str, Callable[[str, Any], Any]] = MappingProxyType(
    {
        "send_bits": _bits,
        "send_bits_per_sample": _bits,
        "return_bits": _bits,
        "return_bits_per_sample": _bits,
        "flops_per_sample": scalar_or_column,
    }
)
FIELDS = tuple(CHECKS)


class Payload(Frozen):
    """What travels and what is worked out; each a number, or one for each learner.

    Parameters
    ----------
    send_bits, send_bits_per_sample
        b and a: the orchestrator sends ``a d_k + b`` bits to a learner with d_k samples.
    return_bits, return_bits_per_sample
        b' and a': the learner returns ``a' d_k + b'`` bits.
    flops_per_sample
        C: floating point operations of one local cycle on one sample.

    What is None follows from the learning task: the model both ways, in parallelized learning the
    samples too.

    Raises
    ------
    ValueError, TypeError
        Naming the field, index, value and allowed range: bits are 0 or in [1e-60, 1e60], flops in
        [1e-60, 1e60].

    Notes
    -----
    Entropy-coded, pruned, quantised or sparsified models are no multiple of their parameters, and
    what goes up seldom equals what comes down: measure the bits and state them here. Columns have
    the learners' length. Immutable; equal by value, and hashable.

    Examples
    --------
    >>> import mel_fast as mel
    >>> problem = mel.scenarios.table1(learners=20, cycle_s=30.0, seed=0)
    >>> mel.solve(problem).tau
    8
    >>> quantised = mel.Payload(return_bits=280_440 * 4)
    >>> mel.solve(problem.replace(payload=quantised)).tau
    9
    """

    __slots__ = FIELDS
    _fields: ClassVar[tuple[str, ...]] = FIELDS

    send_bits: Amount | None
    send_bits_per_sample: Amount | None
    return_bits: Amount | None
    return_bits_per_sample: Amount | None
    flops_per_sample: Amount | None

    def __init__(
        self,
        *,
        send_bits: Any = None,
        send_bits_per_sample: Any = None,
        return_bits: Any = None,
        return_bits_per_sample: Any = None,
        flops_per_sample: Any = None,
    ) -> None:
        given = locals()  # by the names of the fields
        for name in FIELDS:
            value = given[name]
            if value is not None:
                value = CHECKS[name](name, value)
                value = freeze(value) if isinstance(value, np.ndarray) else value
            self._set(name, value)

    @classmethod
    def _of_fresh(cls, **amounts: Amount) -> "Payload":
        """Return the payload of columns that nobody else has, which are kept and not copied.

        Raises
        ------
        ValueError
            Naming the field, index, value and allowed range.
        """
        columns = [value for value in amounts.values() if isinstance(value, np.ndarray)]
        if not all(value.min() >= SMALLEST and value.max() <= LARGEST for value in columns):
            return cls(**amounts)
        fresh = cls(**{k: v for k, v in amounts.items() if not isinstance(v, np.ndarray)})
        for name, value in amounts.items():
            if isinstance(value, np.ndarray):
                fresh._set(name, freeze(value))
        return fresh

    def __repr__(self) -> str:
        words = ", ".join(f"{name}={span(value)}" for name, value in self.given().items())
        return f"Payload({words})"

    def given(self) -> dict[str, Amount]:
        """Return what was given, by name."""
        return {name: value for name, value in self._arguments().items() if value is not None}

    def check_length(self, learners: int) -> None:
        """Refuse columns of another length.

        Raises
        ------
        ValueError
            Naming the field and both lengths.
        """
        for name, value in self.given().items():
            if isinstance(value, np.ndarray) and value.size != learners:
                raise ValueError(
                    f"payload.{name} has length {value.size}: must be a number or of length "
                    f"{learners}, one for each learner"
                )

    def take(self, learners: Any) -> "Payload":
        """Return the payload of some of the learners: indices, or a mask of shape (K,)."""
        return Payload(
            **{
                name: value[learners] if isinstance(value, np.ndarray) else value
                for name, value in self.given().items()
            }
        )

    def to_dict(self) -> dict[str, Any]:
        """Return what was given, real numbers as hexadecimal strings."""
        return {
            name: [entry.hex() for entry in value.tolist()]
            if isinstance(value, np.ndarray)
            else value.hex()
            for name, value in self.given().items()
        }

    @classmethod
    def from_dict(cls, data: object) -> "Payload":
        """Build a payload from `to_dict`'s form.

        Raises
        ------
        ValueError
            For unknown keys, and for everything that the constructor refuses.
        """
        file: Mapping[str, Any] = grammar.members("payload", data, (), FIELDS)
        words = {
            name: (grammar.column if isinstance(value, list) else grammar.number)(
                f"payload.{name}", value
            )
            for name, value in file.items()
        }
        try:
            return cls(**words)
        except ValueError as error:
            raise ValueError(f"payload.{error}") from None


class WholePayload(Payload):
    """A payload in which nothing is left to the task: what `Problem.payload` is."""

    __slots__ = ()

    send_bits: Amount
    send_bits_per_sample: Amount
    return_bits: Amount
    return_bits_per_sample: Amount
    flops_per_sample: Amount

    @property
    def sends(self) -> bool:
        """Whether anything is sent to anybody."""
        return _any(self.send_bits) or _any(self.send_bits_per_sample)

    @property
    def returns(self) -> bool:
        """Whether anybody returns anything."""
        return _any(self.return_bits) or _any(self.return_bits_per_sample)

    def of(self, learner: int) -> tuple[float, float, float, float, float]:
        """Return a learner's numbers, in the order of the constructor."""
        b, a, back_b, back_a, flops = (
            float(value[learner] if isinstance(value, np.ndarray) else value)
            for value in self._arguments().values()
        )
        return b, a, back_b, back_a, flops


def payload_of(task: LearningTask, given: Payload | None) -> WholePayload:
    """Return the whole payload: what was given, and else what the task says."""
    told = {
        "send_bits": float(task.model_bits),
        "send_bits_per_sample": float(task.alpha_bits),
        "return_bits": float(task.model_bits),
        "return_bits_per_sample": float(task.model_bits_per_sample),
        "flops_per_sample": task.flops_per_sample,
    }
    whole = object.__new__(WholePayload)
    for name, value in {**told, **({} if given is None else given.given())}.items():
        whole._set(name, value)
    return whole


def _any(value: Amount | None) -> bool:
    return bool(np.any(value))


guard(__name__)
