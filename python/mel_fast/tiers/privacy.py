"""The report's privacy layer: a network's first convolution, run where the raw data may be seen.

In place of the data its output travels to a tier that is not trusted. Section 3.5 and equations (7)
and (8) of Zongpu Zhang, *Optimization of Deep Learning Applications in Highly Heterogeneous
Distributed System*, EE447 course report, 2018. How much a convolution hides is not said there, and
nothing is claimed here.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from mel_fast._base.untrusted import shown
from mel_fast._base.validation import FloatColumn, integer, real


@dataclass(frozen=True, slots=True)
class Convolution:
    """A two-dimensional convolution with "same" padding.

    Parameters
    ----------
    kernel : int
        Width and height of its window.
    channels, filters : int
        Of the input and of the output.
    stride : int
        Steps of the window.
    bias : bool
        Whether each filter has one.

    Raises
    ------
    ValueError, TypeError
        Naming the field, its value and the allowed range.

    Examples
    --------
    Table 3: what ResNet's and the Wide ResNet's first layers have and give.

    >>> from mel_fast.tiers.privacy import RESNET_FIRST, WRN_FIRST
    >>> RESNET_FIRST.parameters, RESNET_FIRST.output(32, 32)
    (9472, (16, 16, 64))
    >>> WRN_FIRST.parameters, WRN_FIRST.output(32, 32)
    (432, (32, 32, 16))
    """

    kernel: int
    channels: int
    filters: int
    stride: int = 1
    bias: bool = True

    def __post_init__(self) -> None:
        for name in ("kernel", "channels", "filters", "stride"):
            integer(name, getattr(self, name), low=1)
        if not isinstance(self.bias, bool):
            raise TypeError(f"bias = {shown(self.bias)}: must be True or False")

    @property
    def parameters(self) -> int:
        """Weights and biases."""
        return (self.kernel**2 * self.channels + self.bias) * self.filters

    def output(self, height: int, width: int) -> tuple[int, int, int]:
        """Return height, width and channels of what comes out of an image."""
        across = [
            -(-integer(name, size, low=1) // self.stride)
            for name, size in (("height", height), ("width", width))
        ]
        return across[0], across[1], self.filters

    def output_bits(self, height: int, width: int, bits: int = 32) -> int:
        """Return the bits of the output, each number of so many."""
        rows, columns, channels = self.output(height, width)
        return rows * columns * channels * integer("bits", bits, low=1)


#: First layers of ResNet-34 (7 x 7, stride 2, bias) and WRN-28-10 (3 x 3, no bias) on CIFAR-100.
RESNET_FIRST = Convolution(7, 3, 64, stride=2)
WRN_FIRST = Convolution(3, 3, 16, bias=False)


def overhead_s(
    here_s: float, there_s: float, sent_bits: float, raw_bits: float, rate_bps: float
) -> float:
    """Return what encrypting adds to a task, equations (7) and (8), in seconds.

    The layer is computed here in place of there, and its output is sent in place of the raw data.

    Parameters
    ----------
    here_s, there_s : float
        Seconds that the layer takes where the data are encrypted, and where it would run otherwise.
    sent_bits, raw_bits : float
        Of a task's encrypted and raw data.
    rate_bps : float
        Bits a second of the link.

    Raises
    ------
    ValueError, TypeError
        Naming the argument, its value and the allowed range.

    Examples
    --------
    >>> from mel_fast.tiers import privacy
    >>> privacy.overhead_s(0.4, 0.01, 5e6, 1e6, rate_bps=100e6)
    0.43
    """
    computing = real("here_s", here_s, low=0.0) - real("there_s", there_s, low=0.0)
    more = real("sent_bits", sent_bits, low=0.0) - real("raw_bits", raw_bits, low=0.0)
    return computing + more / real("rate_bps", rate_bps)


def overhead_share(added_s: float, process_s: float, latency_s: ArrayLike) -> FloatColumn:
    """Return equation (7) in parts of the time without encryption: Table 4's rows.

    Parameters
    ----------
    added_s : float
        Seconds that encrypting adds, whatever the latency.
    process_s : float
        Seconds of a task without latency and encryption.
    latency_s : array
        Latencies, there and back.

    Examples
    --------
    >>> from mel_fast.tiers import privacy
    >>> privacy.overhead_share(0.379, 0.368, [0.5, 1.0]).round(3)
    array([0.437, 0.277])
    """
    base = real("process_s", process_s) + np.asarray(latency_s, dtype=np.float64)
    return np.asarray(real("added_s", added_s, low=0.0) / base)


def fitted_s(share: ArrayLike, process_s: float, latency_s: ArrayLike) -> float:
    """Return the constant seconds that come nearest to measured shares.

    Nearest means that the largest relative difference is least: every cell asks for a constant, and
    2 divided by the sum of the extreme reciprocals serves both ends alike.
    """
    asked = overhead_share(1.0, process_s, latency_s) / np.asarray(share, dtype=np.float64)
    return float(2.0 / (asked.min() + asked.max()))
