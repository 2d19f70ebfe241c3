"""What is allowed and hardly ever meant: a gain above 1, 23 W where 23 dBm is usual."""

from collections.abc import Iterator
from warnings import warn

import numpy as np

from mel_fast.model.learners import Learners
from mel_fast.model.problem import Problem

MOST_POWER_W = 10.0  # a base station's few tens of watts are budgets of many hertz
NOISE_W_PER_HZ = (1e-22, 1e-16)  # -190 to -130 dBm/Hz; thermal noise at 290 K is 4e-21
LEAST_BANDWIDTH_HZ = 1e3  # narrower than any carrier of the links planned here
LEAST_FLOPS_PER_S = 1e6  # slower than a microcontroller
_DBM = (10.0, 60.0)


class ImplausibleWarning(UserWarning):
    """A value that is allowed and looks like one in another unit.

    Silence it with ``warnings.filterwarnings("ignore", category=mel.ImplausibleWarning)``; on the
    command line with ``--no-warnings``.

    Examples
    --------
    >>> import warnings
    >>> from pathlib import Path
    >>> import mel_fast as mel
    >>> text = mel.scenarios.table1().to_toml()
    >>> text = text.replace("power_w = 0.19952623149688797", "power_w = 23.0")
    >>> _ = Path("mine.toml").write_text(text)
    >>> with warnings.catch_warnings(record=True) as said:
    ...     warnings.simplefilter("always")
    ...     problem = mel.load_scenario("mine.toml")
    >>> said[0].category.__name__, str(said[0].message).split(": ")[2]
    ('ImplausibleWarning', 'power_w = 23.0 W')
    """


def implausible(problem: Problem) -> tuple[str, ...]:
    """Return a sentence for everything in a problem that looks like a slip of units.

    Files and tables are looked at when they are read (`ImplausibleWarning`); problems made in
    Python are not, for what is made there is often meant as it is.

    Parameters
    ----------
    problem
        What is looked at.

    Returns
    -------
    tuple of str
        Empty where nothing is.

    Raises
    ------
    TypeError
        For what is no Problem.

    Examples
    --------
    >>> import mel_fast as mel
    >>> problem = mel.scenarios.table1(power_w=23.0)
    >>> mel.implausible(problem)
    ('power_w = 23.0 W: 23 dBm would be 0.1995 W, in files power_dbm = 23',)
    """
    if not isinstance(problem, Problem):
        raise TypeError(f"problem is a {type(problem).__name__}: must be a Problem")
    return tuple(_remarks(problem))


def remark_upon(problem: Problem, name: str, stacklevel: int = 3) -> None:
    """Warn of everything that looks like a slip of units in what was read from `name`."""
    for remark in _remarks(problem):
        warn(f"implausible: {name}: {remark}", ImplausibleWarning, stacklevel=stacklevel)


def _remarks(problem: Problem) -> Iterator[str]:
    radio = problem.radio
    if radio.power_w is not None:
        yield from _power("power_w", radio.power_w, whole_only=True)
    if 0.0 < radio.bandwidth_hz < LEAST_BANDWIDTH_HZ:
        yield _narrow("bandwidth_hz", radio.bandwidth_hz)
    density = radio.noise_density_w_per_hz
    if density is not None and not NOISE_W_PER_HZ[0] <= density <= NOISE_W_PER_HZ[1]:
        yield (
            f"noise_density_w_per_hz = {density!r} W/Hz: thermal noise is 4e-21 W/Hz "
            "(-174 dBm/Hz), in files noise_density_dbm_per_hz = -174"
        )
    yield from of_learners(problem.learners)


def of_learners(learners: Learners) -> Iterator[str]:
    """Yield a sentence for everything in learners that looks like a slip of units."""
    for name in ("return_power_w", "send_power_w", "max_power_w"):
        column = getattr(learners, name)
        if column is not None:
            finite = column[np.isfinite(column)]
            if finite.size:
                yield from _power(name, float(finite.max()), whole_only=False)
    for name in ("return_bandwidth_hz", "send_bandwidth_hz", "max_bandwidth_hz"):
        column = getattr(learners, name)
        if column is not None:
            used = column[column > 0.0]
            if used.size and used.max() < LEAST_BANDWIDTH_HZ:
                yield _narrow(name, float(used.max()))
    fastest = float(learners.flops_per_s.max())
    if fastest < LEAST_FLOPS_PER_S:
        yield (
            f"flops_per_s = {fastest!r} flop/s at most: {fastest:g} Gflop/s would be "
            f"{1e9 * fastest:g}, in files gflops_per_s = {fastest:g}"
        )
    largest = int(np.argmax(learners.gain))
    gain = float(learners.gain[largest])
    if gain > 1.0:
        yield (
            f"gain[{largest}] = {gain!r}: more than 1, so that more power arrives than is sent; "
            "a loss of 100 dB is 1e-10, in files gain_db = -100"
        )


def _narrow(name: str, value: float) -> str:
    in_files = f"{name.removesuffix('_hz')}_mhz = {value:g}"
    return f"{name} = {value!r} Hz: {value:g} MHz would be {1e6 * value:g} Hz, in files {in_files}"


def _power(name: str, value: float, *, whole_only: bool) -> Iterator[str]:
    looks_dbm = _DBM[0] <= value <= _DBM[1] and (not whole_only or value == round(value))
    if looks_dbm:
        watts = 10.0 ** ((value - 30.0) / 10.0)
        dbm = name.removesuffix("_w") + "_dbm"
        yield (
            f"{name} = {value!r} W: {value:g} dBm would be {watts:.4g} W, in files {dbm} = "
            f"{value:g}"
        )
    elif not whole_only and value > MOST_POWER_W:
        yield f"{name} = {value!r} W: more than {MOST_POWER_W:g} W for one learner's link"
