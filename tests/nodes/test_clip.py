"""CLIP: both towers equal to transformers', named as published."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from noisegraph.nodes.networks.clip import CLIP, Encoded, clip, text_transformer

PUBLISHED = Path(__file__).parent / "published"
"""Names and shapes of the parameters, as transformers builds the published model."""
SMALL: dict[str, Any] = {
    "vocab_size": 50,
    "end_token": 49,
    "length": 9,
    "text_width": 24,
    "text_layers": 3,
    "text_heads": 4,
    "image_size": 16,
    "patch_size": 4,
    "image_width": 32,
    "image_layers": 2,
    "image_heads": 2,
    "projection_dim": 12,
}
TOKENS = torch.tensor([[48, 3, 7, 49, 49, 49, 49, 49, 49], [48, 1, 2, 3, 4, 5, 6, 7, 49]])


def awake(module: Any, seed: int = 0) -> Any:
    """The module in float64 with random parameters, large enough that every layer counts."""
    generator = torch.Generator().manual_seed(seed)
    for parameter in module.parameters():
        parameter.data = torch.randn(parameter.shape, generator=generator) * 0.3
    return module.double().eval().requires_grad_(False)


def pictures(count: int) -> torch.Tensor:
    return torch.randn(count, 3, 16, 16, generator=torch.Generator().manual_seed(1), dtype=torch.float64)


def reference(activation: str) -> Any:
    """transformers' model of the same configuration."""
    from transformers import CLIPConfig, CLIPModel

    text = {
        "vocab_size": 50,
        "hidden_size": 24,
        "intermediate_size": 96,
        "num_hidden_layers": 3,
        "num_attention_heads": 4,
        "max_position_embeddings": 9,
        "eos_token_id": 49,
        "hidden_act": activation,
    }
    vision = {
        "hidden_size": 32,
        "intermediate_size": 128,
        "num_hidden_layers": 2,
        "num_attention_heads": 2,
        "image_size": 16,
        "patch_size": 4,
        "hidden_act": activation,
    }
    made: Any = CLIPModel(CLIPConfig(text_config=text, vision_config=vision, projection_dim=12))
    return made.double().eval()


def assert_same(ours: Encoded, theirs: Any) -> None:
    torch.testing.assert_close(ours.states, theirs.last_hidden_state, rtol=0, atol=1e-10)
    for found, wanted in zip(ours.hidden, theirs.hidden_states, strict=True):
        torch.testing.assert_close(found, wanted, rtol=0, atol=1e-10)


def test_parameters_have_the_names_and_shapes_of_the_published_model() -> None:
    with torch.device("meta"):
        module = clip()
    found = {f"{key} {'x'.join(map(str, value.shape))}" for key, value in module.state_dict().items()}
    assert found == set((PUBLISHED / "clip_vit_large_14.txt").read_text().splitlines())


def test_the_text_tower_has_the_names_that_stable_diffusion_keeps_it_under() -> None:
    with torch.device("meta"):
        names = set(text_transformer().state_dict())
    lines = (PUBLISHED / "clip_vit_large_14.txt").read_text().splitlines()
    assert names == {line.split(" ")[0] for line in lines if line.startswith("text_model.")}


@pytest.mark.parametrize("activation", ["quick_gelu", "gelu"])
def test_both_towers_and_their_meeting_are_those_of_transformers(activation: str) -> None:
    ours: CLIP = awake(clip(**SMALL, activation=activation))
    theirs = reference(activation)
    theirs.load_state_dict(ours.state_dict())
    with torch.no_grad():
        wanted = theirs(input_ids=TOKENS, pixel_values=pictures(3), output_hidden_states=True)
    assert_same(ours.text_model(TOKENS), wanted.text_model_output)
    assert_same(ours.vision_model(pictures(3)), wanted.vision_model_output)
    torch.testing.assert_close(ours.embed_text(TOKENS), wanted.text_embeds, rtol=0, atol=1e-10)
    torch.testing.assert_close(ours.embed_image(pictures(3)), wanted.image_embeds, rtol=0, atol=1e-10)
    torch.testing.assert_close(ours(TOKENS, pictures(3)).logits(), wanted.logits_per_text, rtol=0, atol=1e-9)


def test_a_text_is_read_at_its_first_end_whatever_fills_it_up() -> None:
    module: CLIP = awake(clip(**SMALL))
    filled = TOKENS.clone()
    filled[0, 4:] = 11
    assert torch.equal(module.text_model(TOKENS).pooled, module.text_model(filled).pooled)
    torch.testing.assert_close(module.embed_text(TOKENS[:1]), module.embed_text(TOKENS[:1, :4]), rtol=0, atol=1e-12)


def test_a_token_does_not_see_those_after_it() -> None:
    module: CLIP = awake(clip(**SMALL))
    changed = TOKENS.clone()
    changed[1, 5] = 20
    before, after = module.text_model(TOKENS).states[1], module.text_model(changed).states[1]
    assert torch.equal(before[:5], after[:5])
    assert not torch.allclose(before[5:], after[5:])
