"""The half of the interface that has to do with what is outside: the terminal, other programs, what is pasted."""

from __future__ import annotations

import json
import traceback
from pathlib import Path

from textual import events

from ..errors import GraphError
from ..folders import state_folder
from .document.document import Document
from .editing import Editing
from .header.signals import RESTORE_TITLE, SAVE_TITLE, notice, progress, title

_LOOK_SECONDS = 2.0
"""How often the graph's file is looked at."""


class Outside(Editing):
    """Tells the terminal how things are, and takes in what comes from elsewhere."""

    _signalled = ""
    _seen_on_disk = "same"

    def start_worker(self) -> None:
        """Start a worker; from the first time on, the terminal and the file are looked after."""
        if not self._signalled:
            self.signal(SAVE_TITLE)
            self.set_interval(_LOOK_SECONDS, self.look_at_disk)
        super().start_worker()
        self.call_after_refresh(self.tell_preview_size)

    def on_resize(self, event: events.Resize) -> None:
        """Pictures have another size."""
        self.soon("size", 0.3, self.tell_preview_size)

    def show_store(self) -> None:
        """Show how things are, in the terminal's title too."""
        super().show_store()
        self._signal_store()

    def _signal_store(self) -> None:
        told = title(self.store) + progress(self.store)
        if told != self._signalled:
            self._signalled = told
            self.signal(told)

    def signal(self, sequence: str) -> None:
        """Tell the terminal something that shows nothing."""
        driver = self._driver
        if driver is not None and not self.is_headless:
            driver.write(sequence)

    def heard(self) -> None:
        """The worker said something."""
        super().heard()
        self._signal_store()

    def run_ended(self) -> None:
        """A run is over: after a long one, the terminal rings."""
        super().run_ended()
        if self.store.run is not None:
            self.signal(notice(self.store.run))

    def leave(self) -> None:
        """End; the worker ends after the step that it is in."""
        self.remember_now()
        self.close_worker()
        self.signal("\x1b]9;4;0;0\x07" + RESTORE_TITLE)
        self.exit(0)

    def look_at_disk(self) -> None:
        """What another program wrote is taken over, where nothing of one's own is lost by it."""
        document = self.store.document
        standing = document.on_disk if document.stamp is not None else "same"
        if standing == "changed" and not document.dirty:
            self._take_over(document)
        elif standing != self._seen_on_disk and standing in ("changed", "gone"):
            what = "was changed by another program" if standing == "changed" else "is no more"
            self.tell(f"{document.name} {what}; your edits are kept here, ctrl+s asks before it writes", "warn")
        self._seen_on_disk = standing

    def _take_over(self, document: Document) -> None:
        try:
            self.edit(document.reread(), "take over what is on disk")
        except GraphError as error:  # another program is still at it, or wrote no text
            if self._seen_on_disk != "changed":
                self.tell(str(error), "warn")
            return
        self.tell(f"{document.name} was changed by another program: taken over; u takes it back")

    def on_paste(self, event: events.Paste) -> None:
        """The path of a graph or a picture is opened; a graph's JSON takes the place of the one that is open."""
        text = event.text.strip().strip("'\"")
        if text.startswith("{"):
            self._paste_graph(text)
        elif text and "\n" not in text and Path(text.removeprefix("file://")).expanduser().is_file():
            self.open_named(text.removeprefix("file://"))

    def _paste_graph(self, text: str) -> None:
        try:
            graph = json.loads(text)
        except ValueError as error:
            self.tell(f"what was pasted is no graph: {error}", "warn")
            return
        if isinstance(graph, dict) and isinstance(graph.get("nodes"), dict):
            self.edit(self.store.document.changed(text, "paste a graph"), "paste a graph")
        else:
            self.tell("what was pasted is no graph: it has no nodes", "warn")

    def _handle_exception(self, error: Exception) -> None:
        """An error of the interface itself: told in a file, since the screen is going away; drafts are on disk."""
        try:
            path = state_folder() / "tui" / "crash.txt"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text("".join(traceback.format_exception(error)), encoding="utf-8")
        except OSError:
            pass  # the error is shown on the terminal, too
        super()._handle_exception(error)
