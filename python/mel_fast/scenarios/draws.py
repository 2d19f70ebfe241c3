"""The paper's Table I, with everything that it leaves open as a named parameter.

Draws are counted: draw ``i`` of seed ``s`` is the stream ``PCG64(SeedSequence(s)).jumped(i)``, of
which every learner takes the same number of uniforms in turn. Hence :func:`table1_draws` equals
:func:`table1` row by row, the learners of a small K are the first learners of a larger one (curves
over K are not blurred by redrawing), and nothing but IEEE arithmetic touches the numbers, so that
every machine gets the same bits.
"""

from __future__ import annotations

import inspect
import math
import operator
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal, get_args

import numpy as np
from numpy.typing import ArrayLike, NDArray

from mel_fast import channel
from mel_fast._base.arithmetic import guard
from mel_fast._base.frozen import Found
from mel_fast._base.memory import require_bytes
from mel_fast._base.untrusted import shown
from mel_fast._base.validation import MAX_INTEGER, choice
from mel_fast.model.batch import Batch
from mel_fast.model.learners import Learners
from mel_fast.model.problem import Idle, Problem
from mel_fast.model.radio import Radio
from mel_fast.model.task import LearningTask, Setting
from mel_fast.scenarios.streams import Channel, gains_of_draws

Array = NDArray[np.float64]
Budgets = Literal["fixed", "per_learner", "bandwidth_per_learner", "power_per_learner"]

# Literals, because 10.0**x is not the same on every machine's math library.
NODE_BANDWIDTH_HZ = 5e6
NODE_POWER_W = 0.19952623149688797  # 23 dBm
NOISE_DENSITY_W_PER_HZ = 3.981071705534972e-21  # -174 dBm/Hz
TOTAL_BANDWIDTH_HZ = 100e6

FAST_FLOPS_PER_S = 2.4e9
SLOW_FLOPS_PER_S = 700e6

MNIST_SAMPLES = 60_000
MNIST_FEATURES = 784
MODEL_PARAMETERS = 280_440  # weights of the network [784, 300, 124, 60, 10]
FLOPS_PER_SAMPLE = 1_123_736  # 4 (280,440 + 494)

_MANY = 1_000_000  # learners for which memory is asked after before it is taken
_BYTES = 64  # a learner's columns and their compiled form


@dataclass(frozen=True, eq=False)
class Table1Draws(Found):
    """Many draws of Table I that differ in their gains alone.

    Attributes
    ----------
    gain
        Power gains, shape (M, K).
    flops_per_s
        Computing speeds, shape (K,), the same in every draw.
    task, radio, cycle_s, idle
        As in :class:`mel_fast.Problem`.
    seed, first_draw
        Row ``i`` is draw ``first_draw + i`` of ``seed``.

    Examples
    --------
    >>> import mel_fast as mel
    >>> draws = mel.scenarios.table1_draws(100, learners=10)
    >>> draws.gain.shape, len(draws.problem(3).learners)
    ((100, 10), 10)
    """

    gain: Array
    flops_per_s: Array
    task: LearningTask
    radio: Radio
    cycle_s: float
    idle: Idle
    seed: int
    first_draw: int

    def __len__(self) -> int:
        return len(self.gain)

    def __repr__(self) -> str:
        rows, learners = self.gain.shape
        return (
            f"Table1Draws({rows} draws from {self.first_draw} of seed {self.seed}, "
            f"learners={learners}, cycle_s={self.cycle_s!r}, idle={self.idle!r})"
        )

    def problem(self, i: int) -> Problem:
        """Draw ``i`` of the batch as a problem."""
        speeds, gain = self.flops_per_s, self.gain[i]
        return _problem(self.task, self.radio, speeds, gain, self.cycle_s, self.idle)


