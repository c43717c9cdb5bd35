"""What a classifier of noisy data is, and its gradient: the part of a score that a condition adds."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol, runtime_checkable

from .level import Level

if TYPE_CHECKING:
    from torch import Tensor


@runtime_checkable
class Classifier(Protocol):
    """log p(y | x_t): how well the state x [batch, ...] at a level fits what is wanted, in nats, [batch].

    It is differentiable in x, and an image's answer depends on that image alone.
    """

    def __call__(self, x: Tensor, level: Level, /) -> Tensor: ...


def class_gradient(classifier: Classifier, x: Tensor, level: Level) -> Tensor:
    """grad_x log p(y | x_t), with the shape and dtype of x; works wherever gradients are switched off."""
    import torch

    with torch.inference_mode(False), torch.enable_grad():
        inner = x.detach().clone().requires_grad_()
        (gradient,) = torch.autograd.grad(classifier(inner, level).sum(), inner)
    return gradient.detach()
