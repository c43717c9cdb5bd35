"""Published text networks: loaded from files of each layout, they give transformers' numbers; full size fits."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import noisegraph as ng
import pytest
import torch
from noisegraph.nodes import text
from noisegraph.nodes.checkpoints.checkpoint import opened
from noisegraph.nodes.checkpoints.locate import text_parts
from noisegraph.nodes.networks.bert import bert
from noisegraph.nodes.networks.clip import text_transformer
from noisegraph.nodes.networks.glide_text import glide_text
from noisegraph.nodes.prompts import known
from noisegraph.nodes.prompts.encoder import TextEncoder
from noisegraph.nodes.prompts.encoding import Said, ask
from noisegraph.nodes.prompts.encoding import condition as joined
from noisegraph.nodes.prompts.loading import loaded
from safetensors.torch import save_file

from .checkpoints import awake, drawn, shapes_of, write_hollow

CLOSE = 1e-5
ROWS = [[98, 3, 7, 99, 99, 99, 99, 99], [98, 1, 2, 3, 4, 5, 6, 99]]


def reference(layers: int, width: int, activation: str, projected: bool = True) -> Any:
    """transformers' text tower."""
    from transformers import CLIPTextConfig, CLIPTextModel, CLIPTextModelWithProjection

    config = CLIPTextConfig(
        vocab_size=100,
        hidden_size=width,
        intermediate_size=4 * width,
        num_hidden_layers=layers,
        num_attention_heads=width // 64,
        max_position_embeddings=8,
        projection_dim=48,
        eos_token_id=99,
        hidden_act=activation,
    )
    return awake((CLIPTextModelWithProjection if projected else CLIPTextModel)(config))


def named(theirs: Any) -> dict[str, torch.Tensor]:
    """Its weights as files have them: with `text_model.` before the tower, whichever version of transformers it is."""
    outside = ("text_model.", "text_projection.")
    state = {name: value.clone() for name, value in theirs.state_dict().items() if "position_ids" not in name}
    return {name if name.startswith(outside) else f"text_model.{name}": value for name, value in state.items()}


