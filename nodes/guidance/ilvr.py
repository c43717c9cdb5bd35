"""Pictures whose coarse structure comes from a reference (ILVR)."""

from __future__ import annotations

from typing import Annotated, Any

import noisegraph as ng
from pydantic import Field

from .repaint import noisy


@ng.node(early=True)
def ilvr(
    sampler: ng.Sampler,
    reference: ng.Latent,
    *,
    factor: Annotated[int, Field(ge=1, le=1024)] = 8,
    until: Annotated[float, Field(ge=0)] = 0.0,
) -> ng.Sampler:
    """The low frequencies of a reference picture in every step (ILVR, Choi et al. 2021, algorithm 1).

    reference: the data whose coarse structure is kept, in the model's own space.
    factor: N, by which pictures are shrunk and enlarged again to find their low frequencies.
    until: the sigma / alpha below which steps are left alone.
    """

    def step(denoiser: ng.Denoiser, state: Any, step: ng.Step) -> Any:
        after = sampler.step(denoiser, state, step)
        if step.there.ratio < until:
            return after
        wanted = noisy(ng.onto(reference, after.x.device, after.x.dtype), step)
        return after._replace(x=after.x + low_pass(wanted - after.x, factor))

    return sampler._replace(step=step, noisy=True)


def low_pass(x: ng.Tensor, factor: int) -> ng.Tensor:
    """x shrunk by a factor and enlarged again, bicubic: linear in x, its fine structure lost."""
    from torch.nn import functional

    if x.ndim != 4:
        raise ng.NodeError(f"low frequencies of a state of {tuple(x.shape)}", "give states [batch, channels, h, w]")
    height, width = x.shape[2:]
    small = functional.interpolate(
        x, size=(max(height // factor, 1), max(width // factor, 1)), mode="bicubic", antialias=True
    )
    return functional.interpolate(small, size=(height, width), mode="bicubic")


NODES = (ilvr,)
