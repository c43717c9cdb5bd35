"""LoRAs beside text encoders: the sum of the two by any names, each for its own encoder, and not a bit changed."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import noisegraph as ng
import pytest
import torch
from noisegraph.nodes import text
from noisegraph.nodes.prompts.encoder import TextEncoder
from safetensors.torch import load_file, save_file

from .checkpoints import drawn
from .test_text_encoders import ROWS, as_open_clip, named, reference, said, written

LAYERS = ("self_attn.q_proj", "self_attn.out_proj", "mlp.fc1")
RANK, ALPHA = 4, 2.0
Named = Callable[[str, str, int], str]


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory) -> TextEncoder:
    """The encoders of a Stable Diffusion XL; nothing may change them, so that one pair does for all."""
    first, second = named(reference(2, 64, "quick_gelu", projected=False)), named(reference(2, 128, "gelu"))
    parts = {
        "conditioner__embedders__0__transformer__": first,
        "conditioner__embedders__1__model__": as_open_clip(second),
    }
    return text.load(path=written(tmp_path_factory.mktemp("xl"), **parts))


def kohya(layer: str, part: str, encoder: int) -> str:
    end = "alpha" if part == "alpha" else f"lora_{part}.weight"
    return f"lora_te{encoder}_text_model_encoder_layers_0_{layer.replace('.', '_')}.{end}"


def peft(layer: str, part: str, encoder: int) -> str:
    end = {"down": "lora_A.weight", "up": "lora_B.weight", "alpha": "alpha"}[part]
    return f"text_encoder{'_2' if encoder == 2 else ''}.text_model.encoder.layers.0.{layer}.{end}"


def flattened(layer: str, part: str, encoder: int) -> str:
    return peft(layer, part, encoder).replace("text_model.", "")


def older(layer: str, part: str, encoder: int) -> str:
    end = part if part == "alpha" else f"lora_linear_layer.{part}.weight"
    return f"{peft(layer, 'alpha', encoder).removesuffix('alpha')}{end}"


def branches(width: int, encoder: int) -> dict[str, tuple[torch.Tensor, torch.Tensor]]:
    """down and up of each layer."""
    wide = {layer: 4 * width if layer == "mlp.fc1" else width for layer in LAYERS}
    return {
        layer: (drawn(RANK, width, seed=10 * encoder + number) / 4, drawn(rows, RANK, seed=20 * encoder + number) / 4)
        for number, (layer, rows) in enumerate(wide.items())
    }


def lora(path: Path, name: Named, widths: Mapping[int, int]) -> str:
    """A LoRA for the encoders of these widths."""
    tensors: dict[str, torch.Tensor] = {}
    for encoder, width in widths.items():
        for layer, (down, up) in branches(width, encoder).items():
            tensors |= {name(layer, "down", encoder): down, name(layer, "up", encoder): up}
            tensors[name(layer, "alpha", encoder)] = torch.tensor(ALPHA)
    save_file(tensors, path)
    return str(path)


def summed(encoder: TextEncoder, strengths: Mapping[int, float], path: Path) -> ng.Condition:
    """What encoders say whose weights had the branches added, each of its strength."""
    parts = {}
    for number, one in enumerate((encoder, *encoder.beside), 1):
        state = {name: value.clone() for name, value in one.weights.module().state_dict().items()}
        width = state["text_model.final_layer_norm.weight"].numel()
        for layer, (down, up) in branches(width, number).items():
            weight = state[f"text_model.encoder.layers.0.{layer}.weight"]
            weight += strengths.get(number, 0) * ALPHA / RANK * (up @ down)
        parts[number] = state
    first, second = parts[1], as_open_clip(parts[2])
    place = {"conditioner__embedders__0__transformer__": first, "conditioner__embedders__1__model__": second}
    path.mkdir()
    return said(text.load(path=written(path, **place)), ROWS)


def close(found: ng.Condition, wanted: ng.Condition) -> None:
    for name, value in wanted.items():
        torch.testing.assert_close(found[name], value, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("name", [kohya, peft, flattened, older])
def test_each_encoder_gets_its_own_branches_and_stays_as_it_was_to_the_bit(
    name: Named, large: TextEncoder, tmp_path: Path
) -> None:
    before = said(large, ROWS)
    path = lora(tmp_path / "lora.safetensors", name, {1: 64, 2: 128})
    found = said(text.lora(large, path=path, strength=0.7), ROWS)
    close(found, summed(large, {1: 0.7, 2: 0.7}, tmp_path / "summed"))
    assert (found["context"] - before["context"]).abs().max() > 1e-2
    assert all(torch.equal(value, before[key]) for key, value in said(large, ROWS).items())
    assert text.lora(large, path=path, strength=0.0) is large


def test_several_add_up_and_one_for_a_single_encoder_leaves_the_other(large: TextEncoder, tmp_path: Path) -> None:
    both = lora(tmp_path / "both.safetensors", kohya, {1: 64, 2: 128})
    second = lora(tmp_path / "second.safetensors", peft, {2: 128})
    adapted = text.lora(text.lora(large, path=both, strength=0.25), path=second, strength=0.5)
    close(said(adapted, ROWS), summed(large, {1: 0.25, 2: 0.75}, tmp_path / "summed"))
    assert text.lora(large, path=second).weights is large.weights


def test_clip_skip_and_embeddings_go_with_it(large: TextEncoder, tmp_path: Path) -> None:
    path = lora(tmp_path / "lora.safetensors", kohya, {1: 64, 2: 128})
    save_file({"clip_l": drawn(2, 64), "clip_g": drawn(2, 128)}, tmp_path / "word.safetensors")
    one = text.embedding(text.skip(text.lora(large, path=path)), path=str(tmp_path / "word.safetensors"))
    other = text.lora(text.skip(text.embedding(large, path=str(tmp_path / "word.safetensors"))), path=path)
    assert torch.equal(
        said(one, [[98, 100, 101, *[99] * 5]])["context"], said(other, [[98, 100, 101, *[99] * 5]])["context"]
    )


def test_one_that_is_for_the_unet_alone_changes_nothing(
    large: TextEncoder, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    save_file({"lora_unet_mid_block_attentions_0_proj_in.lora_down.weight": drawn(4, 8)}, tmp_path / "unet.safetensors")
    assert text.lora(large, path=str(tmp_path / "unet.safetensors")) == large
    assert caplog.text == ""


def test_one_that_is_for_no_network_of_the_model_is_told(
    large: TextEncoder, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    save_file({"lora_te3_encoder_block_0.lora_down.weight": drawn(4, 8)}, tmp_path / "t5.safetensors")
    assert text.lora(large, path=str(tmp_path / "t5.safetensors")) == large
    assert "t5.safetensors' brings nothing for text encoders" in caplog.text


def test_one_for_another_model_is_told_before_anything_runs(large: TextEncoder, tmp_path: Path) -> None:
    told = text.load_facts({"path": large.weights.path})
    wide = lora(tmp_path / "wide.safetensors", kohya, {1: 128})
    with pytest.raises(ng.NodeError, match=r"has 128 to 512 channels for .* which has 64 to 256"):
        text.lora_facts({"encoder": told, "path": wide})
    with pytest.raises(ng.NodeError, match=r"has 128 to 512 channels"):
        text.lora(large, path=wide)
    deep = {kohya("mlp.fc1", part, 1).replace("layers_0", "layers_30"): drawn(4, 4) for part in ("down", "up")}
    save_file(deep, tmp_path / "deep.safetensors")
    with pytest.raises(ng.NodeError, match="is for another network"):
        text.lora(large, path=str(tmp_path / "deep.safetensors"))


def test_weights_of_the_file_are_not_written_to(large: TextEncoder, tmp_path: Path) -> None:
    before = load_file(large.weights.path)
    said(text.lora(large, path=lora(tmp_path / "lora.safetensors", kohya, {1: 64, 2: 128})), ROWS)
    after = load_file(large.weights.path)
    assert all(torch.equal(value, after[name]) for name, value in before.items())
