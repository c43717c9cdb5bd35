"""Published layouts at small widths: loaded from files, our networks give diffusers' numbers for the same weights."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import noisegraph as ng
import pytest
import torch
from noisegraph.nodes import model, unet, vae
from noisegraph.nodes.checkpoints import conditions
from noisegraph.nodes.grids.time import uniform
from noisegraph.nodes.guidance.cfg import cfg
from noisegraph.nodes.samplers.ddim import ddim
from noisegraph.nodes.samplers.edm import euler
from safetensors.torch import save_file

from .checkpoints import awake, drawn

CLOSE = 1e-5
CROSS, DOWN, UP, UPCROSS = "CrossAttnDownBlock2D", "DownBlock2D", "UpBlock2D", "CrossAttnUpBlock2D"
SMALL: dict[str, Any] = {
    "block_out_channels": (64, 128),
    "down_block_types": (CROSS, DOWN),
    "up_block_types": (UP, UPCROSS),
    "layers_per_block": 2,
}
ONE: dict[str, Any] = {**SMALL, "cross_attention_dim": 768, "attention_head_dim": 8}
TWO: dict[str, Any] = {
    **SMALL,
    "cross_attention_dim": 1024,
    "attention_head_dim": [1, 2],
    "use_linear_projection": True,
}
XL: dict[str, Any] = {
    **TWO,
    "block_out_channels": (64, 128, 128),
    "down_block_types": (DOWN, CROSS, CROSS),
    "up_block_types": (UPCROSS, UPCROSS, UP),
    "transformer_layers_per_block": [1, 2, 3],
    "attention_head_dim": [1, 2, 2],
    "cross_attention_dim": 2048,
    "addition_embed_type": "text_time",
    "addition_time_embed_dim": 256,
    "projection_class_embeddings_input_dim": 2816,
}
UNETS: dict[str, tuple[str, dict[str, Any]]] = {
    "sd1": ("sd1", ONE),
    "sd1-inpaint": ("sd1-inpaint", {**ONE, "in_channels": 9}),
    "sd1-edit": ("sd1-edit", {**ONE, "in_channels": 8}),
    "sd2": ("sd2", TWO),
    "sd2-depth": ("sd2-depth", {**TWO, "in_channels": 5}),
    "sd2-unclip": (
        "sd2-unclip-h",
        {**TWO, "class_embed_type": "projection", "projection_class_embeddings_input_dim": 2048},
    ),
    "x4-upscaler": (
        "x4-upscaler",
        {
            **TWO,
            "in_channels": 7,
            "attention_head_dim": 8,
            "block_out_channels": (64, 128, 256),
            "down_block_types": (DOWN, CROSS, CROSS),
            "up_block_types": (UPCROSS, UPCROSS, UP),
            "only_cross_attention": (True, True, False),
            "num_class_embeds": 1000,
        },
    ),
    "sdxl": ("sdxl", XL),
    "ldm-text": ("ldm-text", {**ONE, "cross_attention_dim": 1280}),
}


def folder(path: Path, part: str, network: Any) -> str:
    """A folder in the layout of diffusers that has one part."""
    network.save_pretrained(path / part)
    (path / "model_index.json").write_text("{}")
    return str(path)


def asked(config: dict[str, Any]) -> dict[str, torch.Tensor]:
    """The conditions that a network of diffusers' settings wants, in our words."""
    told = {"context": drawn(2, 7, config["cross_attention_dim"], seed=2)}
    if "projection_class_embeddings_input_dim" in config:
        told["vector"] = drawn(2, config["projection_class_embeddings_input_dim"], seed=3)
    if "num_class_embeds" in config:
        told["y"] = torch.tensor([20, 350])
    return told


def answered(network: Any, x: torch.Tensor, t: torch.Tensor, told: dict[str, torch.Tensor]) -> torch.Tensor:
    """What the network of diffusers says."""
    extra: dict[str, Any] = {"encoder_hidden_states": told["context"]}
    if network.config.addition_embed_type == "text_time":
        # its own embedding of the sizes stands at the end of what we give as one vector
        times = torch.tensor([[512.0, 512, 0, 0, 512, 512]]).expand(2, -1)
        pooled = told["vector"][:, : 2816 - 1536]
        embedded = network.add_time_proj(times.flatten()).reshape(2, -1)
        told["vector"] = torch.cat([pooled, embedded], dim=1)
        extra["added_cond_kwargs"] = {"text_embeds": pooled, "time_ids": times}
    elif "vector" in told or "y" in told:
        extra["class_labels"] = told.get("vector", told.get("y"))
    with torch.no_grad():
        return network(x, t, **extra).sample


