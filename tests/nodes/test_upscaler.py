"""ESRGAN upscalers: the paper's arithmetic, by old names and new."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import noisegraph as ng
import pytest
import torch
from noisegraph.nodes import image
from noisegraph.nodes.networks.rrdb import RRDBNet
from safetensors.torch import save_file
from torch.nn import functional

from .checkpoints import awake, drawn

SMALL: dict[str, int] = {"channels": 3, "folded": 1, "width": 8, "growth": 4, "blocks": 2, "doublings": 2}
PICTURE = ng.Image(drawn(2, 3, 6, 8).clamp(0, 1))


def first_names(name: str) -> str:
    """As the authors' first release has them, which numbers all layers."""
    last = {"conv_up1": "3", "conv_up2": "6", "conv_hr": "8", "conv_last": "10", "conv_first": "0"}
    name = re.sub(r"^body\.(\d+)\.rdb(\d)\.(conv\d)\.", r"model.1.sub.\1.RDB\2.\3.0.", name)
    name = re.sub(r"^conv_body\.", "model.1.sub.2.", name)
    return re.sub(r"^(conv_\w+)\.", lambda found: f"model.{last[found[1]]}.", name)


def second_names(name: str) -> str:
    """As their second release has them."""
    name = re.sub(r"^body\.(\d+)\.rdb(\d)\.", r"RRDB_trunk.\1.RDB\2.", name)
    for new, old in (("conv_body", "trunk_conv"), ("conv_up", "upconv"), ("conv_hr", "HRconv")):
        name = name.replace(new, old)
    return name


def by_the_paper(state: dict[str, torch.Tensor], x: torch.Tensor) -> torch.Tensor:
    """The network written out (Wang et al. 2018, figures 3 and 4)."""

    def conv(name: str, x: torch.Tensor) -> torch.Tensor:
        return functional.conv2d(x, state[f"{name}.weight"], state[f"{name}.bias"], padding=1)

    def bend(x: torch.Tensor) -> torch.Tensor:
        return torch.where(x > 0, x, 0.2 * x)

    begin = h = conv("conv_first", x)
    for block in range(2):
        outer = h
        for dense in (1, 2, 3):
            features = [h]
            for layer in (1, 2, 3, 4):
                features.append(bend(conv(f"body.{block}.rdb{dense}.conv{layer}", torch.cat(features, 1))))
            h = h + 0.2 * conv(f"body.{block}.rdb{dense}.conv5", torch.cat(features, 1))
        h = outer + 0.2 * h
    h = begin + conv("conv_body", h)
    for name in ("conv_up1", "conv_up2"):
        h = bend(conv(name, h.repeat_interleave(2, 2).repeat_interleave(2, 3)))
    return conv("conv_last", bend(conv("conv_hr", h)))


@pytest.mark.parametrize("named", [str, first_names, second_names, lambda name: f"params_ema.{name}"])
def test_an_upscaler_is_the_papers_by_every_naming(named: Callable[[str], str], tmp_path: Path) -> None:
    state: dict[str, Any] = awake(RRDBNet(**SMALL)).state_dict()
    save_file({named(name): value for name, value in state.items()}, tmp_path / "x4.safetensors")
    loaded = image.upscaler(path=str(tmp_path / "x4.safetensors"))
    assert loaded.factor == 4
    found = image.upscale(loaded, PICTURE)
    assert found.shape == (2, 3, 24, 32)
    torch.testing.assert_close(found, by_the_paper(state, PICTURE).clamp(0, 1), rtol=0, atol=1e-5)
    facts = image.upscale_facts(
        {
            "image": {"sizes": (3, 6, 8), "batch": 2},
            "upscaler": image.upscaler_facts({"path": str(tmp_path / "x4.safetensors")}),
        }
    )
    assert facts["sizes"] == (3, 24, 32)


def test_a_network_that_folds_the_picture_first_doubles_it(tmp_path: Path) -> None:
    save_file(awake(RRDBNet(**{**SMALL, "folded": 2})).state_dict(), tmp_path / "x2.safetensors")
    loaded = image.upscaler(path=str(tmp_path / "x2.safetensors"))
    assert (loaded.factor, image.upscale(loaded, PICTURE).shape) == (2, (2, 3, 12, 16))


def test_what_is_no_upscaler_is_told(tmp_path: Path) -> None:
    save_file({"other.weight": torch.ones(1)}, tmp_path / "other.safetensors")
    with pytest.raises(ng.NodeError, match="holds no ESRGAN upscaler"):
        image.upscaler(path=str(tmp_path / "other.safetensors"))
