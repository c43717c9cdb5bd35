"""The hooks that a plugin may implement; every one returns a list."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import pluggy

if TYPE_CHECKING:
    import click

    from .extensions import Caption, Describer, Executor, Importer
    from .store.codecs import Codec

KINDS = {
    "noisegraph_codecs": "noisegraph.store.codecs:Codec",
    "noisegraph_commands": "click:Command",
    "noisegraph_executors": "noisegraph.extensions:Executor",
    "noisegraph_importers": "noisegraph.extensions:Importer",
    "noisegraph_describers": "noisegraph.extensions:Describer",
    "noisegraph_captions": "noisegraph.extensions:Caption",
}
"""Of which class the items of a hook's list are; nodes are functions."""
hookspec = pluggy.HookspecMarker("noisegraph")
hookimpl = pluggy.HookimplMarker("noisegraph")


@hookspec
def noisegraph_nodes() -> Sequence[Callable[..., Any]]:
    """The plugin's nodes: functions decorated with `@ng.node`."""
    raise AssertionError("a specification is not called")


@hookspec
def noisegraph_codecs() -> Sequence[Codec]:
    """How values of the plugin's own types are stored, where they are not made of tensors and plain data."""
    raise AssertionError("a specification is not called")


@hookspec
def noisegraph_commands() -> Sequence[click.Command]:
    """Commands that `noisegraph` gains."""
    raise AssertionError("a specification is not called")


@hookspec
def noisegraph_executors() -> Sequence[Executor]:
    """Places elsewhere where a plan can run."""
    raise AssertionError("a specification is not called")


@hookspec
def noisegraph_importers() -> Sequence[Importer]:
    """Readers of other programs' graph files."""
    raise AssertionError("a specification is not called")


@hookspec
def noisegraph_describers() -> Sequence[Describer]:
    """What `noisegraph show` can tell of files that noisegraph did not write."""
    raise AssertionError("a specification is not called")


@hookspec
def noisegraph_captions() -> Sequence[Caption]:
    """Texts in PNGs for other programs that read there how a picture was made."""
    raise AssertionError("a specification is not called")
