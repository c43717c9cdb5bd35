"""Tiny autoencoders of each layout give the numbers of diffusers and show steps; without one, colours do."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import noisegraph as ng
import pytest
import torch
from noisegraph.nodes import latent, sampler, vae
from noisegraph.nodes.checkpoints.describe import described
from noisegraph.nodes.grids.time import uniform
from noisegraph.nodes.samplers import ddim
from safetensors.torch import save_file

from .checkpoints import awake, drawn

CLOSE = 1e-5


@pytest.fixture
def theirs() -> Any:
    """TAESD as diffusers has it, narrow."""
    from diffusers import AutoencoderTiny

    widths = (16,) * 4
    return awake(AutoencoderTiny(encoder_block_out_channels=widths, decoder_block_out_channels=widths))


def authors(theirs: Any, half: str) -> dict[str, torch.Tensor]:
    """One half under the names of TAESD's authors, in whose decoder a layer without parameters comes first."""
    state = getattr(theirs, half).layers.state_dict()
    later = half == "decoder"
    return {f"{int(name.split('.')[0]) + later}.{name.partition('.')[2]}": value for name, value in state.items()}


def files(theirs: Any, layout: str, folder: Path) -> tuple[str, str]:
    """Where the encoder and the decoder are to be loaded from."""
    halves = {half: authors(theirs, half) for half in ("encoder", "decoder")}
    if layout == "diffusers":
        theirs.save_pretrained(folder / "vae")
        return (str(folder / "vae"),) * 2
    if layout == "apart":
        for half, state in halves.items():
            save_file(state, folder / f"{half}.safetensors")
        return str(folder / "encoder.safetensors"), str(folder / "decoder.safetensors")
    prefix = "taesd_" if layout == "comfyui" else ""
    state = {f"{prefix}{half}.{name}": value for half, one in halves.items() for name, value in one.items()}
    torch.save(state, folder / "tiny.pth")
    return (str(folder / "tiny.pth"),) * 2


@pytest.mark.parametrize("layout", ["diffusers", "apart", "together", "comfyui"])
def test_each_layout_gives_the_numbers_of_diffusers(layout: str, theirs: Any, tmp_path: Path) -> None:
    first, second = files(theirs, layout, tmp_path)
    picture = drawn(2, 3, 32, 48).clamp(-1, 1)
    with torch.no_grad():
        wanted = theirs.encode(picture).latents
        decoded = theirs.decode(wanted).sample
    found = vae.encode(vae.load(path=first), ng.Image(picture / 2 + 0.5))
    torch.testing.assert_close(found, wanted, rtol=0, atol=CLOSE * wanted.abs().max().item())
    shown = vae.decode(vae.load(path=second), ng.Latent(wanted))
    torch.testing.assert_close(shown, (decoded / 2 + 0.5).clamp(0, 1), rtol=0, atol=CLOSE)


def test_what_is_known_of_it_comes_from_its_shapes(theirs: Any, tmp_path: Path) -> None:
    _, path = files(theirs, "apart", tmp_path)
    told = vae.load_facts({"path": path})
    assert (told["factor"], told["channels"]) == (8, 4)
    assert "family" not in told  # those for 1 and XL have the same shapes, so that either may be meant
    assert vae.load_facts({"path": path, "family": "sdxl"})["family"] == "sdxl"
    assert vae.picture_facts({"vae": told, "latent": {"family": "sdxl", "sizes": (4, 8, 8)}})["sizes"] == (3, 64, 64)
    shown = described(Path(path))
    assert shown is not None
    assert shown["verdict"]["family"] == "tiny autoencoder, the decoder alone"


