"""Class labels as conditions."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Annotated, Any

import noisegraph as ng
from pydantic import Field

from .checkpoints.checkpoint import CheckpointFile, opened
from .checkpoints.entry import Entry
from .checkpoints.kinds import refusal
from .checkpoints.part import Files

Label = Annotated[int, Field(ge=0)]
EMBEDDING = "cond_stage_model.embedding.weight"


def known(inputs: Mapping[str, Any]) -> dict[str, Any]:
    """No facts of the value; raises NodeError for a label that the network does not know, where both are written."""
    if isinstance(inputs["classes"], int) and isinstance(inputs["label"], int | list):
        indices(inputs["label"], inputs["classes"])
    return {}


def indices(label: int | list[int] | None, classes: int) -> list[int]:
    """The labels as the network counts them; raises NodeError for one that it does not know."""
    if classes == 0:
        raise ng.NodeError("the network was trained without labels", "ask it without, or under words")
    if label is None:
        return [classes]
    labels = label if isinstance(label, list) else [label]
    for given in labels:
        if given >= classes:
            raise ng.NodeError(f"label {given} is not one that the network knows", f"give 0 to {classes - 1}")
    return labels


@ng.node(facts=known)
def encode(
    *,
    label: Label | Annotated[list[Label], Field(min_length=1)] | None = None,
    classes: Annotated[int, Field(ge=1)] = 10,
    repeat: Annotated[int, Field(ge=1, le=4096)] = 1,
) -> ng.Condition:
    """A class to draw, for a network that is conditioned on labels.

    label: the class, or a list with one an image; null is the empty label, for classifier-free guidance
    classes: how many the network knows; the empty label is the one after them
    repeat: how often the labels follow one another, for a batch of so many times as many images
    """
    import torch

    return ng.Condition({"y": torch.tensor(indices(label, classes)).repeat(repeat)})


def embed_facts(inputs: ng.Facts) -> ng.Facts:
    """No facts of the value; raises NodeError for a file without a table, and for a label beyond its rows."""
    path, label = inputs.get("path"), inputs.get("label")
    if isinstance(path, str):
        table = _table(path)
        if isinstance(label, int | list):
            indices(label, table.shape[0])
    return {}


@ng.node(facts=embed_facts)
def embed(
    *, path: CheckpointFile, label: Label | Annotated[list[Label], Field(min_length=1)] | None = None
) -> ng.Condition:
    """A class to draw, for latent diffusion that attends to the learned vector of a class (Rombach et al. 2022).

    path: the model's file, which holds the vectors
    label: the class, or a list with one an image; null is the empty label, the last that there is
    """
    import torch

    table = _table(path)
    rows = torch.tensor([table.shape[0] - 1] if label is None else indices(label, table.shape[0]))
    return ng.Condition({"context": Files().tensor(table)[rows][:, None].float().to(ng.device())})


def _table(path: str) -> Entry:
    """The vectors of all classes; raises NodeError where there are none."""
    found = opened(path).entries.get(EMBEDDING)
    if found is None or len(found.shape) != 2 or not found.numel:
        raise refusal(opened(path), "vectors of classes", f"they would be called '{EMBEDDING}'")
    return found


@ng.hookimpl
def noisegraph_nodes() -> Sequence[Callable[..., Any]]:
    """The nodes of this file."""
    return [encode, embed]
