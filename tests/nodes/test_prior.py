"""The prior of unCLIP against diffusers' own, and the network of points."""

from __future__ import annotations

import re
from typing import Any

import pytest
import torch
from diffusers import PriorTransformer
from noisegraph.nodes.networks.mlp import mlp
from noisegraph.nodes.networks.prior import prior
from torch import nn

CONFIG: dict[str, Any] = {
    "dimensions": 12,
    "context_channels": 12,
    "length": 5,
    "width": 32,
    "heads": 4,
    "layers": 2,
}
NAMES = (
    (r"transformer_blocks\.(\d+)\.norm1", r"layers.\1.layer_norm1"),
    (r"transformer_blocks\.(\d+)\.norm3", r"layers.\1.layer_norm2"),
    (r"transformer_blocks\.(\d+)\.attn1\.to_out\.0", r"layers.\1.self_attn.out_proj"),
    (r"transformer_blocks\.(\d+)\.attn1\.to_([qkv])", r"layers.\1.self_attn.\2_proj"),
    (r"transformer_blocks\.(\d+)\.ff\.net\.0\.proj", r"layers.\1.mlp.fc1"),
    (r"transformer_blocks\.(\d+)\.ff\.net\.2", r"layers.\1.mlp.fc2"),
    (r"time_embedding\.linear_1", "time_embedding.0"),
    (r"time_embedding\.linear_2", "time_embedding.2"),
)
"""diffusers' names -> ours."""


def drawn(*shape: int, seed: int = 0) -> torch.Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def awake(module: nn.Module) -> Any:
    """The module in float64 with all parameters random."""
    for seed, parameter in enumerate(module.parameters()):
        parameter.data = drawn(*parameter.shape, seed=seed) * 0.2
    return module.double().eval().requires_grad_(False)


def renamed(name: str) -> str:
    for pattern, ours in NAMES:
        name = re.sub(pattern, ours, name)
    return name


def test_the_prior_computes_what_diffusers_computes() -> None:
    theirs = awake(
        PriorTransformer(num_attention_heads=4, attention_head_dim=8, num_layers=2, embedding_dim=12, num_embeddings=5)
    )
    ours = prior(**CONFIG).double().eval()
    ours.load_state_dict({renamed(n): v for n, v in theirs.state_dict().items() if n not in ("clip_mean", "clip_std")})
    x, vector, context = drawn(3, 12, seed=1), drawn(3, 12, seed=2), drawn(3, 5, 12, seed=3)
    t = torch.tensor([0.0, 10.0, 999.0])
    causal = torch.ones(3, 5, dtype=torch.float64)  # without a mask of the text theirs is not causal either
    told = {"proj_embedding": vector, "encoder_hidden_states": context, "attention_mask": causal}
    wanted = theirs(x, t, **told).predicted_image_embedding
    torch.testing.assert_close(ours(x, t, context=context, vector=vector), wanted, rtol=0, atol=1e-6)


def test_one_text_serves_all_of_a_batch() -> None:
    network = awake(prior(**CONFIG))
    x, vector, context = drawn(3, 12, seed=1), drawn(1, 12, seed=2), drawn(1, 5, 12, seed=3)
    t = torch.full((3,), 7.0)
    wanted = network(x, t, context=context.expand(3, -1, -1), vector=vector.expand(3, -1))
    torch.testing.assert_close(network(x, t, context=context, vector=vector), wanted)


def test_the_network_of_points_judges_each_point_alone_and_knows_the_time() -> None:
    network = awake(mlp(dimensions=2, width=16, depth=3, time_scale=10.0))
    x, t = drawn(4, 2), torch.tensor([0.0, 1.0, 2.0, 3.0])
    each = torch.cat([network(x[i : i + 1], t[i : i + 1]) for i in range(4)])
    torch.testing.assert_close(network(x, t), each, rtol=0, atol=1e-12)
    assert (network(x[:1].expand(4, -1), t).diff(dim=0).abs().sum(1) > 0).all()


@pytest.mark.parametrize("scale", [1.0, 10.0])
def test_its_time_is_multiplied_by_the_scale(scale: float) -> None:
    one, other = (awake(mlp(time_scale=factor)) for factor in (scale, 1.0))
    t = torch.tensor([3.0])
    torch.testing.assert_close(one(drawn(1, 2), t), other(drawn(1, 2), t * scale))