def test_the_half_that_a_file_has_not_is_told(theirs: Any, tmp_path: Path) -> None:
    encoder, decoder = files(theirs, "apart", tmp_path)
    first, last = vae.load(path=encoder), vae.load(path=decoder)
    facts = {path: {"vae": vae.load_facts({"path": path})} for path in (encoder, decoder)}
    no_decoder: list[Callable[[], Any]] = [
        lambda: vae.decode(first, ng.Latent(drawn(1, 4, 4, 4))),
        lambda: vae.picture_facts(facts[encoder]),
        lambda: sampler.preview(first),
    ]
    no_encoder: list[Callable[[], Any]] = [
        lambda: vae.encode(last, ng.Image(drawn(1, 3, 8, 8).clamp(0, 1))),
        lambda: vae.latent_facts(facts[decoder]),
    ]
    for ask in no_decoder:
        with pytest.raises(ng.NodeError, match=r"encoder.safetensors' holds the encoder .* not its decoder"):
            ask()
    for ask in no_encoder:
        with pytest.raises(ng.NodeError, match=r"decoder.safetensors' holds the decoder .* not its encoder"):
            ask()
    vae.latent_facts(facts[encoder])
    vae.picture_facts(facts[decoder])
    assert sampler.preview(last).vae == last


def test_other_files_are_not_taken_for_one(tmp_path: Path) -> None:
    others: list[Mapping[str, torch.Tensor]] = [
        {"0.weight": drawn(4, 3, 3, 3), "0.bias": drawn(4)},
        {"1.weight": drawn(4, 4)},
        {"encoder.layers.0.weight": drawn(4, 4)},
        {"decoder.x": drawn(4)},
    ]
    for number, state in enumerate(others):
        save_file(dict(state), tmp_path / f"{number}.safetensors")
        with pytest.raises(ng.NodeError, match="holds no autoencoder"):
            vae.load(path=str(tmp_path / f"{number}.safetensors"))


def walked(preview: Any) -> torch.Tensor:
    """The preview of a state in which zero was predicted but in the first channel."""

    def predicted(x: torch.Tensor, level: ng.Level) -> torch.Tensor:
        return torch.zeros_like(x).index_fill(1, torch.tensor([0]), 1.0)

    levels = uniform(ng.DiscreteVP("scaled_linear"), steps=2)
    loop = sampler.sample(ddim.ddim(), predicted, latent.noise(ng.Shape((4, 4, 4))), levels, preview)
    assert loop.preview is not None
    shown: torch.Tensor = loop.preview(loop.step(loop.start(), 0))
    return shown


def test_steps_are_shown_by_the_tiny_autoencoder_that_is_wired(theirs: Any, tmp_path: Path) -> None:
    _, path = files(theirs, "apart", tmp_path)
    tiny = vae.load(path=path)
    one = torch.zeros(1, 4, 4, 4).index_fill(1, torch.tensor([0]), 1.0)
    assert torch.equal(walked(sampler.preview(tiny)), vae.decode(tiny, ng.Latent(one)))


def test_without_one_steps_are_shown_by_the_colours_that_latents_stand_for() -> None:
    for colours, wanted in (("sd", (0.298, 0.207, 0.208)), ("sdxl", (0.3816, 0.4930, 0.5320))):
        shown = walked(sampler.preview(colours=colours))
        torch.testing.assert_close(shown[0, :, 0, 0], torch.tensor(wanted) / 2 + 0.5)
        assert shown.shape == (1, 3, 4, 4)


def test_data_of_other_channels_is_shown_as_without_a_preview() -> None:
    show = sampler.preview()
    assert show(drawn(2, 3, 8, 8)).shape == (2, 3, 8, 8)
    assert show(drawn(2, 5)) is None


def test_the_preview_changes_neither_the_steps_nor_their_keys() -> None:
    noise, levels = latent.noise(ng.Shape((4, 4, 4))), uniform(ng.DiscreteVP("scaled_linear"), steps=3)
    loops = [
        sampler.sample(ddim.ddim(), lambda x, level: x / 2, noise, levels, *more) for more in ((), (sampler.preview(),))
    ]
    assert torch.equal(*(loop.run() for loop in loops))
    assert loops[0].reads is not None
    assert loops[1].reads is not None
    assert [len(loop.reads(0)) for loop in loops if loop.reads] == [len(loops[0].reads(0))] * 2
