"""Whole runs from words to latents: a graph on a folder that diffusers saved ends where diffusers' pipeline ends."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import noisegraph as ng
import pytest
import torch
from noisegraph.check import check
from noisegraph.devices import Device
from noisegraph.events import RunFinished
from noisegraph.graph import library, load
from noisegraph.plan import plan
from noisegraph.registry import Registry
from noisegraph.run import run
from noisegraph.store.cache import Cache

from .checkpoints import awake
from .test_checkpoint_numbers import ONE, TWO, XL
from .test_vocabulary import split_in_two

START, END = 521, 522
PROMPT, AVOIDED, SEED, STEPS = "the red cat at the dog", "dog", 3, 20
BETAS: dict[str, Any] = {"beta_start": 0.00085, "beta_end": 0.012, "beta_schedule": "scaled_linear"}
SPACED: dict[str, Any] = {**BETAS, "timestep_spacing": "trailing", "steps_offset": 1}
GRAPHS = {"one": "sd/text-to-image", "two": "sd/text-to-image-2", "xl": "sd/text-to-image-xl"}
OTHERS = {
    "refined": "sd/text-to-image-xl-refiner",
    "edit": "sd/edit",
    "depth": "sd/depth-to-image",
    "image": "sd/image-to-image",
}


def text_config(width: int, activation: str) -> Any:
    from transformers import CLIPTextConfig

    return CLIPTextConfig(
        vocab_size=END + 1,
        hidden_size=width,
        intermediate_size=4 * width,
        num_hidden_layers=2,
        num_attention_heads=width // 64,
        projection_dim=width,
        hidden_act=activation,
        bos_token_id=START,
        eos_token_id=END,
    )


def parts(kind: str, folder: Path) -> dict[str, Any]:
    """The networks of a small random Stable Diffusion, of its first or second kind or XL."""
    from diffusers import AutoencoderKL, UNet2DConditionModel
    from transformers import CLIPTextModel, CLIPTextModelWithProjection, CLIPTokenizer

    vocabulary = json.loads(split_in_two(folder).read_text())
    merges = [tuple(line.split()) for line in (folder / "merges.txt").read_text().splitlines()[1:]]
    widths = (32, 32, 32, 32)
    vae = AutoencoderKL(
        block_out_channels=widths,
        down_block_types=("DownEncoderBlock2D",) * 4,
        up_block_types=("UpDecoderBlock2D",) * 4,
        latent_channels=4,
        scaling_factor=0.13025 if kind == "xl" else 0.18215,
    )
    pad = "<|endoftext|>" if kind != "two" else "!"
    tokenizer = CLIPTokenizer(vocab=vocabulary, merges=merges, pad_token=pad, model_max_length=77)
    width = 1024 if kind == "two" else 768
    words = CLIPTextModel(text_config(width, "gelu" if kind == "two" else "quick_gelu"))
    unet = UNet2DConditionModel(**{"one": ONE, "two": TWO, "xl": XL}[kind], sample_size=16)
    found = {"vae": awake(vae), "text_encoder": awake(words, 1), "tokenizer": tokenizer, "unet": awake(unet, 2)}
    if kind == "xl":
        second = CLIPTextModelWithProjection(text_config(1280, "gelu"))
        other = CLIPTokenizer(vocab=vocabulary, merges=merges, pad_token="!", model_max_length=77)
        found |= {"text_encoder_2": awake(second, 3), "tokenizer_2": other}
    return found


def pipeline(kind: str, folder: Path) -> Any:
    """A pipeline of diffusers, saved in the folder `model`."""
    from diffusers import DDIMScheduler, StableDiffusionPipeline, StableDiffusionXLPipeline

    predicts = "v_prediction" if kind == "two" else "epsilon"
    networks = {
        **parts(kind, folder),
        "scheduler": DDIMScheduler(**SPACED, clip_sample=False, prediction_type=predicts),
    }
    if kind == "xl":
        made = StableDiffusionXLPipeline(**networks, add_watermarker=False)
    else:
        made = StableDiffusionPipeline(
            **networks, safety_checker=None, feature_extractor=None, requires_safety_checker=False
        )
    made.set_progress_bar_config(disable=True)
    made.save_pretrained(folder / "model")
    return made


def latent(kind: str, **given: Any) -> torch.Tensor:
    """What the graph's sampling ends with, from the folder `model`."""
    given |= {"checkpoint": "model", "prompt": PROMPT, "negative": AVOIDED, "seed": SEED, "steps": STEPS}
    given |= {"width": 128, "height": 128, "scale": 7.5, "schedule": "trailing"}
    checked = check(load(library()[{**GRAPHS, **OTHERS}[kind]]), Registry.installed(), given, "latent")
    *_, last = run(plan(checked, Device("cpu", "float32")), Cache(10**8, None))
    assert isinstance(last, RunFinished)
    assert last.failed == 0
    found: torch.Tensor = last.results[0].outputs["latent"]
    return found


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::DeprecationWarning:diffusers")
@pytest.mark.parametrize("kind", GRAPHS)
def test_twenty_steps_from_words_end_in_the_latents_of_diffusers_pipeline(
    kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Tokens, text encoders, guidance, prediction, sizes of XL and two samplers, all at once."""
    from diffusers import DPMSolverMultistepScheduler

    monkeypatch.chdir(tmp_path)
    theirs = pipeline(kind, tmp_path)
    noise = ng.normal((SEED,), torch.zeros(1, 4, 16, 16), "initial")
    for sampler in ("ddim", "dpmpp_2m"):
        if sampler == "dpmpp_2m":  # the same noise by way of the same seed
            predicts = theirs.scheduler.config.prediction_type
            theirs.scheduler = DPMSolverMultistepScheduler(**SPACED, prediction_type=predicts)
        given = {"latents": noise.clone()} if sampler == "ddim" else {"generator": torch.Generator().manual_seed(SEED)}
        wanted = theirs(
            PROMPT,
            negative_prompt=AVOIDED,
            num_inference_steps=STEPS,
            guidance_scale=7.5,
            **given,
            width=128,
            height=128,
            output_type="latent",
        ).images
        found = latent(kind, sampler=sampler, rng="noisegraph" if sampler == "ddim" else "torch")
        assert (found - noise).abs().max() > 0.1
        torch.testing.assert_close(found, wanted, rtol=0, atol=1e-4 * wanted.abs().max().item())


@pytest.mark.slow
def test_the_refiner_takes_over_at_80_percent_where_diffusers_hands_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two pipelines there, one walk here, whose denoiser changes; DDIM remembers nothing of the steps before."""
    from diffusers import StableDiffusionXLImg2ImgPipeline, UNet2DConditionModel

    monkeypatch.chdir(tmp_path)
    base = pipeline("xl", tmp_path)
    narrow = {**XL, "cross_attention_dim": 1280, "projection_class_embeddings_input_dim": 2560}
    theirs = StableDiffusionXLImg2ImgPipeline(
        base.vae,
        None,
        base.text_encoder_2,
        None,
        base.tokenizer_2,
        awake(UNet2DConditionModel(**narrow, sample_size=16), 5),
        base.scheduler,
        requires_aesthetics_score=True,
        add_watermarker=False,
    )
    theirs.set_progress_bar_config(disable=True)
    theirs.save_pretrained(tmp_path / "second")
    noise = ng.normal((SEED,), torch.zeros(1, 4, 16, 16), "initial")
    asked = {"negative_prompt": AVOIDED, "num_inference_steps": STEPS, "guidance_scale": 7.5, "output_type": "latent"}
    half = base(PROMPT, latents=noise.clone(), width=128, height=128, denoising_end=0.8, **asked).images
    sizes = {"original_size": (128, 128), "target_size": (128, 128)}
    wanted = theirs(PROMPT, image=half, denoising_start=0.8, **asked, **sizes).images
    found = latent("refined", sampler="ddim", refiner="second")
    assert (found - half).abs().max() > 0.1
    torch.testing.assert_close(found, wanted, rtol=0, atol=1e-4 * wanted.abs().max().item())


def photo(folder: Path, name: str, seed: int) -> Any:
    """A picture of 128 x 128, also as a file."""
    from PIL import Image

    pixels = torch.randint(0, 256, (8, 8, 3), generator=torch.Generator().manual_seed(seed), dtype=torch.uint8)
    made = Image.fromarray(pixels.numpy()).resize((128, 128))
    made.save(folder / name)
    return made


def certain(vae: Any) -> Any:
    """The autoencoder, without the noise that it would encode a picture with."""
    vae.quant_conv.weight.data[4:] = 0
    vae.quant_conv.bias.data[4:] = -30  # the logarithm of the variance
    return vae


def seeing(kind: str, channels: int, folder: Path, known: Callable[..., Any]) -> Any:
    """A pipeline of diffusers whose U-Net reads so many channels, and whose autoencoder draws nothing."""
    from diffusers import DDIMScheduler, UNet2DConditionModel

    networks = parts("two" if kind == "depth" else "one", folder)
    config = {**(TWO if kind == "depth" else ONE), "in_channels": channels, "sample_size": 16}
    networks |= {"vae": certain(networks["vae"]), "unet": awake(UNet2DConditionModel(**config), 2)}
    checked = {"safety_checker": None, "requires_safety_checker": False}
    rest: dict[str, Any] = {"depth_estimator": None} if kind == "depth" else checked
    made = known(**networks, **rest, scheduler=DDIMScheduler(**SPACED, clip_sample=False), feature_extractor=None)
    made.set_progress_bar_config(disable=True)
    made.save_pretrained(folder / "model")
    return made


@pytest.mark.slow
def test_a_picture_is_drawn_on_by_xl_as_in_diffusers_pipeline(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from diffusers import StableDiffusionXLImg2ImgPipeline
    from diffusers.pipelines.stable_diffusion_xl import pipeline_stable_diffusion_xl_img2img as module

    monkeypatch.chdir(tmp_path)
    base = pipeline("xl", tmp_path)
    certain(base.vae).save_pretrained(tmp_path / "model" / "vae")
    theirs = StableDiffusionXLImg2ImgPipeline(**base.components, add_watermarker=False)
    theirs.set_progress_bar_config(disable=True)
    noise = ng.normal((SEED,), torch.zeros(1, 4, 16, 16), "initial")
    monkeypatch.setattr(module, "randn_tensor", lambda *_, **__: noise)
    wanted = theirs(
        PROMPT,
        image=photo(tmp_path, "photo.png", 1),
        strength=0.6,
        negative_prompt=AVOIDED,
        num_inference_steps=STEPS,
        guidance_scale=7.5,
        original_size=(128, 128),
        target_size=(128, 128),
        output_type="latent",
    ).images
    found = latent("image", sampler="ddim", image="photo.png", strength=0.6)
    assert (found - noise).abs().max() > 0.1
    torch.testing.assert_close(found, wanted, rtol=0, atol=1e-4 * wanted.abs().max().item())


@pytest.mark.slow
def test_an_instruction_changes_a_picture_as_in_diffusers_pipeline(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from diffusers import StableDiffusionInstructPix2PixPipeline

    monkeypatch.chdir(tmp_path)
    theirs = seeing("edit", 8, tmp_path, StableDiffusionInstructPix2PixPipeline)
    noise = ng.normal((SEED,), torch.zeros(1, 4, 16, 16), "initial")
    wanted = theirs(
        PROMPT,
        image=photo(tmp_path, "photo.png", 1),
        negative_prompt=AVOIDED,
        num_inference_steps=STEPS,
        guidance_scale=7.5,
        image_guidance_scale=1.6,
        latents=noise.clone(),
        output_type="latent",
    ).images
    found = latent("edit", sampler="ddim", image="photo.png", image_scale=1.6)
    assert (found - noise).abs().max() > 0.1
    torch.testing.assert_close(found, wanted, rtol=0, atol=1e-4 * wanted.abs().max().item())


@pytest.mark.slow
def test_a_picture_is_drawn_anew_by_its_depths_as_in_diffusers_pipeline(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from diffusers import StableDiffusionDepth2ImgPipeline
    from diffusers.pipelines.stable_diffusion import pipeline_stable_diffusion_depth2img as module

    monkeypatch.chdir(tmp_path)
    theirs = seeing("depth", 5, tmp_path, StableDiffusionDepth2ImgPipeline)
    noise = ng.normal((SEED,), torch.zeros(1, 4, 16, 16), "initial")
    monkeypatch.setattr(module, "randn_tensor", lambda *_, **__: noise)
    grey = photo(tmp_path, "near.png", 2).convert("L")
    grey.save("near.png")
    near = torch.tensor(list(grey.tobytes()), dtype=torch.float32)
    monkeypatch.setattr(theirs, "check_inputs", lambda *_, **__: None)
    wanted = theirs(
        PROMPT,
        image=photo(tmp_path, "photo.png", 1),
        depth_map=near.reshape(1, 128, 128),
        strength=0.6,
        negative_prompt=AVOIDED,
        num_inference_steps=STEPS,
        guidance_scale=7.5,
        output_type="latent",
    ).images
    given = {"image": "photo.png", "depth": "near.png", "strength": 0.6, "family": "sd2-depth"}
    found = latent("depth", sampler="ddim", **given)
    assert (found - noise).abs().max() > 0.1
    torch.testing.assert_close(found, wanted, rtol=0, atol=1e-4 * wanted.abs().max().item())
