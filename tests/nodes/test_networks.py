"""The U-Net: names and shapes of published checkpoints, and what its options must and must not change."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from noisegraph.nodes.networks.attention import AttentionBlock, SpatialTransformer
from noisegraph.nodes.networks.blocks import GroupNorm, ResBlock, timestep_embedding
from noisegraph.nodes.networks.classifier import AttentionPool, Pool, classifier
from noisegraph.nodes.networks.unet import UNet, unet
from torch import nn

from . import checkpoints

PUBLISHED = Path(__file__).parent / "published"
"""Names and shapes of the parameters, as the authors' own code builds them."""
CONFIGS: dict[str, dict[str, Any]] = {
    "iddpm_imagenet_64": checkpoints.PUBLISHED["iddpm"][0],
    "adm_imagenet_64": checkpoints.PUBLISHED["adm-64"][0],
    "adm_imagenet_256": checkpoints.PUBLISHED["adm-256"][0],
    "stable_diffusion_1": checkpoints.SD1,
}
SIZES: dict[str, tuple[int, dict[str, Any]]] = {
    "stable_diffusion_2": (865_910_724, checkpoints.SD2),
    "stable_diffusion_xl": (2_567_463_684, checkpoints.SDXL),
}
SMALL: dict[str, Any] = {"model_channels": 32, "channel_mult": (1, 2), "num_res_blocks": 1, "num_heads": 4}


def awake(module: nn.Module, seed: int = 0) -> Any:
    """The module in float64 with all parameters random, also those that begin at zero."""
    generator = torch.Generator().manual_seed(seed)
    for parameter in module.parameters():
        parameter.data = torch.randn(parameter.shape, generator=generator) * 0.1
    return module.double().eval().requires_grad_(False)


def noise(*shape: int, seed: int = 1) -> torch.Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


@pytest.mark.parametrize("name", CONFIGS)
def test_parameters_have_the_names_and_shapes_of_the_published_checkpoint(name: str) -> None:
    with torch.device("meta"):
        module = unet(**CONFIGS[name])
    found = {f"{key} {'x'.join(map(str, value.shape))}" for key, value in module.state_dict().items()}
    assert found == set((PUBLISHED / f"{name}.txt").read_text().splitlines())


@pytest.mark.parametrize("name", SIZES)
def test_the_number_of_parameters_is_that_of_the_published_model(name: str) -> None:
    wanted, config = SIZES[name]
    with torch.device("meta"):
        module = unet(**config)
    assert sum(parameter.numel() for parameter in module.parameters()) == wanted


def test_the_classifier_has_the_names_and_shapes_of_the_published_checkpoint() -> None:
    with torch.device("meta"):
        module = classifier(
            size=512,
            out_channels=1000,
            model_channels=128,
            channel_mult=(0.5, 1, 1, 2, 2, 4, 4),
            attention_resolutions=(16, 32, 64),
            num_head_channels=64,
            use_scale_shift_norm=True,
            resblock_updown=True,
        )
    found = {f"{key} {'x'.join(map(str, value.shape))}" for key, value in module.state_dict().items()}
    assert found == set((PUBLISHED / "adm_classifier_512.txt").read_text().splitlines())


@pytest.mark.parametrize("pool", ["attention", "adaptive"])
def test_the_classifier_judges_each_picture_alone_and_in_batches(pool: Pool) -> None:
    network = awake(classifier(size=8, pool=pool, **SMALL, out_channels=10))
    x, t = noise(2, 3, 8, 8), torch.tensor([0.0, 500.5])
    each = torch.cat([network(x[i : i + 1], t[i : i + 1]) for i in range(2)])
    assert each.shape == (2, 10)
    torch.testing.assert_close(network(x, t), each, rtol=0, atol=1e-10)


def test_attention_pooling_is_the_softmax_from_the_mean_to_all_places() -> None:
    pool, x = awake(AttentionPool(3, 8, 1, 5)), noise(1, 8, 3, 3)
    flat = x.flatten(2)
    places = torch.cat([flat.mean(2, keepdim=True), flat], dim=2) + pool.positional_embedding
    query, key, value = pool.qkv_proj(places).chunk(3, dim=1)
    weights = (query[:, :, :1].transpose(1, 2) @ key / 8**0.5).softmax(-1)
    wanted = pool.c_proj(value @ weights.transpose(1, 2))[:, :, 0]
    torch.testing.assert_close(pool(x), wanted, rtol=0, atol=1e-12)


def test_a_new_network_puts_out_zero_as_its_last_layer_begins_there() -> None:
    output = unet(**SMALL)(torch.randn(2, 3, 8, 8), torch.tensor([3.0, 900.0]))
    assert output.shape == (2, 3, 8, 8)
    assert not output.any()


