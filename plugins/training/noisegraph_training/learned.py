"""Nodes that use what was learned in the same graph, without a file: a network, and what a CLIP makes of words."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import noisegraph as ng

from .examples import Trained

if TYPE_CHECKING:
    from torch.nn import Module


@dataclass(frozen=True, eq=False)
class Learned(ng.Weights):
    """Weights that lie in no file: a module, made already."""

    made: Module | None = field(default=None, kw_only=True)

    def module(self) -> Module:
        """The module, on the device where it was made."""
        assert self.made is not None
        return self.made


@ng.node
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


@ng.node
def words(trained: Trained, architecture: ng.Architecture, tokens: ng.Tensor) -> ng.Condition:
    """What a CLIP that was learned makes of texts, one vector a token, as a condition.

    tokens: from text.tokens
    """
    import torch

    module: Any = architecture.module()
    if not hasattr(module, "text_model"):
        raise ng.NodeError("this architecture has no text transformer", "wire text.architecture")
    module.load_state_dict(trained.parameters)
    module.to(ng.device()).eval()
    with torch.no_grad():
        states: ng.Tensor = module.text_model(tokens.to(ng.device())).states
    return ng.Condition({"context": states})
