"""Results to test with."""

from __future__ import annotations

import base64
import json
from typing import Any

from noisegraph.tui.link.lines import Message
from noisegraph.tui.results.result import Result, results_of
from noisegraph.tui.state.run import Run

GRAPH = {
    "inputs": {"prompt": "a lighthouse at dawn", "seed": 1, "width": 64},
    "nodes": {
        "text": {"use": "text.encode", "text": "$prompt"},
        "noise": {"use": "latent.noise", "seed": "$seed", "width": "$width"},
        "drawn": {"use": "sampler.dpm", "condition": "$text", "noise": "$noise", "steps": 20},
    },
    "outputs": {"image": "$drawn"},
}


def result(number: int, graph: dict[str, Any] = GRAPH, status: str = "done", **inputs: Any) -> Result:
    """A result of the graph with these inputs."""
    return Result(number, 1000.0 + number, f"{number:04d}", "light.json", status, 1.5, json.dumps(graph), inputs=inputs)


def picture(size: int = 4, point: int = 0, file: str = "", grey: int = 100) -> Message:
    """The message of a picture."""
    rgb = base64.b64encode(bytes([grey]) * (3 * size * size)).decode()
    return {"event": "picture", "point": point, "output": "image", "file": file, "w": size, "h": size, "rgb": rgb}


def pictured(count: int) -> list[Result]:
    """Results of one picture each, whose seeds count up."""
    found: list[Result] = []
    for number in range(1, count + 1):
        command = {"graph": json.dumps(GRAPH), "name": "light.json", "inputs": {"seed": number}}
        found += results_of(Run(f"{number:04d}", status="done"), command, [picture(grey=10 * number)], number, 1000.0)
    return found
