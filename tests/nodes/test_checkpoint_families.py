"""Published checkpoints in full size, by names and shapes: each is recognised, and its networks fit it exactly."""

from __future__ import annotations

import json
import math
import subprocess
import sys
from pathlib import Path
from typing import Any, get_args

import noisegraph as ng
import pytest
import torch
from noisegraph.nodes import classifier, model, unet, vae
from noisegraph.nodes.checkpoints import diffusers_unet, diffusers_vae
from noisegraph.nodes.checkpoints.checkpoint import opened
from noisegraph.nodes.checkpoints.describe import described
from noisegraph.nodes.checkpoints.entry import Entry
from noisegraph.nodes.checkpoints.families import FAMILIES, FamilyName
from noisegraph.nodes.checkpoints.recognise import found_autoencoder, found_classifier, found_unet
from noisegraph.nodes.networks.autoencoder import autoencoder
from noisegraph.nodes.networks.classifier import classifier as build_classifier
from noisegraph.nodes.networks.unet import unet as build
from noisegraph.nodes.networks.unet_config import UNetConfig
from safetensors.torch import save_file

from .checkpoints import KL8, PUBLISHED, SDXL, VQ4, awake, drawn, shapes_of, whole, write_hollow

LISTS = Path(__file__).parent / "published"
"""Names and shapes, as the authors' own code builds them."""
LISTED = {
    "stable_diffusion_1": "sd1",
    "adm_imagenet_64": "adm-64",
    "adm_imagenet_256": "adm-256",
    "iddpm_imagenet_64": "iddpm",
}
CROSS, DOWN, UP = "CrossAttnDownBlock2D", "DownBlock2D", "UpBlock2D"
XL: dict[str, Any] = {
    "block_out_channels": (320, 640, 1280),
    "down_block_types": (DOWN, CROSS, CROSS),
    "up_block_types": ("CrossAttnUpBlock2D", "CrossAttnUpBlock2D", UP),
    "transformer_layers_per_block": [1, 2, 10],
    "attention_head_dim": [5, 10, 20],
    "cross_attention_dim": 2048,
    "addition_embed_type": "text_time",
    "addition_time_embed_dim": 256,
    "projection_class_embeddings_input_dim": 2816,
    "use_linear_projection": True,
}
TWO: dict[str, Any] = {
    "cross_attention_dim": 1024,
    "attention_head_dim": [5, 10, 20, 20],
    "use_linear_projection": True,
}
UNCLIP = {**TWO, "class_embed_type": "projection"}
DIFFUSERS: dict[str, dict[str, Any]] = {
    "sd1": {"cross_attention_dim": 768},
    "sd1-inpaint": {"cross_attention_dim": 768, "in_channels": 9},
    "sd1-edit": {"cross_attention_dim": 768, "in_channels": 8},
    "sd2": TWO,
    "sd2-inpaint": {**TWO, "in_channels": 9},
    "sd2-depth": {**TWO, "in_channels": 5},
    "sd2-unclip-l": {**UNCLIP, "projection_class_embeddings_input_dim": 1536},
    "sd2-unclip-h": {**UNCLIP, "projection_class_embeddings_input_dim": 2048},
    "x4-upscaler": {
        "in_channels": 7,
        "block_out_channels": (256, 512, 512, 1024),
        "down_block_types": (DOWN, CROSS, CROSS, CROSS),
        "up_block_types": ("CrossAttnUpBlock2D",) * 3 + (UP,),
        "only_cross_attention": (True, True, True, False),
        "cross_attention_dim": 1024,
        "num_class_embeds": 1000,
        "use_linear_projection": True,
    },
    "sdxl": XL,
    "sdxl-inpaint": {**XL, "in_channels": 9},
    "sdxl-refiner": {
        **XL,
        "block_out_channels": (384, 768, 1536, 1536),
        "down_block_types": (DOWN, CROSS, CROSS, DOWN),
        "up_block_types": (UP, "CrossAttnUpBlock2D", "CrossAttnUpBlock2D", UP),
        "transformer_layers_per_block": 4,
        "attention_head_dim": [6, 12, 24, 24],
        "cross_attention_dim": 1280,
        "projection_class_embeddings_input_dim": 2560,
    },
    "ldm-text": {"cross_attention_dim": 1280},
}
"""The settings of diffusers' UNet2DConditionModel for the families that it publishes."""


