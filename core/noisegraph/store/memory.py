"""Values kept in memory, bounded in bytes: the least recently used goes first, those in use stay."""

from __future__ import annotations

from collections import Counter, OrderedDict
from collections.abc import Iterable
from threading import Lock
from typing import Any, TypeAlias

from .arrays import is_array
from .sizes import size_of

Held: TypeAlias = tuple[Any, int, bool]
"""A value, its bytes, and whether it is made of lists or dicts and so handed out as a copy; a bare tuple for speed."""
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
        self._pinned: dict[bytes, Held] = {}
        self._pins: Counter[bytes] = Counter()
        self._lock = Lock()

    def __contains__(self, key: bytes) -> bool:
        return key in self._held or key in self._pinned

    def __len__(self) -> int:
        return len(self._held) + len(self._pinned)

    def get(self, key: bytes) -> Held | None:
        """What is held, now the most recently used."""
        with self._lock:
            held = self._held.get(key)
            if held is not None:
                self._held.move_to_end(key)
            else:
                held = self._pinned.get(key)
        return (protected(held[0]), held[1], True) if held is not None and held[2] else held

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
            if key in self._held or key in self._pinned:
                self._remove(key)
            tier = self._pinned if key in self._pins and not backed else self._held
            tier[key] = (kept, size, kept is not value)
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
            self._pinned.clear()
            self.size = 0

    def pin(self, keys: Iterable[bytes]) -> None:
        """Keep these, whatever the limit, until they are unpinned as often."""
        with self._lock:
            for key in keys:
                self._pins[key] += 1
                if key in self._held:
                    self._pinned[key] = self._held.pop(key)

    def unpin(self, keys: Iterable[bytes]) -> None:
        """Take back one pin of each; those without a pin left count as just used."""
        with self._lock:
            for key in keys:
                self._pins[key] -= 1
                if self._pins[key] <= 0:
                    del self._pins[key]
                    if key in self._pinned:
                        self._held[key] = self._pinned.pop(key)
            self._make_room()

    def _remove(self, key: bytes) -> None:
        held = self._held.pop(key, None) or self._pinned.pop(key, None)
        if held is not None:
            self.size -= held[1]

    def _make_room(self) -> None:
        while self.size > self.limit and self._held:
            self.size -= self._held.popitem(last=False)[1][1]


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
