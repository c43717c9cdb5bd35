"""Themes: dark, light, and the terminal's own sixteen colours; states keep their shapes in each."""

from __future__ import annotations

from textual.theme import BUILTIN_THEMES, Theme

DARK = Theme(
    "noisegraph-dark",
    primary="#7aa2c8", secondary="#8f9bb3", accent="#e0af68", warning="#e0af68", error="#f7768e", success="#9ece6a",
    foreground="#c8ccd4", background="#16181d", surface="#1b1e24", panel="#22262e", dark=True,
)  # fmt: skip
LIGHT = Theme(
    "noisegraph-light",
    primary="#2b5c8a", secondary="#5a6372", accent="#9a5b00", warning="#8a5a00", error="#b3261e", success="#2e6b1f",
    foreground="#22262e", background="#fbfaf7", surface="#f3f1ec", panel="#e7e4dc", dark=False,
)  # fmt: skip
ANSI = Theme(**{**vars(BUILTIN_THEMES["ansi-dark"]), "name": "noisegraph-ansi", "accent": "ansi_bright_yellow"})
THEMES = (DARK, LIGHT, ANSI)
