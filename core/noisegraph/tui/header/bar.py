"""The header: the graph, the run's progress, and the worker's meters, on one line; what matters least goes first."""

from __future__ import annotations

from textual.content import Content
from textual.widget import Widget

from ...quantities import duration
from ..link.lines import Message
from ..state.run import Run
from ..state.store import Store

_HEALTH = {"off": "worker off", "starting": "worker starting…", "dead": "no worker", "ready": ""}


class Bar(Widget):
    """One line of text."""

    def __init__(self) -> None:
        super().__init__()
        self._left: list[tuple[str, str]] = []
        self._right: list[str] = []

    def show(self, store: Store) -> None:
        """Show how things are."""
        dirty = " ●" if store.document.dirty else ""
        left = [
            (" noisegraph ", "$text-muted"),
            (f" {store.document.path.stem}{dirty} ", "bold"),
            (f" {_running(store)} ", "$accent" if store.busy else "$text-muted"),
        ]
        right = [part for part in (_HEALTH[store.health], *_meters(store.meters)) if part]
        if (left, right) != (self._left, self._right):
            self._left, self._right = left, right
            self.refresh()

    def render(self) -> Content:
        """The line; on a narrow terminal the program's name goes first, then meters, the last ones first."""
        left, right, width = self._left, list(self._right), self.size.width
        while right and _width(left) + len("  ".join(right)) + 2 > width:
            right.pop()
        if _width(left) > width:
            left = left[1:]
        told = "  ".join(right)
        gap = max(width - _width(left) - len(told) - 1, 0)
        return Content("").join(Content.styled(*part) for part in [*left, (" " * gap, ""), (f"{told} ", "$text-muted")])


def _width(parts: list[tuple[str, str]]) -> int:
    return sum(len(text) for text, _ in parts)


def _running(store: Store) -> str:
    run = store.run
    if run is None:
        return ""
    paused = "⏸ paused " if store.paused else ""
    return f"{paused}{progress(run, store.clock())}"


def progress(run: Run, now: float) -> str:
    """`▶ #0007 3/8  drawn 12/20 1.7 it/s 0:07 ~0:11`."""
    if run.ended:
        return f"#{run.id} {run.status} {duration(run.seconds)}"
    if run.status == "waiting":
        return f"▶ #{run.id} waits for the worker"
    state = run.nodes.get(run.current)
    parts = [f"▶ #{run.id} {run.ran}/{run.to_run}", run.current]
    if state is not None and state.of:
        parts.append(f"{state.step}/{state.of}")
    if state is not None and state.its:
        parts.append(f"{state.its:.3g} it/s")
    if run.began is not None:
        parts.append(duration(now - run.began))
    if state is not None and state.eta is not None:
        parts.append(f"~{duration(state.eta)}")
    return " ".join(part for part in parts if part)


def _meters(meters: Message) -> list[str]:
    """What the device and the worker's memory hold; nothing of what is not there."""
    told = []
    busy = meters.get("device_busy")
    if isinstance(busy, (int, float)):
        told.append(f"GPU {busy:.0f}%")
    used, total, resident, cache = (meters.get(key) for key in ("device_used", "device_total", "rss", "cache"))
    if isinstance(used, int) and isinstance(total, int):
        told.append(f"VRAM {used / 1e9:.1f}/{total / 1e9:.0f}G")
    if isinstance(resident, int):
        told.append(f"RAM {resident / 1e9:.1f}G")
    load, processors = meters.get("load"), meters.get("processors")
    if isinstance(load, (int, float)) and isinstance(processors, int):
        told.append(f"CPU {load:.1f}/{processors}")
    if isinstance(cache, int):
        told.append(f"cache {cache / 1e9:.1f}G")
    return told
