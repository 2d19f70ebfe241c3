"""Error feedback: what a message left out is added to the next one."""

from collections.abc import Mapping

import numpy as np
from numpy.typing import ArrayLike

from mel_fast.payload.arrays import Arrays, checked
from mel_fast.payload.container import decode, encode
from mel_fast.payload.recipe import Recipe


class ErrorFeedback:
    """The sender's memory of one stream of updates.

    Parameters
    ----------
    recipe
        Of every message.

    Notes
    -----
    With residual r (zero at first), update u and message Q, a step sends Q(u + r) and keeps
    ``r' = u + r - Q(u + r)``: the sum of all updates is the sum of all messages and the residual.
    Residuals are held in float64, so that this holds to its rounding. Seide et al., "1-bit
    stochastic gradient descent", 2014; Karimireddy et al., "Error feedback fixes SignSGD", 2019.

    Examples
    --------
    >>> import numpy as np
    >>> from mel_fast.payload import ErrorFeedback, Recipe, decode
    >>> sender = ErrorFeedback(Recipe(top_k=1))
    >>> [decode(sender.encode({"w": np.array([1.0, 0.75])}))["w"].tolist() for _ in range(3)]
    [[1.0, 0.0], [0.0, 1.5], [2.0, 0.0]]
    """

    def __init__(self, recipe: Recipe) -> None:
        if not isinstance(recipe, Recipe):
            raise TypeError(f"recipe is a {type(recipe).__name__}: must be a Recipe")
        self.recipe = recipe
        self._residual: Arrays = {}

    @property
    def residual(self) -> Arrays:
        """What was not sent yet, float64 by name; arrays of integers have none."""
        return {name: value.copy() for name, value in self._residual.items()}

    @residual.setter
    def residual(self, residual: Mapping[str, ArrayLike]) -> None:
        self._residual = {
            name: np.array(value, np.float64)
            for name, value in checked("residual", residual).items()
        }

    def encode(
        self, update: Mapping[str, ArrayLike], rng: np.random.Generator | int | None = None
    ) -> bytes:
        """Return the bytes of the update with what earlier ones left out; keep what is left now.

        Raises
        ------
        ValueError, TypeError
            As `encode`; and for an update of other shapes than the first. The memory is then as it
            was.
        """
        new = checked("update", update)
        wanted: Arrays = {}
        for name, value in new.items():
            if value.dtype.kind == "f":
                before = self._residual.get(name, np.zeros(value.shape))
                if before.shape != value.shape:
                    raise ValueError(
                        f"update[{name!r}] has shape {value.shape}, before it had {before.shape}"
                    )
                wanted[name] = before + value.astype(np.float64)
        with np.errstate(over="ignore"):
            asked = {n: wanted[n].astype(v.dtype) if n in wanted else v for n, v in new.items()}
        data = encode(asked, self.recipe, rng=rng)
        total = sum(value.nbytes for value in new.values())
        sent = decode(data, max_bytes=total)
        self._residual |= {n: w - sent[n].astype(np.float64) for n, w in wanted.items()}
        return data
