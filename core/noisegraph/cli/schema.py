"""`noisegraph schema`: the JSON Schema of graph files for the nodes that are installed."""

from __future__ import annotations

import json

import click

from ..registry import Registry
from ..schema import installed_schema
from .text import give


@click.command("schema")
def command() -> None:
    """Write the JSON Schema of graph files, for editors.

    Save it as noisegraph.schema.json and name it in a graph as "$schema"; it knows the nodes that are installed now.
    """
    give(json.dumps(installed_schema(Registry.installed()), indent=2, ensure_ascii=False))
