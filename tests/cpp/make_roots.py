"""Write roots.inc: reference values of the two Lambert-type roots over all exponents of a double.

python tests/cpp/make_roots.py > tests/cpp/roots.inc     (needs mpmath)
"""

import random
from collections.abc import Callable

import mpmath

FIRST, LAST = -1074, 1023  # exponents of the smallest subnormal and of the largest double
SPECIAL = [1.0, 0.5, 2.0, 5e-324, 2.2250738585072014e-308, 1.7976931348623157e308]


def arguments() -> list[float]:
    """Return one random double for every exponent, subnormals included, and some special ones.

    Where the scalar density root changes its formula (y near 0.08) it errs most: more of those.
    """
    rng = random.Random(20)
    exponents = [*range(FIRST, LAST + 1), *range(-5, 0), *[-4] * 60]
    return SPECIAL + [(1 + rng.random()) * 2.0**exponent for exponent in exponents]


def density(y: mpmath.mpf) -> mpmath.mpf:
    """Return l > 0 with e^l (l - 1) + 1 = y."""
    return 1 + mpmath.lambertw((y - 1) / mpmath.e).real


def fixed(y: mpmath.mpf) -> mpmath.mpf:
    """Return u > 0 with u^2 e^u = y."""
    return 2 * mpmath.lambertw(mpmath.sqrt(y) / 2).real


def table(name: str, root: Callable[[mpmath.mpf], mpmath.mpf]) -> None:
    """Print one array of {argument, root} with the root correctly rounded."""
    print(f"const Root {name}[] = {{")
    cells = []
    for y in arguments():
        # 1 + W0 of a number next to -1/e loses all digits of y's exponent.
        digits = 40 + int(2 * abs(mpmath.log10(mpmath.mpf(y))))
        with mpmath.workdps(digits):
            value = root(mpmath.mpf(y))
        cells.append(f"{{{y.hex()}, {float(value).hex()}}}")
    for row in range(0, len(cells), 4):
        print("    " + ", ".join(cells[row : row + 4]) + ",")
    print("};")


if __name__ == "__main__":
    print("// Written by make_roots.py: {argument, root rounded to the nearest double}.")
    table("density_roots", density)
    table("fixed_roots", fixed)
