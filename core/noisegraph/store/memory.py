"""Values kept in memory, bounded in bytes: the least recently used goes first, those in use stay."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable
from threading import Lock
from typing import Any, TypeAlias

from .arrays import is_array
from .sizes import size_of

Held: TypeAlias = tuple[Any, int, bool, bool]
"""A value, its bytes, whether it is made of lists or dicts and so handed out as a copy, and whether it can be read
again from elsewhere, so that no pin holds it; a bare tuple for speed."""
_UNCHANGING = frozenset({type(None), bool, int, float, str, bytes})


class Memory:
    """A store of at most `limit` bytes, safe to share between threads.

    What is handed out cannot spoil what is held: lists and dicts are copied, arrays are read-only. Tensors are shared,
    and nobody may change them.
    """

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self.size = 0
        self._held: OrderedDict[bytes, Held] = OrderedDict()
        self._spared: dict[bytes, Held] = {}
        """Pinned entries whose turn to go has come: put aside, so that nobody looks for room among them again."""
        self._pins: list[frozenset[bytes]] = []
        self._lock = Lock()

    def __contains__(self, key: bytes) -> bool:
        return key in self._held or key in self._spared

    def __len__(self) -> int:
        return len(self._held) + len(self._spared)

    def bytes_of(self, key: bytes) -> int:
        """How many bytes this value holds; 0 where it is not here."""
        held = self._held.get(key) or self._spared.get(key)
        return held[1] if held is not None else 0

    def get(self, key: bytes) -> Held | None:
        """What is held, now the most recently used."""
        try:  # without the lock, for a quarter of the time: no other thread comes into the midst of either call
            held: Held | None = self._held[key]
            self._held.move_to_end(key)
        except KeyError:
            with self._lock:
                held = self._held.get(key) or self._spared.get(key)
        if held is None or not held[2]:
            return held
        return protected(held[0]), *held[1:]

    def put(self, key: bytes, value: Any, backed: bool = False) -> bool:
        """Keep the value; False where it is larger than the limit, or nested too deep.

        A pin does not hold a value that is `backed`: it can be read again from elsewhere.
        """
        size = size_of(value)
        if size > self.limit:
            return False
        try:
            kept = value if type(value) in _UNCHANGING else protected(value)
        except RecursionError:
            return False
        with self._lock:
            if key in self._held or key in self._spared:
                self._remove(key)
            self._held[key] = (kept, size, kept is not value, backed)
            self.size += size
            if self.size > self.limit:
                self._make_room()
        return True

    def discard(self, key: bytes) -> None:
        """Forget the value, if there is one."""
        with self._lock:
            self._remove(key)

    def clear(self) -> None:
        """Forget all values."""
        with self._lock:
            self._held.clear()
            self._spared.clear()
            self.size = 0

    def pin(self, keys: Iterable[bytes]) -> None:
        """Keep these, whatever the limit, until the same are unpinned as often."""
        with self._lock:
            self._pins.append(frozenset(keys))

    def unpin(self, keys: Iterable[bytes]) -> None:
        """Take back one pin of each; those that only it has held count as just used."""
        with self._lock:
            self._pins.remove(frozenset(keys))
            if self._spared:
                self._take_back()

    def _pinned(self, key: bytes) -> bool:
        return any(key in keys for keys in self._pins)

    def _take_back(self) -> None:
        for key in [key for key in self._spared if not self._pinned(key)]:
            self._held[key] = self._spared.pop(key)
        self._make_room()

    def _remove(self, key: bytes) -> None:
        held = self._held.pop(key, None) or self._spared.pop(key, None)
        if held is not None:
            self.size -= held[1]

    def _make_room(self) -> None:
        while self.size > self.limit and self._held:
            key, held = self._held.popitem(last=False)
            if not held[3] and self._pinned(key):
                self._spared[key] = held
            else:
                self.size -= held[1]


def protected(value: Any) -> Any:
    """The value with its lists and dicts copied and its arrays read-only; the same object where it holds neither."""
    kind = type(value)
    if kind is list:
        return [protected(item) for item in value]
    if kind is dict:
        return {key: protected(item) for key, item in value.items()}
    if isinstance(value, tuple):
        items = [protected(item) for item in value]
        return value if all(map(_same, items, value)) else tuple.__new__(kind, items)
    if is_array(value) and value.flags.writeable:
        value.flags.writeable = False
    return value


def _same(a: object, b: object) -> bool:
    return a is b