def table1(
    learners: int = 20,
    cycle_s: float = 30.0,
    seed: int = 0,
    *,
    draw: int = 0,
    setting: Setting = "parallelized",
    law: Literal["density", "fixed"] = "density",
    idle: Idle = "served",
    placement: channel.Placement | None = None,
    radius_m: float = 50.0,
    fading: str | channel.Fading = "rayleigh",
    attenuation: channel.Attenuation | None = None,
    extra_loss_db: float = 7.0,
    bandwidth_hz: float = TOTAL_BANDWIDTH_HZ,
    power_w: float = NODE_POWER_W,
    budgets: Budgets = "fixed",
    noise_bandwidth_hz: float | None = None,
    device_mix: Sequence[float] = (FAST_FLOPS_PER_S, SLOW_FLOPS_PER_S),
    feature_bits: int = 32,
    samples: int = MNIST_SAMPLES,
    gain: ArrayLike | None = None,
    block_hz: float | None = None,
) -> Problem:
    """One draw of the paper's Table I.

    Parameters
    ----------
    learners, cycle_s
        K, and the deadline T in seconds.
    seed, draw
        Draw number ``draw`` of ``seed``; both are integers from zero on.
    setting
        ``"parallelized"`` (samples are sent) or ``"federated"`` (they already lie at the learners).
    law
        Link law. Open in the paper: its equations (6) and (8) as printed are ``"fixed"``, its noise
        of -174 dBm/Hz is a density. Default ``"density"``.
    idle
        Whether a learner without samples is still ``"served"`` (as printed) or ``"excused"``.
    placement, radius_m
        Open in the paper ("within 50 m"). Default: uniform over the disc of ``radius_m``, which is
        used only where ``placement`` is None.
    fading
        Open in the paper: ``"rayleigh"`` (default), ``"none"``, ``"rician:K_DB"``,
        ``"nakagami:M"`` or a law of :mod:`mel_fast.channel`.
    attenuation, extra_loss_db
        The paper prints 7 + 2.1 log(R) dB, under which the link would be free. Default: the printed
        law in bels, 70 + 21 log10(R) dB (``channel.paper()``), and 7 dB more.
    bandwidth_hz, power_w
        Total forward budgets: 100 MHz, and 23 dBm = 0.19953 W.
    budgets
        Open in the paper ("maximum 5K MHz", "23K dBm"): ``"fixed"`` takes the totals above for
        every K; ``"per_learner"`` takes K x 5 MHz and K x 23 dBm; ``"bandwidth_per_learner"`` and
        ``"power_per_learner"`` let only one of the two grow.
    noise_bandwidth_hz
        For ``law="fixed"``: N = -174 dBm/Hz times this bandwidth. Default None: the whole forward
        bandwidth. (1.0 puts the number -174 dBm in place of N.)
    device_mix
        Computing speeds in flops a second, dealt to the learners in turn: learner k gets number k
        modulo the length. Default (2.4e9, 0.7e9): learners 0, 2, ... fast, 1, 3, ... slow, so that
        half of any K (up to one) is of each kind.
    feature_bits
        Open in the paper: bits of one of the 784 features. Default 32 (MNIST's own pixels have 8).
    samples
        D.
    gain
        Power gains to use instead of a drawn channel, shape (K,), for instance from
        :func:`mel_fast.channel.read_gain`. ``learners`` must agree with the length.
    block_hz
        Width of one resource block; None where bandwidth can be divided at will.

    Returns
    -------
    Problem

    Raises
    ------
    ValueError, TypeError
        Naming the parameter, its value and what is allowed.

    Examples
    --------
    >>> import mel_fast as mel
    >>> problem = mel.scenarios.table1(learners=10, cycle_s=20.0, seed=3)
    >>> problem == mel.scenarios.table1(10, 20.0, 3), problem.task.samples
    (True, 60000)
    """
    count = _whole("learners", learners, 1, MAX_INTEGER)
    if count >= _MANY:
        require_bytes(_BYTES * count, f"a draw of {count:,} learners")
    if gain is None:
        parts = _parts(placement, radius_m, attenuation, fading)
        first, stream = _whole("draw", draw, 0), _whole("seed", seed, 0)
        gains = gains_of_draws([stream], [first], count, parts, extra_loss_db)[0]
    else:
        gains = channel.checked_gain(gain)
        if len(gains) != count:
            raise ValueError(f"gain has {len(gains)} entries, learners is {count}: they must agree")
    radio = _radio(law, count, bandwidth_hz, power_w, budgets, noise_bandwidth_hz)
    if block_hz is not None:
        radio = radio.replace(block_hz=block_hz)
    task = _task(setting, samples, feature_bits)
    return _problem(task, radio, _speeds(device_mix, count), gains, cycle_s, idle)


