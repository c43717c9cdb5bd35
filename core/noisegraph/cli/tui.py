"""`noisegraph tui`: the terminal interface."""

from __future__ import annotations

from pathlib import Path

import click

from ..tui.picture.terminal import CHOICES, detect


@click.command("tui")
@click.argument("graph", required=False)
@click.option("--worker", metavar="COMMAND", help='What runs graphs, as "ssh host noisegraph worker".')
@click.option("--device", default="auto", show_default=True, help="auto, cpu, cuda, cuda:1 or mps.")
@click.option("--out", type=click.Path(path_type=Path), help="The folder that pictures are written to.")
@click.option("--graphics", type=click.Choice(CHOICES), default="auto", show_default=True,
              help="How results are shown; auto asks the terminal.")  # fmt: skip
def command(graph: str | None, worker: str | None, device: str, out: Path | None, graphics: str) -> int:
    """Open a graph in the terminal: edit it, run it, see what it makes.

    GRAPH is a file, a graph of the library, or a picture that noisegraph made; without one the last graph is opened.
    """
    import gc

    gc.disable()  # what is made until the first frame stays: to look through it for garbage is a fifth of the time
    from ..folders import state_folder
    from ..tui.app import make_app
    from ..tui.link.command import worker_command

    here = (out or state_folder() / "pictures").expanduser().absolute()
    folder = str(here if worker is None else out or "noisegraph-pictures")  # elsewhere, paths of here mean nothing
    app = make_app(graph, worker_command(worker, device), folder)
    app.main.graphics = detect(graphics).graphics
    return app.run() or 0
