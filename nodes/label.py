"""Class labels as conditions."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Annotated, Any

import noisegraph as ng
from pydantic import Field

Label = Annotated[int, Field(ge=0)]


@ng.node
def encode(
    *,
    label: Label | Annotated[list[Label], Field(min_length=1)] | None = None,
    classes: Annotated[int, Field(ge=1)] = 10,
) -> ng.Condition:
    """A class to draw, for a network that is conditioned on labels.

    label: the class, or a list with one an image; null is the empty label, for classifier-free guidance
    classes: how many the network knows; the empty label is the one after them
    """
    import torch

    labels = [classes] if label is None else [label] if isinstance(label, int) else label
    for given in labels if label is not None else []:
        if given >= classes:
            raise ng.NodeError(f"label {given} is not one that the network knows", f"give 0 to {classes - 1}")
    return ng.Condition({"y": torch.tensor(labels)})


@ng.hookimpl
def noisegraph_nodes() -> Sequence[Callable[..., Any]]:
    """The nodes of this file."""
    return [encode]
