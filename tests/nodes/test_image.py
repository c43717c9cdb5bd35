"""Nodes of pictures: ranges, sizes, sheets, files."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import noisegraph as ng
import pytest
import torch
from noisegraph.nodes import image, label
from PIL import Image


def test_decoding_maps_minus_one_to_black_one_to_white_and_cuts_the_rest() -> None:
    decoded = image.decode(torch.tensor([-3.0, -1.0, 0.0, 1.0, 3.0]).view(1, 1, 1, 5))
    assert decoded.flatten().tolist() == [0, 0, 0.5, 1, 1]


def test_encoding_then_decoding_gives_the_picture_back() -> None:
    picture = torch.rand(2, 3, 4, 4)
    torch.testing.assert_close(image.decode(image.encode(picture)), picture)


def test_a_latent_that_is_no_picture_is_told_to_be_decoded_elsewhere() -> None:
    with pytest.raises(ng.NodeError, match=r"\(1, 4, 8, 8\)"):
        image.decode(torch.zeros(1, 4, 8, 8))


def test_enlarging_repeats_every_pixel_as_a_square() -> None:
    picture = torch.arange(4.0).view(1, 1, 2, 2) / 4
    enlarged = image.enlarge(picture, factor=3)
    assert enlarged.shape == (1, 1, 6, 6)
    assert (enlarged[0, 0, :3, 3:] == 0.25).all()


def test_a_sheet_holds_the_pictures_of_all_batches_row_by_row() -> None:
    batches = [torch.full((2, 1, 2, 3), 0.0), torch.full((1, 1, 2, 3), 1.0)]
    sheet = image.sheet(batches, columns=2, gap=1, shade=0.5)
    assert sheet.shape == (1, 1, 7, 9)
    assert (sheet[0, 0, 1:3, 1:4] == 0).all()
    assert (sheet[0, 0, 4:6, 1:4] == 1).all()
    assert (sheet[0, 0, 4:6, 5:8] == 0.5).all()


def test_a_sheet_of_pictures_of_two_sizes_is_refused() -> None:
    with pytest.raises(ng.NodeError, match="shapes"):
        image.sheet([torch.zeros(1, 1, 2, 2), torch.zeros(1, 1, 3, 2)])


@pytest.mark.parametrize("mode", ["L", "RGB", "RGBA", "P", "1"])
def test_a_file_of_any_mode_loads_as_colour(mode: str, tmp_path: Path) -> None:
    made = Image.new(mode, (3, 2))
    made.save(tmp_path / "x.png")
    loaded = image.load(file=str(tmp_path / "x.png"))
    assert loaded.shape == (1, 3, 2, 3)
    assert loaded.dtype is torch.float32
    assert loaded.unique().item() == (1.0 if mode == "RGBA" else 0.0)


def test_a_grey_file_of_16_bits_keeps_its_greys(tmp_path: Path) -> None:
    Image.new("I;16", (1, 1), 32768).save(tmp_path / "x.png")
    assert image.load(file=str(tmp_path / "x.png")).flatten().tolist() == pytest.approx([0.5] * 3, abs=1 / 255)


def test_a_photograph_is_turned_as_its_camera_was_held(tmp_path: Path) -> None:
    made = Image.new("RGB", (3, 2))
    turned = Image.Exif()
    turned[0x0112] = 6
    made.save(tmp_path / "x.jpg", exif=turned)
    assert image.load(file=str(tmp_path / "x.jpg")).shape == (1, 3, 3, 2)


@pytest.mark.parametrize("length", [0, 40, 200])
def test_a_file_that_is_no_whole_picture_is_told_with_what_to_do(length: int, tmp_path: Path) -> None:
    path = tmp_path / "x.png"
    Image.effect_noise((32, 32), 50).save(path)
    path.write_bytes(path.read_bytes()[:length])
    with pytest.raises(ng.NodeError, match=r"x\.png' cannot be read") as told:
        image.load(file=str(path))
    assert "damaged, or no picture" in told.value.hint


@pytest.mark.parametrize(("given", "wanted"), [(7, [7]), ([1, 2], [1, 2]), (None, [10])])
def test_a_label_its_list_and_the_empty_one_become_indices(given: Any, wanted: list[int]) -> None:
    assert label.encode(label=given, classes=10)["y"].tolist() == wanted


def test_labels_follow_one_another_as_often_as_wanted() -> None:
    assert label.encode(label=[3, 1], classes=10, repeat=2)["y"].tolist() == [3, 1, 3, 1]


def test_a_label_that_the_network_does_not_know_is_told() -> None:
    with pytest.raises(ng.NodeError, match="label 10"):
        label.encode(label=10, classes=10)


@pytest.mark.parametrize("method", ["bicubic", "bilinear", "area"])
@pytest.mark.parametrize("factor", [0.5, 1.5, 2.0])
def test_a_resized_picture_keeps_its_mean_and_its_range(method: Any, factor: float) -> None:
    ramp = torch.linspace(0, 1, 12).repeat(2, 3, 8, 1)
    found = image.resize(ng.Image(ramp), factor=factor, method=method)
    assert found.shape == (2, 3, round(8 * factor), round(12 * factor))
    assert found.min() >= 0
    assert found.max() <= 1
    assert float(found.mean()) == pytest.approx(0.5, abs=0.01)
    assert bool((found.diff(dim=3) > -1e-3).all())


def test_a_picture_is_never_resized_to_nothing() -> None:
    assert image.resize(ng.Image(torch.ones(1, 1, 2, 2)), factor=0.1).shape == (1, 1, 1, 1)
