"""Prompts that are read once for a whole walk: what they are at its start, and a warning of what that leaves out."""

from __future__ import annotations

import logging
import re

from .grammar import at, parsed

_MANY = 1_000_000
"""Steps of a walk so long that every share of it is more than a step."""
_CALL = re.compile(r"<(?:lora|lyco|hypernet):[^<>]*>")
_AND = re.compile(r"\bAND\b")


def still(prompt: str) -> str:
    """The prompt as it is at the first step; what would change later is told in the log."""
    warn_of_words(prompt)
    parts = parsed(prompt)
    if any(not isinstance(part, str) for part in parts):
        logging.getLogger(__name__).warning(
            "%r changes along the walk, but is read once, for its start: text.schedule, as in sd/prompt-schedule, "
            "reads all of it",
            prompt,
        )
    return at(parts, 0, _MANY)


def warn_of_words(prompt: str) -> None:
    """Tell in the log which words A1111 would take for a file to load, or for a conjunction, and not for words."""
    for call in _CALL.findall(prompt):
        logging.getLogger(__name__).warning(
            "%r is read as words: a LoRA is given to unet.lora and text.lora, as in sd/lora", call
        )
    if _AND.search(prompt):
        logging.getLogger(__name__).warning(
            "'AND' in %r is read as a word: give each prompt a denoiser, and these to guide.compose", prompt
        )
