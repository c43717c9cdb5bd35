"""What it costs to show on the whole screen that a node is a step further, in small graphs and in large ones."""

from __future__ import annotations

import time
from pathlib import Path

from noisegraph.tui.state.run import Run
from textual.pilot import Pilot

from .cost import no_garbage
from .probe import app_on, drive, until


def cost(folder: Path, nodes: int) -> float:
    """The CPU seconds from an event to the screen, in the quieter half of many times."""
    graph = {"nodes": {f"n{number}": {"use": "probe.number", "value": number} for number in range(nodes)}}
    app = app_on(folder, "--deaf", graph=graph)
    spent = []

    async def play(pilot: Pilot[int]) -> None:
        await until(pilot, lambda: app.main.inspector is not None)
        app.store.run = Run("1", "lamp", began=0.0)
        for step in range(24):
            began = time.process_time()
            app._hear([{"event": "progress", "run": "1", "node": "n1", "step": step, "of": 24, "its": 1.0, "eta": 2.0}])
            await pilot.pause()
            spent.append(time.process_time() - began)

    with no_garbage():
        drive(app, play)
    return sorted(spent)[6]


def test_a_step_is_shown_in_few_milliseconds_however_large_the_graph(tmp_path: Path) -> None:
    small, large = cost(tmp_path, 12), cost(tmp_path, 1000)
    assert large < 2 * small
    assert large < 0.02  # 2 ms on a machine of 2026 that does nothing else
