"""What is done to a model or an update before it is sent."""

from typing import Any, ClassVar, Literal, SupportsIndex

from mel_fast._base.frozen import Frozen
from mel_fast._base.untrusted import shown
from mel_fast._base.validation import LARGEST, choice, integer, real

Codebook = Literal["uniform", "kmeans", "float16"]

CODEBOOKS: tuple[Codebook, ...] = ("uniform", "kmeans", "float16")
UNIFORM_BITS = 16
KMEANS_BITS = 8


class Recipe(Frozen):
    """Steps from arrays to bytes; without any, the bytes hold the arrays exactly.

    Every step is taken in each array by itself, in this order: prune; subtract the known version
    (`base` of `encode`), or share buckets; keep the largest; quantise; code.

    Parameters
    ----------
    prune
        Share of the entries that become zero, those of least magnitude; in [0, 1].
    bits
        Bits of a quantised value: 1 to 16 with ``codebook="uniform"``, 1 to 8 with ``"kmeans"``.
        None: values keep their precision.
    codebook
        ``"uniform"``: levels at equal distances over [-m, m], m the largest magnitude, zero among
        them if `bits` is more than 1. ``"kmeans"``: weight sharing, levels that are the means of
        one-dimensional clusters. ``"float16"``: IEEE half precision, `bits` None or 16.
    top_k
        A sparsified update: only the entries of largest magnitude are sent, others count as zero. A
        share in (0, 1) of each array, at least one entry; or a whole number of entries of each.
    threshold
        A sparsified update: only entries of at least this magnitude are sent.
    buckets
        Hashed weights: this share in (0, 1] of as many values as there are entries is sent; each
        entry is one of them with a sign, both told by a hash of its index.
    stochastic
        Round to one of the two neighbouring levels, at random and right in the mean.
    entropy
        Code values and index gaps by their frequencies; False: at fixed widths.
    exact_below
        Arrays with fewer entries than this (biases, counters) are sent exactly.

    Raises
    ------
    ValueError, TypeError
        Naming the field, its value and the allowed range, and for steps that exclude each other.

    Notes
    -----
    Pruning and weight sharing: Han, Mao, Dally, "Deep Compression", 2016. Hashing: Chen et al.,
    "Compressing Neural Networks with the Hashing Trick", 2015. Stochastic rounding: Alistarh et
    al., "QSGD", 2017. Immutable; equal by value; `replace` makes a changed copy.

    Examples
    --------
    >>> from mel_fast.payload import Recipe
    >>> Recipe(prune=0.9, bits=4, codebook="kmeans").label
    '90% pruned, 4-bit kmeans'
    """

    __slots__ = (
        "bits",
        "buckets",
        "codebook",
        "entropy",
        "exact_below",
        "prune",
        "stochastic",
        "threshold",
        "top_k",
    )
    _fields: ClassVar[tuple[str, ...]] = (
        "prune",
        "bits",
        "codebook",
        "top_k",
        "threshold",
        "buckets",
        "stochastic",
        "entropy",
        "exact_below",
    )

    prune: float
    bits: int | None
    codebook: Codebook
    top_k: float | int | None
    threshold: float | None
    buckets: float | None
    stochastic: bool
    entropy: bool
    exact_below: int

    def __init__(
        self,
        prune: float = 0.0,
        bits: SupportsIndex | float | None = None,
        codebook: Codebook = "uniform",
        top_k: float | None = None,
        threshold: float | None = None,
        buckets: float | None = None,
        stochastic: bool = False,
        entropy: bool = True,
        exact_below: SupportsIndex | float = 0,
    ) -> None:
        self._set("prune", real("prune", 0.0 if prune is None else prune, low=0.0, high=1.0))
        self._set("codebook", choice("codebook", codebook, CODEBOOKS))
        self._set("bits", _bits(bits, codebook))
        self._set("top_k", _top_k(top_k))
        self._set("threshold", None if threshold is None else real("threshold", threshold))
        shared = None if buckets is None else real("buckets", buckets, high=1.0)
        self._set("buckets", shared)
        self._set("stochastic", _truth("stochastic", stochastic))
        self._set("entropy", _truth("entropy", entropy))
        self._set("exact_below", integer("exact_below", exact_below, low=0))
        if self.stochastic and (self.bits is None or codebook == "float16"):
            raise ValueError("stochastic = True: needs bits of a uniform or kmeans codebook")
        if self.buckets is not None and (self.prune or self.sparsifies):
            raise ValueError(
                f"buckets = {buckets}: excludes prune, top_k and threshold, for every entry shares"
            )
        if self.top_k is not None and self.threshold is not None:
            raise ValueError(f"threshold = {threshold}: give it or top_k, not both")

    @property
    def sparsifies(self) -> bool:
        """Whether an update is sparsified: `top_k` or `threshold` is given."""
        return self.top_k is not None or self.threshold is not None

    @property
    def exact(self) -> bool:
        """Whether what is decoded equals what was encoded, to the bit."""
        return (
            not self.prune
            and self.bits is None
            and self.codebook != "float16"
            and not self.sparsifies
            and self.buckets is None
        )

    @property
    def label(self) -> str:
        """The steps in a few words, for tables."""
        words = [f"{100 * self.prune:g}% pruned"] if self.prune else []
        if self.buckets is not None:
            words.append(f"{100 * self.buckets:g}% buckets")
        if self.top_k is not None:
            share = isinstance(self.top_k, float)
            words.append(f"top {100 * self.top_k:g}%" if share else f"top {self.top_k}")
        if self.threshold is not None:
            words.append(f"from {self.threshold:g}")
        if self.codebook == "float16":
            words.append("float16")
        elif self.bits is not None:
            words.append(f"{self.bits}-bit {self.codebook}")
        words += ["stochastic"] if self.stochastic else []
        words += [] if self.entropy else ["fixed widths"]
        words += [f"below {self.exact_below} exact"] if words and self.exact_below else []
        return ", ".join(words or ["exact"])


def _bits(bits: Any, codebook: str) -> int | None:
    if codebook == "float16":
        if bits not in (None, 16):
            raise ValueError(f"bits = {shown(bits)}: must be None or 16 with codebook 'float16'")
        return 16
    if bits is None:
        if codebook == "kmeans":
            raise ValueError(f"bits = None: must be an integer in [1, {KMEANS_BITS}] for 'kmeans'")
        return None
    return integer("bits", bits, low=1, high=KMEANS_BITS if codebook == "kmeans" else UNIFORM_BITS)


def _top_k(top_k: Any) -> float | int | None:
    if top_k is None:
        return None
    if real("top_k", top_k, high=LARGEST) < 1.0:
        return float(top_k)
    if isinstance(top_k, float) and top_k == 1.0:
        return None
    return integer("top_k", top_k, low=1)


def _truth(field: str, value: Any) -> bool:
    if value is not True and value is not False:
        raise TypeError(f"{field} = {shown(value)}: must be True or False")
    return bool(value)