@pytest.mark.parametrize("name", UNETS)
def test_a_unet_of_diffusers_gives_the_same_numbers_from_its_folder(name: str, tmp_path: Path) -> None:
    from diffusers import UNet2DConditionModel

    family, config = UNETS[name]
    theirs = awake(UNet2DConditionModel(**config))
    loaded = unet.load(path=folder(tmp_path, "unet", theirs))
    assert unet.load_facts({"path": str(tmp_path)})["unet"]["model"] == family
    x, t, told = drawn(2, config.get("in_channels", 4), 16, 16), torch.tensor([3.0, 801.0]), asked(config)
    wanted = answered(theirs, x, t, told)
    with torch.no_grad():
        found = loaded.unet.weights.module()(x, t, **told)
    torch.testing.assert_close(found, wanted, rtol=0, atol=CLOSE * wanted.abs().max().item())


@pytest.mark.parametrize("name", ["sd1", "sdxl"])
def test_a_size_that_cannot_be_halved_evenly_gives_the_same_numbers(name: str, tmp_path: Path) -> None:
    """Latents of 9 x 11, as a picture of 72 x 88 has: most sizes that people ask for are no multiples of 64."""
    from diffusers import UNet2DConditionModel

    _, config = UNETS[name]
    theirs = awake(UNet2DConditionModel(**config))
    loaded = unet.load(path=folder(tmp_path, "unet", theirs))
    x, t, told = drawn(2, 4, 9, 11), torch.tensor([3.0, 801.0]), asked(config)
    wanted = answered(theirs, x, t, told)
    with torch.no_grad():
        found = loaded.unet.weights.module()(x, t, **told)
    torch.testing.assert_close(found, wanted, rtol=0, atol=CLOSE * wanted.abs().max().item())


def test_an_unconditional_unet_of_diffusers_gives_the_same_numbers_from_its_folder(tmp_path: Path) -> None:
    from diffusers import UNet2DModel

    theirs = awake(
        UNet2DModel(
            in_channels=6,
            out_channels=3,
            block_out_channels=(64, 128),
            down_block_types=("DownBlock2D", "AttnDownBlock2D"),
            up_block_types=("AttnUpBlock2D", "UpBlock2D"),
            attention_head_dim=32,
            attn_norm_num_groups=32,
        )
    )
    whole = folder(tmp_path, "unet", theirs)
    x, t = drawn(2, 6, 16, 16), torch.tensor([3.0, 801.0])
    for path in (whole, f"{whole}/unet", f"{whole}/unet/diffusion_pytorch_model.safetensors"):
        loaded = unet.load(path=path)
        with torch.no_grad():
            wanted, found = theirs(x, t).sample, loaded.unet.weights.module()(x, t)
        torch.testing.assert_close(found, wanted, rtol=0, atol=CLOSE * wanted.abs().max().item())


@pytest.mark.parametrize("kind", ["AutoencoderKL", "VQModel"])
def test_an_autoencoder_of_diffusers_gives_the_same_numbers_from_its_folder(kind: str, tmp_path: Path) -> None:
    import diffusers

    widths = (32, 64, 64, 64) if kind == "AutoencoderKL" else (32, 64, 64)
    config: dict[str, Any] = {
        "block_out_channels": widths,
        "down_block_types": ("DownEncoderBlock2D",) * len(widths),
        "up_block_types": ("UpDecoderBlock2D",) * len(widths),
        "latent_channels": 4 if kind == "AutoencoderKL" else 3,
    }
    config["scaling_factor"] = 0.13025 if kind == "AutoencoderKL" else 1.0
    theirs = awake(getattr(diffusers, kind)(**config))
    loaded = vae.load(path=folder(tmp_path, "vae" if kind == "AutoencoderKL" else "vqvae", theirs))
    assert loaded.scale == config["scaling_factor"]
    picture = drawn(2, 3, 32, 32).clamp(-1, 1)
    with torch.no_grad():
        encoded = theirs.encode(picture)
        latent = encoded.latent_dist.mean if kind == "AutoencoderKL" else encoded.latents
        wanted = theirs.decode(latent).sample
    found = vae.encode(loaded, ng.Image(picture / 2 + 0.5))
    torch.testing.assert_close(found / loaded.scale, latent, rtol=0, atol=CLOSE * latent.abs().max().item())
    decoded = vae.decode(loaded, ng.Latent(latent * loaded.scale))
    torch.testing.assert_close(decoded, (wanted / 2 + 0.5).clamp(0, 1), rtol=0, atol=CLOSE)


