"""The autoencoders: equal to diffusers', named as published; as nodes they scale latents and tell misfits."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import noisegraph as ng
import pytest
import torch
from noisegraph.nodes import vae
from noisegraph.nodes.networks.autoencoder import KLAutoencoder, VQAutoencoder, autoencoder
from noisegraph.nodes.networks.regularization import Codebook, Distribution
from safetensors.torch import save_file
from torch import nn

PUBLISHED = Path(__file__).parent / "published"
"""Names and shapes of the parameters, as the authors' own code builds them."""
CONFIGS: dict[str, dict[str, Any]] = {
    "ldm_kl_f8": {},
    "ldm_vq_f16": {
        "ch_mult": (1, 1, 2, 2, 4),
        "attn_resolutions": (16,),
        "z_channels": 8,
        "embed_dim": 8,
        "n_embed": 16384,
    },
}
SMALL: dict[str, Any] = {"ch": 32, "ch_mult": (1, 2, 2), "num_res_blocks": 1, "resolution": 16}


def awake(module: Any, seed: int = 0) -> Any:
    """The module in float64 with random parameters, large enough that every layer counts."""
    generator = torch.Generator().manual_seed(seed)
    for parameter in module.parameters():
        parameter.data = torch.randn(parameter.shape, generator=generator) * 0.1
    return module.double().eval().requires_grad_(False)


def noise(*shape: int, seed: int = 1) -> torch.Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


@pytest.mark.parametrize("name", CONFIGS)
def test_parameters_have_the_names_and_shapes_of_the_published_checkpoint(name: str) -> None:
    with torch.device("meta"):
        module = autoencoder(**CONFIGS[name])
    found = {f"{key} {'x'.join(map(str, value.shape))}" for key, value in module.state_dict().items()}
    assert found == set((PUBLISHED / f"{name}.txt").read_text().splitlines())


