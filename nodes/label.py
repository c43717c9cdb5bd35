"""Class labels as conditions."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Annotated, Any

import noisegraph as ng
from pydantic import Field

Label = Annotated[int, Field(ge=0)]


def known(inputs: Mapping[str, Any]) -> dict[str, Any]:
    """No facts of the value; raises NodeError for a label that the network does not know, where both are written."""
    if isinstance(inputs["classes"], int) and isinstance(inputs["label"], int | list):
        indices(inputs["label"], inputs["classes"])
    return {}


def indices(label: int | list[int] | None, classes: int) -> list[int]:
    """The labels as the network counts them; raises NodeError for one that it does not know."""
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


@ng.hookimpl
def noisegraph_nodes() -> Sequence[Callable[..., Any]]:
    """The nodes of this file."""
    return [encode]
