"""How long an address must wait that has tried wrong passwords."""

import hashlib
import ipaddress
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

_FREE: Final = 5
_LONGEST_SECONDS: Final = 60.0
_FORGET_SECONDS: Final = 900.0
_ADDRESSES: Final = 10_000


@dataclass(slots=True)
class _Record:
    tries: int = 0
    last: float = 0.0
    allowed: float = 0.0
    seen: list[bytes] = field(default_factory=list)


class WrongLogins:
    """Counts the wrong passwords of each client address, so that nobody can try many.

    After five different ones an address waits before the next: 1 s, 2 s, 4 s … up to a minute, until it has
    tried none for a quarter of an hour. Other addresses are not concerned, and a program that sends the
    same old password again and again has tried one. The latest 10,000 addresses are remembered; of IPv6 the
    network (/64) counts.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._records: OrderedDict[str, _Record] = OrderedDict()

    def wait(self, address: str) -> float:
        """The seconds until the address may try again; 0: now."""
        record = self._records.get(_network(address))
        return max(0.0, record.allowed - self._clock()) if record else 0.0

    def wrong(self, address: str, given: bytes) -> None:
        """Count a wrong log-in."""
        now, key = self._clock(), _network(address)
        record = self._records.pop(key, _Record())
        if now - record.last > _FORGET_SECONDS:
            record = _Record()
        self._records[key] = record
        while len(self._records) > _ADDRESSES:
            self._records.popitem(last=False)
        record.last = now
        digest = hashlib.sha256(given).digest()
        if digest in record.seen:
            return
        record.seen = [*record.seen[1 - _FREE :], digest]
        record.tries += 1
        if record.tries >= _FREE:
            record.allowed = now + min(2.0 ** (record.tries - _FREE), _LONGEST_SECONDS)


def _network(address: str) -> str:
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return address[:64]
    return str(parsed) if parsed.version == 4 else str(ipaddress.ip_network((parsed, 64), strict=False))
