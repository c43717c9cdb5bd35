"""The trace of a denoiser's derivative, exact or by Hutchinson's estimate."""

from __future__ import annotations

import noisegraph as ng


def traced(
    denoiser: ng.Denoiser, x: ng.Tensor, level: ng.Level, probes: ng.Tensor | None
) -> tuple[ng.Tensor, ng.Tensor]:
    """The predicted data, and tr(dx0/dx) of every image [batch].

    probes: directions [probes, batch, ...] of Hutchinson's estimate, averaged; None for the exact trace, whose
        directions are all axes. Each costs a backward pass.
    """
    import torch

    with torch.inference_mode(False), torch.enable_grad():
        inner = x.detach().clone().requires_grad_()
        x0 = denoiser(inner, level)
        parts = [
            (torch.autograd.grad(x0, inner, along, retain_graph=True)[0] * along).flatten(1).sum(1)
            for along in (axes(x) if probes is None else probes)
        ]
    total = torch.stack(parts).sum(0)
    return x0.detach(), total if probes is None else total / len(probes)


def axes(x: ng.Tensor) -> ng.Tensor:
    """Every direction of one image, for each of the batch: [dimensions, batch, ...]."""
    import torch

    count = x[0].numel()
    return torch.eye(count, dtype=x.dtype, device=x.device).reshape(count, 1, *x.shape[1:]).expand(count, *x.shape)


def rademacher(like: ng.Tensor, probes: int, seed: int | list[int]) -> ng.Tensor:
    """Directions whose numbers are 1 or -1, [probes, batch, ...]: the estimate of least variance (Hutchinson 1990)."""
    import torch

    seeds = ng.seeds_from(seed, len(like))
    drawn = torch.stack([ng.normal(seeds, like, "probe", draw=probe) for probe in range(probes)])
    return torch.where(drawn < 0, -1.0, 1.0).to(like)
