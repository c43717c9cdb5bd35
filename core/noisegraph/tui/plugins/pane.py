"""The plugins that the worker has: each opens to its nodes, or to what keeps it out."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.content import Content
from textual.events import Click
from textual.message import Message

from ..link.lines import Message as Told
from ..rows import Part, Rows
from ..state.catalog import Catalog, Entry
from ..state.store import Store


@dataclass(frozen=True)
class Line:
    """A plugin, one of its nodes, or a line of what is wrong with it."""

    plugin: str
    parts: tuple[Part, ...]
    node: str = ""


class PluginsPane(Rows[Line]):
    """Rows of plugins; those that are open show their nodes."""

    EMPTY = "the worker has not told yet what plugins there are"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter,space", "open", "Open", id="plugins.open"),
        Binding("a", "insert", "Insert", id="plugins.insert"),
        Binding("d", "read", "Docs", id="plugins.docs"),
        Binding("slash", "find", "Find", key_display="/", id="plugins.find"),
    ]

    @dataclass
    class Wanted(Message):
        """A node is to be put into the graph."""

        node: str

    @dataclass
    class Read(Message):
        """The documentation of a node, or the trouble of a plugin, is to be read."""

        title: str
        text: str

    @dataclass
    class Searched(Message):
        """A node is to be looked for."""

    def __init__(self) -> None:
        super().__init__("plugins")
        self._plugins: Sequence[Told] = ()
        self._catalog = Catalog()
        self._used: dict[str, int] = {}
        self._open: set[str] = set()

    def show_store(self, store: Store) -> None:
        """Show the plugins, and which of them the graph uses."""
        used: dict[str, int] = {}
        for item in store.document.outline.items.values():
            for name in (item.use, item.use.partition(".")[0]):
                used[name] = used.get(name, 0) + 1
        if (store.plugins, store.catalog, used) != (self._plugins, self._catalog, self._used):
            self._plugins, self._catalog, self._used = store.plugins, store.catalog, used
            self._renew()

    def _renew(self) -> None:
        failed = sum(bool(one.get("error")) for one in self._plugins)
        self.border_title = Content(f"[6] Plugins · {len(self._plugins)}{f' · {failed} failed' if failed else ''}")
        self.fill([line for plugin in self._plugins for line in self._lines(plugin)])

    def _lines(self, plugin: Told) -> Iterator[Line]:
        name, error = str(plugin.get("name")), str(plugin.get("error") or "")
        count, used = len(plugin.get("nodes", ())), self._used.get(name, 0)
        told = error.splitlines()[0] if error else f"{count} node{'s' * (count != 1)}"
        parts = (
            Part(f" {'▾' if name in self._open else '▸'} "),
            Part("✖ " if error else "● ", "bad" if error else "good"),
            Part(f"{name:<14}", "strong"),
            Part(f"{plugin.get('distribution')} {plugin.get('version')}".ljust(28), "muted"),
            Part(told.ljust(12), "bad" if error else ""),
            Part(f"  {used} in this graph" if used else "", "muted"),
        )
        yield Line(name, parts)
        if name in self._open:
            for line in error.splitlines():
                yield Line(name, (Part(f"       {line}", "bad"),))
            for node in plugin.get("nodes", ()):
                yield self._node(name, f"{name}.{node}")

    def _node(self, plugin: str, node: str) -> Line:
        entry = self._catalog.entry(node)
        used = "●" if node in self._used else " "
        parts = (Part(f"     {used} {node:<28} "), Part(entry.help if entry else "", "muted"))
        return Line(plugin, parts, node)

    def parts(self, thing: Line) -> Sequence[Part]:
        """The pieces of a row."""
        return thing.parts

    async def _on_click(self, event: Click) -> None:
        if event.chain == 2:
            self.action_open()

    def action_open(self) -> None:
        """Open a plugin or close it; of a node, read what it is."""
        line = self.chosen
        if line is not None and line.node:
            self.action_read()
        elif line is not None:
            self._open ^= {line.plugin}
            self._renew()

    def action_insert(self) -> None:
        """Put the node into the graph."""
        if self.chosen is not None and self.chosen.node:
            self.post_message(self.Wanted(self.chosen.node))
        elif self.chosen is not None:
            self.action_open()

    def action_read(self) -> None:
        """Read what a node is, or what is wrong with a plugin."""
        line = self.chosen
        if line is None:
            return
        entry = self._catalog.entry(line.node)
        if entry is not None:
            self.post_message(self.Read(line.node, manual(entry)))
            return
        plugin = next((one for one in self._plugins if one.get("name") == line.plugin), None)
        if plugin is not None:
            told = str(plugin.get("error") or f"{plugin.get('module')}\n" + "\n".join(plugin.get("nodes", ())))
            self.post_message(self.Read(line.plugin, told))

    def action_find(self) -> None:
        """Find a node by its name, its type or what it does."""
        self.post_message(self.Searched())


def manual(entry: Entry) -> str:
    """What there is to know of a node."""
    lines = [entry.doc or entry.help, ""]
    for title, ports in (("reads", entry.wired), ("parameters", entry.parameters)):
        if ports:
            lines.append(title)
            lines += [f"  {port.name:<16} {port.type:<28} {', '.join(port.limits)}".rstrip() for port in ports]
    lines += ["gives", f"  {entry.output}", *(f"  .{name:<15} {kind}" for name, kind in entry.fields.items())]
    return "\n".join(lines)
