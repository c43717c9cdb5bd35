"""The header: the graph, the run's progress, and the worker's meters, on one line."""

from __future__ import annotations

from textual.content import Content
from textual.widget import Widget

from ..state.plan import span
from ..state.run import Run
from ..state.store import Store


class Bar(Widget):
    """One line of text."""

    def __init__(self) -> None:
        super().__init__()
        self._text = Content("")

    def show(self, store: Store) -> None:
        """Show how things are."""
        left = f" noisegraph   {store.document.path.stem}   {progress(store.run)}"
        right = memory(store.meters)
        gap = max(self.size.width - len(left) - len(right) - 1, 1)
        self._text = Content(f"{left}{' ' * gap}{right}")
        self.refresh()

    def render(self) -> Content:
        """The line."""
        return self._text


def progress(run: Run | None) -> str:
    """`run 3/8  drawn 12/20 1.7 it/s ~0:11`."""
    if run is None:
        return ""
    if run.ended:
        return f"{run.status} #{run.id} {span(run.seconds)}"
    state = run.nodes.get(run.current)
    steps = f" {state.step}/{state.of}" if state and state.of else ""
    rate = f" {state.its:.3g} it/s" if state and state.its else ""
    left = f" ~{span(state.eta)}" if state and state.eta is not None else ""
    return f"▶ run {run.ran}/{run.to_run}  {run.current}{steps}{rate}{left}"


def memory(meters: dict[str, object]) -> str:
    """What the device and the worker's memory hold."""
    told = []
    used, total, resident = (meters.get(key) for key in ("device_used", "device_total", "rss"))
    if isinstance(used, int) and isinstance(total, int):
        told.append(f"VRAM {used / 1e9:.1f}/{total / 1e9:.0f}G")
    if isinstance(resident, int):
        told.append(f"RAM {resident / 1e9:.1f}G")
    return "  ".join(told)