HALF: dict[str, Any] = {
    "out_channels": 1000,
    "model_channels": 128,
    "num_head_channels": 64,
    "use_scale_shift_norm": True,
    "resblock_updown": True,
}
CLASSIFIERS: list[tuple[int, dict[str, Any]]] = [
    (64, {**HALF, "num_res_blocks": 4, "channel_mult": (1, 2, 3, 4), "attention_resolutions": (2, 4, 8)}),
    (128, {**HALF, "channel_mult": (1, 1, 2, 3, 4), "attention_resolutions": (4, 8, 16)}),
    (256, {**HALF, "channel_mult": (1, 1, 2, 2, 4, 4), "attention_resolutions": (8, 16, 32)}),
    (512, {**HALF, "channel_mult": (0.5, 1, 1, 2, 2, 4, 4), "attention_resolutions": (16, 32, 64)}),
]
"""Sides in pixels and settings of ADM's noisy classifiers."""


def entries(shapes: dict[str, tuple[int, ...]]) -> dict[str, Entry]:
    return {name: Entry(shape, "float32", "file", name) for name, shape in shapes.items()}


def test_the_table_names_each_family_once_and_tests_know_all() -> None:
    names = [family.name for family in FAMILIES]
    assert len(names) == len(set(names))
    assert set(names) == set(get_args(FamilyName)) == set(PUBLISHED)


@pytest.mark.parametrize("family", PUBLISHED)
def test_a_published_file_is_recognised_and_its_networks_have_its_names_and_shapes(family: str, tmp_path: Path) -> None:
    config, first = PUBLISHED[family]
    shapes = whole(family)
    checkpoint = opened(str(write_hollow(tmp_path / "model.safetensors", shapes)))
    found = found_unet(checkpoint)
    assert found.family.name == family
    assert found.reasons[: len(found.family.marks)]
    made = shapes_of(build, found.config)
    assert made == found.part.shapes(checkpoint) == shapes_of(build, config)
    told = UNetConfig(**found.config)
    assert {name: getattr(told, name) for name in config} == config
    stage = found_autoencoder(checkpoint)
    if first is None:
        assert stage is None
    else:
        assert stage is not None
        assert shapes_of(autoencoder, stage.config) == stage.part.shapes(checkpoint) == shapes_of(autoencoder, first)


@pytest.mark.parametrize("name", LISTED)
def test_lists_that_the_authors_own_code_made_are_recognised(name: str, tmp_path: Path) -> None:
    lines = (line.split() for line in (LISTS / f"{name}.txt").read_text().splitlines())
    shapes = {name: tuple(map(int, shape.split("x"))) for name, shape in lines}
    found = found_unet(opened(str(write_hollow(tmp_path / "model.safetensors", shapes))))
    assert found.family.name == LISTED[name]
    assert shapes_of(build, found.config) == shapes


@pytest.mark.parametrize(("size", "config"), CLASSIFIERS)
def test_noisy_classifiers_are_recognised_with_their_size(size: int, config: dict[str, Any], tmp_path: Path) -> None:
    path = write_hollow(tmp_path / "classifier.safetensors", shapes_of(build_classifier, {**config, "size": size}))
    checkpoint = opened(str(path))
    found = found_classifier(checkpoint)
    assert found.sizes == (3, size, size)
    assert shapes_of(build_classifier, found.config) == found.part.shapes(checkpoint)
    assert classifier.load_facts({"path": str(path)})["classes"] == 1000
    told = described(path)
    assert told is not None
    assert told["verdict"]["family"] == "adm-classifier: ADM, noisy classifier"
    with pytest.raises(ng.NodeError, match="no whole U-Net; it holds a noisy classifier"):
        found_unet(checkpoint)


def test_the_list_of_a_classifier_that_the_authors_own_code_made_is_recognised(tmp_path: Path) -> None:
    lines = (line.split() for line in (LISTS / "adm_classifier_512.txt").read_text().splitlines())
    shapes = {name: tuple(map(int, shape.split("x"))) for name, shape in lines}
    found = found_classifier(opened(str(write_hollow(tmp_path / "classifier.safetensors", shapes))))
    assert (found.sizes, shapes_of(build_classifier, found.config)) == ((3, 512, 512), shapes)


