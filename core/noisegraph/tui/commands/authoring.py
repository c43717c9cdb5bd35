"""Authoring: parameters, wires, nodes, how nodes are run, the text of the graph."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .command import Command

if TYPE_CHECKING:
    from ..app import NoisegraphApp


def _no_node(app: NoisegraphApp) -> str:
    return "" if app.author.nodes else "the graph has no nodes"


def _no_catalog(app: NoisegraphApp) -> str:
    return _no_json(app) or ("" if app.store.catalog.entries else "the worker has not told yet what nodes there are")


def _no_json(app: NoisegraphApp) -> str:
    return "the text of the graph is no JSON; E opens it" if app.store.document.problems else ""


def _no_edit(app: NoisegraphApp) -> str:
    return _no_json(app) or _no_node(app)


def _until(app: NoisegraphApp) -> None:
    app.enqueue(until=app.author.node)


def _afresh(app: NoisegraphApp) -> None:
    app.enqueue(fresh=app.author.nodes)


COMMANDS = (
    Command("edit.prompt", "e", "Prompt", "Write the prompt; in a graph without one, its inputs.",
            lambda app: app.author.edit_prompt(), _no_edit, shown=True),
    Command("edit.text", "E", "Text", "Edit the graph's file in $EDITOR, at the node that is meant.",
            lambda app: app.author.edit_text()),
    Command("edit.marked", "equals_sign", "Set all", "Edit one parameter on all marked nodes.",
            lambda app: app.author.edit_marked(), _no_edit),
    Command("edit.input", "asterisk", "To input", "Make the parameter under the form's cursor an input of the graph.",
            lambda app: app.author.make_input(), _no_edit),
    Command("edit.inputs", "i", "Inputs", "Show the inputs of the graph in the form.",
            lambda app: app.author.show_inputs()),
    Command("node.add", "a", "Add", "Add a node behind this one; at a port of the form, one that fits there.",
            lambda app: app.author.add_node(), _no_catalog, shown=True),
    Command("node.connect", "c", "Connect", "Pick what a port reads, of all outputs that it takes.",
            lambda app: app.author.connect(), lambda app: _no_catalog(app) or _no_node(app), shown=True),
    Command("node.delete", "dd", "Delete", "Delete the node; what read it reads what it passed on.",
            lambda app: app.author.delete_nodes(), _no_edit),
    Command("node.rename", "f2", "Rename", "Give the node another name, wherever the graph names it.",
            lambda app: app.author.rename_node(), _no_edit),
    Command("node.mute", "m", "Mute", "Leave the node out, with what needs it, or take it in again.",
            lambda app: app.author.mute(), _no_edit),
    Command("node.bypass", "b", "Bypass", "Go round the node: what reads it reads what it reads; or through it again.",
            lambda app: app.author.bypass(), _no_edit),
    Command("node.pin", "p", "Pin", "Keep what the node gives now, whatever is changed above it; or let it go.",
            lambda app: app.author.pin(), _no_edit),
    Command("run.until", "t", "Run to", "Run the graph up to this node.", _until, _no_edit),
    Command("run.afresh", "T", "Run from", "Run this node again, and what reads it, though it is cached.",
            _afresh, _no_edit),
    Command("node.invalidate", "I", "Invalidate", "Let the next run make the node anew, though it is cached.",
            lambda app: app.author.invalidate(), _no_edit),
    Command("run.batch", "B", "Batch", "Run many: a count with a seed policy, or a sweep through values.",
            lambda app: app.author.batch(), _no_json),
    Command("graph.open", "ctrl+f", "Open", "Open a graph: a file, or one of the library as a template.",
            lambda app: app.author.open_graph(), priority=True, boxed=True),
    Command("copy.node", "yy", "Copy", "Copy the node as it is written.", lambda app: app.author.copy("node")),
    Command("copy.seed", "ys", "Copy seed", "Copy the seed.", lambda app: app.author.copy("seed")),
    Command("copy.prompt", "yp", "Copy prompt", "Copy the prompt.", lambda app: app.author.copy("prompt")),
    Command("copy.command", "yc", "Copy command", "Copy the command line that makes the same.",
            lambda app: app.author.copy("command")),
)  # fmt: skip
