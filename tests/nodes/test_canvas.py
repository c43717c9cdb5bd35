"""Pictures on other canvases, and latents of other sizes: what inpainting, outpainting and upscaling begin with."""

from __future__ import annotations

from pathlib import Path

import noisegraph as ng
import pytest
import torch
from noisegraph.nodes import image, latent
from noisegraph.nodes.checkpoints import conditions
from noisegraph.nodes.pictures import canvas
from PIL import Image

from .checkpoints import drawn

PICTURE = ng.Image(torch.linspace(0, 1, 3 * 4 * 6).reshape(1, 3, 4, 6))


def test_a_border_is_masked_and_the_picture_is_not_but_where_they_overlap() -> None:
    padded = canvas.pad(PICTURE, left=2, bottom=3, overlap=1)
    assert padded.image.shape == (1, 3, 7, 8)
    assert torch.equal(padded.image[:, :, :4, 2:], PICTURE)
    assert torch.equal(padded.image[:, :, 0, 0], PICTURE[:, :, 0, 0])
    kept = torch.zeros(7, 8)
    kept[:3, 3:] = 1
    assert torch.equal(padded.mask[0, 0], 1 - kept)


@pytest.mark.parametrize(("fill", "first"), [("mirror", PICTURE[0, 0, 0, 2]), ("grey", torch.tensor(0.5))])
def test_a_border_holds_what_is_asked_for(fill: str, first: torch.Tensor) -> None:
    padded = canvas.pad(PICTURE, left=2, fill=fill)
    assert padded.image[0, 0, 0, 0] == first


def test_a_mirror_is_no_wider_than_the_picture() -> None:
    with pytest.raises(ng.NodeError, match="cannot mirror"):
        canvas.pad(PICTURE, left=6, fill="mirror")


def test_a_picture_is_fitted_by_its_middle() -> None:
    assert canvas.fit(PICTURE, width=6, height=4) is PICTURE
    wide = torch.zeros(1, 3, 4, 8)
    wide[:, :, :, 2:6] = 1
    assert torch.equal(canvas.fit(ng.Image(wide), width=4, height=4), torch.ones(1, 3, 4, 4))
    assert canvas.fit(PICTURE, width=9, height=5).shape == (1, 3, 5, 9)


def test_pasting_takes_one_picture_inside_and_the_other_outside() -> None:
    mask = ng.Mask(torch.tensor([[0.0, 1.0]]).repeat_interleave(2, 0)[None, None])
    pasted = canvas.paste(ng.Image(torch.ones(1, 3, 2, 2)), ng.Image(torch.zeros(1, 3, 2, 2)), mask)
    assert pasted[0, 0].tolist() == [[0, 1], [0, 1]]
    fitted = canvas.paste(ng.Image(torch.ones(1, 3, 8, 8)), ng.Image(torch.zeros(1, 3, 8, 8)), mask)
    assert fitted[0, 0, 0, 0] == 0
    assert fitted[0, 0, 0, 7] == 1
    with pytest.raises(ng.NodeError, match="2 x 2 and 4 x 6"):
        canvas.paste(ng.Image(torch.ones(1, 3, 2, 2)), PICTURE, mask)


def test_sizes_are_known_before_anything_is_made(tmp_path: Path) -> None:
    picture = Image.new("RGB", (30, 20))
    exif = picture.getexif()
    exif[image.ORIENTATION] = 6
    picture.save(tmp_path / "turned.jpg", exif=exif)
    known = image.load_facts({"file": str(tmp_path / "turned.jpg")})
    assert known["sizes"] == image.load(file=str(tmp_path / "turned.jpg")).shape[1:] == (3, 30, 20)
    (tmp_path / "no.png").write_text("nothing")
    assert image.load_facts({"file": str(tmp_path / "no.png")}) == {}
    padded = canvas.pad_facts({"image": known, "top": 1, "bottom": 2, "left": 3, "right": 4})
    assert padded["image"] == {"sizes": (3, 33, 27), "batch": 1}
    assert padded["mask"] == {"sizes": (1, 33, 27)}
    pasted = canvas.paste_facts({"image": known, "over": {**known, "batch": 4}})
    assert pasted == {"sizes": (3, 30, 20), "batch": 4}
    assert "batch" not in canvas.paste_facts({"image": known, "over": {}})
    assert canvas.fit_facts({"image": known, "width": 8, "height": 16}) == {"sizes": (3, 16, 8), "batch": 1}


def test_a_latent_is_resized_and_stays_of_its_family() -> None:
    flat = ng.Latent(torch.full((2, 4, 3, 5), 0.3))
    for method in ("nearest", "bilinear", "bicubic", "area"):
        found = latent.resize(flat, factor=1.5, method=method)
        torch.testing.assert_close(found, torch.full((2, 4, 4, 8), 0.3))
    known = {"family": "sd", "sizes": (4, 3, 5), "batch": 2}
    assert latent.resize_facts({"latent": known, "factor": 1.5}) == {**known, "sizes": (4, 4, 8)}
    with pytest.raises(ng.NodeError, match=r"a latent of \(2, 4\)"):
        latent.resize(ng.Latent(torch.zeros(2, 4)))


def test_a_latent_lies_over_a_picture() -> None:
    assert latent.over(PICTURE) == ng.Shape((4, 4, 6))
    assert latent.over(PICTURE, channels=3, factor=2) == ng.Shape((3, 2, 3))
    with pytest.raises(ng.NodeError, match="a picture of 4 x 6 pixels"):
        latent.over_facts({"image": {"sizes": (3, 4, 6)}, "channels": 4, "factor": 4})


def test_a_small_picture_is_noised_as_the_x4_upscaler_is_told() -> None:
    """As StableDiffusionUpscalePipeline does with its own scheduler of the small picture."""
    from diffusers import DDPMScheduler

    settings = {"beta_start": 0.0001, "beta_end": 0.02, "beta_schedule": "scaled_linear"}
    process = ng.DiscreteVP("scaled_linear", 1000, 0.0001, 0.02)
    words = ng.Condition({"context": drawn(1, 7, 1024)})
    told = conditions.low_resolution(words, PICTURE, process, noise_level=20, seed=3)
    small = PICTURE * 2 - 1
    noise = ng.normal((3,), small, "low resolution")
    wanted = DDPMScheduler(**settings).add_noise(small, noise, torch.tensor([20]))
    torch.testing.assert_close(told["concat"], wanted, rtol=0, atol=1e-6)
    assert told["y"].tolist() == [20]
    assert told["context"] is words["context"]
