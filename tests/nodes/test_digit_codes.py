"""The autoencoder of digits whose latents are made of codes: what it gives back, and from how little."""

from __future__ import annotations

from typing import Any

import noisegraph as ng
import pytest
import torch
from noisegraph.nodes import vae
from noisegraph.nodes.models import shipped
from noisegraph.nodes.models.digits import digit_codes
from sklearn.datasets import load_digits

MADE = digit_codes()
EVERY = 6
"""One real digit in so many was held out of the training."""
PIXELS = torch.from_numpy(load_digits().data).float().view(-1, 1, 8, 8) / 16
HELD_OUT = ng.Image(PIXELS[torch.arange(len(PIXELS)) % EVERY == EVERY - 1].expand(-1, 3, -1, -1))


def test_digits_that_were_held_out_are_given_back_as_well_as_the_card_says() -> None:
    latents = vae.encode(MADE.vae, HELD_OUT)
    again = vae.decode(MADE.vae, latents)
    ratio = 10 * (1 / (again - HELD_OUT).square().flatten(1).mean(1)).log10()
    card = shipped.read_card("digit-codes")
    assert tuple(latents.shape[1:]) == MADE.latent.sizes == (4, 4, 4)
    assert ratio.mean().item() == pytest.approx(card["psnr_held_out"], abs=0.3)
    assert ratio.mean() > 23
    assert latents.std().item() == pytest.approx(1, abs=0.1)


def test_a_picture_is_made_of_sixteen_of_the_codebooks_entries() -> None:
    module: Any = MADE.vae.weights.module()
    with torch.no_grad():
        codes = module(HELD_OUT * 2 - 1)[1]
        entries = module.quantize.entries(codes.indices)
        again = module.decode(codes.latent)
    assert tuple(codes.indices.shape[1:]) == (4, 4)
    assert len(codes.indices.unique()) > 64
    torch.testing.assert_close(codes.latent, entries)
    nudged = entries + 0.01 * torch.ones_like(entries)
    with torch.no_grad():
        same = (module.quantize(nudged).indices == codes.indices).float().mean()
    assert same > 0.9
    torch.testing.assert_close(again, module.decode(entries))


def test_its_weights_are_small() -> None:
    assert (shipped.WEIGHTS / "digit-codes.safetensors").stat().st_size < 500_000
