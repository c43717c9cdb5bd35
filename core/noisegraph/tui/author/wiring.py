"""Nodes and wires: added, connected, deleted, renamed."""

from __future__ import annotations

from functools import partial

from ..dialogs.matching import Choice
from ..dialogs.picker import Picker
from ..document import edits
from ..document.document import Document
from ..form.inspector import Inspector
from ..prompt import Prompt
from ..state.catalog import Port
from .desk import Desk, if_given
from .offers import first_wires, fitting, free_name, passing, sources


class Wiring(Desk):
    """Edits of nodes and wires; only what fits is offered."""

    def connect(self, node: str = "", port: Port | None = None) -> None:
        """Pick what a port reads, of all that it may read; first the port, where none is meant."""
        node = node or self.node
        field = self.inspector.field if isinstance(self.app.focused, Inspector) else None
        if port is None and field is not None and field.node == node and (field.port.wired or field.origin == "wire"):
            port = field.port
        if port is not None:
            self._pick_source(node, port)
            return
        entry = self.catalog.entry(self._use(node))
        read = {wire.port: wire.source for wire in self.outline.items[node].wires} if entry else {}
        ports = [one for one in entry.ports.values() if one.wired] if entry else []
        choices = [Choice(one.name, one, f"{one.type}  ← {read.get(one.name, 'nothing')}", one.help) for one in ports]
        picker = Picker(f"connect {node}: which port?", choices, nothing="it has no wires")
        self.app.push_screen(picker, if_given(partial(self._pick_source, node)))

    def _use(self, node: str) -> str:
        item = self.outline.items.get(node)
        return item.use if item else ""

    def _pick_source(self, node: str, port: Port) -> None:
        choices = list(sources(self.outline, self.catalog, node, port))
        nothing = f"nothing in the graph gives {port.item or port.type}; a adds what does"
        picker = Picker(f"{node}.{port.name} ← {port.type}", choices, nothing=nothing)

        def take(source: str | None) -> None:
            if source is not None:
                self.attempt(lambda document: edits.connect(document, node, port.name, source, bool(port.item)))

        self.app.push_screen(picker, take)

    def add_node(self) -> None:
        """Add a node behind the one that is meant; at a port of the form, one that the port takes, and wire it."""
        field = self.inspector.field if isinstance(self.app.focused, Inspector) else None
        port = field.port if field is not None and field.port.wired else None
        node = field.node if field is not None else self.node
        title = f"add what {node}.{port.name} takes: {port.type}" if port else "add a node"
        picker = Picker(title, list(fitting(self.catalog, port)), nothing="no such node")
        self.app.push_screen(picker, if_given(partial(self._add, node, port)))

    def _add(self, near: str, port: Port | None, use: str) -> None:
        entry = self.catalog.entries[use]
        name = free_name(self.outline, use)
        wires = first_wires(self.outline, self.catalog, entry, "" if port else near)

        def edit(document: Document) -> Document:
            behind = near if near in document.outline.items else None
            made = edits.add(document, name, use, wires, behind)
            if port is None:
                return made
            part = next((part for part, kind in entry.given() if self.catalog.flows(kind, port)), "")
            source = f"{name}.{part}" if part else name
            wired = edits.connect(made, near, port.name, source, bool(port.item))
            return document.changed(wired.text, f"add {name} for {near}.{port.name}")

        if self.attempt(edit):
            self.app.main.graph.select(name)

    def find_node(self) -> None:
        """Find a node by name, type or help, and add it."""
        picker = Picker("find a node", list(fitting(self.catalog)), nothing="no such node")
        self.app.push_screen(picker, if_given(self.insert_node))

    def insert_node(self, use: str) -> None:
        """Add a node of this kind behind the one that is meant."""
        self._add(self.node, None, use)

    def delete_nodes(self) -> None:
        """Delete the nodes; what read them reads what they passed on, where they did."""
        gone = self.nodes
        names = list(self.outline.items)
        past = passing(self.outline, self.catalog)
        if gone and self.attempt(lambda document: edits.delete(document, gone, past)):
            left = [
                name for name in names[: names.index(gone[0])][::-1] + names[names.index(gone[0]) :] if name not in gone
            ]
            if left:
                self.app.main.graph.select(left[0])

    def rename_node(self) -> None:
        """Give the node another name; at an input of the form, the input."""
        field = self.inspector.field if isinstance(self.app.focused, Inspector) else None
        old = field.name if field is not None and not field.node else self.node

        def take(new: str | None) -> None:
            new, graph = (new or "").strip(), self.app.main.graph
            folds, marked = (
                tuple(new if name == old else name for name in names) for names in (graph.folds, graph.marked)
            )
            if new and self.attempt(lambda document: edits.rename(document, old, new)):
                self.app.store.renamed(old, new)
                graph.begin(new if field is None or field.node else graph.selected, folds, frozenset(marked))
                graph.show(self.outline)

        self.app.push_screen(Prompt(f"rename {old}", old), take)
