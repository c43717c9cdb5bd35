"""The main screen: the header, the graph beside picture and node, the panes below, the footer."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical
from textual.widget import Widget
from textual.widgets import Label

from .graph.view import GraphView
from .header.banner import Banner
from .header.bar import Bar
from .keys.footer import KeyFooter
from .link.lines import Message
from .panes import BELOW, Panes
from .state.run import shot
from .state.session import Session
from .state.store import Store

if TYPE_CHECKING:
    from .form.inspector import Inspector
    from .form.node_form import NodeForm
    from .log.ring import Level
    from .picture.preview import Preview
    from .picture.terminal import Graphics

_TOO_SMALL = "too small: 30 x 8 at least"

_LEAST_PICTURE, _MOST_PICTURE = 64, 256
"""Thumbnails of results are made of them, too."""


class MainScreen(Panes):
    """Panes are shown and hidden by the classes that the size gives, and by what is asked for."""

    HORIZONTAL_BREAKPOINTS = [(0, "-tiny"), (30, "-narrow"), (60, "-small"), (100, "-wide")]
    VERTICAL_BREAKPOINTS = [(0, "-flat"), (8, "-low"), (20, "-short"), (24, "-mid"), (34, "-tall")]
    ESCAPE_TO_MINIMIZE = False

    def __init__(self, when_mounted: Callable[[], None]) -> None:
        super().__init__()
        self._when_mounted = when_mounted
        self.bar, self.banner = Bar(), Banner()
        self._below = Vertical(id="below")
        self._furnished = False
        self.graph = GraphView()
        self.preview: Preview | None = None
        self.graphics: Graphics = "blocks"
        """How results are shown."""
        self.node_form: NodeForm | None = None
        self._right = Vertical(id="right")

    def on_mount(self) -> None:
        """The panes stand: they can be shown something before the first frame."""
        self._when_mounted()

    def compose(self) -> ComposeResult:
        """The panes, from top to bottom."""
        self._take_size()
        yield Label(_TOO_SMALL, id="too-small")
        yield self.bar
        yield self.banner
        with Horizontal(id="body"):
            yield self.graph
            yield self._right
        yield self._below
        yield KeyFooter()

    def _take_size(self) -> None:
        """The classes of the size, before anything is styled: to add them later would style everything twice."""
        for length, points in (
            (self.app.size.width, self.HORIZONTAL_BREAKPOINTS),
            (self.app.size.height, self.VERTICAL_BREAKPOINTS),
        ):
            self.add_class([name for least, name in points if length >= least][-1])

    @property
    def selected(self) -> str:
        """The node under the cursor."""
        return self.graph.selected

    def show_document(self, store: Store) -> None:
        """Show the graph."""
        self.graph.show(store.document.outline)
        inputs = self.inspector is not None and not self.inspector.node
        self.show_node(store, "" if inputs else self.selected)
        self.show_store(store)

    def show_store(self, store: Store) -> None:
        """Show how things are: states, progress, queue, problems."""
        self.graph.states(store.states())
        self.graph.tell(store.plan.line)
        self.bar.show(store)
        self.banner.show(store)
        if self._furnished:
            self.bottom.show(store)
        if self.inspector is not None:
            self.show_node(store, self.inspector.node)

    def show_catalog(self, store: Store) -> None:
        """Show what is known of the nodes."""
        if self.inspector is not None:
            self.show_node(store, self.inspector.node)

    def show_node(self, store: Store, node: str) -> None:
        """Show a node's ports."""
        if self.inspector is None:
            return
        from .form.context import form_context

        self.inspector.show(store.document, node, form_context(store), store.states().get(node), store.policies)

    @property
    def inspector(self) -> Inspector | None:
        """The form of a node, once it stands."""
        return self.node_form.inspector if self.node_form is not None else None

    def show_picture(self, message: Message) -> None:
        """Show a picture of the run."""
        found = shot(message)
        if found is not None and self.preview is not None:
            of = found.of if message["event"] == "preview" else 0
            step = found.step if message["event"] == "preview" else 0
            self.preview.show(found.width, found.height, found.rgb, step, of, found.file, found.node)

    @property
    def picture_size(self) -> int:
        """How many pixels a picture may have on its longer side to be seen whole."""
        return min(max(self.preview.wanted if self.preview else 0, _LEAST_PICTURE), _MOST_PICTURE)

    def begin_run(self) -> None:
        """Another run begins: its pictures are seen."""
        if self.preview is not None:
            self.preview.begin()

    def log_messages(self, messages: Iterable[Message]) -> None:
        """Put what is worth a line into the log."""
        from .log.telling import lines_of

        for level, node, text in lines_of(messages):
            self.bottom.ring.add([text], level, node)
        self.bottom.renew_log()

    def add_log(self, lines: Iterable[str], level: Level = "info") -> None:
        """Put lines into the log."""
        self.bottom.ring.add(lines, level)
        self.bottom.renew_log()

    def pane(self, name: str) -> Widget | None:
        """The pane of this id, where it stands."""
        named = {"graph": self.graph, "preview": self.preview, "inspector": self.inspector}
        return named.get(name) or (self.bottom.pane(name) if self._furnished else None)

    def go_to_node(self, node: str) -> None:
        """Go to a node of the graph."""
        self.go("graph")
        self.graph.select(node)

    def furnish(self, store: Store, session: Session) -> None:
        """What need not stand in the first frame: the panes beside the graph, and the pane below that was open last."""
        from .form.node_form import NodeForm
        from .picture.preview import Preview

        self.preview, self.node_form = Preview(), NodeForm()
        self.preview.graphics = self.graphics
        self._right.mount(self.preview, self.node_form)
        self._below.mount(self.bottom)
        self._furnished = True
        self.bottom.filter = session.filter
        self.bottom.open(session.pane if session.pane in BELOW else "log")
        self.show_node(store, self.selected)

    @property
    def open_pane(self) -> str:
        """The pane below that is open."""
        return self.bottom.current
