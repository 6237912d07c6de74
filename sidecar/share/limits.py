"""How often somebody has come lately: counted in this process, in bounded memory.

Each process counts for itself, so a registry with more of them lets so many times more through. What is written is
counted in the database as well (act.py), across all processes.
"""

from __future__ import annotations

import ipaddress
import math
import threading
import time
from collections import OrderedDict
from collections.abc import Callable

from sidecar.errors import Refusal

LARGEST = 10_000


class Limits:
    """Counts by key in windows that begin with the first time. One per process; threads share it."""

    def __init__(self, largest: int = LARGEST, clock: Callable[[], float] = time.monotonic) -> None:
        self.largest, self.clock = largest, clock
        self._windows: OrderedDict[str, tuple[float, int]] = OrderedDict()  # by key: when it ends, how often
        self._lock = threading.Lock()

    def count(self, key: str, *, most: int, seconds: float) -> None:
        """One more time. Raises Refusal too_many_requests beyond `most` in `seconds`, with Retry-After."""
        now = self.clock()
        with self._lock:
            ends, times = self._windows.pop(key, (0.0, 0))
            if ends <= now:
                ends, times = now + seconds, 0
            # The one that came longest ago makes room: whoever goes on is never forgotten.
            while len(self._windows) >= self.largest:
                self._windows.popitem(last=False)
            self._windows[key] = (ends, times + 1)
        if times >= most:
            raise too_many(ends - now)

    def __len__(self) -> int:
        return len(self._windows)


def too_many(seconds: float) -> Refusal:
    """The refusal for whoever should come back in so many seconds."""
    return Refusal("too_many_requests", headers={"Retry-After": str(max(1, math.ceil(seconds)))})


def place_of(address: str | None) -> str:
    """Whom an address stands for: of IPv6 its network, because whoever has one address there has 2^64."""
    try:
        found = ipaddress.ip_address(address or "")
    except ValueError:
        return "unknown"
    if isinstance(found, ipaddress.IPv6Address) and found.ipv4_mapped is None:
        return str(ipaddress.ip_network((found, 64), strict=False))
    return str(getattr(found, "ipv4_mapped", None) or found)
