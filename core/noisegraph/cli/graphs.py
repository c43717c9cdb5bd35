"""`noisegraph graphs`: the graph library."""

from __future__ import annotations

import json

import click

from ..errors import GraphError
from ..graph import library, load
from .text import columns, give


@click.command("graphs")
@click.option("--json", "as_json", is_flag=True, help="Tell it as JSON, with the inputs and where the files lie.")
def command(as_json: bool) -> None:
    """List the graphs of the library.

    Run one by its name, or copy its file and change it.
    """
    found = []
    for name, path in library().items():
        try:
            graph = load(path)
            found.append({"name": name, "about": graph.about, "inputs": graph.inputs, "file": str(path)})
        except GraphError as error:
            found.append({"name": name, "about": f"broken: {error}", "inputs": {}, "file": str(path)})
    if as_json:
        give(json.dumps(found, indent=2, ensure_ascii=False))
    elif found:
        give(columns([(str(one["name"]), str(one["about"])) for one in found]))
