"""The probability that a learner is in time, for an allocation and beliefs about it.

Both beliefs are carried to standard normal coordinates u (channel) and v (speed), independent of
each other; a learner is in time where t(u, v) <= T. In the plane's direction of steepest delay the
distance to that border is found by Newton's method at a few offsets across it, and the normal
probabilities of those distances are averaged by Gauss-Hermite quadrature (line sampling; see
O. Ditlevsen and H. O. Madsen, *Structural Reliability Methods*, 1996).
"""

from dataclasses import dataclass

import numpy as np

from mel_fast._base.validation import LARGEST, FloatColumn
from mel_fast.orchestrate.estimates.links import Cycle
from mel_fast.orchestrate.estimates.tracker import Belief
from mel_fast.orchestrate.margins.normal import FARTHEST, below, student, student_slope

_NODES, _WEIGHTS = np.polynomial.hermite_e.hermegauss(5)
_WEIGHTS = _WEIGHTS / _WEIGHTS.sum()
_STEPS = 30
_NEAR = 1e-5
_SURE = 7.5  # standard deviations; one in 3e13
_LARGEST = float(np.log(LARGEST)) - 1e-6


@dataclass(frozen=True, slots=True)
class Beliefs:
    """What is predicted of the channels and speeds of some learners."""

    gain: Belief
    speed: Belief

    def gains(self, u: FloatColumn) -> FloatColumn:
        """Return the gains at normal coordinates."""
        return _at(self.gain, u)

    def speeds(self, v: FloatColumn) -> FloatColumn:
        """Return the speeds at normal coordinates."""
        return _at(self.speed, v)

    def take(self, places: object) -> "Beliefs":
        """Return the beliefs about some of the learners."""
        return Beliefs(self.gain.take(places), self.speed.take(places))


@dataclass(frozen=True, slots=True)
class Delay:
    """By how many seconds learners are delayed by a step of u and of v, and in which direction."""

    by_gain: FloatColumn
    by_speed: FloatColumn

    @property
    def steepest(self) -> FloatColumn:
        """Seconds for a unit step in the worst direction."""
        return np.hypot(self.by_gain, self.by_speed)

    def direction(self) -> tuple[FloatColumn, FloatColumn]:
        """Return the worst direction, as shares of u and v; along u where nothing matters."""
        length = self.steepest
        some = length > 0.0
        whole = np.where(some, length, 1.0)
        return np.where(some, self.by_gain / whole, 1.0), np.where(some, self.by_speed / whole, 0.0)


def delay(
    cycle: Cycle, beliefs: Beliefs, u: FloatColumn, v: FloatColumn
) -> tuple[FloatColumn, Delay]:
    """Return how long each learner takes at normal coordinates, and the delay there."""
    gain, speed = beliefs.gains(u), beliefs.speeds(v)
    send, compute, back = cycle.times(gain, speed)
    on_air = cycle.send.elasticity(gain) * send + cycle.back.elasticity(gain) * back
    return send + compute + back, Delay(
        on_air * beliefs.gain.scale * student_slope(u, beliefs.gain.freedom),
        compute * beliefs.speed.scale * student_slope(v, beliefs.speed.freedom),
    )


def in_time(cycle: Cycle, beliefs: Beliefs, u: FloatColumn, v: FloatColumn) -> FloatColumn:
    """Return each learner's probability of being in time; u, v lie near the border, if known."""
    along_u, along_v = delay(cycle, beliefs, u, v)[1].direction()
    known = (beliefs.gain.scale <= 0.0) & (beliefs.speed.scale <= 0.0)
    nodes = _NODES if (beliefs.speed.scale > 0.0).any() else np.zeros(1)
    weights = _WEIGHTS if nodes.size > 1 else np.ones(1)
    total = np.zeros(u.size)
    guess = -(u * along_u + v * along_v)
    for node, weight in zip(nodes, weights, strict=True):
        distance = _distance(cycle, beliefs, along_u, along_v, float(node), guess)
        total += weight * below(distance)
    if known.any():
        send, compute, back = cycle.times(beliefs.gains(u * 0.0), beliefs.speeds(v * 0.0))
        total = np.where(known, send + compute + back <= cycle.deadline_s * (1 + 1e-9), total)
    return np.asarray(np.minimum(total, 1.0))


def _distance(
    cycle: Cycle,
    beliefs: Beliefs,
    along_u: FloatColumn,
    along_v: FloatColumn,
    offset: float,
    guess: FloatColumn,
) -> FloatColumn:
    """Return how far in the worst direction the border lies, beside it by `offset`."""
    size = along_u.size
    low, high = np.full(size, -FARTHEST), np.full(size, FARTHEST)
    at = np.clip(guess, -FARTHEST, FARTHEST)
    for _ in range(_STEPS):
        u, v = -at * along_u - offset * along_v, -at * along_v + offset * along_u
        total, slope = delay(cycle, beliefs, u, v)
        late = total > cycle.deadline_s
        high, low = np.where(late, at, high), np.where(late, low, at)
        rise = slope.by_gain * along_u + slope.by_speed * along_v
        with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
            step = np.log(cycle.deadline_s / total) * total / rise
        new = at + step
        inside = (new > low) & (new < high)
        new = np.where(inside, new, 0.5 * (low + high))
        moved = np.where((low > _SURE) | (high < -_SURE), 0.0, np.abs(new - at))
        at = new
        if moved.max(initial=0.0) < _NEAR:
            break
    return at


def _at(belief: Belief, z: FloatColumn) -> FloatColumn:
    with np.errstate(over="ignore", under="ignore"):
        exponent = belief.level + belief.scale * student(z, belief.freedom)
        return np.asarray(np.exp(np.clip(exponent, -_LARGEST, _LARGEST)))