def table1_draws(
    draws: int,
    learners: int = 20,
    cycle_s: float = 30.0,
    seed: int = 0,
    *,
    first_draw: int = 0,
    setting: Setting = "parallelized",
    law: Literal["density", "fixed"] = "density",
    idle: Idle = "served",
    placement: channel.Placement | None = None,
    radius_m: float = 50.0,
    fading: str | channel.Fading = "rayleigh",
    attenuation: channel.Attenuation | None = None,
    extra_loss_db: float = 7.0,
    bandwidth_hz: float = TOTAL_BANDWIDTH_HZ,
    power_w: float = NODE_POWER_W,
    budgets: Budgets = "fixed",
    noise_bandwidth_hz: float | None = None,
    device_mix: Sequence[float] = (FAST_FLOPS_PER_S, SLOW_FLOPS_PER_S),
    feature_bits: int = 32,
    samples: int = MNIST_SAMPLES,
) -> Table1Draws:
    """Draws ``first_draw`` .. ``first_draw + draws - 1`` of Table I in arrays, for Monte-Carlo.

    Parameters are those of :func:`table1`; row ``i`` is ``table1(..., draw=first_draw + i)`` to the
    bit.

    Parameters
    ----------
    draws
        So many.
    first_draw
        Number of the first.
    learners, cycle_s, seed, setting, law, idle, placement, radius_m, fading, attenuation
        As in :func:`table1`; units are those of the names.
    extra_loss_db, bandwidth_hz, power_w, budgets, noise_bandwidth_hz, device_mix
        As in :func:`table1`.
    feature_bits, samples
        As in :func:`table1`.

    Returns
    -------
    Table1Draws

    Raises
    ------
    ValueError, TypeError
        As :func:`table1` does.

    Examples
    --------
    >>> import mel_fast as mel
    >>> draws = mel.scenarios.table1_draws(3, learners=10, seed=1)
    >>> draws.problem(2) == mel.scenarios.table1(10, seed=1, draw=2)
    True
    """
    count = _whole("learners", learners, 1, MAX_INTEGER)
    rows = _whole("draws", draws, 1, MAX_INTEGER)
    parts = _parts(placement, radius_m, attenuation, fading)
    start = _whole("first_draw", first_draw, 0)
    seeds, numbers = [_whole("seed", seed, 0)] * rows, range(start, start + rows)
    gain = gains_of_draws(seeds, numbers, count, parts, extra_loss_db)
    gain.setflags(write=False)
    drawn = Table1Draws(
        gain=gain,
        flops_per_s=_speeds(device_mix, count),
        task=_task(setting, samples, feature_bits),
        radio=_radio(law, count, bandwidth_hz, power_w, budgets, noise_bandwidth_hz),
        cycle_s=cycle_s,
        idle=idle,
        seed=seed,
        first_draw=start,
    )
    drawn.problem(0)  # refuses what the rows have in common before any of them is solved
    return drawn


