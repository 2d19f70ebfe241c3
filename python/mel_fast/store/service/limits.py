"""How much a caller of the service may ask for: requests in a second, bytes in a body."""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass

from mel_fast._base.validation import integer, real

_CALLERS = 10_000


@dataclass(frozen=True)
class Limits:
    """The limits of a service.

    Attributes
    ----------
    requests_per_s, burst
        Of one token: on average, and at once after a pause.
    failures_per_s, failure_burst
        Of one address that shows tokens which are not accepted.
    query_bytes, upload_bytes
        The longest GraphQL query, and the longest body and largest model that may be published.
    page
        Entries in a page.
    spool_bytes
        Room for prepared downloads on the disk.
    """

    requests_per_s: float = 100.0
    burst: int = 500
    failures_per_s: float = 1.0
    failure_burst: int = 20
    query_bytes: int = 32_768
    upload_bytes: int = 2**30
    page: int = 100
    spool_bytes: int = 2**30

    def __post_init__(self) -> None:
        for name in ("requests_per_s", "failures_per_s"):
            real(name, getattr(self, name), low=1e-6, high=1e9)
        for name in ("burst", "failure_burst", "query_bytes", "upload_bytes", "page"):
            integer(name, getattr(self, name), low=1)
        integer("spool_bytes", self.spool_bytes, low=0)


class Buckets:
    """A bucket of requests for every caller, refilled at a steady rate."""

    def __init__(
        self, per_s: float, burst: int, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._per_s, self._burst, self._clock = per_s, burst, clock
        self._left: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def _now(self, caller: str) -> tuple[float, float]:
        now = self._clock()
        left, since = self._left.get(caller, (float(self._burst), now))
        return min(float(self._burst), left + (now - since) * self._per_s), now

    def wait_s(self, caller: str) -> float:
        """Return how long the caller has to wait; 0 when a request may come now."""
        left, _ = self._now(caller)
        return 0.0 if left >= 1.0 else (1.0 - left) / self._per_s

    def take(self, caller: str) -> None:
        """Count a request."""
        left, now = self._now(caller)
        self._left[caller] = (left - 1.0, now)
        self._left.move_to_end(caller)
        while len(self._left) > _CALLERS:
            self._left.popitem(last=False)