def test_a_loaded_classifier_judges_noisy_pictures(tmp_path: Path) -> None:
    config = {**CLASSIFIERS[0][1], "model_channels": 64, "size": 16, "num_res_blocks": 1}
    config |= {"channel_mult": (1, 2), "attention_resolutions": (2,), "out_channels": 10}
    module = awake(build_classifier(**config))
    save_file(module.state_dict(), tmp_path / "classifier.safetensors")
    loaded = classifier.load(path=str(tmp_path / "classifier.safetensors"))
    x = drawn(2, 3, 16, 16)
    judged = classifier.log_probability(loaded, label=3)(x, ng.DiscreteVP("linear").level(500))
    wanted = module(x, torch.full((2,), 500.0)).log_softmax(1)[:, 3]
    torch.testing.assert_close(judged, wanted, rtol=0, atol=1e-5)


@pytest.mark.parametrize("family", DIFFUSERS)
def test_names_of_diffusers_become_ours_with_nothing_over_in_full_size(family: str, tmp_path: Path) -> None:
    from diffusers import UNet2DConditionModel

    shapes = shapes_of(UNet2DConditionModel, DIFFUSERS[family])
    made = diffusers_unet.ours(entries(shapes))
    assert {name: one.shape for name, one in made.items()} == shapes_of(build, PUBLISHED[family][0])
    used = [source.name for one in made.values() for source in one.sources]
    assert sorted(used) == sorted(shapes)
    (tmp_path / "unet").mkdir()
    (tmp_path / "model_index.json").write_text("{}")
    write_hollow(tmp_path / "unet" / "diffusion_pytorch_model.safetensors", shapes)
    assert found_unet(opened(str(tmp_path))).family.name == family


def test_an_unconditional_network_of_diffusers_is_one_with_queries_keys_and_values_joined() -> None:
    from diffusers import UNet2DModel

    config = {
        "in_channels": 3,
        "out_channels": 6,
        "block_out_channels": (192, 384, 576, 768),
        "layers_per_block": 3,
        "down_block_types": ("ResnetDownsampleBlock2D", *["AttnDownBlock2D"] * 3),
        "up_block_types": (*["AttnUpBlock2D"] * 3, "ResnetUpsampleBlock2D"),
        "downsample_type": "resnet",
        "upsample_type": "resnet",
        "resnet_time_scale_shift": "scale_shift",
        "attention_head_dim": 64,
        "attn_norm_num_groups": 32,
        "num_class_embeds": 1000,
    }
    made = diffusers_unet.ours(entries(shapes_of(UNet2DModel, config)))
    assert {name: one.shape for name, one in made.items()} == shapes_of(build, PUBLISHED["adm-64"][0])


@pytest.mark.parametrize(
    ("kind", "ours"),
    [("AutoencoderKL", KL8), ("VQModel", VQ4)],
)
def test_autoencoders_of_diffusers_become_ours_in_full_size(kind: str, ours: dict[str, Any]) -> None:
    import diffusers

    widths = (128, 256, 512, 512) if kind == "AutoencoderKL" else (128, 256, 512)
    config: dict[str, Any] = {
        "block_out_channels": widths,
        "down_block_types": ("DownEncoderBlock2D",) * len(widths),
        "up_block_types": ("UpDecoderBlock2D",) * len(widths),
        "layers_per_block": 2,
        "latent_channels": ours.get("z_channels", 4),
    }
    config |= {"num_vq_embeddings": 8192} if kind == "VQModel" else {}
    made = diffusers_vae.ours(entries(shapes_of(getattr(diffusers, kind), config)))
    assert {name: one.shape for name, one in made.items()} == shapes_of(autoencoder, ours)


def test_a_loaded_model_is_what_its_family_is_and_reads_no_data_yet(tmp_path: Path) -> None:
    shapes = whole("sdxl", model_channels=64)
    loaded = model.load(path=str(write_hollow(tmp_path / "model.safetensors", shapes)))
    size = sum(2 * math.prod(shape) for name, shape in shapes.items() if name.startswith("model."))
    assert (loaded.unet.weights.size, loaded.latent, loaded.vae.scale) == (size, ng.Shape((4, 128, 128)), 0.13025)
    assert (loaded.unet.prediction, loaded.unet.learned_variance) == ("eps", False)


@pytest.mark.parametrize(
    ("metadata", "wanted"),
    [({}, "v"), ({"modelspec.prediction_type": "epsilon"}, "eps"), ({"modelspec.prediction_type": "v"}, "v")],
)
def test_what_stable_diffusion_2_predicts_is_taken_from_the_file_or_told_to_be_doubtful(
    metadata: dict[str, str], wanted: str, tmp_path: Path
) -> None:
    path = str(write_hollow(tmp_path / "model.safetensors", whole("sd2", model_channels=64), metadata))
    assert unet.load(path=path).unet.prediction == wanted
    assert unet.load(path=path, prediction="eps").unet.prediction == "eps"
    assert ("not in the file" in " ".join(found_unet(opened(path)).reasons)) == (not metadata)


