"""The graph on the screen: one walks through it by keys or by mouse, finds nodes, folds and marks them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.content import Content
from textual.events import Blur, Click, Key
from textual.message import Message

from ..panes import Panes
from .finding import find
from .folding import folded
from .sheet import PAGES, GraphSheet


class GraphView(GraphSheet):
    """A line or a box for each node; one walks through them and along their wires."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("j,down", "walk(1)", "Next node", show=False, id="graph.down"),
        Binding("k,up", "walk(-1)", "Previous node", show=False, id="graph.up"),
        Binding("h,left", "follow(-1)", "To what it reads", show=False, id="graph.left"),
        Binding("l,right", "follow(1)", "To what reads it", show=False, id="graph.right"),
        Binding("left_square_bracket", "cycle(-1)", "Its inputs in turn", show=False, id="graph.inputs"),
        Binding("right_square_bracket", "cycle(1)", "Its readers in turn", show=False, id="graph.readers"),
        Binding("left_curly_bracket", "branch(-1)", "Previous branch", show=False, id="graph.branch_up"),
        Binding("right_curly_bracket", "branch(1)", "Next branch", show=False, id="graph.branch_down"),
        Binding("g,home", "end(0)", "First node", show=False, id="graph.first"),
        Binding("G,end", "end(-1)", "Last node", show=False, id="graph.last"),
        Binding("pagedown", "page(1)", "A page down", show=False, id="graph.page_down"),
        Binding("pageup", "page(-1)", "A page up", show=False, id="graph.page_up"),
        Binding("slash", "find", "Find", key_display="/", id="graph.find"),
        Binding("n", "found(1)", "Next found", show=False, id="graph.find_next"),
        Binding("N", "found(-1)", "Previous found", show=False, id="graph.find_previous"),
        Binding("exclamation_mark", "problem", "Next problem", show=False, id="graph.problem"),
        Binding("v", "turn", "View", id="graph.view"),
        Binding("full_stop", "centre", "Centre", show=False, id="graph.centre"),
        Binding("f", "fold", "Fold", show=False, id="graph.fold"),
        Binding("space", "mark", "Mark", show=False, id="graph.mark"),
        Binding("V", "mark_range", "Mark up to here", show=False, id="graph.mark_range"),
        Binding("enter", "open", "Inspect", id="graph.open"),
    ]

    @dataclass
    class Opened(Message):
        """The node is wanted in full."""

        node: str

    @dataclass
    class Altered(Message):
        """Other nodes are marked or folded, or the graph is drawn in another way."""

    def __init__(self, *, id: str | None = "graph") -> None:
        super().__init__(id=id)
        self._typed: str | None = None
        self._anchor: tuple[str, int, str] = ("", 0, "")
        self._last_marked = ""

    def check_consume_key(self, key: str, character: str | None) -> bool:
        """Whether the key is a part of what is being typed."""
        return self._typed is not None

    def _title(self) -> None:
        super()._title()
        if self._typed is not None or self._wanted:
            found = len(self._scene.found)
            typed = f"/{self._typed}▏" if self._typed is not None else f"/{self._wanted}"
            self.border_subtitle = Content(f"{typed}  {found} found · n N · esc")
        else:
            self.border_subtitle = ""

    def _on_blur(self, event: Blur) -> None:
        self._typed = None
        self._title()

    async def _on_click(self, event: Click) -> None:
        at = event.get_content_offset(self)
        if at is None:
            return
        node = self._page.node_at(at.x + self.scroll_offset.x, at.y + self.scroll_offset.y)
        if node:
            self.select(node)
            if event.chain == 2:
                self.action_open()

    async def _on_key(self, event: Key) -> None:
        if self._typed is None:
            if event.key == "escape" and self._wanted:
                event.stop()
                self._search("")
            return
        event.stop()
        event.prevent_default()
        if event.key in ("enter", "escape"):
            typed, self._typed = self._typed, None
            self._search(typed if event.key == "enter" else "")
        elif event.key in ("backspace", "ctrl+h"):
            self._typed = self._typed[:-1]
            self._search(self._typed)
        elif event.is_printable and event.character:
            self._typed += event.character
            self._search(self._typed)

    def _search(self, text: str) -> None:
        self._wanted = text
        self._scene = replace(self._scene, found=find(self._shown.outline, text))
        if self._scene.found and self.selected not in self._scene.found:
            self.action_found(1)
        self._strips.clear()
        self.refresh()
        self._title()

    def action_walk(self, by: int) -> None:
        """Go on by so many nodes."""
        order = self._page.order
        if order:
            here = order.index(self.selected) if self.selected in order else 0
            self.select(order[max(0, min(here + by, len(order) - 1))])

    def action_page(self, way: int) -> None:
        """Go on by a page."""
        self.action_walk(way * max(self.scrollable_content_region.height - 1, 1))

    def action_end(self, index: int) -> None:
        """Go to the first or the last node."""
        if self._page.order:
            self.select(self._page.order[index])

    def action_follow(self, way: int) -> None:
        """Go along the first wire: to what the node reads, or to what reads it."""
        if found := self._neighbours(self.selected, way):
            self.select(found[0])

    def action_cycle(self, way: int) -> None:
        """Go through all that the node reads, or that reads it, one after the other."""
        home, last, there = self._anchor
        if last != way or there != self.selected:
            home, there = self.selected, ""
        found = self._neighbours(home, way)
        if found:
            after = found[(found.index(there) + 1) % len(found)] if there in found else found[0]
            self._anchor = home, way, after
            self.select(after)

    def action_branch(self, way: int) -> None:
        """Go to the next node that reads nothing, or is read by none: where branches begin and end."""
        order = self._page.order
        here = order.index(self.selected) if self.selected in order else 0
        ahead = order[here + 1 :] if way > 0 else order[:here][::-1]
        ends = (name for name in ahead if not (self._neighbours(name, -1) and self._readers[name]))
        if node := next(ends, ""):
            self.select(node)

    def action_find(self) -> None:
        """Type what to find."""
        self._typed = ""
        self._title()

    def action_found(self, way: int) -> None:
        """Go to the next node that was found."""
        self._next(way, self._scene.found.__contains__)

    def action_problem(self) -> None:
        """Go to the next node that failed."""
        self._next(1, lambda name: self._scene.state(name).kind in ("failed", "blocked"))

    def action_turn(self) -> None:
        """Draw the graph in the next way."""
        ways = list(PAGES)
        self.way = ways[(ways.index(self.way) + 1) % len(ways)]
        self._lay_out()
        self.post_message(self.Altered())

    def action_centre(self) -> None:
        """Put the node into the middle of the pane."""
        lines, columns = self._page.lines_of(self.selected), self._page.columns_of(self.selected)
        if lines:
            room = self.scrollable_content_region
            x = (columns.start + columns.stop - room.width) // 2 if len(columns) > 1 else 0
            self.scroll_to(x=max(x, 0), y=max((lines.start + lines.stop - room.height) // 2, 0), animate=False)

    def action_fold(self) -> None:
        """Fold what only this node needs, and its likes; or open its fold."""
        if self.selected in self._folds:
            self._folds = tuple(name for name in self._folds if name != self.selected)
        elif len(folded(self.outline, [self.selected]).members.get(self.selected, ())) > 1:
            self._folds = (*self._folds, self.selected)
        self._lay_out()
        self.post_message(self.Altered())

    def action_mark(self) -> None:
        """Mark the node, or no longer, and go on."""
        if self.selected:
            self._mark(self.marked ^ {self.selected})
            self._last_marked = self.selected
            self.action_walk(1)

    def action_mark_range(self) -> None:
        """Mark all from the node marked last to this one."""
        order = self._page.order
        if self.selected in order:
            ends = sorted((order.index(self.selected), order.index(self._last_marked or self.selected)))
            self._mark(self.marked | set(order[ends[0] : ends[1] + 1]))

    def action_open(self) -> None:
        """Show the node in full."""
        if self.selected:
            if isinstance(self.screen, Panes):
                self.screen.expect()
            self.post_message(self.Opened(self.selected))

    def _mark(self, nodes: frozenset[str] | set[str]) -> None:
        self._scene = replace(self._scene, marked=frozenset(nodes))
        self._strips.clear()
        self.refresh()
        self._title()
        self.post_message(self.Altered())

    def _next(self, way: int, wanted: Callable[[str], bool]) -> None:
        order = self._page.order
        here = order.index(self.selected) if self.selected in order else 0
        ring = (*order[here + 1 :], *order[:here]) if way > 0 else (*order[:here][::-1], *order[here + 1 :][::-1])
        if node := next(filter(wanted, ring), ""):
            self.select(node)

    def _neighbours(self, node: str, way: int) -> list[str]:
        if node not in self._readers:
            return []
        if way > 0:
            return self._readers[node]
        items = self._shown.outline.items
        return list(dict.fromkeys(wire.source for wire in items[node].wires if wire.source in items))
