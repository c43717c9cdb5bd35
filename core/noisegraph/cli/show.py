"""`noisegraph show`: how a picture was made, as it says itself."""

from __future__ import annotations

import json
from pathlib import Path

import click

from ..opening import record_in
from .text import columns, give


@click.command("show")
@click.argument("picture", type=click.Path(path_type=Path))
@click.option("--graph", "only_graph", is_flag=True, help="Write the graph's file, as it was, and nothing else.")
@click.option("--json", "as_json", is_flag=True, help="Tell it as JSON.")
def command(picture: Path, only_graph: bool, as_json: bool) -> None:
    """Tell how a picture was made.

    PICTURE is a PNG that noisegraph wrote. `noisegraph run PICTURE` makes it again, with name=value a variant of it.
    """
    from ..writing.provenance import dump

    found = record_in(picture)
    if only_graph:
        click.echo(found.graph.text, nl=not found.graph.text.endswith("\n"))
        return
    if as_json:
        give(json.dumps(json.loads(dump(found)), indent=2, ensure_ascii=False))
        return
    give(f"{found.graph.name}  {found.graph.about}".rstrip())
    sections = {
        "inputs": {name: json.dumps(value, ensure_ascii=False) for name, value in found.inputs.items()},
        "part": {name: json.dumps(value) for name, value in found.part.items()},
        "made with": {"seed": ", ".join(map(json.dumps, found.seeds)), "precision": found.precision, **found.versions},
        "files": found.files,
        "graphs used": {use: part.about for use, part in found.graph.parts.items()},
    }
    for title, content in sections.items():
        rows = [(name, text) for name, text in content.items() if text]
        if rows:
            give(f"{title}\n{columns(rows, '  ')}")
