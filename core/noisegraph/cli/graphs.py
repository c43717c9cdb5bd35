"""`noisegraph graphs`: the graph library."""

from __future__ import annotations

import json
import re
from typing import Any

import click

from ..errors import GraphError
from ..graph import library, load
from .text import columns, give


@click.command("graphs")
@click.option("--json", "as_json", is_flag=True, help="Tell it as JSON, with the inputs and where the files lie.")
def command(as_json: bool) -> None:
    """List the graphs of the library, those of published systems by year.

    Run one by its name, or copy its file and change it.
    """
    found: list[dict[str, Any]] = []
    for name, path in library().items():
        try:
            graph = load(path)
            found.append({"name": name, "paper": graph.paper, "about": graph.about, "inputs": graph.inputs})
        except GraphError as error:
            found.append({"name": name, "paper": "", "about": f"broken: {error}", "inputs": {}})
        found[-1]["file"] = str(path)
    found.sort(key=_folder_and_year)
    if as_json:
        give(json.dumps(found, indent=2, ensure_ascii=False))
    elif found:
        give(columns([(one["name"], one["paper"], one["about"]) for one in found]))


def _folder_and_year(told: dict[str, Any]) -> tuple[str, list[str]]:
    return told["name"].rpartition("/")[0], re.findall(r"\b\d{4}\b", told["paper"])
