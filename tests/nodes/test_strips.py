"""Autoencoders in strips of rows: the picture is that of the whole, however few rows are worked on at a time."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import noisegraph as ng
import pytest
import torch
from noisegraph import paging
from noisegraph.devices import Device, using
from noisegraph.nodes import vae
from noisegraph.nodes.networks.autoencoder import autoencoder
from noisegraph.nodes.networks.strips import Strips
from safetensors.torch import save_file

from .checkpoints import awake, drawn

KINDS: dict[str, dict[str, Any]] = {
    "kl": {"ch": 32, "ch_mult": (1, 2, 2)},
    "vq": {"ch": 32, "ch_mult": (1, 2), "z_channels": 3, "embed_dim": 3, "n_embed": 64},
    "attending": {"ch": 32, "ch_mult": (1, 2), "attn_resolutions": (16,), "resolution": 32},
}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("rows", [1, 3, 8, 1000])
def test_strips_give_what_the_whole_gives(kind: str, rows: int) -> None:
    module = awake(autoencoder(**KINDS[kind])).double()
    picture = drawn(2, 3, 24, 16).double()
    latent = module.means(picture)
    torch.testing.assert_close(Strips(rows).means(module, picture), latent, rtol=0, atol=1e-9)
    torch.testing.assert_close(Strips(rows).decode(module, latent), module.decode(latent), rtol=0, atol=1e-9)


def test_pictures_in_strips_agree_to_less_than_a_shade_of_255_in_single_precision(tmp_path: Path) -> None:
    save_file(awake(autoencoder(ch=32)).state_dict(), tmp_path / "vae.safetensors")
    loaded = vae.load(path=str(tmp_path / "vae.safetensors"))
    picture = ng.Image(drawn(1, 3, 64, 40).clamp(-1, 1) / 2 + 0.5)
    latent = vae.encode(loaded, picture)
    torch.testing.assert_close(vae.encode(loaded, picture, strip=8), latent, rtol=0, atol=1e-3)
    difference = (vae.decode(loaded, latent, strip=8) - vae.decode(loaded, latent)).abs().max()
    assert difference < 1 / 255 / 2


@pytest.mark.parametrize("dtype", ["float32", "bfloat16"])
def test_a_file_of_another_type_than_is_worked_in_is_walked_too(
    dtype: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its matrices are converted layer by layer, as they are asked."""
    monkeypatch.setattr(paging, "WORTH_PAGING", 1)
    state = {name: value.half() for name, value in awake(autoencoder(ch=32, ch_mult=(1, 2))).state_dict().items()}
    save_file(state, tmp_path / "vae.safetensors")
    with using(Device("cpu", dtype)):
        loaded = vae.load(path=str(tmp_path / "vae.safetensors"), family="sd1")
        picture = ng.Image(drawn(1, 3, 16, 12).clamp(-1, 1) / 2 + 0.5)
        in_strips = vae.encode(loaded, picture, strip=3)
        pictures = vae.decode(loaded, in_strips, strip=3)
        near = 1e-3 if dtype == "float32" else 0.1
        torch.testing.assert_close(in_strips, vae.encode(loaded, picture), rtol=0, atol=near)
        torch.testing.assert_close(pictures, vae.decode(loaded, in_strips), rtol=0, atol=near)