def as_diffusers_names(state: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """The same parameters under diffusers' names, by diffusers' own converter."""
    from diffusers.loaders import single_file_utils

    convert: Any = single_file_utils.convert_ldm_vae_checkpoint
    found: dict[str, torch.Tensor] = convert(
        dict(state), {"down_block_types": [None] * 3, "up_block_types": [None] * 3}
    )
    return found


def test_encoding_and_decoding_are_those_of_diffusers() -> None:
    import diffusers

    ours: KLAutoencoder = awake(autoencoder(**SMALL))
    kind: Any = diffusers.AutoencoderKL
    theirs = kind(
        down_block_types=("DownEncoderBlock2D",) * 3,
        up_block_types=("UpDecoderBlock2D",) * 3,
        block_out_channels=(32, 64, 64),
        latent_channels=4,
    ).double()
    theirs.load_state_dict(as_diffusers_names(ours.state_dict()))
    picture, latent = noise(2, 3, 16, 16), noise(2, 4, 4, 4)
    wanted = theirs.encode(picture).latent_dist
    found = ours.encode(picture)
    torch.testing.assert_close(found.mean, wanted.mean, rtol=0, atol=1e-9)
    torch.testing.assert_close(found.log_variance, wanted.logvar, rtol=0, atol=1e-9)
    torch.testing.assert_close(ours.decode(latent), theirs.decode(latent).sample, rtol=0, atol=1e-9)
    torch.testing.assert_close(found.kl().flatten(1).sum(1), wanted.kl(), rtol=1e-9, atol=0)


def test_the_codebook_is_that_of_diffusers() -> None:
    from diffusers.models.autoencoders import vq_model

    kind: Any = vars(vq_model)["VectorQuantizer"]
    ours, theirs = awake(Codebook(7, 3)), kind(7, 3, beta=0.25, legacy=False).double()
    theirs.load_state_dict(ours.state_dict())
    latent = noise(2, 3, 4, 4)
    found, (wanted, loss, (_, _, indices)) = ours(latent), theirs(latent)
    torch.testing.assert_close(found.latent, wanted, rtol=0, atol=1e-12)
    torch.testing.assert_close(found.loss, loss, rtol=1e-12, atol=0)
    assert torch.equal(found.indices.flatten(), indices)


def test_a_quantized_latent_is_made_of_entries_and_lets_gradients_through() -> None:
    book = awake(Codebook(5, 2))
    latent = noise(1, 2, 3, 3).requires_grad_()
    codes = book(latent)
    torch.testing.assert_close(codes.latent, book.entries(codes.indices))
    codes.latent.sum().backward()
    assert latent.grad is not None
    assert torch.equal(latent.grad, torch.ones_like(latent))


def test_decoding_with_a_codebook_replaces_latents_by_the_nearest_entries() -> None:
    module: VQAutoencoder = awake(autoencoder(**SMALL, n_embed=6))
    latent = noise(1, 4, 4, 4)
    entries = module.quantize(latent).latent
    torch.testing.assert_close(module.decode(latent), module.decode(entries), rtol=0, atol=1e-9)
    assert not torch.allclose(latent, entries)


def test_the_divergence_is_that_of_the_normal_distribution() -> None:
    mean, log_variance = noise(2, 4), noise(2, 4, seed=2)
    normal = torch.distributions.Normal(mean, (log_variance / 2).exp())
    wanted = torch.distributions.kl_divergence(normal, torch.distributions.Normal(0.0, 1.0))
    torch.testing.assert_close(Distribution(mean, log_variance).kl(), wanted)


def test_a_picture_that_cannot_be_halved_often_enough_is_told() -> None:
    with pytest.raises(ValueError, match="8 x 10: the autoencoder wants multiples of 4"):
        autoencoder(**SMALL).means(torch.zeros(1, 3, 8, 10))


@pytest.fixture
def trained(tmp_path: Path) -> vae.Autoencoder:
    """An autoencoder of random weights, as nodes know it."""
    module: nn.Module = awake(autoencoder(**SMALL)).float()
    save_file(module.state_dict(), tmp_path / "vae.safetensors")
    weights = ng.Weights(str(tmp_path / "vae.safetensors"), "0", vae.build, tuple(SMALL.items()))
    return vae.Autoencoder(weights, scale=0.5, factor=4, channels=4)


def test_nodes_scale_latents_and_bring_pictures_to_their_range(trained: vae.Autoencoder) -> None:
    module: Any = trained.weights.module()
    picture = noise(2, 3, 16, 16).sigmoid().float()
    latent = vae.encode(trained, picture)
    torch.testing.assert_close(latent, module.means(picture * 2 - 1) * 0.5)
    found = vae.decode(trained, latent)
    torch.testing.assert_close(found, (module.decode(latent * 2) / 2 + 0.5).clamp(0, 1))
    assert found.shape == picture.shape


def test_a_grey_picture_is_encoded_as_one_in_colour(trained: vae.Autoencoder) -> None:
    grey = noise(1, 1, 16, 16).sigmoid().float()
    assert torch.equal(vae.encode(trained, grey), vae.encode(trained, grey.expand(-1, 3, -1, -1)))


def test_a_batch_larger_than_is_run_at_once_is_each_picture_alone(trained: vae.Autoencoder) -> None:
    latents = noise(vae.AT_ONCE + 3, 4, 2, 2).float()
    each = torch.cat([vae.decode(trained, one[None]) for one in latents])
    torch.testing.assert_close(vae.decode(trained, latents), each, rtol=0, atol=1e-5)


def test_sides_that_do_not_divide_are_told_with_the_nearest_that_do(trained: vae.Autoencoder) -> None:
    with pytest.raises(ng.NodeError, match="130 x 64 pixels: the autoencoder wants multiples of 4") as caught:
        vae.encode(trained, torch.zeros(1, 3, 130, 64))
    assert "128 x 64" in caught.value.hint


def test_a_latent_of_another_model_is_told(trained: vae.Autoencoder) -> None:
    with pytest.raises(ng.NodeError, match="16 x 8 x 8: the autoencoder wants 4 channels"):
        vae.decode(trained, torch.zeros(1, 16, 8, 8))


def test_misfits_are_known_from_facts_before_anything_is_loaded() -> None:
    known = {"factor": 8, "channels": 4}
    assert vae.picture_facts({"vae": known, "latent": {"sizes": (4, 64, 32)}}) == {"sizes": (3, 512, 256)}
    assert vae.latent_facts({"vae": known, "image": {"sizes": (3, 512, 256)}}) == {"sizes": (4, 64, 32)}
    assert vae.latent_facts({"vae": {**known, "family": "sd1"}, "image": {"batch": 2}}) == {"family": "sd1", "batch": 2}
    with pytest.raises(ng.NodeError, match="multiples of 8"):
        vae.latent_facts({"vae": known, "image": {"sizes": (3, 130, 64)}})
    with pytest.raises(ng.NodeError, match="family"):
        vae.picture_facts({"vae": {"family": "sd1"}, "latent": {"family": "sdxl"}})