def as_open_clip(state: Mapping[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """The same weights with the names of open_clip, written down by hand."""
    made = {
        "token_embedding.weight": state["text_model.embeddings.token_embedding.weight"],
        "positional_embedding": state["text_model.embeddings.position_embedding.weight"],
        "ln_final.weight": state["text_model.final_layer_norm.weight"],
        "ln_final.bias": state["text_model.final_layer_norm.bias"],
        "logit_scale": torch.tensor(4.6),
    }
    if "text_projection.weight" in state:
        made["text_projection"] = state["text_projection.weight"].T.contiguous()
    names = {"ln_1": "layer_norm1", "ln_2": "layer_norm2", "mlp.c_fc": "mlp.fc1", "mlp.c_proj": "mlp.fc2"}
    names["attn.out_proj"] = "self_attn.out_proj"
    count = 1 + max(int(name.split(".")[3]) for name in state if ".layers." in name)
    for number in range(count):
        here, there = f"text_model.encoder.layers.{number}", f"transformer.resblocks.{number}"
        for kind in ("weight", "bias"):
            made |= {f"{there}.{new}.{kind}": state[f"{here}.{old}.{kind}"] for new, old in names.items()}
            parts = [state[f"{here}.self_attn.{part}_proj.{kind}"] for part in "qkv"]
            made[f"{there}.attn.in_proj_{kind}"] = torch.cat(parts)
    return made


def written(path: Path, **parts: Mapping[str, torch.Tensor]) -> str:
    """One file that holds the parts, each under its prefix (with `__` for a dot)."""
    file = path / "model.safetensors"
    state = {
        f"{prefix.replace('__', '.')}{name}": value.contiguous()
        for prefix, part in parts.items()
        for name, value in part.items()
    }
    save_file(state, file)
    return str(file)


def said(encoder: TextEncoder, rows: list[list[int]]) -> ng.Condition:
    with torch.no_grad():
        several: list[Said] = [ask(one, rows) for one in (encoder, *encoder.beside)]
        return joined(encoder, several)


def close(found: torch.Tensor, wanted: torch.Tensor) -> None:
    torch.testing.assert_close(found, wanted, rtol=0, atol=CLOSE * wanted.abs().max().item())


def answered(theirs: Any) -> Any:
    with torch.no_grad():
        return theirs(torch.tensor(ROWS), output_hidden_states=True)


def normed(theirs: Any, states: torch.Tensor) -> torch.Tensor:
    tower = getattr(theirs, "text_model", theirs)
    with torch.no_grad():
        return tower.final_layer_norm(states)


def test_stable_diffusion_1_is_read_at_the_last_layer_after_its_norm(tmp_path: Path) -> None:
    theirs = reference(3, 768, "quick_gelu", projected=False)
    file = written(tmp_path, cond_stage_model__transformer__=named(theirs))
    encoder = loaded(opened(file))
    found = said(encoder, ROWS)
    close(found["context"], answered(theirs).last_hidden_state)
    assert (set(found), encoder.pad) == ({"context"}, None)


def test_clip_skip_reads_the_layer_before_and_norms_it(tmp_path: Path) -> None:
    theirs = reference(3, 768, "quick_gelu", projected=False)
    encoder = text.skip(text.load(path=written(tmp_path, cond_stage_model__transformer__=named(theirs))), layers=2)
    close(said(encoder, ROWS)["context"], normed(theirs, answered(theirs).hidden_states[-2]))


def test_stable_diffusion_2_is_read_before_its_last_layer_after_the_norm_and_padded_with_0(tmp_path: Path) -> None:
    theirs = reference(3, 128, "gelu")
    encoder = loaded(opened(written(tmp_path, cond_stage_model__model__=as_open_clip(named(theirs)))))
    found = said(encoder, ROWS)
    close(found["context"], normed(theirs, answered(theirs).hidden_states[-2]))
    assert (set(found), encoder.pad) == ({"context"}, 0)


def test_stable_diffusion_xl_joins_two_encoders_without_norm_and_the_projection_of_the_second(tmp_path: Path) -> None:
    first, second = reference(3, 768, "quick_gelu", projected=False), reference(2, 128, "gelu")
    parts = {
        "conditioner__embedders__0__transformer__": named(first),
        "conditioner__embedders__1__model__": as_open_clip(named(second)),
    }
    encoder = loaded(opened(written(tmp_path, **parts)))
    found = said(encoder, ROWS)
    close(found["context"][..., :768], answered(first).hidden_states[-2])
    close(found["context"][..., 768:], answered(second).hidden_states[-2])
    close(found["vector"], answered(second).text_embeds)
    assert [one.pad for one in (encoder, *encoder.beside)] == [None, 0]


def test_a_folder_of_stable_diffusion_xl_says_the_same_by_its_own_settings(tmp_path: Path) -> None:
    first, second = reference(3, 128, "quick_gelu", projected=False), reference(2, 128, "gelu")
    for name, network in (("text_encoder", first), ("text_encoder_2", second)):
        (tmp_path / name).mkdir()
        save_file(named(network), tmp_path / name / "model.safetensors")
        told = {"hidden_act": network.config.hidden_act, "num_attention_heads": 2}
        (tmp_path / name / "config.json").write_text(json.dumps(told))
    (tmp_path / "model_index.json").write_text("{}")
    found = said(loaded(opened(str(tmp_path))), ROWS)
    close(found["context"][..., :128], answered(first).hidden_states[-2])
    close(found["context"][..., 128:], answered(second).hidden_states[-2])
    close(found["vector"], answered(second).text_embeds)


def test_the_refiner_is_read_at_its_one_encoder(tmp_path: Path) -> None:
    theirs = reference(2, 128, "gelu")
    file = written(tmp_path, conditioner__embedders__0__model__=as_open_clip(named(theirs)))
    found = said(loaded(opened(file)), ROWS)
    close(found["context"], answered(theirs).hidden_states[-2])
    close(found["vector"], answered(theirs).text_embeds)


@pytest.mark.parametrize("layout", ["ldm", "diffusers"])
def test_the_bert_of_latent_diffusion_is_that_of_diffusers(layout: str, tmp_path: Path) -> None:
    from diffusers.pipelines.latent_diffusion.pipeline_latent_diffusion import LDMBertConfig, LDMBertModel

    config = LDMBertConfig(
        vocab_size=100,
        max_position_embeddings=8,
        encoder_layers=2,
        encoder_ffn_dim=384,
        encoder_attention_heads=2,
        d_model=96,
    )
    theirs = awake(LDMBertModel(config))
    state = {name: value.clone() for name, value in theirs.state_dict().items() if "position_ids" not in name}
    if layout == "diffusers":
        (tmp_path / "bert").mkdir()
        (tmp_path / "model_index.json").write_text("{}")
        save_file(state, tmp_path / "bert" / "model.safetensors")
        path = str(tmp_path)
    else:
        path = written(tmp_path, cond_stage_model__transformer__=as_ldm_bert(state))
    encoder = loaded(opened(path))
    with torch.no_grad():
        wanted = theirs(torch.tensor(ROWS))[0]
    close(said(encoder, ROWS)["context"], wanted)
    assert encoder.kind == "bert"


def as_ldm_bert(state: Mapping[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """The same weights with the names of latent diffusion's authors."""
    made = {
        "token_emb.weight": state["model.embed_tokens.weight"],
        "pos_emb.emb.weight": state["model.embed_positions.weight"],
        "norm.weight": state["model.layer_norm.weight"],
        "norm.bias": state["model.layer_norm.bias"],
        "to_logits.weight": torch.zeros(100, 96),
    }
    for number in range(2):
        here, attention = f"model.layers.{number}", f"attn_layers.layers.{2 * number}"
        forward = f"attn_layers.layers.{2 * number + 1}"
        for kind in ("weight", "bias"):
            made[f"{attention}.0.{kind}"] = state[f"{here}.self_attn_layer_norm.{kind}"]
            made[f"{attention}.1.to_out.{kind}"] = state[f"{here}.self_attn.out_proj.{kind}"]
            made[f"{forward}.0.{kind}"] = state[f"{here}.final_layer_norm.{kind}"]
            made[f"{forward}.1.net.0.0.{kind}"] = state[f"{here}.fc1.{kind}"]
            made[f"{forward}.1.net.2.{kind}"] = state[f"{here}.fc2.{kind}"]
        for part in "qkv":
            made[f"{attention}.1.to_{part}.weight"] = state[f"{here}.self_attn.{part}_proj.weight"]
    return made


def test_glides_transformer_is_torchs_with_its_queries_keys_and_values_by_heads(tmp_path: Path) -> None:
    ours = awake(glide_text(vocab_size=100, length=8, width=64, layers=2, vector=24))
    encoder = loaded(opened(written(tmp_path, **{"": dict(ours.state_dict())})))
    rows = torch.tensor([[5, 6, 7, 99, 99, 99, 99, 99]])
    words = ours.token_embedding(rows) + ours.positional_embedding
    x = torch.where(rows[..., None] == 99, ours.padding_embedding, words)
    for block in ours.transformer.resblocks:
        x = as_torchs(block)(x)
    wanted = ours.final_ln(x)
    found = said(encoder, rows.tolist())
    close(found["context"], wanted)
    close(found["vector"], ours.transformer_proj(wanted[:, -1]))


def as_torchs(block: Any) -> Any:
    made = torch.nn.TransformerEncoderLayer(64, 8, 256, 0.0, "gelu", batch_first=True, norm_first=True)
    order = torch.arange(192).view(8, 3, 8).transpose(0, 1).flatten()  # [heads, 3, width] -> [3, heads, width]
    state = {
        "self_attn.in_proj_weight": block.attn.c_qkv.weight[order],
        "self_attn.in_proj_bias": block.attn.c_qkv.bias[order],
    }
    names = {"self_attn.out_proj": block.attn.c_proj, "linear1": block.mlp.c_fc, "linear2": block.mlp.c_proj}
    for name, part in {**names, "norm1": block.ln_1, "norm2": block.ln_2}.items():
        state |= {f"{name}.weight": part.weight, f"{name}.bias": part.bias}
    made.load_state_dict(state)
    return made.train().requires_grad_(False)


FULL: dict[str, tuple[str, dict[str, Any], int]] = {
    "ViT-L/14": ("quick_gelu", {"layers": 12, "width": 768, "projection": 768}, 123_060_480),
    "ViT-H/14": ("gelu", {"layers": 24, "width": 1024, "projection": 1024}, 352_984_064),
    "ViT-bigG/14": ("gelu", {"layers": 32, "width": 1280, "projection": 1280}, 693_021_440),
}


@pytest.mark.parametrize("layout", ["clip", "open-clip"])
@pytest.mark.parametrize("name", FULL)
def test_towers_of_full_size_fit_both_layouts_exactly(name: str, layout: str, tmp_path: Path) -> None:
    from transformers import CLIPTextConfig, CLIPTextModelWithProjection

    activation, size, parameters = FULL[name]
    config = CLIPTextConfig(
        vocab_size=49408,
        hidden_size=size["width"],
        intermediate_size=4 * size["width"],
        num_hidden_layers=size["layers"],
        num_attention_heads=size["width"] // 64,
        projection_dim=size["projection"],
    )
    with torch.device("meta"):
        state = named(CLIPTextModelWithProjection(config))
        if layout == "open-clip":
            state = as_open_clip(state)
    path = write_hollow(tmp_path / "text.safetensors", {key: tuple(value.shape) for key, value in state.items()})
    (part,) = text_parts(opened(str(path)))
    encoder = loaded(opened(str(path)))
    made = dict(encoder.weights.config)
    assert part.layout == layout
    assert (made["activation"], made["text_heads"]) == (activation, size["width"] // 64)
    shapes = part.part.shapes(opened(str(path)))
    assert shapes_of(text_transformer, made) == shapes
    tower = sum(torch.Size(shape).numel() for key, shape in shapes.items() if key.startswith("text_model."))
    assert tower == parameters


def test_the_other_networks_of_full_size_fit(tmp_path: Path) -> None:
    ldm = {"vocab_size": 30522, "length": 77, "width": 1280, "layers": 32}
    glide = {"vocab_size": 50258, "length": 128, "width": 512, "layers": 16, "vector": 768}
    for build, config in ((bert, ldm), (glide_text, glide)):
        shapes = shapes_of(build, config)
        path = write_hollow(tmp_path / f"{build.__name__}.safetensors", shapes)
        found = dict(loaded(opened(str(path))).weights.config)
        assert {key: found[key] for key in config} == config
        assert shapes_of(build, found) == shapes


def test_sizes_are_embedded_as_diffusers_does() -> None:
    from diffusers.models.embeddings import get_timestep_embedding

    numbers = [832, 1216, 16, 0, 1024, 1024]
    told = ng.Condition({"context": drawn(1, 8, 2048), "vector": drawn(1, 1280)})
    found = text.sizes(told, original=numbers[:2], crop=numbers[2:4], height=numbers[4], width=numbers[5])["vector"]
    wanted = get_timestep_embedding(torch.tensor(numbers), 256, flip_sin_to_cos=True, downscale_freq_shift=0)
    assert found.shape == (1, 2816)
    torch.testing.assert_close(found[:, 1280:], wanted.reshape(1, -1), rtol=0, atol=1e-4)
    assert text.aesthetics(told, score=6.0)["vector"].shape == (1, 2560)
    with pytest.raises(ng.NodeError, match="without a vector"):
        text.aesthetics(ng.Condition({"context": drawn(1, 8, 768)}))


def test_sizes_are_those_of_a_picture_where_there_is_one_and_other_models_conditions_stay() -> None:
    told = ng.Condition({"context": drawn(1, 8, 2048), "vector": drawn(1, 1280)})
    found = text.sizes(told, ng.Image(torch.zeros(1, 3, 832, 1216)), height=64, width=64)["vector"]
    assert torch.equal(found, text.sizes(told, height=832, width=1216)["vector"])
    plain = ng.Condition({"context": drawn(1, 8, 768)})
    assert text.sizes(plain) == plain
    facts = {"context": 2048, "vector": 1280}
    assert known.sized({"condition": facts}) == {**facts, "vector": 2816}
    assert known.sized({"condition": {"context": 768, "vector": None}}) == {"context": 768, "vector": None}


def test_a_checkpoint_without_text_says_so(tmp_path: Path) -> None:
    save_file({"other.weight": torch.zeros(2, 2)}, tmp_path / "model.safetensors")
    with pytest.raises(ng.NodeError, match="holds no text encoder"):
        text.load(path=str(tmp_path / "model.safetensors"))
