"""ControlNets beside a loaded U-Net: diffusers' numbers, several at once, and not a bit of the U-Net changed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import noisegraph as ng
import pytest
import torch
from noisegraph.nodes import text, unet
from noisegraph.nodes.checkpoints import conditions
from noisegraph.nodes.checkpoints.checkpoint import opened
from noisegraph.nodes.checkpoints.control import control_part
from noisegraph.nodes.networks.control import control
from safetensors.torch import save_file

from .checkpoints import SD1, awake, drawn, shapes_of, write_hollow
from .test_checkpoint_numbers import XL

SETTINGS: dict[str, Any] = {
    "block_out_channels": (64, 128),
    "down_block_types": ("CrossAttnDownBlock2D", "DownBlock2D"),
    "layers_per_block": 2,
    "cross_attention_dim": 768,
    "attention_head_dim": 8,
}
X, T, WORDS = drawn(2, 4, 8, 8), torch.tensor([3.0, 801.0]), drawn(2, 7, 768, seed=2)
HINT = drawn(2, 3, 64, 64, seed=3).clamp(0, 1)


@pytest.fixture
def pair(tmp_path: Path) -> tuple[Any, Any, ng.Network, str]:
    """A U-Net and a ControlNet of diffusers, our U-Net, and where the ControlNet lies."""
    from diffusers import ControlNetModel, UNet2DConditionModel

    ups = ("UpBlock2D", "CrossAttnUpBlock2D")
    theirs = awake(UNet2DConditionModel(**SETTINGS, up_block_types=ups))
    controlling = awake(ControlNetModel(**SETTINGS, conditioning_embedding_out_channels=(16, 32, 96, 256)), seed=1)
    theirs.save_pretrained(tmp_path / "unet")
    controlling.save_pretrained(tmp_path / "control")
    return theirs, controlling, unet.load(path=str(tmp_path / "unet")).unet, str(tmp_path / "control")


def answered(network: ng.Network, **hints: torch.Tensor) -> torch.Tensor:
    with torch.no_grad():
        found: torch.Tensor = network.weights.module()(X, T, context=WORDS, **hints)
    return found


def wanted(theirs: Any, controlling: Any, strength: float) -> torch.Tensor:
    with torch.no_grad():
        down, middle = controlling(
            X, T, encoder_hidden_states=WORDS, controlnet_cond=HINT, conditioning_scale=strength, return_dict=False
        )
        extra = {"down_block_additional_residuals": down, "mid_block_additional_residual": middle}
        return theirs(X, T, encoder_hidden_states=WORDS, **extra).sample


def test_a_controlled_unet_gives_the_numbers_of_diffusers_and_stays_as_it_was(pair: Any) -> None:
    theirs, controlling, ours, path = pair
    before = answered(ours)
    found = answered(unet.control(ours, path=path, strength=0.8), hint_0=HINT)
    told = wanted(theirs, controlling, 0.8)
    torch.testing.assert_close(found, told, rtol=0, atol=1e-5 * told.abs().max().item())
    assert not torch.allclose(found, before)
    assert torch.equal(answered(ours), before)


@pytest.mark.slow
def test_a_controlled_unet_of_xl_gives_the_numbers_of_diffusers(tmp_path: Path) -> None:
    """It tells its ControlNet the vector of the words and sizes as well."""
    from diffusers import ControlNetModel, UNet2DConditionModel

    own = {name: value for name, value in XL.items() if name != "up_block_types"}
    theirs = awake(UNet2DConditionModel(**XL))
    controlling = awake(ControlNetModel(**own, conditioning_embedding_out_channels=(16, 32, 96, 256)), seed=1)
    theirs.save_pretrained(tmp_path / "unet")
    controlling.save_pretrained(tmp_path / "control")
    x, words, pooled = drawn(2, 4, 16, 16), drawn(2, 7, 2048, seed=2), drawn(2, 1280, seed=4)
    hint, times = drawn(2, 3, 128, 128, seed=3).clamp(0, 1), torch.tensor([[512.0, 640, 0, 0, 512, 640]])
    told = {"text_embeds": pooled, "time_ids": times.expand(2, -1)}
    with torch.no_grad():
        down, middle = controlling(x, T, words, hint, added_cond_kwargs=told, return_dict=False)
        extra = {"down_block_additional_residuals": down, "mid_block_additional_residual": middle}
        wanted = theirs(x, T, words, added_cond_kwargs=told, **extra).sample
        ours = unet.control(unet.load(path=str(tmp_path / "unet")).unet, path=str(tmp_path / "control"))
        condition = text.sizes(ng.Condition({"context": words, "vector": pooled}), height=512, width=640)
        found = ours.weights.module()(x, T, hint_0=hint, **condition)
    torch.testing.assert_close(found, wanted, rtol=0, atol=1e-5 * wanted.abs().max().item())


def test_a_controlled_unet_takes_sizes_that_cannot_be_halved_evenly(pair: Any) -> None:
    _, _, ours, path = pair
    x, hint = drawn(2, 4, 9, 11), drawn(2, 3, 72, 88, seed=3).clamp(0, 1)
    with torch.no_grad():
        found = unet.control(ours, path=path).weights.module()(x, T, context=WORDS, hint_0=hint)
    assert found.shape == x.shape


def test_two_controls_of_half_the_strength_are_one_of_the_whole(pair: Any) -> None:
    _, _, ours, path = pair
    once = answered(unet.control(ours, path=path, strength=1.0), hint_0=HINT)
    twice = unet.control(unet.control(ours, path=path, strength=0.5), path=path, strength=0.5)
    found = answered(twice, hint_0=HINT, hint_1=HINT)
    torch.testing.assert_close(found, once, rtol=0, atol=1e-5 * once.abs().max().item())


def test_the_authors_names_give_the_same_bits(pair: Any, tmp_path: Path) -> None:
    _, _, ours, path = pair
    module = unet.control(ours, path=path).weights.module()
    state = {f"control_model.{name}": value for name, value in module.control.state_dict().items()}
    save_file(state, tmp_path / "control.safetensors")
    again = unet.control(ours, path=str(tmp_path / "control.safetensors"))
    assert torch.equal(answered(again, hint_0=HINT), answered(unet.control(ours, path=path), hint_0=HINT))


def test_a_controlled_unet_without_its_picture_says_so(pair: Any) -> None:
    _, _, ours, path = pair
    with pytest.raises(ValueError, match="wants a condition 'hint_0'"):
        answered(unet.control(ours, path=path))
    told = conditions.hint(ng.Condition({"context": WORDS}), ng.Image(HINT[:, :1]))
    assert told["hint_0"].shape == (2, 3, 64, 64)


def test_a_control_for_another_network_is_told_before_anything_runs(pair: Any, tmp_path: Path) -> None:
    _, _, ours, _ = pair
    shapes = shapes_of(control, {**SD1, "model_channels": 32})
    path = str(write_hollow(tmp_path / "other.safetensors", shapes))
    told = unet.load_facts({"path": ours.weights.path})["unet"]
    with pytest.raises(ng.NodeError, match="controls another network: model_channels 32, not 64"):
        unet.control_facts({"unet": told, "path": path})
    with pytest.raises(ng.NodeError, match="holds no ControlNet"):
        unet.control_facts({"unet": told, "path": ours.weights.path})


def test_a_lora_comes_before_the_control(pair: Any) -> None:
    _, _, ours, path = pair
    with pytest.raises(ng.NodeError, match="under control already"):
        unet.lora(unet.control(ours, path=path), path=path)


def test_names_and_shapes_are_those_of_diffusers_in_full_size(tmp_path: Path) -> None:
    from diffusers import ControlNetModel

    full = {"cross_attention_dim": 768, "conditioning_embedding_out_channels": (16, 32, 96, 256)}
    path = write_hollow(tmp_path / "diffusion_pytorch_model.safetensors", shapes_of(ControlNetModel, full))
    checkpoint = opened(str(path))
    assert control_part(checkpoint).shapes(checkpoint) == shapes_of(control, SD1)
