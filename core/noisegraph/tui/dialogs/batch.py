"""Many runs at once: how often, what becomes of the seed, and what is swept through which values."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import ClassVar, NamedTuple

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.events import Mount
from textual.suggester import SuggestFromList
from textual.widgets import Input, Label

from ..author.seeds import Policy, after
from ..author.sweeps import Axis, axis, points
from ..form.fields import Field
from .dialog import Dialog

MOST_RUNS = 999
_AXES = 3


class Asked(NamedTuple):
    """What is to be run; `keep`: the sweep is to be written into the graph instead."""

    runs: int
    policy: Policy
    axes: Sequence[Axis]
    keep: bool = False


class Batch(Dialog[Asked | None]):
    """Gives what was asked for, or None where it was left."""

    DEFAULT_CSS = """
    Batch { align: center middle; background: $background 60%; }
    Batch > Vertical {
        width: 76; max-width: 96%; height: auto; border: round $accent; background: $surface; padding: 0 1;
    }
    Batch Horizontal { height: 1; }
    Batch Input { background: $foreground 8%; width: 1fr; }
    Batch Input:focus { background: $accent 25%; }
    Batch #batch-runs { width: 8; }
    Batch .batch-name { width: 9; color: $foreground 70%; }
    Batch #batch-policy { color: $accent; margin-left: 2; }
    Batch #batch-told { margin-top: 1; height: auto; }
    Batch #batch-told.-wrong { color: $error; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "leave", "Leave", id="batch.leave"),
        Binding("ctrl+n", "turn", "Seed policy", id="batch.policy"),
        Binding("ctrl+k", "keep", "Keep in the graph", id="batch.keep"),
        Binding("down", "app.focus_next", "Next", show=False, id="batch.next"),
        Binding("up", "app.focus_previous", "Previous", show=False, id="batch.previous"),
    ]

    def __init__(self, known: Mapping[str, Field], policy: Policy = "increment", lines: Sequence[str] = ()) -> None:
        super().__init__()
        self._known, self._policy = known, policy
        self._lines = [*lines, *[""] * _AXES][:_AXES]

    def compose(self) -> ComposeResult:
        """How often, and the lines of the sweep."""
        names = [f"{name} = " for name in self._known]
        with Vertical() as box:
            box.border_title = Content("run many")
            box.border_subtitle = Content("enter run · ctrl+n seeds · ctrl+k keep in the graph · esc")
            with Horizontal():
                yield Label("runs", classes="batch-name")
                yield Input("1", id="batch-runs", compact=True, select_on_focus=True)
                yield Label(id="batch-policy")
            for number, line in enumerate(self._lines):
                with Horizontal():
                    yield Label("" if number else "sweep", classes="batch-name")
                    hint = "" if number else "steps = 10..50 step 10   or   node.parameter = 1, 2, 4"
                    suggested = SuggestFromList(names)
                    yield Input(
                        line, hint, suggester=suggested, classes="batch-axis", select_on_focus=False, compact=True
                    )
            yield Label(id="batch-told")

    def _on_mount(self, event: Mount) -> None:
        self._tell()

    @property
    def asked(self) -> Asked:
        """What is typed; raises ValueError with what is wrong with it."""
        typed = self.query_one("#batch-runs", Input).value.strip()
        if not typed.isdecimal() or not 1 <= int(typed) <= MOST_RUNS:
            raise ValueError(f"runs: wants a number from 1 to {MOST_RUNS}")
        lines = [one.value for one in self.query(".batch-axis").results(Input)]
        axes = [axis(line, self._known) for line in lines if line.strip()]
        if len({one.name for one in axes}) < len(axes):
            raise ValueError("the same is swept twice; write all its values on one line")
        return Asked(int(typed), self._policy, axes)

    @on(Input.Changed)
    def _tell(self) -> None:
        self.query_one("#batch-policy", Label).update(Content(f"seed {self._policy}"))
        line = self.query_one("#batch-told", Label)
        try:
            asked = self.asked
        except ValueError as error:
            line.set_class(True, "-wrong")
            line.update(Content(f"✖ {error}"))
            return
        line.set_class(False, "-wrong")
        axes = [
            f"{one.name}: {', '.join(map(str, one.values[:8]))}{' …' * (len(one.values) > 8)}" for one in asked.axes
        ]
        count = asked.runs * points(asked.axes)
        line.update(Content("\n".join([*axes, f"{count} picture{'s' * (count != 1)}"])))

    @on(Input.Submitted)
    def _take(self) -> None:
        self._give(keep=False)

    def _give(self, keep: bool) -> None:
        try:
            self.dismiss(self.asked._replace(keep=keep))
        except ValueError:
            self.app.bell()

    def action_keep(self) -> None:
        """Write the sweep into the graph."""
        self._give(keep=True)

    def action_turn(self) -> None:
        """The next policy for the seed."""
        self._policy = after(self._policy)
        self._tell()

    def action_leave(self) -> None:
        """Run nothing."""
        self.dismiss(None)
