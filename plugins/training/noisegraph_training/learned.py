"""Nodes that use what was learned in the same graph, without a file: as a network, or to match words and pictures."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

import noisegraph as ng

from .examples import Captioned, Trained
from .origins import of_network

if TYPE_CHECKING:
    from torch import Tensor
    from torch.nn import Module


@dataclass(frozen=True, eq=False)
class Learned(ng.Weights):
    """Weights that lie in no file: a module, made already."""

    made: Module | None = field(default=None, kw_only=True)

    def module(self) -> Module:
        """The module, on the device where it was made."""
        assert self.made is not None
        return self.made

    def tensors(self) -> Mapping[str, Tensor]:
        """Its tensors by name."""
        return self.module().state_dict()


@ng.node(facts=of_network)
def network(
    trained: Trained,
    architecture: ng.Architecture,
    process: ng.Process,
    *,
    prediction: ng.Prediction = "eps",
    learned_variance: bool = False,
) -> ng.Network:
    """What was learned as a network, for the nodes that take one: `unet.denoiser` makes it a denoiser.

    prediction: what it was trained to put out
    learned_variance: whether it puts out a variance too
    """
    module = architecture.module()
    module.load_state_dict(trained.parameters)
    module.to(ng.device()).eval().requires_grad_(False)
    return ng.Network(Learned("", "", architecture.build, made=module), process, prediction, learned_variance)


class Matched(NamedTuple):
    """Texts and pictures in one space, as unit vectors."""

    texts: ng.Points
    pictures: ng.Points


@ng.node
def matched(trained: Trained, architecture: ng.Architecture, examples: Captioned, tokens: ng.Tensor) -> Matched:
    """What a CLIP that was learned makes of pictures and their captions, to be compared: `measure.retrieval`.

    tokens: the examples' captions, from text.tokens
    """
    import torch

    from .batches import ranged

    module: Any = architecture.module()
    if not hasattr(module, "embed_text"):
        raise ng.NodeError("this architecture is no CLIP", "wire text.architecture")
    module.load_state_dict(trained.parameters)
    module.to(ng.device()).eval()
    with torch.no_grad():
        pictures = module.embed_image(ranged(examples.pixels).to(ng.device()))
        return Matched(ng.Points(module.embed_text(tokens.to(ng.device()))), ng.Points(pictures))
