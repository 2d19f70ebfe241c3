"""First-order optimisers of NumPy arrays: the field's names, and the numbers of ``torch.optim``."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mel_fast._base.validation import choice, real

Array = NDArray[np.floating[Any]]
State = list[Array]
Rule = Callable[[Array, State, int, float], Array]

_MOMENTUM = 0.9
_FIRST, _SECOND = 0.9, 0.999  # decay of the means of gradients and of their squares
_EPS = 1e-8
_RMS_DECAY, _DELTA_DECAY = 0.99, 0.9
_ADAGRAD_EPS, _DELTA_EPS = 1e-10, 1e-6
_NADAM_BASE, _NADAM_DECAY = 0.96, 4e-3


def _sgd(g: Array, state: State, t: int, rate: float) -> Array:
    return rate * g


def _momentum(g: Array, state: State, t: int, rate: float) -> Array:
    state[0] = _MOMENTUM * state[0] + g
    step: Array = rate * state[0]
    return step


def _nesterov(g: Array, state: State, t: int, rate: float) -> Array:
    state[0] = _MOMENTUM * state[0] + g
    step: Array = rate * (g + _MOMENTUM * state[0])
    return step


def _adagrad(g: Array, state: State, t: int, rate: float) -> Array:
    state[0] = state[0] + g * g
    step: Array = rate * g / (np.sqrt(state[0]) + _ADAGRAD_EPS)
    return step


def _rmsprop(g: Array, state: State, t: int, rate: float) -> Array:
    state[0] = _RMS_DECAY * state[0] + (1 - _RMS_DECAY) * g * g
    step: Array = rate * g / (np.sqrt(state[0]) + _EPS)
    return step


def _adadelta(g: Array, state: State, t: int, rate: float) -> Array:
    state[0] = _DELTA_DECAY * state[0] + (1 - _DELTA_DECAY) * g * g
    step = np.sqrt(state[1] + _DELTA_EPS) / np.sqrt(state[0] + _DELTA_EPS) * g
    state[1] = _DELTA_DECAY * state[1] + (1 - _DELTA_DECAY) * step * step
    scaled: Array = rate * step
    return scaled


def _moments(g: Array, state: State) -> None:
    state[0] = _FIRST * state[0] + (1 - _FIRST) * g
    state[1] = _SECOND * state[1] + (1 - _SECOND) * g * g


def _adam(g: Array, state: State, t: int, rate: float) -> Array:
    _moments(g, state)
    size = np.sqrt(state[1]) / (1 - _SECOND**t) ** 0.5 + _EPS
    step: Array = rate / (1 - _FIRST**t) * state[0] / size
    return step


def _amsgrad(g: Array, state: State, t: int, rate: float) -> Array:
    _moments(g, state)
    state[2] = np.maximum(state[2], state[1])
    size = np.sqrt(state[2]) / (1 - _SECOND**t) ** 0.5 + _EPS
    step: Array = rate / (1 - _FIRST**t) * state[0] / size
    return step


def _adamax(g: Array, state: State, t: int, rate: float) -> Array:
    state[0] = _FIRST * state[0] + (1 - _FIRST) * g
    state[1] = np.maximum(_SECOND * state[1], np.abs(g) + _EPS)
    return rate / (1 - _FIRST**t) * state[0] / state[1]


def _nadam(g: Array, state: State, t: int, rate: float) -> Array:
    _moments(g, state)
    if t == 1:
        state.append(np.ones(()))  # product of all momenta so far
    now_at, next_at = (_FIRST * (1 - 0.5 * _NADAM_BASE ** (i * _NADAM_DECAY)) for i in (t, t + 1))
    state[2] = state[2] * now_at
    so_far = float(state[2])
    size = np.sqrt(state[1] / (1 - _SECOND**t)) + _EPS
    now = (1 - now_at) / (1 - so_far) * g
    soon = next_at / (1 - so_far * next_at) * state[0]
    step: Array = rate * (now + soon) / size
    return step


RULES: dict[str, tuple[Rule, int, float]] = {
    "sgd": (_sgd, 0, 0.1),
    "momentum": (_momentum, 1, 0.01),
    "nesterov": (_nesterov, 1, 0.01),
    "adagrad": (_adagrad, 1, 0.01),
    "rmsprop": (_rmsprop, 1, 0.001),
    "adadelta": (_adadelta, 2, 1.0),
    "adam": (_adam, 2, 0.001),
    "adamax": (_adamax, 2, 0.002),
    "nadam": (_nadam, 2, 0.002),
    "amsgrad": (_amsgrad, 3, 0.001),
}
"""Each name's rule, how many arrays it remembers for each parameter, and its usual rate."""

WHOLE = ("lbfgs", "cg")
"""Methods of SciPy that look at all samples at once: L-BFGS and nonlinear conjugate gradients."""

OPTIMISERS = (*RULES, *WHOLE)


class Optimiser:
    """One of the rules, with its memory of some parameters.

    Parameters
    ----------
    name
        ``"sgd"``, ``"momentum"``, ``"nesterov"``, ``"adagrad"``, ``"rmsprop"``, ``"adadelta"``,
        ``"adam"``, ``"adamax"``, ``"nadam"`` or ``"amsgrad"``.
    learning_rate
        None: the rule's usual one.

    Notes
    -----
    Decays and the numbers that keep divisions from zero are the defaults of ``torch.optim``;
    momentum is 0.9 where PyTorch's own default is none.

    Examples
    --------
    >>> import numpy as np
    >>> from mel_fast.learning import Optimiser
    >>> weight = np.array([1.0, -2.0])
    >>> Optimiser("adam", 0.1).step([weight], [2.0 * weight])
    >>> weight.round(6)
    array([ 0.9, -1.9])
    """

    def __init__(self, name: str, learning_rate: float | None = None) -> None:
        self.name = choice("optimiser", name, RULES)
        self._rule, self._arrays, _ = RULES[self.name]
        self.learning_rate = usual_rate(self.name, learning_rate)
        self._memory: list[State] | None = None
        self._steps = 0

    def step(self, weights: Sequence[Array], gradients: Sequence[Array]) -> None:
        """Change the weights in place by one step along their gradients."""
        if self._memory is None:
            self._memory = [[np.zeros_like(w) for _ in range(self._arrays)] for w in weights]
        self._steps += 1
        for weight, gradient, state in zip(weights, gradients, self._memory, strict=True):
            weight -= self._rule(gradient, state, self._steps, self.learning_rate)


def usual_rate(name: str, learning_rate: float | None) -> float:
    """Return the rate that is given, or the optimiser's usual one."""
    if learning_rate is not None:
        return real("learning_rate", learning_rate)
    return 1.0 if name in WHOLE else RULES[name][2]