@pytest.mark.parametrize("config", [{}, {"resblock_updown": True, "use_scale_shift_norm": True}])
def test_a_picture_does_not_depend_on_the_others_of_its_batch(config: dict[str, Any]) -> None:
    network = awake(unet(**SMALL, **config))
    x, t = noise(3, 3, 8, 8), torch.tensor([0.0, 12.5, 999.0])
    each = torch.cat([network(x[i : i + 1], t[i : i + 1]) for i in range(3)])
    torch.testing.assert_close(network(x, t), each, rtol=0, atol=1e-10)


def test_time_may_be_fractional_and_moves_the_output_continuously() -> None:
    network, x = awake(unet(**SMALL)), noise(1, 3, 8, 8)
    at, near, far = (network(x, torch.tensor([t])) for t in (10.0, 10.001, 11.0))
    assert 0 < (near - at).abs().max() < 0.01 * (far - at).abs().max()


def test_the_embedding_of_time_is_cosines_then_sines_at_geometric_frequencies() -> None:
    embedded = timestep_embedding(torch.tensor([2.5]), 4)
    angles = torch.tensor([2.5, 0.025])
    torch.testing.assert_close(embedded[0], torch.cat([angles.cos(), angles.sin()]))
    assert timestep_embedding(torch.tensor([2.5]), 5).shape == (1, 5)


def test_a_condition_of_one_row_is_that_condition_for_the_whole_batch() -> None:
    config = {**SMALL, "in_channels": 5, "num_classes": 11, "context_channels": 6, "attention": "transformer"}
    network = awake(unet(**config))
    x, t = noise(2, 3, 8, 8), torch.tensor([5.0, 6.0])
    one = {"y": torch.tensor([4]), "context": noise(1, 7, 6, seed=2), "concat": noise(1, 2, 8, 8, seed=3)}
    both = {name: torch.cat([value, value]) for name, value in one.items()}
    torch.testing.assert_close(network(x, t, **one), network(x, t, **both), rtol=0, atol=1e-12)


def test_labels_vectors_and_tokens_change_the_output() -> None:
    config = {**SMALL, "vector_channels": 3, "context_channels": 6}
    network = awake(unet(**config))
    x, t, vector, context = noise(1, 3, 8, 8), torch.tensor([5.0]), noise(1, 3), noise(1, 7, 6)
    output = network(x, t, vector=vector, context=context)
    assert not torch.allclose(output, network(x, t, vector=vector + 1, context=context))
    assert not torch.allclose(output, network(x, t, vector=vector, context=context + 1))


def test_a_vector_may_be_read_as_tokens_after_those_of_the_text() -> None:
    config = {**SMALL, "vector_channels": 3, "context_channels": 6}
    network = awake(unet(**config, vector_tokens=2))
    parameters = dict(network.named_parameters())
    plain = unet(**config)
    projection, bias = parameters.pop("vector_tokens.weight"), parameters.pop("vector_tokens.bias")
    plain.load_state_dict(parameters)
    x, t, vector, context = noise(2, 3, 8, 8), torch.tensor([5.0]), noise(2, 3), noise(1, 7, 6)
    more = (vector @ projection.T + bias).view(2, 2, 6)
    beside = torch.cat([context.expand(2, -1, -1), more], dim=1)
    expected = plain.double()(x, t, vector=vector, context=beside)
    torch.testing.assert_close(network(x, t, vector=vector, context=context), expected, rtol=0, atol=1e-12)


@pytest.mark.parametrize("lacking", ["vector_channels", "context_channels"])
def test_tokens_of_a_vector_want_both_widths(lacking: str) -> None:
    config = {**SMALL, "vector_channels": 3, "context_channels": 6, lacking: None}
    with pytest.raises(ValueError, match="vector_tokens wants"):
        unet(**config, vector_tokens=2)


