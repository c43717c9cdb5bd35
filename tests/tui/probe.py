"""The interface on a fake worker, as tests drive it."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path

from noisegraph.tui.app import NoisegraphApp, make_app
from textual.pilot import Pilot

FAKE = Path(__file__).with_name("fake_worker.py")
GRAPH = {
    "about": "A picture of a number.",
    "inputs": {"seed": 1},
    "nodes": {
        "first": {"use": "probe.number", "value": 3},
        "second": {"use": "probe.number", "value": "$seed"},
        "drawn": {"use": "probe.draw", "number": "$first", "steps": 8, "prompt": "a lighthouse at dusk"},
    },
    "outputs": {"image": "$drawn"},
}


def written(folder: Path, graph: object = GRAPH, name: str = "lamp.json") -> Path:
    """The graph in a file."""
    path = folder / name
    path.write_text(graph if isinstance(graph, str) else json.dumps(graph, indent=2), encoding="utf-8")
    return path


def fake(*options: str) -> list[str]:
    """The command line of the fake worker."""
    return [sys.executable, "-S", str(FAKE), *options]


def app_on(folder: Path, *options: str, graph: object = GRAPH) -> NoisegraphApp:
    """The interface on a graph in a file, with a fake worker."""
    return make_app(str(written(folder, graph)), fake(*options), str(folder / "out"))


async def until(pilot: Pilot[int], true: Callable[[], object], seconds: float = 30) -> None:
    """Wait until something is so; fail where it never is."""
    for _ in range(int(seconds / 0.02)):
        if true():
            await pilot.pause()
            return
        await asyncio.sleep(0.02)
    raise AssertionError("it never came to be")


async def at_once(pilot: Pilot[int], *keys: str) -> None:
    """Press keys that belong together, as `dd` and `5r`: the pilot waits longer between two than a busy machine has."""
    for key in keys:
        pilot.app.simulate_key(key)
    await pilot.pause()


def screen_text(app: NoisegraphApp) -> str:
    """What stands on the screen, without colours."""
    strips = app.screen._compositor.render_strips()
    return "\n".join("".join(segment.text for segment in strip).rstrip() for strip in strips)


def drive(app: NoisegraphApp, play: Callable[[Pilot[int]], Awaitable[None]], size: tuple[int, int] = (120, 40)) -> None:
    """Run the interface without a terminal while `play` presses its keys."""

    async def session() -> None:
        async with app.run_test(size=size) as pilot:
            await pilot.pause()
            await play(pilot)

    asyncio.run(session())
