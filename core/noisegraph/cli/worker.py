"""`noisegraph worker`: the run loop behind JSON lines on stdin and stdout."""

from __future__ import annotations

import click

from .call import Size


@click.command("worker")
@click.option("--device", default="auto", show_default=True, help="auto, cpu, cuda, cuda:1 or mps.")
@click.option("--dtype", default="auto", show_default=True, help="auto, float32, bfloat16, float16, float64, float8.")
@click.option("--memory", type=Size(), envvar="NOISEGRAPH_CACHE_MEMORY", help="How much to keep in memory.")
@click.option("--disk", type=Size(), envvar="NOISEGRAPH_CACHE_DISK", help="How much to store on disk; 0: nothing.")
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
