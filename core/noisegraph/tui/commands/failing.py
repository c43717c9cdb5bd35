"""What can be done after a run has failed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .command import Command

if TYPE_CHECKING:
    from ..app import NoisegraphApp


def _show(app: NoisegraphApp) -> None:
    app.show_failure()


def _nothing_failed(app: NoisegraphApp) -> str:
    return "" if app.failure is not None else "nothing failed in the last run"


COMMANDS = (
    Command(
        "run.failure", "f4", "Failure", "Show what failed in the last run, and what to try.", _show, _nothing_failed
    ),
)