def test_what_an_inpainting_network_reads_is_prepared_as_diffusers_does(tmp_path: Path) -> None:
    """As StableDiffusionInpaintPipeline.prepare_mask_latents has it: mask first, what is hidden grey."""
    from diffusers import AutoencoderKL

    widths = (32, 32)
    theirs = awake(
        AutoencoderKL(
            block_out_channels=widths,
            down_block_types=("DownEncoderBlock2D",) * 2,
            up_block_types=("UpDecoderBlock2D",) * 2,
            latent_channels=4,
        )
    )
    loaded = vae.load(path=folder(tmp_path, "vae", theirs), family="sd1")
    picture, mask = drawn(1, 3, 16, 16).clamp(-1, 1), (drawn(1, 1, 16, 16, seed=4) > 0).float()
    masks = torch.nn.functional.interpolate(mask, (8, 8))
    with torch.no_grad():
        known = theirs.encode(picture * (mask < 0.5)).latent_dist.mode() * theirs.config.scaling_factor
    told = conditions.inpainting(
        ng.Condition({"context": drawn(1, 7, 768)}), loaded, ng.Image(picture / 2 + 0.5), ng.Mask(mask)
    )
    torch.testing.assert_close(told["concat"], torch.cat([masks, known], dim=1), rtol=0, atol=1e-4)
    assert set(told) == {"context", "concat"}


@pytest.fixture
def small(tmp_path: Path) -> Any:
    """A small Stable Diffusion 1 of diffusers, and our model from the single file that its weights become."""
    from diffusers import UNet2DConditionModel

    theirs = awake(UNet2DConditionModel(**ONE))
    from_folder = unet.load(path=folder(tmp_path, "unet", theirs)).unet.weights.module()
    state = {f"model.diffusion_model.{name}": value for name, value in from_folder.state_dict().items()}
    save_file(state, tmp_path / "model.safetensors")
    torch.save({"state_dict": state, "global_step": 1}, tmp_path / "model.ckpt")
    return theirs, model.load(path=str(tmp_path / "model.safetensors")), model.load(path=str(tmp_path / "model.ckpt"))


def test_a_single_file_a_pickle_and_a_folder_give_the_same_bits(small: Any) -> None:
    _, safe, pickled = small
    x, t, told = drawn(2, 4, 16, 16), torch.tensor([3.0, 801.0]), asked(ONE)
    with torch.no_grad():
        assert torch.equal(safe.unet.weights.module()(x, t, **told), pickled.unet.weights.module()(x, t, **told))


def test_weights_lie_in_the_files_memory_map_and_are_shared_by_all_that_name_it(small: Any) -> None:
    _, safe, _ = small
    again = model.load(path=safe.unet.weights.path)
    assert again.unet.weights.module() is safe.unet.weights.module()
    assert not any(parameter.requires_grad for parameter in safe.unet.weights.module().parameters())


@pytest.mark.parametrize("name", ["ddim", "euler"])
def test_twenty_steps_with_guidance_end_in_the_latents_of_diffusers(small: Any, name: str) -> None:
    from diffusers import DDIMScheduler, EulerDiscreteScheduler

    theirs, loaded, _ = small
    settings: dict[str, Any] = {
        "beta_start": 0.00085,
        "beta_end": 0.012,
        "beta_schedule": "scaled_linear",
        "timestep_spacing": "trailing",
    }
    scheduler: Any = DDIMScheduler(**settings, clip_sample=False)
    if name == "euler":
        scheduler = EulerDiscreteScheduler(**settings)
    scheduler.set_timesteps(20)
    wanted, avoided, noise = drawn(1, 7, 768, seed=5), drawn(1, 7, 768, seed=6), drawn(1, 4, 8, 8, seed=7)
    x = noise * scheduler.init_noise_sigma
    for t in scheduler.timesteps:
        given = scheduler.scale_model_input(torch.cat([x, x]), t)
        with torch.no_grad():
            away, toward = theirs(given, t, encoder_hidden_states=torch.cat([avoided, wanted])).sample.chunk(2)
        x = scheduler.step(away + 7.5 * (toward - away), t, x).prev_sample

    guided = cfg(
        unet.denoiser(loaded.unet, ng.Condition({"context": wanted})),
        unet.denoiser(loaded.unet, ng.Condition({"context": avoided})),
        scale=7.5,
    )
    levels = uniform(loaded.process, steps=20, spacing="trailing")
    sampler = ddim() if name == "ddim" else euler()
    first = levels[0]
    state = sampler.init(noise if name == "ddim" else noise * scheduler.init_noise_sigma * first.alpha)
    for index in range(levels.steps):
        state = sampler.step(guided, state, ng.Step(levels, index, lambda draw=0: noise, lambda start, end: noise))
    torch.testing.assert_close(state.x, x, rtol=0, atol=1e-4 * x.abs().max().item())