def table1_batch(seeds: Sequence[int], draws: Sequence[int], **words: Any) -> Batch:
    """Return ``table1(..., seed=seeds[i], draw=draws[i])`` in row i, drawn as arrays in one go.

    `words` are those of :func:`table1_draws`.

    Raises
    ------
    ValueError, TypeError
        Where :func:`table1` refuses what the rows have in common, or one of the seeds or draws.
    """
    one = table1_draws(1, **words)
    bound = inspect.signature(table1_draws).bind(1, **words)
    bound.apply_defaults()
    drawn = bound.arguments
    gain = gains_of_draws(
        _all_whole("seed", seeds),
        _all_whole("draw", draws),
        one.gain.shape[1],
        _parts(*(drawn[name] for name in ("placement", "radius_m", "attenuation", "fading"))),
        drawn["extra_loss_db"],
    )
    return Batch.vary(one.problem(0), gain=gain, rows=len(gain))


def _parts(
    placement: channel.Placement | None,
    radius_m: float,
    attenuation: channel.Attenuation | None,
    fading: str | channel.Fading,
) -> Channel:
    law: channel.Attenuation = channel.paper() if attenuation is None else attenuation
    where: channel.Placement = channel.Disc(radius_m) if placement is None else placement
    return where, law, channel.fading_law(fading)


def _speeds(device_mix: Sequence[float], learners: int) -> Array:
    mix = np.array(device_mix, dtype=np.float64)
    if mix.ndim != 1 or mix.size == 0:
        raise ValueError(f"device_mix must be a sequence of speeds, got {device_mix!r}")
    return np.resize(mix, learners)


def _radio(
    law: str,
    learners: int,
    bandwidth_hz: float,
    power_w: float,
    budgets: str,
    noise_bandwidth_hz: float | None,
) -> Radio:
    choice("budgets", budgets, get_args(Budgets))
    if budgets in ("per_learner", "bandwidth_per_learner"):
        bandwidth_hz = NODE_BANDWIDTH_HZ * learners
    if budgets in ("per_learner", "power_per_learner"):
        power_w = NODE_POWER_W * learners
    if choice("law", law, ("density", "fixed")) == "density":
        if noise_bandwidth_hz is not None:
            raise ValueError("noise_bandwidth_hz belongs to law='fixed'; the law is 'density'")
        return Radio(bandwidth_hz, power_w, noise_density_w_per_hz=NOISE_DENSITY_W_PER_HZ)
    width = bandwidth_hz if noise_bandwidth_hz is None else noise_bandwidth_hz
    return Radio(bandwidth_hz, power_w, noise_power_w=NOISE_DENSITY_W_PER_HZ * width)


def _task(setting: Setting, samples: int, feature_bits: int) -> LearningTask:
    return LearningTask(
        samples=samples,
        features=MNIST_FEATURES,
        feature_bits=feature_bits,
        fixed_parameters=MODEL_PARAMETERS,
        parameters_per_sample=0,
        parameter_bits=32,
        flops_per_sample=float(FLOPS_PER_SAMPLE),
        setting=setting,
    )


def _problem(
    task: LearningTask, radio: Radio, speeds: Array, gain: Array, cycle_s: float, idle: Idle
) -> Problem:
    learners = Learners(
        flops_per_s=speeds,
        gain=gain,
        return_bandwidth_hz=NODE_BANDWIDTH_HZ,
        return_power_w=NODE_POWER_W,
    )
    return Problem(task, learners, radio, cycle_s, idle)


def _all_whole(name: str, values: Sequence[int]) -> Sequence[int]:
    if {*map(type, values)} == {int} and min(values) >= 0:
        return values
    return [_whole(name, value, 0) for value in values]


def _whole(name: str, value: int, low: int, high: float = math.inf) -> int:
    if isinstance(value, bool):
        raise TypeError(f"{name} must be an integer, got a bool")
    try:
        number = operator.index(value)
    except TypeError:
        raise TypeError(f"{name} must be an integer, got {type(value).__name__}") from None
    if number < low:
        raise ValueError(f"{name} must be at least {low}, got {shown(number)}")
    if number > high:
        raise ValueError(f"{name} must be at most {high}, got {shown(number)}")
    return number


guard(__name__)
