"""The part of the interface that has to do with nodes that failed: it tells, and tries what is chosen."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from .recalling import Recalling

if TYPE_CHECKING:
    from .failure.failure import Failure
    from .failure.screen import Choice


class Failing(Recalling):
    """A run that failed is told of at once, unless something is being written just then."""

    @property
    def failure(self) -> Failure | None:
        """What failed in the run that ended last; None where nothing did."""
        from .failure.failure import failure_of

        return failure_of(self.store.runs[-1]) if self.store.runs else None

    def run_ended(self) -> None:
        """A run is over; what failed is shown."""
        super().run_ended()
        if self.failure is None:
            return
        self.notify(f"{self.failure.node} failed: {self.failure.message}"[:200], severity="error", markup=False)
        from textual.widgets import Input, TextArea

        if len(self.screen_stack) == 1 and not isinstance(self.focused, (Input, TextArea)):
            self.show_failure()

    def show_failure(self) -> None:
        """Show what failed, and what to try."""
        from .failure.remedies import remedies
        from .failure.screen import FailureScreen

        if self.failure is not None:
            found = remedies(self.failure, self.store.document.outline, self.store.device)
            self.push_screen(FailureScreen(self.failure, found), self._chosen)

    def _chosen(self, choice: Choice | None) -> None:
        failure = self.failure
        if choice is None or failure is None:
            return
        match choice.what:
            case "remedy" if choice.remedy is not None:
                if choice.remedy.values:
                    self.take(choice.remedy.values, choice.remedy.label)
                self.enqueue(**choice.remedy.more)
            case "retry":
                self.enqueue()
            case "node":
                self.main.go_to_node(failure.node.partition("[")[0])
            case "source":
                self._open_source(failure)
            case "log":
                self.main.go("log")

    def _open_source(self, failure: Failure) -> None:
        """The innermost line of the node's own code, in the user's editor."""
        import os

        from .dialogs.editor import NoEditorError, editor, visit

        here = [frame for frame in failure.frames if Path(frame.file).is_file()]
        if not here:
            self.tell(f"the source of {failure.use} is not here", "warn")
            return
        try:
            visit(self, [*editor(os.environ), f"+{here[-1].line}", here[-1].file])
        except NoEditorError as error:
            self.tell(str(error), "error")
