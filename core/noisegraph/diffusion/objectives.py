"""Score matching: how far a denoiser's score is from that of the data, in the forms that training and tests use.

Every function gives one number an image, [batch], in units of squared score; sigma > 0. Where gradients are on, they
flow to the denoiser's parameters. Multiplied by sigma^2 they are half a squared error of the predicted noise.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from .denoiser import Denoiser, score
from .level import Level, noised

if TYPE_CHECKING:
    from torch import Tensor


def explicit_score_matching(denoiser: Denoiser, exact: Tensor, x: Tensor, level: Level) -> Tensor:
    """1/2 |s(x) - exact|^2, where the score of the noised data is known (Hyvärinen 2005)."""
    return _half_square(score(denoiser, x, level) - exact)


def denoising_score_matching(denoiser: Denoiser, data: Tensor, noise: Tensor, level: Level) -> Tensor:
    """1/2 |s(x) + noise / sigma|^2 at x = alpha data + sigma noise (Vincent 2011).

    In the mean over data and noise it is explicit score matching up to a number that no denoiser changes.
    """
    return _half_square(score(denoiser, noised(data, noise, level), level) + noise / level.sigma)


def implicit_score_matching(denoiser: Denoiser, x: Tensor, level: Level) -> Tensor:
    """tr(ds/dx) + 1/2 |s(x)|^2 (Hyvärinen 2005): the same up to such a number; a backward pass a dimension."""
    import torch

    axes = torch.eye(x[0].numel(), dtype=x.dtype, device=x.device).reshape(-1, 1, *x.shape[1:]).expand(-1, *x.shape)
    found, curvatures = _score_and_curvatures(denoiser, x, level, axes)
    return curvatures.sum(0) + _half_square(found)


def sliced_score_matching(denoiser: Denoiser, x: Tensor, level: Level, directions: Tensor) -> Tensor:
    """The mean of v' ds/dx v + 1/2 |s(x)|^2 over directions v [count, batch, ...] (Song et al. 2019).

    In the mean it is implicit score matching where E[v v'] = I, as for normal directions and those of 1 and -1.
    """
    found, curvatures = _score_and_curvatures(denoiser, x, level, directions)
    return curvatures.mean(0) + _half_square(found)


def _half_square(difference: Tensor) -> Tensor:
    return difference.square().flatten(1).sum(1) / 2


def _score_and_curvatures(denoiser: Denoiser, x: Tensor, level: Level, along: Tensor) -> tuple[Tensor, Tensor]:
    """s(x), and v' ds/dx v for every direction [count, batch]."""
    import torch

    learns = torch.is_grad_enabled()
    with torch.enable_grad():
        inner = x if x.requires_grad else x.detach().clone().requires_grad_()
        found = score(denoiser, inner, level)
        curvatures = [
            (torch.autograd.grad(found, inner, v, retain_graph=True, create_graph=learns)[0] * v).flatten(1).sum(1)
            for v in along
        ]
    stacked = torch.stack(curvatures)
    return (found, stacked) if learns else (found.detach(), stacked)
