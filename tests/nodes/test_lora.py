"""LoRAs beside a loaded U-Net: the sum of the two, by any names, and not a bit of the network changed."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import noisegraph as ng
import pytest
import torch
from noisegraph.nodes import unet
from noisegraph.nodes.networks.unet import unet as build
from safetensors.torch import save_file

from .checkpoints import SD1, awake, drawn

SMALL: dict[str, Any] = {**SD1, "model_channels": 32, "channel_mult": (1, 2), "attention_resolutions": (1, 2)}
KOHYA = {
    "down_blocks_0_attentions_1_transformer_blocks_0_attn1_to_q": "input_blocks.2.1.transformer_blocks.0.attn1.to_q",
    "mid_block_attentions_0_transformer_blocks_0_attn2_to_out_0": "middle_block.1.transformer_blocks.0.attn2.to_out.0",
    "up_blocks_0_attentions_2_proj_in": "output_blocks.2.1.proj_in",
    "up_blocks_1_resnets_0_conv1": "output_blocks.3.0.in_layers.2",
    "up_blocks_0_upsamplers_0_conv": "output_blocks.2.2.conv",
    "down_blocks_0_downsamplers_0_conv": "input_blocks.3.0.op",
    "down_blocks_1_resnets_0_time_emb_proj": "input_blocks.4.0.emb_layers.1",
}
"""The layers of a LoRA by kohya's names, and where they stand with us."""
RANK, ALPHA = 4, 2.0


@pytest.fixture
def base(tmp_path: Path) -> ng.Network:
    save_file(awake(build(**SMALL)).state_dict(), tmp_path / "unet.safetensors")
    return unet.load(path=str(tmp_path / "unet.safetensors")).unet


def branch(weight: torch.Tensor, seed: int) -> tuple[torch.Tensor, torch.Tensor]:
    """down and up beside a weight."""
    rows, columns, *kernel = weight.shape
    ends = [1] * len(kernel)
    return drawn(RANK, columns, *kernel, seed=seed) / 10, drawn(rows, RANK, *ends, seed=seed + 50) / 10


def lora(path: Path, base: ng.Network, named: Callable[[str, str], str]) -> str:
    """A LoRA with the names that `named(kohya's layer, part)` gives."""
    weights = base.weights.module().state_dict()
    tensors: dict[str, torch.Tensor] = {}
    for seed, (layer, ours) in enumerate(KOHYA.items()):
        down, up = branch(weights[f"{ours}.weight"], seed)
        tensors |= {named(layer, "down"): down, named(layer, "up"): up, named(layer, "alpha"): torch.tensor(ALPHA)}
    save_file(tensors, path)
    return str(path)


def kohya(layer: str, part: str) -> str:
    return f"lora_unet_{layer}.alpha" if part == "alpha" else f"lora_unet_{layer}.lora_{part}.weight"


def ldm(layer: str, part: str) -> str:
    return kohya(KOHYA[layer].replace(".", "_"), part)


def answered(network: ng.Network) -> torch.Tensor:
    with torch.no_grad():
        told = {"context": drawn(1, 5, 768, seed=9)}
        found: torch.Tensor = network.weights.module()(drawn(1, 4, 8, 8), torch.tensor([7.0]), **told)
    return found


def summed(base: ng.Network, strength: float) -> torch.Tensor:
    """What a copy of the network says whose weights had the branches added."""
    module = build(**SMALL).eval()
    state = dict(base.weights.module().state_dict())
    for seed, ours in enumerate(KOHYA.values()):
        weight = state[f"{ours}.weight"]
        down, up = branch(weight, seed)
        product = (up.flatten(1) @ down.flatten(1)).view(weight.shape)
        state[f"{ours}.weight"] = weight + strength * ALPHA / RANK * product
    module.load_state_dict(state)
    with torch.no_grad():
        return module(drawn(1, 4, 8, 8), torch.tensor([7.0]), context=drawn(1, 5, 768, seed=9))


