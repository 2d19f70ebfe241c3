"""What a little more of each resource is worth."""

from typing import NamedTuple

from mel_fast._base.units import as_html


class Prices(NamedTuple):
    """Samples that a little more of each resource makes room for, at a number of local cycles.

    They are the derivatives of the most samples that fit (as real numbers, and with bandwidth
    divisible at will) at that tau: the prices at which the dual bound is least. Where that most
    has a kink they are its derivatives to the right, what a little MORE adds, and a little less
    takes away more; see docs/planning.md.
    """

    tau: int
    """The number of local cycles for which they hold."""
    samples: float
    """At most so many samples fit at tau, whatever the plan; the task has D of them."""
    per_s: float
    """Samples a second of the deadline buys."""
    per_hz: float
    """Samples a hertz of bandwidth buys; 0 where more bandwidth alone does not help."""
    per_w: float
    """Samples a watt of power buys; 0 where more power alone does not help."""

    def summary(self) -> str:
        """Return a few lines of text."""
        return (
            f"tau = {self.tau}: at most {self.samples:,.6g} samples fit; there is room for\n"
            f"  {self.per_s:.6g} more with a second of the cycle\n"
            f"  {self.per_hz * 1e3:.6g} more with a kilohertz of bandwidth\n"
            f"  {self.per_w * 1e-3:.6g} more with a milliwatt of power"
        )

    def __str__(self) -> str:
        return self.summary()

    def __repr__(self) -> str:
        return (
            f"Prices(tau={self.tau}, samples={self.samples:.8g}, per_s={self.per_s:.6g}, "
            f"per_hz={self.per_hz:.6g}, per_w={self.per_w:.6g})"
        )

    def _repr_html_(self) -> str:
        return as_html(str(self))