def test_a_pickle_that_was_trained_as_long_as_2_base_predicts_the_noise(tmp_path: Path) -> None:
    shapes = whole("sd2", model_channels=64)
    state = {name: torch.zeros(()).expand(shape) for name, shape in shapes.items()}
    torch.save({"state_dict": state, "global_step": 875_000}, tmp_path / "model.ckpt")
    assert unet.load(path=str(tmp_path / "model.ckpt")).unet.prediction == "eps"


def test_marks_for_v_and_zero_terminal_snr_are_heeded(tmp_path: Path) -> None:
    shapes = {**whole("sdxl", model_channels=64), "v_pred": (0,), "ztsnr": (0,)}
    loaded = unet.load(path=str(write_hollow(tmp_path / "model.safetensors", shapes)))
    assert loaded.unet.prediction == "v"
    assert loaded.process == ng.DiscreteVP("scaled_linear", 1000, 0.00085, 0.012, zero_snr=True)


def test_the_settings_of_a_folders_scheduler_are_heeded(tmp_path: Path) -> None:
    settings = {"prediction_type": "epsilon", "rescale_betas_zero_snr": True}
    (tmp_path / "model_index.json").write_text("{}")
    for part in ("unet", "scheduler"):
        (tmp_path / part).mkdir()
    (tmp_path / "scheduler" / "scheduler_config.json").write_text(json.dumps(settings))
    shapes = shapes_of(build, {**PUBLISHED["sd2"][0], "model_channels": 64})
    write_hollow(tmp_path / "unet" / "diffusion_pytorch_model.fp16.safetensors", shapes)
    found = found_unet(opened(str(tmp_path)))
    assert (found.family.name, found.prediction, found.process.zero_snr) == ("sd2", "eps", True)


def test_a_network_of_no_family_is_told_with_the_nearest(tmp_path: Path) -> None:
    strange = {**SDXL, "context_channels": 2049, "model_channels": 64}
    path = write_hollow(tmp_path / "model.safetensors", shapes_of(build, strange))
    with pytest.raises(ng.NodeError, match="Stable Diffusion XL has context_channels 2048, not 2049"):
        unet.load(path=str(path))
    assert unet.load(path=str(path), family="sdxl").unet.weights.config


def test_facts_are_known_from_the_list_of_tensors_without_torch(tmp_path: Path) -> None:
    path = write_hollow(tmp_path / "model.safetensors", whole("sd1"))
    code = (
        "import sys\n"
        "from noisegraph.nodes import model\n"
        "print(model.load_facts({'path': sys.argv[1]}))\n"
        "assert 'torch' not in sys.modules\n"
    )
    done = subprocess.run([sys.executable, "-c", code, str(path)], capture_output=True, text=True, check=True)
    told = eval(done.stdout)
    known = {"family": "sd", "model": "sd1", "weights": 2 * 859_520_964, "dtype": "float16", "path": str(path)}
    known["reads"] = {"context": 768, "vector": None, "beside": 0}
    assert told["unet"] == known
    assert told["vae"] == {"family": "sd", "factor": 8, "channels": 4, "weights": 2 * 83_653_863, "dtype": "float16"}
    assert told["latent"] == {"family": "sd", "sizes": (4, 64, 64)}


def test_facts_come_from_the_family_where_there_is_no_file_yet() -> None:
    told = model.load_facts({"family": "sdxl"})
    assert told["vae"] == {"family": "sdxl", "factor": 8, "channels": 4}
    assert told["latent"] == {"family": "sdxl", "sizes": (4, 128, 128)}
    with pytest.raises(ng.NodeError, match="family must be the same"):
        vae.picture_facts({"vae": told["vae"], "latent": model.load_facts({"family": "sd1"})["latent"]})


def test_a_network_without_autoencoder_says_so_when_one_is_wired(tmp_path: Path) -> None:
    path = str(write_hollow(tmp_path / "unet.safetensors", shapes_of(build, {**SDXL, "model_channels": 64})))
    with pytest.raises(ng.NodeError, match="holds no autoencoder"):
        vae.picture_facts({"vae": model.load_facts({"path": path})["vae"], "latent": {}})
    with pytest.raises(ng.NodeError, match="holds no autoencoder"):
        vae.decode(model.load(path=path).vae, ng.Latent(torch.zeros(1, 4, 8, 8)))
