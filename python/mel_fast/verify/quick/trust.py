"""Whether NumPy says when a result underflows, found out by computing."""

import numpy as np

from mel_fast.verify.quick.intervals import enclosing

_TINY = 2.0**-600


def raises_where_it_must() -> bool:
    """Whether products and quotients below the normal numbers raise, wherever in an array."""
    for size in (1, 3, 8, 17, 64):
        tiny, huge = np.full(size, 1.0), np.full(size, 1.0)
        tiny[-1], huge[-1] = 1.1 * _TINY, 1.1 / _TINY
        for operation, other in ((np.multiply, tiny), (np.divide, huge)):
            try:
                with enclosing():
                    operation(tiny, other)
            except FloatingPointError:
                continue
            return False
    return True