@pytest.mark.parametrize(
    ("config", "given", "message"),
    [
        ({"num_classes": 3}, {}, "wants a condition 'y'"),
        ({}, {"y": torch.tensor([1])}, "takes no condition 'y'"),
        ({"context_channels": 4}, {}, "wants a condition 'context'"),
        ({}, {"context": torch.zeros(1, 2, 4)}, "takes no condition 'context'"),
    ],
)
def test_a_condition_too_few_or_too_many_is_told(config: dict[str, Any], given: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        unet(**SMALL, **config)(torch.zeros(1, 3, 8, 8), torch.zeros(1), **given)


def test_a_list_of_the_wrong_length_and_heads_that_do_not_divide_are_told() -> None:
    with pytest.raises(ValueError, match="2 levels"):
        unet(**{**SMALL, "num_res_blocks": (1, 2, 3)})
    with pytest.raises(ValueError, match="heads"):
        unet(**{**SMALL, "num_heads": 5})


def test_levels_may_have_different_numbers_of_blocks_and_skips_may_be_scaled() -> None:
    uneven: UNet = awake(unet(**{**SMALL, "num_res_blocks": (1, 3)}))
    assert len(uneven.input_blocks) == 1 + 1 + 1 + 3
    assert len(uneven.output_blocks) == 2 + 4
    x, t = noise(1, 3, 8, 8), torch.tensor([5.0])
    scaled = awake(unet(**{**SMALL, "num_res_blocks": (1, 3), "skip_scale": 0.5**0.5}))
    assert not torch.allclose(uneven(x, t), scaled(x, t))


def test_an_efficient_network_works_at_half_the_size_and_puts_out_the_whole() -> None:
    network: UNet = awake(
        unet(**{**SMALL, "channel_mult": (1, 2, 2), "downsample_first": True, "skip_scale": 0.5**0.5})
    )
    seen: list[int] = []
    for module in network.modules():
        if isinstance(module, ResBlock):
            module.register_forward_hook(lambda _, __, output: seen.append(output.shape[-1]))
    x = noise(1, 3, 16, 16)
    assert network(x, torch.tensor([5.0])).shape == x.shape
    assert seen == [8, 4, 2, 2, 2, 2, 2, 4, 4, 8, 8, 16]


def test_a_picture_that_cannot_be_halved_often_enough_is_told() -> None:
    """A mean over squares loses what is left over at an edge; a strided convolution does not."""
    odd, config = torch.zeros(1, 3, 8, 6), {**SMALL, "channel_mult": (1, 2, 2)}
    for other in ("resblock_updown", "conv_resample"):
        network = unet(**{**config, other: other == "resblock_updown"})
        with pytest.raises(ValueError, match="8 x 6: the network wants multiples of 4"):
            network(odd, torch.zeros(1))
    assert unet(**config)(odd, torch.zeros(1)).shape == odd.shape


def test_attention_by_heads_and_by_parts_is_the_same_up_to_the_order_of_channels() -> None:
    by_head, by_part = awake(AttentionBlock(64, 4)), awake(AttentionBlock(64, 4, chunked=True))
    order = torch.arange(3 * 64).view(4, 3, 16).transpose(0, 1).flatten()
    by_part.load_state_dict(by_head.state_dict())
    by_part.qkv.weight.data, by_part.qkv.bias.data = by_head.qkv.weight[order], by_head.qkv.bias[order]
    x = noise(2, 64, 4, 4)
    torch.testing.assert_close(by_part(x), by_head(x), rtol=0, atol=1e-12)


def test_attention_is_the_softmax_of_scaled_products() -> None:
    block, x = awake(AttentionBlock(32, 1)), noise(1, 32, 3, 3)
    query, key, value = block.qkv(block.norm(x.flatten(2))).chunk(3, dim=1)
    weights = (query.transpose(1, 2) @ key / 32**0.5).softmax(-1)
    wanted = x.flatten(2) + block.proj_out(value @ weights.transpose(1, 2))
    torch.testing.assert_close(block(x), wanted.view(x.shape), rtol=0, atol=1e-12)


def test_linear_and_convolutional_projections_of_a_transformer_agree() -> None:
    convolved, linear = awake(SpatialTransformer(32, 8, 2)), awake(SpatialTransformer(32, 8, 2, linear=True))
    state = convolved.state_dict()
    for name in ("proj_in.weight", "proj_out.weight"):
        state[name] = state[name].flatten(1)
    linear.load_state_dict(state)
    x, tokens = noise(2, 32, 4, 4), noise(2, 5, 8, seed=4)
    torch.testing.assert_close(linear(x, tokens), convolved(x, tokens), rtol=0, atol=1e-12)


def test_a_rescaled_residual_keeps_the_variance_of_a_sum_of_equals() -> None:
    plain, rescaled = (awake(ResBlock(32, 32, 8, rescale=rescale)) for rescale in (False, True))
    x, emb = noise(1, 32, 4, 4), noise(1, 8)
    torch.testing.assert_close(plain(x, emb) * 0.5**0.5, rescaled(x, emb))


def test_group_normalization_takes_its_statistics_in_float32_when_the_network_is_narrow() -> None:
    norm = GroupNorm(4, 8).bfloat16()
    x = (torch.randn(1, 8, 16, 16) * 0.1 + 30).bfloat16()
    exact = nn.functional.group_norm(x.double(), 4, eps=norm.eps)
    assert norm(x).dtype is torch.bfloat16
    assert (norm(x).double() - exact).abs().max() < 0.02


def test_the_network_runs_in_bfloat16() -> None:
    network = unet(**SMALL, num_classes=3).bfloat16()
    network.out[2].reset_parameters()
    output = network(torch.randn(1, 3, 8, 8).bfloat16(), torch.tensor([999.0]), y=torch.tensor([0]))
    assert output.dtype is torch.bfloat16
    assert output.isfinite().all()