@pytest.mark.parametrize("named", [kohya, ldm])
def test_a_lora_adds_its_branches_and_leaves_the_network_as_it_was_to_the_bit(
    named: Callable[[str, str], str], base: ng.Network, tmp_path: Path
) -> None:
    before = answered(base)
    adapted = unet.lora(base, path=lora(tmp_path / "lora.safetensors", base, named), strength=0.7)
    found = answered(adapted)
    torch.testing.assert_close(found, summed(base, 0.7), rtol=1e-4, atol=1e-4)
    assert (found - before).abs().max() > 1e-2
    assert torch.equal(answered(base), before)
    assert unet.lora(base, path=str(tmp_path / "lora.safetensors"), strength=0.0) is base


def test_the_branches_share_the_tensors_of_the_network_beside_which_they_stand(
    base: ng.Network, tmp_path: Path
) -> None:
    adapted = unet.lora(base, path=lora(tmp_path / "lora.safetensors", base, kohya))
    own, beside = base.weights.module().state_dict(), adapted.weights.module().state_dict()
    assert all(own[name].data_ptr() == beside[name].data_ptr() for name in own)


def test_several_loras_add_up_in_any_order(base: ng.Network, tmp_path: Path) -> None:
    path = lora(tmp_path / "lora.safetensors", base, kohya)
    twice = unet.lora(unet.lora(base, path=path, strength=0.25), path=path, strength=0.5)
    torch.testing.assert_close(answered(twice), summed(base, 0.75), rtol=1e-4, atol=1e-4)


def test_names_of_diffusers_are_known(base: ng.Network, tmp_path: Path) -> None:
    """As peft writes them, and as diffusers did before."""
    layer = "down_blocks.0.attentions.1.transformer_blocks.0.attn1"
    down, up = branch(base.weights.module().state_dict()["input_blocks.2.1.transformer_blocks.0.attn1.to_q.weight"], 0)
    written = (
        {f"unet.{layer}.to_q.lora_A.weight": down, f"unet.{layer}.to_q.lora_B.weight": up},
        {f"unet.{layer}.to_q.lora.down.weight": down, f"unet.{layer}.to_q.lora.up.weight": up},
        {f"unet.{layer}.processor.to_q_lora.down.weight": down, f"unet.{layer}.processor.to_q_lora.up.weight": up},
    )
    answers = []
    for number, tensors in enumerate(written):
        save_file(tensors, tmp_path / f"{number}.safetensors")
        answers.append(answered(unet.lora(base, path=str(tmp_path / f"{number}.safetensors"))))
    assert not torch.equal(answers[0], answered(base))
    assert torch.equal(answers[0], answers[1])
    assert torch.equal(answers[0], answers[2])


@pytest.mark.parametrize(
    ("name", "shape", "told"),
    [
        ("lora_unet_down_blocks_7_attentions_0_proj_in.lora_down.weight", (4, 32), "is for another network"),
        ("lora_unet_mid_block_attentions_0_proj_in.lora_down.weight", (4, 64), "is for another network"),
        ("lora_unet_mid_block_attentions_0_proj_in.hada_w1_a", (4, 64), "no low-rank branch"),
        ("lora_te_text_model_encoder_layers_0_mlp_fc1.lora_down.weight", (4, 64), "brings nothing"),
    ],
)
def test_what_fits_no_layer_is_told(
    name: str, shape: tuple[int, ...], told: str, base: ng.Network, tmp_path: Path
) -> None:
    save_file({name: torch.ones(shape)}, tmp_path / "lora.safetensors")
    with pytest.raises(ng.NodeError, match=told):
        unet.lora(base, path=str(tmp_path / "lora.safetensors"))


def test_a_branch_of_other_widths_is_told_before_anything_runs(base: ng.Network, tmp_path: Path) -> None:
    layer = "lora_unet_mid_block_attentions_0_transformer_blocks_0_attn1_to_q"
    wide = {f"{layer}.lora_down.weight": torch.ones(4, 640), f"{layer}.lora_up.weight": torch.ones(640, 4)}
    save_file(wide, tmp_path / "lora.safetensors")
    told = unet.load_facts({"path": base.weights.path})["unet"]
    with pytest.raises(ng.NodeError, match=r"has 640 to 640 channels for .* which has 64 to 64"):
        unet.lora_facts({"unet": told, "path": str(tmp_path / "lora.safetensors")})
