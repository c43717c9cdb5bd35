"""`noisegraph show`: how a picture was made, as it says itself; what another file is, as plugins tell."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

import click

from ..errors import GraphError, NodeError, Place, Problem, said
from ..opening import is_picture, record_in
from ..registry import Registry
from .text import columns, give, warn


@click.command("show")
@click.argument("file", type=click.Path(path_type=Path), required=False)
@click.option("--prompt", help="Tell how a prompt is read: its weights, and what changes along the walk.")
@click.option("--steps", type=click.IntRange(1, 10_000), default=20, help="Of the walk, for --prompt.")
@click.option("--graph", "only_graph", is_flag=True, help="Write the graph's file, as it was, and nothing else.")
@click.option("--json", "as_json", is_flag=True, help="Tell it as JSON.")
def command(file: Path | None, prompt: str | None, steps: int, only_graph: bool, as_json: bool) -> None:
    """Tell how a picture was made, or what a file of weights is.

    FILE is a PNG that noisegraph wrote: `noisegraph run FILE` makes it again, with name=value a variant of it. Or it is
    a picture of another program that says in it how it was made, or a checkpoint, or a folder of one.
    """
    if (file is None) == (prompt is None):
        raise click.UsageError("give a FILE or --prompt TEXT, and not both")
    if prompt is not None:
        _give(_parsed(prompt, steps), as_json)
    elif file is not None and (is_picture(file) or not file.exists()):
        _show_picture(file, only_graph, as_json)
    elif file is not None:
        _give(_described(file), as_json)


def _parsed(prompt: str, steps: int) -> Mapping[str, Mapping[str, str]]:
    """How the first plugin that reads prompts reads one."""
    for describer in Registry.installed().collect("noisegraph_describers"):
        if describer.prompt is not None:
            return describer.prompt(prompt, steps)  # type: ignore[no-any-return]
    raise GraphError.of("no plugin that reads prompts", "noisegraph's own does, and is switched off", Place("--prompt"))


def _give(sections: Mapping[str, Mapping[str, str]], as_json: bool) -> None:
    if as_json:
        give(json.dumps(sections, indent=2, ensure_ascii=False))
        return
    for title, rows in sections.items():
        give(f"{title}\n{columns(list(rows.items()), '  ')}")


def _described(file: Path) -> Mapping[str, Mapping[str, str]]:
    """What the first plugin that knows the file tells of it; raises GraphError where none does, or it is damaged."""
    found = _known(file)
    if found is None:
        hint = "show tells of pictures that say how they were made, and of checkpoints"
        raise GraphError.of("no file that noisegraph knows", hint, Place(str(file)))
    return found


def _known(file: Path) -> Mapping[str, Mapping[str, str]] | None:
    """What the first plugin that knows the file tells of it, None where none does; raises GraphError."""
    for describer in Registry.installed().collect("noisegraph_describers"):
        try:
            found = describer.describe(file)
        except NodeError as error:
            raise GraphError.of(str(error), error.hint, Place(str(file))) from error
        except Exception as error:  # of a plugin that may not be the file's
            told = f"'{describer.name}' failed to look at it: {type(error).__name__}: {said(error)}"
            warn([Problem(Place(str(file)), told)])
            continue
        if found is not None:
            return found  # type: ignore[no-any-return]
    return None


def _show_picture(picture: Path, only_graph: bool, as_json: bool) -> None:
    from ..writing.provenance import dump

    try:
        found = record_in(picture)
    except GraphError:
        others = None if only_graph or not picture.exists() else _known(picture)
        if others is None:
            raise
        _give(others, as_json)
        return
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
