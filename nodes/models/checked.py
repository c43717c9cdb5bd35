"""Cards that anybody may have written: nothing is made of what they say before it is found to fit."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import noisegraph as ng

from ..checkpoints.checkpoint import opened
from ..checkpoints.stored import Stored, stored
from ..networks.buildable import flaws
from ..networks.tokenizer import END
from ..networks.unet_config import UNetConfig, tupled
from .eight_bits import SCALE
from .from_card import PROCESSES
from .kinds import kind_of

if TYPE_CHECKING:
    from pydantic import TypeAdapter

MOST_LEVELS = 100_000
"""Steps of a discrete process."""


def checked(path: str, node: str) -> Stored:
    """What training stored, of the kind that a node loads; raises NodeError for what is missing, damaged or another."""
    of = stored(Path(path))
    kind = kind_of(of)
    if kind.node != node:
        raise ng.NodeError(f"'{path}' holds {kind.what}, as its card says", f"load it with {kind.node}")
    _fit(kind.says, of.card, of)
    _fit(kind.config, of.card["network"], of)
    if issubclass(kind.config, UNetConfig):
        _check_unet(of, kind.config(**tupled(of.card["network"])))
    if "process" in kind.says.__annotations__:
        _check_process(of)
    _check_count(of)
    return of


def check_tokenizer(of: Stored, tokenizer: Path) -> None:
    """Raise NodeError for a tokenizer whose end of a text is not where the CLIP reads it."""
    try:
        added = json.loads(tokenizer.read_text(encoding="utf-8"))["added_tokens"]
        end = next((one["id"] for one in added if one["content"] == END), None)
    except (OSError, ValueError, LookupError, TypeError, RecursionError):
        raise ng.NodeError(f"'{tokenizer}' is no tokenizer", "give the JSON that text.tokenizer made") from None
    if end != of.card["network"]["end_token"]:
        told = f"'{tokenizer}' ends a text with the token {end}, the CLIP reads {of.card['network']['end_token']}"
        raise ng.NodeError(told, "give the tokenizer that it was trained with")


def _check_unet(of: Stored, config: UNetConfig) -> None:
    """Raise NodeError for a configuration that cannot be built, or that reads no data of the card's shape."""
    if found := flaws(config):
        told = f"the card of '{of.path}' tells of a U-Net that cannot be built: {'; '.join(found)}"
        raise ng.NodeError(told, "take the card that train.weights wrote")
    shape = of.card["shape"]
    if len(shape) != 3 or shape[0] > config.in_channels:
        told = f"the card of '{of.path}' tells of data {shape} and of a U-Net that reads {config.in_channels} channels"
        raise ng.NodeError(told, "take the card that train.weights wrote")


def _check_process(of: Stored) -> None:
    told = dict(of.card["process"])
    name = told.pop("kind", None)
    if name not in PROCESSES:
        raise ng.NodeError(f"the card of '{of.path}' tells of the process {name!r}", f"wanted {', '.join(PROCESSES)}")
    _fit(getattr(ng, name), told, of)
    if told.get("steps", 0) > MOST_LEVELS:
        raise ng.NodeError(f"the card of '{of.path}' tells of {told['steps']} steps", f"{MOST_LEVELS} are the most")


def _check_count(of: Stored) -> None:
    """Raise NodeError where the file's list is damaged, or counts other numbers than the card."""
    entries, wanted = opened(str(of.path)).entries, of.card.get("parameters")
    scales = {f"{name}{SCALE}" for name in entries} if of.card.get("stored") == "int8" else set()
    found = sum(entry.numel for name, entry in entries.items() if name not in scales)
    if wanted is not None and found != wanted:
        told = f"'{of.path}' holds {found} numbers, its card tells of {wanted}"
        raise ng.NodeError(told, "put weights and card of the same training side by side")


def _fit(kind: type, told: Mapping[str, Any], of: Stored) -> None:
    """Raise NodeError where something that is told is not what a kind of data wants."""
    from pydantic import ValidationError

    try:
        _adapter(kind).validate_json(json.dumps(told), strict=True)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"]))
        hint = "take the card that train.weights wrote"
        raise ng.NodeError(f"the card of '{of.path}', '{where}': {first['msg']}", hint) from error


@cache
def _adapter(kind: type) -> TypeAdapter[Any]:
    from pydantic import TypeAdapter

    return TypeAdapter(kind)
