"""Three ways in which a token's weight changes what the network says of it; they give different pictures."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Literal

import noisegraph as ng

Weighting = Literal["a1111", "comfyui", "compel"]
Ask = Callable[[ng.Tensor | None], ng.Tensor]
"""From the tokens that others attend to, bool [batch, tokens] (None: all), to the states [batch, tokens, width]."""


def a1111(states: ng.Tensor, weights: ng.Tensor) -> ng.Tensor:
    """Each token's states times its weight, then all of a row scaled to the mean that it had.

    states: [batch, tokens, width]; weights: [batch, tokens]
    """
    weighted = states * weights[..., None]
    mean = weighted.mean(dim=(1, 2), keepdim=True)
    factor = states.mean(dim=(1, 2), keepdim=True) / mean
    changed = (weights != 1).any(dim=1)[:, None, None] & (mean != 0)
    return factor.where(changed, factor.new_ones(())) * weighted


def comfyui(states: ng.Tensor, weights: ng.Tensor, empty: ng.Tensor) -> ng.Tensor:
    """Away from the states of the empty text, [1, tokens, width], by the weight."""
    weighted = empty + (states - empty) * weights[..., None]
    return states.where(weights[..., None] == 1, weighted)


def compel(ask: Ask, weights: ng.Tensor, pieces: ng.Tensor, empty: ng.Tensor) -> ng.Tensor:
    """As ComfyUI; and what counts less than 1 is mixed with the same prompt in which nothing attends to it.

    pieces: int64 [batch, tokens], which piece of the prompt each token is of, -1 for none
    """
    mixed = comfyui(ask(None), weights, empty)
    total = 1.0
    for number in range(int(pieces.max()) + 1):
        own = pieces == number
        weight = float(weights[own][0]) if own.any() else 1.0
        if weight < 1:
            share = math.tan((1 - max(weight, 1e-5)) * math.pi / 2)
            mixed = mixed + share * comfyui(ask(~own), weights, empty)
            total += share
    return mixed / total
