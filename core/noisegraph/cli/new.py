"""`noisegraph new`: a plugin package that installs and passes its tests as written."""

from __future__ import annotations

from pathlib import Path

import click

from ..scaffold import KINDS, scaffold
from .text import give, say


@click.command("new")
@click.argument("kind", metavar=f"[{'|'.join(KINDS)}]")
@click.argument("name")
@click.option("--out", type=click.Path(path_type=Path), default=Path(), help="The folder that it goes to.")
def command(kind: str, name: str, out: Path) -> None:
    """Write a new plugin package.

    It holds a sampler, a guidance or a node to begin from, with its contract tests, and can be installed as it is.
    """
    folder = scaffold(kind, name, out)
    give(str(folder))
    say(f'install it and run its tests: pip install -e "{folder}[test]" && pytest {folder}')
