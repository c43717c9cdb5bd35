"""`noisegraph worker`: the run loop behind JSON lines on stdin and stdout."""

from __future__ import annotations

import click

from .call import on_device, with_bounds


@click.command("worker")
@on_device
@with_bounds
def command(device: str, dtype: str, memory: int | None, disk: int | None) -> int:
    """Run graphs for another program, in JSON lines.

    It reads commands from stdin and writes events to stdout, a line each, until stdin ends. Every event of a run
    carries the "run" that the command gave it.

    \b
    {"command": "run", "run": "1", "path": "my.json", "inputs": {"seed": 3}, "out": "folder"}
    {"command": "plan", "path": "my.json"}
    {"command": "cancel", "run": "1"}
    {"command": "preview_size", "size": 64}
    {"command": "schema"}

    "graph" gives the graph itself in place of "path"; "sweep", "until" and "fresh" are as for `noisegraph run`.
    """
    from ..serving.worker import serve

    return serve(device, dtype, memory, disk)
