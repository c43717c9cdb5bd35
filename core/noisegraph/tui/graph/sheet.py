"""A graph drawn in a pane that scrolls; a line is made once and kept until what it shows has changed."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import ClassVar

from rich.segment import Segment
from rich.style import Style
from textual.content import Content
from textual.events import Blur, Focus, Resize
from textual.geometry import Region, Size
from textual.message import Message
from textual.scroll_view import ScrollView
from textual.strip import Strip

from ..outline import Outline
from ..state.node import GLYPHS, NodeState
from .finding import find
from .folding import Folded, counted, folded, gathered, readers_of
from .railpage import RailPage
from .scene import Page, Scene

_KINDS = (
    *GLYPHS, "rail", "own", "read", "name", "found", "value", "use", "chip", "fold", "cursor", "mark", "head", "row",
)  # fmt: skip


def _boxes(outline: Outline) -> Page:
    from .boxpage import BoxPage

    return BoxPage(outline)


def _table(outline: Outline) -> Page:
    from .table import TablePage

    return TablePage(outline)


PAGES: Mapping[str, Callable[[Outline], Page]] = {"rails": RailPage, "boxes": _boxes, "table": _table}
"""The ways to draw a graph, in the order in which one key goes through them."""


class GraphSheet(ScrollView, can_focus=True):
    """A graph with the states of its nodes and one node that is meant."""

    DEFAULT_CSS = """
    GraphSheet {
        & > .graph--name { color: $text; }
        & > .graph--found { color: $text-warning; text-style: bold underline; }
        & > .graph--rail { color: $foreground 45%; }
        & > .graph--own { color: $accent; text-style: bold; }
        & > .graph--read { color: $primary; text-style: bold; }
        & > .graph--value { color: $foreground 70%; }
        & > .graph--use { color: $foreground 50%; }
        & > .graph--chip { color: $primary; }
        & > .graph--fold { color: $foreground 80%; text-style: italic; }
        & > .graph--head { color: $foreground 60%; text-style: bold; }
        & > .graph--cursor { color: $accent; text-style: bold; }
        & > .graph--mark { color: $accent; text-style: bold; }
        & > .graph--row { background: $foreground 8%; }
        & > .graph--unknown, & > .graph--pending, & > .graph--muted { color: $foreground 60%; }
        & > .graph--queued { color: $primary; }
        & > .graph--running { color: $accent; text-style: bold; }
        & > .graph--done { color: $success; }
        & > .graph--cached { color: $primary; }
        & > .graph--stale, & > .graph--bypassed { color: $warning; }
        & > .graph--failed, & > .graph--blocked { color: $error; text-style: bold; }
    }
    GraphSheet:focus > .graph--row { background: $foreground 16%; text-style: bold; }
    """
    COMPONENT_CLASSES: ClassVar[set[str]] = {f"graph--{kind}" for kind in _KINDS}

    @dataclass
    class Selected(Message, namespace="graph_view"):
        """Another node is meant; none where the graph is empty."""

        node: str

    def __init__(self, *, id: str | None = "graph") -> None:
        super().__init__(id=id)
        self.outline = Outline()
        self.way = "rails"
        self.note = ""
        self._wanted = ""
        self._folds: tuple[str, ...] = ()
        self._states: Mapping[str, NodeState] = {}
        self._shown = Folded(self.outline, {})
        self._readers: Mapping[str, list[str]] = {}
        self._page: Page = RailPage(self.outline)
        self._scene = Scene()
        self._strips: dict[int, Strip] = {}
        self._styles: dict[tuple[str, bool], Style] = {}

    @property
    def selected(self) -> str:
        """The node that is meant; for a fold the one that stands for it."""
        return self._scene.selected

    @property
    def marked(self) -> frozenset[str]:
        """The nodes that are marked."""
        return self._scene.marked

    @property
    def folds(self) -> tuple[str, ...]:
        """The nodes that stand for what is folded into them."""
        return self._folds

    def begin(self, node: str, folds: tuple[str, ...], marked: frozenset[str]) -> None:
        """Another graph will be shown, or one with other names: this node meant, these folded and marked."""
        self._folds, self._wanted = folds, ""
        self._scene = Scene(selected=node, marked=marked)

    def show(self, outline: Outline) -> None:
        """Draw this graph; the selection stays where the node is still there."""
        self.outline = outline
        self._lay_out()

    def states(self, states: Mapping[str, NodeState]) -> None:
        """How the nodes stand; only their lines are drawn anew."""
        before, self._states = self._states, states
        changed = [name for name, state in states.items() if (was := before.get(name)) is not state and was != state]
        changed += [name for name in before if name not in states]
        if not changed:
            return
        drawn = dict.fromkeys(map(self._shown.shown, changed)) if self._shown.members else changed
        self._scene = replace(self._scene, states=self._gathered())
        self._forget(line for name in drawn for line in self._page.lines_of(name))

    def select(self, node: str) -> None:
        """Mean this node, and scroll to it."""
        node = self._shown.shown(node)
        if node not in self._shown.outline.items and node:
            return
        before = self._scene.selected
        if node != before:
            self._scene = replace(self._scene, selected=node)
            self._forget({line for name in (before, node) for line in self._page.lines_lit(name)})
            self.post_message(self.Selected(node))
        self._into_view(node)

    def tell(self, note: str) -> None:
        """Say this in the title, behind the number of nodes."""
        if note != self.note:  # a title that is set, though it be the same, has the whole pane drawn anew
            self.note = note
            self._title()

    def render_line(self, y: int) -> Strip:
        """A line of the pane."""
        scroll_x, scroll_y = self.scroll_offset
        width = self.scrollable_content_region.width
        line, across = y + scroll_y, self.virtual_size.width
        base = self.rich_style
        if line >= self.virtual_size.height or not width:
            return Strip.blank(width, base)
        if line not in self._strips:
            parts = self._page.line(line, max(across, width), self._scene)
            on = line in self._page.lines_of(self._scene.selected) and self.way != "boxes"
            self._strips[line] = Strip([Segment(part.text, self._style(part.kind, on)) for part in parts])
        return self._strips[line].crop_extend(scroll_x, scroll_x + width, base)

    def notify_style_update(self) -> None:
        """Colours have changed."""
        super().notify_style_update()
        self._styles.clear()
        self._strips.clear()

    def _style(self, kind: str, on_row: bool) -> Style:
        if (kind, on_row) not in self._styles:
            style = self.get_component_rich_style(f"graph--{kind}") if kind else self.rich_style
            row = self.get_component_rich_style("graph--row", partial=False) if on_row else Style()
            self._styles[kind, on_row] = style + Style(bgcolor=row.bgcolor, bold=row.bold or style.bold)
        return self._styles[kind, on_row]

    def _lay_out(self) -> None:
        names = self.outline.items
        before = self._page.order
        self._folds = tuple(name for name in self._folds if name in names)
        self._shown = folded(self.outline, self._folds)
        self._readers = readers_of(self._shown.outline)
        self._page = PAGES[self.way](self._shown.outline)
        kept, meant = self._kept(before), self.selected
        self._scene = Scene(self._gathered(), kept, self.marked & names.keys(), find(self._shown.outline, self._wanted))
        self._strips.clear()
        self._title()
        self._size_page()
        self.refresh()
        if kept != meant:
            self.post_message(self.Selected(kept))
        self.call_after_refresh(self._into_view, kept)

    def _kept(self, before: tuple[str, ...]) -> str:
        """The node that is meant after the graph changed: the same, else the one that stands where it stood."""
        node, order = self._shown.shown(self.selected), self._page.order
        if node in self._shown.outline.items or not order:
            return node if order else ""
        return order[min(before.index(node), len(order) - 1)] if node in before else order[0]

    def _gathered(self) -> Mapping[str, NodeState]:
        if not self._shown.members:
            return self._states
        folds = {head: gathered(names, self._states) for head, names in self._shown.members.items()}
        self._page.counts = {head: counted(names, self._states) for head, names in self._shown.members.items()}
        return {**self._states, **folds}

    def _forget(self, lines: Iterable[int]) -> None:
        for line in set(lines):
            self._strips.pop(line, None)
            self.refresh(Region(0, line - self.scroll_offset.y, self.size.width, 1))

    def _size_page(self) -> None:
        width = self.scrollable_content_region.width
        if width:
            self.virtual_size = Size(*self._page.size(width))

    def _into_view(self, node: str) -> None:
        lines, columns = self._page.lines_of(node), self._page.columns_of(node)
        if lines and self.size.height:
            region = Region(columns.start, lines.start, len(columns), len(lines))
            if self._page.node_at(0, 0) == "" and lines.start == 1:
                region = region.union(Region(columns.start, 0, 1, 1))
            if self.way == "boxes":  # with what leads in and out
                region = region.grow((1, 6, 1, 6)).intersection(Region(0, 0, *self.virtual_size))
            self.scroll_to_region(region, animate=False, force=True)

    def _title(self) -> None:
        count = len(self.outline.items)
        told = [f"{len(self.marked)} marked"] if self.marked else []
        told = ["[1] Graph", f"{count} node{'' if count == 1 else 's'}", *([self.note] if self.note else []), *told]
        if sum(map(len, told)) + 3 * len(told) > self.size.width:
            del told[1]
        self.border_title = Content(" · ".join(told))

    def _on_resize(self, event: Resize) -> None:
        self._strips.clear()
        self._title()
        self._size_page()
        self.call_after_refresh(self._into_view, self.selected)

    def _on_focus(self, event: Focus) -> None:
        self._restyle()

    def _on_blur(self, event: Blur) -> None:
        self._restyle()

    def _restyle(self) -> None:
        self._styles.clear()
        self._strips.clear()
