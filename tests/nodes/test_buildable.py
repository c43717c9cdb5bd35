"""What keeps a U-Net from being built is told before anything is built, by graphs and by cards."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import noisegraph as ng
import pytest
import torch
from noisegraph.check import check
from noisegraph.graph import parse
from noisegraph.nodes.models.checked import checked
from noisegraph.nodes.networks.buildable import flaws
from noisegraph.nodes.networks.unet import unet
from noisegraph.nodes.networks.unet_config import UNetConfig, tupled
from noisegraph.nodes.unet import architecture
from noisegraph.registry import Registry
from safetensors.torch import save_file

from . import checkpoints

SMALL: dict[str, Any] = {"model_channels": 32, "channel_mult": (1, 2), "num_res_blocks": 1, "num_heads": 4}
FLAWED: dict[str, dict[str, Any]] = {
    "num_heads is 5": {"num_heads": 5},
    "num_heads is 0": {"num_heads": 0},
    "num_head_channels is 24": {"num_head_channels": 24, "channel_mult": (1, 2.5)},
    "num_head_channels is 128": {"num_head_channels": 128},
    "groups is 7": {"groups": 7},
    "groups is 0": {"groups": 0},
    "model_channels is -3": {"model_channels": -3},
    "model_channels is 1000000000": {"model_channels": 10**9},
    "channel_mult is empty": {"channel_mult": ()},
    "levels of 1, -2 times 32 channels": {"channel_mult": (1, -2)},
    "num_res_blocks has 3 numbers, channel_mult 2 levels": {"num_res_blocks": (1, 1, 1)},
    "transformer_depth has 1 numbers, channel_mult 2 levels": {"transformer_depth": (1,)},
    "dropout is 2": {"dropout": 2.0},
    "vector_tokens wants vector_channels": {"vector_tokens": 4, "context_channels": 8},
}
UNBUILT = (ValueError, RuntimeError, ZeroDivisionError, IndexError)
"""What torch, or the network, says of them."""


@pytest.mark.parametrize("told", FLAWED)
def test_what_keeps_a_network_from_being_built_is_told_with_what_to_change(told: str) -> None:
    config = UNetConfig(**SMALL | FLAWED[told])
    with pytest.raises(ng.NodeError, match=told):
        architecture(config=config)
    with pytest.raises(UNBUILT), torch.device("meta"):
        unet(**SMALL | FLAWED[told])


def test_a_graph_with_such_a_network_is_found_wrong_before_it_runs() -> None:
    nodes = {"network": {"use": "unet.architecture", "config": {"num_heads": 5}}}
    graph = parse(json.dumps({"nodes": nodes, "outputs": {"network": "$network"}}), "graph.json")
    (problem,) = check(graph, Registry.installed()).problems
    assert "num_heads is 5" in str(problem)


def test_every_published_network_can_be_built() -> None:
    small = (config for config, *_ in checkpoints.PUBLISHED.values())
    for config in (SMALL, checkpoints.SD1, checkpoints.SD2, checkpoints.SDXL, *small):
        assert flaws(UNetConfig(**tupled(config))) == []


def test_a_card_of_a_network_that_cannot_be_built_is_refused_before_the_weights_are_read(tmp_path: Path) -> None:
    save_file({"x": torch.zeros(1)}, tmp_path / "a.safetensors")
    process = {"kind": "DiscreteVP", "schedule": "cosine", "steps": 10}
    card = {"network": SMALL | {"groups": 0}, "process": process, "prediction": "v", "shape": [3, 8, 8]}
    (tmp_path / "a.json").write_text(json.dumps(card), encoding="utf-8")
    with pytest.raises(ng.NodeError, match="groups is 0"):
        checked(str(tmp_path / "a.safetensors"), "model.trained")
