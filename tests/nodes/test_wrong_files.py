"""The wrong file for a node: told what it is and what was expected; files with tensors missing or of odd shapes too."""

from __future__ import annotations

import random
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import noisegraph as ng
import pytest
from noisegraph.nodes import classifier, image, label, model, text, unet, vae
from noisegraph.nodes.checkpoints.describe import described
from noisegraph.nodes.networks.autoencoder import autoencoder
from noisegraph.nodes.networks.classifier import classifier as build_classifier
from noisegraph.nodes.networks.clip import text_transformer
from noisegraph.nodes.networks.control import control
from noisegraph.nodes.networks.rrdb import RRDBNet
from noisegraph.nodes.networks.unet import unet as build

from .checkpoints import SD1, Shapes, shapes_of, write_hollow

SMALL: dict[str, Any] = {
    **SD1,
    "model_channels": 32,
    "channel_mult": (1, 2),
    "attention_resolutions": (1, 2),
    "num_res_blocks": 1,
}
TEXT = {"vocab_size": 100, "length": 8, "text_width": 64, "text_layers": 1, "text_heads": 1, "end_token": 99}
JUDGE = {"size": 8, "out_channels": 10, "model_channels": 64, "channel_mult": (1, 2), "num_head_channels": 64}
RRDB = {"channels": 3, "folded": 1, "width": 8, "growth": 4, "blocks": 2, "doublings": 2}
QUERY = "lora_unet_mid_block_attentions_0_transformer_blocks_0_attn1_to_q"
FILES: dict[str, tuple[str, Callable[[], Shapes]]] = {
    "U-Net": ("a U-Net: model.load or unet.load", lambda: shapes_of(build, SMALL)),
    "ControlNet": ("a ControlNet: unet.control", lambda: shapes_of(control, SMALL)),
    "classifier": ("a noisy classifier: classifier.load", lambda: shapes_of(build_classifier, JUDGE)),
    "autoencoder": ("an autoencoder: vae.load", lambda: shapes_of(autoencoder, {"ch": 32})),
    "tiny": (
        "an autoencoder: vae.load",
        lambda: {"0.weight": (8, 3, 3, 3), "1.conv.0.weight": (8, 8, 3, 3), "2.weight": (4, 8, 3, 3)},
    ),
    "text": ("a text encoder: text.load", lambda: shapes_of(text_transformer, TEXT)),
    "LoRA": (
        "a LoRA: unet.lora and text.lora",
        lambda: {f"{QUERY}.lora_down.weight": (4, 64), f"{QUERY}.lora_up.weight": (64, 4)},
    ),
    "embedding": ("an embedding: text.embedding", lambda: {"emb_params": (2, 64)}),
    "upscaler": ("an ESRGAN upscaler: image.upscaler", lambda: shapes_of(RRDBNet, RRDB)),
    "classes": ("vectors of classes: label.embed", lambda: {label.EMBEDDING: (11, 48)}),
}
"""What each file holds, as it is told, and its tensors."""
WANTED = {
    "model.load": ("whole U-Net|U-Net that noisegraph knows", {"U-Net"}),
    "unet.load": ("whole U-Net|U-Net that noisegraph knows", {"U-Net"}),
    "unet.lora": ("LoRA", {"LoRA"}),
    "unet.control": ("ControlNet", {"ControlNet"}),
    "vae.load": ("autoencoder that noisegraph knows", {"autoencoder", "tiny"}),
    "text.load": ("text encoder that noisegraph knows", {"text"}),
    "text.lora": ("LoRA", {"LoRA"}),
    "text.embedding": ("embedding", {"embedding"}),
    "image.upscaler": ("ESRGAN upscaler", {"upscaler"}),
    "classifier.load": ("noisy classifier", {"classifier"}),
    "label.embed": ("vectors of classes", {"classes"}),
}
"""What each node wants of a file, and which has it."""


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    folder = tmp_path_factory.mktemp("files")
    return {name: str(write_hollow(folder / f"{name}.safetensors", made())) for name, (_, made) in FILES.items()}


@pytest.fixture(scope="module")
def nodes(files: dict[str, str]) -> dict[str, Callable[[str], object]]:
    """Each node, given a file: what is known before it runs, then the node."""
    unet_told, text_told = unet.load_facts({"path": files["U-Net"]})["unet"], text.load_facts({"path": files["text"]})
    base, encoder = unet.load(path=files["U-Net"]).unet, text.load(path=files["text"])
    return {
        "model.load": lambda path: (model.load_facts({"path": path}), model.load(path=path)),
        "unet.load": lambda path: (unet.load_facts({"path": path}), unet.load(path=path)),
        "unet.lora": lambda path: (unet.lora_facts({"unet": unet_told, "path": path}), unet.lora(base, path=path)),
        "unet.control": lambda path: (
            unet.control_facts({"unet": unet_told, "path": path}),
            unet.control(base, path=path),
        ),
        "vae.load": lambda path: (vae.load_facts({"path": path}), vae.load(path=path)),
        "text.load": lambda path: (text.load_facts({"path": path}), text.load(path=path)),
        "text.lora": lambda path: (
            text.lora_facts({"encoder": text_told, "path": path}),
            text.lora(encoder, path=path),
        ),
        "text.embedding": lambda path: text.embedding(encoder, path=path),
        "image.upscaler": lambda path: (image.upscaler_facts({"path": path}), image.upscaler(path=path)),
        "classifier.load": lambda path: classifier.load(path=path),
        "label.embed": lambda path: (label.embed_facts({"path": path}), label.embed(path=path)),
    }


