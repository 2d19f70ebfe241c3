"""Whether the processor computes as the checker takes for granted, found out by computing."""

ONE = 1.0
HALF_A_BIT = 2.0**-53  # between one and the next number
NORMAL = 2.0**-1022  # the smallest
SUBNORMAL = 2.0**-1074


def require_usual_arithmetic() -> None:
    """Raise FloatingPointError unless it rounds to nearest and keeps subnormal numbers."""
    above, below = ONE + HALF_A_BIT * (ONE + HALF_A_BIT * 2), ONE + HALF_A_BIT
    nearest = above > ONE and below == ONE and -ONE - HALF_A_BIT == -ONE
    kept = NORMAL * 0.25 > 0.0 and SUBNORMAL * 2.0**60 > 0.0
    if not (nearest and kept):
        raise FloatingPointError(
            "this thread does not round to nearest, or flushes subnormal numbers to zero: some "
            "other library has changed the processor's modes, and nothing can be verified in them"
        )
