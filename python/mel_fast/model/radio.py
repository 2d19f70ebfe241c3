"""The orchestrator's radio: budgets and noise."""

from typing import TYPE_CHECKING, Any, ClassVar, Literal, Self, TypedDict, Unpack

import numpy as np

from mel_fast._base.arithmetic import guard
from mel_fast._base.frozen import Frozen
from mel_fast._base.untrusted import shown
from mel_fast._base.validation import MAX_INTEGER, FloatColumn, choice, real
from mel_fast.model import grammar

Law = Literal["density", "fixed"]
Shared = Literal["send", "return"]

SHARED: tuple[Shared, ...] = ("send", "return")


class RadioChanges(TypedDict, total=False):
    """What `Radio.replace` takes: the arguments of the constructor."""

    bandwidth_hz: float
    power_w: float | None
    noise_density_w_per_hz: float | None
    noise_power_w: float | None
    block_hz: float | None
    shared: Shared


def whole_blocks(bandwidth_hz: float, block_hz: float) -> int:
    """Return ``floor(bandwidth_hz / block_hz)`` exactly."""
    numerator, over = bandwidth_hz.as_integer_ratio()
    width, below = block_hz.as_integer_ratio()
    return numerator * below // (over * width)


class Radio(Frozen):
    """The budgets of the link that all learners share, and the noise of the link law.

    Parameters
    ----------
    bandwidth_hz
        B, bandwidth to share out.
    power_w
        P, transmit power to share out. None, with ``shared="return"`` only: there is no common
        budget, every learner sends with what its own `max_power_w` allows.
    noise_density_w_per_hz
        N0: rates follow ``B_k log2(1 + P_k h_k / (N0 B_k))`` (Shannon over the allotted band).
    noise_power_w
        N: rates follow ``B_k log2(1 + P_k h_k / N)``, equations (6) and (8) as the paper prints
        them. Exactly one of the two noises is given.
    block_hz
        w, width of one resource block: every learner gets a whole number of blocks, of which there
        are ``floor(bandwidth_hz / block_hz)`` in all. None: bandwidth can be divided at will.
    shared
        Which link is planned, and so what the budgets are for. ``"send"``: from the orchestrator
        to the learners; they return at constant rates. ``"return"``: from the learners to the
        orchestrator (docs/uplink.md); what they receive comes at constant rates, which follow from
        their `send_bandwidth_hz` and `send_power_w`.

    Raises
    ------
    ValueError, TypeError
        Naming the field, its value and the allowed range [1e-60, 1e60]; a block is at most as wide
        as the bandwidth, and there are at most 2**53 of them.

    Examples
    --------
    >>> import mel_fast as mel
    >>> mel.Radio(20e6, noise_density_w_per_hz=4e-21, shared="return")
    Radio(bandwidth_hz=20000000.0, power_w=None, noise_density_w_per_hz=4e-21, shared='return')
    """

    __slots__ = (
        "bandwidth_hz",
        "block_hz",
        "noise_density_w_per_hz",
        "noise_power_w",
        "power_w",
        "shared",
    )
    _fields: ClassVar[tuple[str, ...]] = (
        "bandwidth_hz",
        "power_w",
        "noise_density_w_per_hz",
        "noise_power_w",
        "block_hz",
        "shared",
    )

    bandwidth_hz: float
    power_w: float | None
    noise_density_w_per_hz: float | None
    noise_power_w: float | None
    block_hz: float | None
    shared: Shared

    if TYPE_CHECKING:  # the arguments by name and type, which `Frozen` cannot know

        def replace(self, **changes: Unpack[RadioChanges]) -> Self:  # type: ignore[override]
            """Return a copy in which the named constructor arguments are changed and validated."""

    def __init__(
        self,
        bandwidth_hz: float,
        power_w: float | None = None,
        *,
        noise_density_w_per_hz: float | None = None,
        noise_power_w: float | None = None,
        block_hz: float | None = None,
        shared: Shared = "send",
    ) -> None:
        self._set("bandwidth_hz", real("bandwidth_hz", bandwidth_hz))
        self._set("shared", choice("shared", shared, SHARED))
        if power_w is None and shared == "send":
            raise TypeError(
                "power_w is None: must be a number in [1e-60, 1e+60]; only with shared = 'return' "
                "may a common power budget be missing"
            )
        self._set("power_w", None if power_w is None else real("power_w", power_w))
        noises = {
            "noise_density_w_per_hz": noise_density_w_per_hz,
            "noise_power_w": noise_power_w,
        }
        if sum(value is not None for value in noises.values()) != 1:
            listed = " and ".join(f"{name} = {shown(value)}" for name, value in noises.items())
            raise ValueError(f"{listed}: exactly one of the two must be given, in [1e-60, 1e+60]")
        for name, value in noises.items():
            self._set(name, None if value is None else real(name, value))
        self._set("block_hz", None if block_hz is None else self._block(block_hz))

    def _block(self, block_hz: float) -> float:
        width = real("block_hz", block_hz)
        if not width <= self.bandwidth_hz <= width * MAX_INTEGER:
            raise ValueError(
                f"block_hz = {width!r}: must be at most bandwidth_hz = {self.bandwidth_hz!r} "
                "and at least that divided by 2**53"
            )
        return width

    @property
    def blocks(self) -> int | None:
        """Resource blocks in all, ``floor(bandwidth_hz / block_hz)`` exactly; None without any."""
        if self.block_hz is None:
            return None
        return whole_blocks(self.bandwidth_hz, self.block_hz)

    @property
    def law(self) -> Law:
        """Link law: ``"density"`` or ``"fixed"``."""
        return "fixed" if self.noise_density_w_per_hz is None else "density"

    @property
    def noise(self) -> float:
        """N0 in W/Hz (density) or N in W (fixed)."""
        noise = self.noise_power_w if self.law == "fixed" else self.noise_density_w_per_hz
        assert noise is not None
        return noise

    def __repr__(self) -> str:
        noise = "noise_power_w" if self.law == "fixed" else "noise_density_w_per_hz"
        block = "" if self.block_hz is None else f", block_hz={self.block_hz!r}"
        shared = "" if self.shared == "send" else f", shared={self.shared!r}"
        return (
            f"Radio(bandwidth_hz={self.bandwidth_hz!r}, power_w={self.power_w!r}, "
            f"{noise}={self.noise!r}{block}{shared})"
        )

    def to_dict(self) -> dict[str, str]:
        """Return the constructor's arguments, numbers as hexadecimal strings."""
        return {
            name: value.hex() if isinstance(value, float) else value
            for name, value in self._arguments().items()
            if value is not None and (name, value) != ("shared", "send")
        }

    def _rates(self, gain: FloatColumn, bandwidth_hz: Any, power_w: Any) -> FloatColumn:
        noise = self.noise * bandwidth_hz if self.law == "density" else self.noise
        with np.errstate(over="ignore", under="ignore", divide="ignore", invalid="ignore"):
            snr = power_w * gain / noise
            return np.asarray(bandwidth_hz * (np.log1p(snr) / np.log(2.0)))

    @classmethod
    def _from_file(cls, stated: object) -> Self:
        """Read `to_dict`'s form by the grammar of plan files."""
        shared = isinstance(stated, dict) and "shared" in stated
        radio = dict(
            grammar.members("radio", stated, cls._fields, optional=cls._fields[2 - shared :])
        )
        if shared:  # left out where it is "send"
            grammar.word("shared", radio.pop("shared"), ("return",))
        numbers = {name: grammar.number(name, value) for name, value in radio.items()}
        return cls(**numbers, shared="return" if shared else "send")


guard(__name__)