@pytest.mark.parametrize("node", WANTED)
def test_a_node_says_what_the_wrong_file_is_and_what_it_wanted(
    node: str, files: dict[str, str], nodes: dict[str, Callable[[str], object]]
) -> None:
    wanted, having = WANTED[node]
    for name, (kind, _) in FILES.items():
        if name in having:
            nodes[node](files[name])
            continue
        with pytest.raises(ng.NodeError, match=rf"holds no ({wanted}); it holds {kind}") as told:
            nodes[node](files[name])
        assert told.value.hint


BECAUSE = {
    "ControlNet": "it has 'input_hint_block.0.weight'",
    "autoencoder": "it has 'encoder.mid.block_1.conv1.weight'",
    "text": "the names of clip",
    "LoRA": "low-rank branches beside 1 layer, of rank 4",
    "embedding": "vectors of 64 numbers, 2 in all, and little else",
    "upscaler": "it has 'conv_first.weight'",
    "classes": "it has 'cond_stage_model.embedding.weight'",
}
"""Why a file is what it is, where it has no U-Net; a classifier and a tiny autoencoder have sections of their own."""


@pytest.mark.parametrize("name", BECAUSE)
def test_show_names_what_a_file_without_a_u_net_is_and_why(name: str, files: dict[str, str]) -> None:
    told = described(Path(files[name]))
    assert told is not None
    what, nodes = FILES[name][0].split(": ")
    assert told["verdict"] == {"kind": f"{what}, for {nodes}", "because": BECAUSE[name]}


@pytest.mark.parametrize(
    ("layer", "words", "model"),
    [
        ("lora_unet_up_blocks_1_attentions_0_transformer_blocks_0_attn2_to_k.lora_down.weight", 768, "Diffusion 1"),
        ("unet.mid_block.attentions.0.transformer_blocks.0.attn2.to_v.lora_A.weight", 1024, "Diffusion 2"),
        (
            "unet.mid_block.attentions.0.transformer_blocks.0.attn2.processor.to_k_lora.down.weight",
            2048,
            "Diffusion XL",
        ),
    ],
)
def test_show_names_the_model_that_a_lora_is_for(layer: str, words: int, model: str, tmp_path: Path) -> None:
    up = layer.replace("down", "up").replace("lora_A", "lora_B")
    other = {"lora_te_text_model_encoder_layers_0_mlp_fc1.lora_down.weight": (8, 64)}
    told = described(write_hollow(tmp_path / "lora.safetensors", {layer: (4, words), up: (64, 4), **other}))
    assert told is not None
    assert told["verdict"]["because"] == (
        f"low-rank branches beside 2 layers, of rank 4 to 8; it reads words as Stable {model} does"
    )


def test_a_file_of_several_says_all_that_it_holds(tmp_path: Path, nodes: dict[str, Callable[[str], object]]) -> None:
    parts = {
        "model.diffusion_model.": "U-Net",
        "first_stage_model.": "autoencoder",
        "cond_stage_model.transformer.": "text",
    }
    shapes = {f"{prefix}{key}": shape for prefix, name in parts.items() for key, shape in FILES[name][1]().items()}
    path = str(write_hollow(tmp_path / "model.safetensors", shapes))
    with pytest.raises(ng.NodeError, match=r"a U-Net: .*; an autoencoder: .*; a text encoder: text.load"):
        nodes["unet.control"](path)
    controlled = shapes | {f"control_model.{key}": shape for key, shape in FILES["ControlNet"][1]().items()}
    both = str(write_hollow(tmp_path / "both.safetensors", controlled))
    nodes["model.load"](both)
    nodes["unet.control"](both)


@pytest.mark.parametrize("seed", range(6))
def test_tensors_missing_renamed_or_of_odd_shapes_end_in_words(
    seed: int, tmp_path: Path, nodes: dict[str, Callable[[str], object]]
) -> None:
    chance = random.Random(seed)
    for number in range(20):
        shapes = dict(FILES[chance.choice(list(FILES))][1]())
        for _ in range(chance.choice([1, 2, 5])):
            name = chance.choice(list(shapes))
            shape = shapes.pop(name)
            odd = [shape[:-1], tuple(0 for _ in shape), tuple(chance.choice([1, 3, 7, 64, 96]) for _ in shape)]
            put = chance.choice(["", name, name, name.replace("0", "9"), f"{name}.x"])
            shapes |= {put: chance.choice([shape, *odd])} if put else {}
            if not shapes:
                shapes = {"x": (1,)}
        path = str(write_hollow(tmp_path / f"{number}.safetensors", shapes))
        asks: list[Callable[[str], object]] = [*nodes.values(), lambda path: described(Path(path))]
        for ask in asks:
            with suppress(ng.NodeError):
                ask(path)
