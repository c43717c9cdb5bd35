"""The graphs for Stable Diffusion's files: each runs on small random checkpoints of the published layout."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import noisegraph as ng
import pytest
import torch
from noisegraph.check import check
from noisegraph.cli.main import code
from noisegraph.devices import Device
from noisegraph.events import RunFinished
from noisegraph.graph import library, load, parse
from noisegraph.plan import plan
from noisegraph.registry import Registry
from noisegraph.run import run
from noisegraph.store.cache import Cache
from PIL import Image, ImageDraw

from ..source_tree import ROOT
from .small_checkpoints import write, write_control, write_lora, write_shapes, write_vocabulary

GRAPHS = {name.removeprefix("sd/"): path for name, path in library().items() if name.startswith("sd/")}
REGISTRY = Registry.installed()
SMALL: Mapping[str, Any] = {"width": 64, "height": 64, "steps": 2}
PICTURE: Mapping[str, Any] = {"image": "photo.png"}
ONE: Mapping[str, Any] = {**SMALL, "checkpoint": "sd1"}
FILLING: Mapping[str, Any] = {**SMALL, **PICTURE, "checkpoint": "sd1-inpaint"}
RUNS: Mapping[str, tuple[Mapping[str, Any], tuple[int, int]]] = {
    "text-to-image": ({**ONE, "prompt": "a (cat:1.2)"}, (64, 64)),
    "text-to-image-2": ({**SMALL, "checkpoint": "sd2"}, (64, 64)),
    "text-to-image-xl": ({**SMALL, "checkpoint": "sdxl"}, (64, 64)),
    "text-to-image-xl-refiner": (
        {**SMALL, "checkpoint": "sdxl", "refiner": "sdxl-refiner", "steps": 5},
        (64, 64),
    ),
    "image-to-image": ({**ONE, **PICTURE, "steps": 4}, (64, 64)),
    "depth-to-image": (
        {**SMALL, **PICTURE, "checkpoint": "sd2-depth", "depth": "photo.png", "steps": 4},
        (64, 64),
    ),
    "edit": ({**SMALL, **PICTURE, "checkpoint": "sd1-edit"}, (64, 64)),
    "inpaint": ({**ONE, **PICTURE, "mask": "mask.png", "steps": 4}, (64, 64)),
    "inpaint-model": ({**FILLING, "mask": "mask.png"}, (64, 64)),
    "outpaint": ({**FILLING, "left": 16, "right": 32, "overlap": 8}, (64, 112)),
    "hires-fix": ({**ONE, "second_steps": 3}, (128, 128)),
    "controlnet": ({**ONE, "control": "control.safetensors", "hint": "photo.png", "until": 0.5}, (64, 64)),
    "lora": ({**ONE, "lora": "a.safetensors", "second": "b.safetensors"}, (64, 64)),
    "prompt-schedule": ({**ONE, "steps": 4}, (64, 64)),
    "x4-upscale": ({**PICTURE, "checkpoint": "x4-upscaler", "width": 32, "height": 16, "steps": 2}, (64, 128)),
    "grid": ({**ONE, "steps": 3}, (64, 64)),
}
"""What each graph is given, and the height and width of its pictures."""
LARGE: Mapping[str, Any] = {**SMALL, "checkpoint": "sdxl", "colours": "sdxl"}
LARGE_FILLING: Mapping[str, Any] = {**LARGE, **PICTURE, "checkpoint": "sdxl-inpaint"}
OF_XL: Mapping[str, Mapping[str, Any]] = {
    "image-to-image": {**LARGE, **PICTURE, "steps": 4},
    "inpaint": {**LARGE, **PICTURE, "mask": "mask.png", "steps": 4},
    "inpaint-model": {**LARGE_FILLING, "mask": "mask.png"},
    "outpaint": {**LARGE_FILLING, "left": 16, "right": 32, "overlap": 8},
    "hires-fix": {**LARGE, "second_steps": 3},
    "controlnet": {**LARGE, "control": "control-xl.safetensors", "hint": "photo.png", "from": 0.5},
    "lora": {**LARGE, "lora": "xl.safetensors"},
}
"""What graphs are given that are for Stable Diffusion 1 and for XL."""
FILES = {"checkpoint", "refiner"}


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of pictures and add-ons, into which checkpoints are written when they are first wanted."""
    folder = tmp_path_factory.mktemp("models")
    photo = Image.new("RGB", (100, 80), (200, 60, 60))
    ImageDraw.Draw(photo).ellipse((20, 20, 70, 60), fill=(30, 120, 220))
    photo.save(folder / "photo.png")
    mask = Image.new("L", (64, 64))
    ImageDraw.Draw(mask).rectangle((20, 20, 44, 44), fill=255)
    mask.save(folder / "mask.png")
    write_control(folder)
    write_control(folder, "control-xl.safetensors", "sdxl")
    write_lora(folder, "xl.safetensors", 2, width=128)
    for seed, name in enumerate(("a.safetensors", "b.safetensors")):
        write_lora(folder, name, seed)
    return folder


@pytest.fixture
def value(models: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Any]:
    """What a node of a graph gives, by default its pictures, with checkpoints named by their families."""
    monkeypatch.setenv("NOISEGRAPH_MODELS", str(models))
    monkeypatch.chdir(models)

    def ask(name: str, given: Mapping[str, Any], until: str | None = None) -> Any:
        for key in FILES & given.keys():
            if not (models / f"{given[key]}.safetensors").exists():
                write(models, given[key])
        whole = {key: f"{one}.safetensors" if key in FILES else one for key, one in given.items()}
        checked = check(load(GRAPHS[name]), REGISTRY, whole, until)
        *_, last = run(plan(checked, Device("cpu", "float32")), Cache(10**8, None))
        assert isinstance(last, RunFinished)
        assert last.failed == 0
        return [found for result in last.results for found in result.outputs.values()]

    return ask


def test_every_graph_for_published_files_is_tried_here() -> None:
    assert set(RUNS) == set(GRAPHS)


@pytest.mark.slow
@pytest.mark.parametrize("name", RUNS)
def test_it_draws_pictures_of_the_size_that_it_is_asked_for(name: str, value: Callable[..., Any]) -> None:
    given, size = RUNS[name]
    pictures = value(name, given)
    assert len(pictures) == (15 if name == "grid" else 1)
    for picture in pictures:
        assert picture.shape == (1, 3, *size)
        assert picture.isfinite().all()
        assert picture.std() > 0.01


@pytest.mark.slow
@pytest.mark.parametrize("name", OF_XL)
def test_one_that_says_so_draws_with_a_checkpoint_of_xl_too(name: str, value: Callable[..., Any]) -> None:
    (picture,) = value(name, OF_XL[name])
    assert picture.shape == (1, 3, *RUNS[name][1])
    assert picture.isfinite().all()
    assert picture.std() > 0.01


def test_those_that_draw_with_xl_too_say_so() -> None:
    said = {name for name, path in GRAPHS.items() if "colours=sdxl" in load(path).about}
    assert said == set(OF_XL)


@pytest.mark.slow
def test_one_lora_is_two_whose_second_has_no_strength(value: Callable[..., Any]) -> None:
    given, _ = RUNS["lora"]
    alone = {name: one for name, one in given.items() if name != "second"}
    (one,), (other,) = value("lora", alone), value("lora", {**given, "second_strength": 0.0})
    assert torch.equal(one, other)
    (plain,) = value("lora", {**given, "until": 0.0})
    (without,) = value("text-to-image", {**RUNS["text-to-image"][0], "prompt": load(GRAPHS["lora"]).inputs["prompt"]})
    assert torch.equal(plain, without)
    assert not torch.equal(one, without)


@pytest.mark.slow
def test_what_a_mask_keeps_and_what_a_border_surrounds_stays_to_the_bit(value: Callable[..., Any]) -> None:
    given, _ = RUNS["inpaint"]
    (fitted,), (filled,) = (value("inpaint", given, until) for until in ("fitted", "result"))
    assert torch.equal(filled[:, :, :4], fitted[:, :, :4])
    assert not torch.allclose(filled[:, :, 28:36, 28:36], fitted[:, :, 28:36, 28:36], atol=0.05)
    given, _ = RUNS["outpaint"]
    (before,), (wide,) = value("outpaint", given, "fitted"), value("outpaint", given)
    assert torch.equal(wide[:, :, :, 16 + 24 : 16 + 40], before[:, :, :, 24:40])


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "changed"),
    [
        ("text-to-image", {"prompt": "the dog"}),
        ("text-to-image", {"negative": "the dog"}),
        ("text-to-image", {"clip_skip": 2}),
        ("text-to-image-xl-refiner", {"switch": 1.0}),
        ("controlnet", {"until": 0.0}),
        ("controlnet", {"from": 0.5, "until": 1.0}),
        ("lora", {"second_strength": 0.0}),
        ("lora", {"from": 0.5}),
        ("prompt-schedule", {"prompt": "a photograph of a [cat:dog:0.8] in the grass"}),
        ("x4-upscale", {"noise_level": 100}),
        ("depth-to-image", {"depth": "mask.png"}),
        ("edit", {"prompt": "the dog"}),
        ("edit", {"image": "mask.png"}),
        ("edit", {"image_scale": 2.0}),
    ],
)
def test_each_of_its_settings_changes_the_picture(
    name: str, changed: Mapping[str, Any], value: Callable[..., Any]
) -> None:
    given, _ = RUNS[name]
    (before,), (after,) = value(name, given), value(name, {**given, **changed})
    assert not torch.equal(before, after)


@pytest.mark.slow
def test_image_i_of_a_batch_is_the_image_of_seed_plus_i(value: Callable[..., Any]) -> None:
    given, _ = RUNS["text-to-image"]
    (several,), (second,) = (
        value("text-to-image", {**given, "count": 2, "seed": 4}),
        value("text-to-image", {**given, "seed": 5}),
    )
    torch.testing.assert_close(several[1:], second, rtol=0, atol=1e-4)


FAMILY = {
    "text-to-image-xl": "sdxl",
    "text-to-image-xl-refiner": "sdxl",
    "x4-upscale": "x4-upscaler",
    "inpaint-model": "sd1-inpaint",
    "outpaint": "sd1-inpaint",
    "edit": "sd1-edit",
    "depth-to-image": "sd2-depth",
}
"""Whose files a graph is for, where not Stable Diffusion 1's."""


@pytest.mark.parametrize("name", RUNS)
def test_it_is_sound_without_the_weights_whatever_the_family(name: str) -> None:
    for family in ("auto", FAMILY.get(name, "sd1")):
        checked = check(load(GRAPHS[name]), REGISTRY, {"family": family})
        assert [str(problem) for problem in checked.problems] == []
        assert "checkpoint" in checked.unset


@pytest.mark.parametrize("name", RUNS)
def test_it_is_planned_without_the_weights(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert code(["plan", f"sd/{name}", "--disk", "0"]) == 0
    told = capsys.readouterr()
    assert "run, needs a value for 'checkpoint'" in told.out
    assert "input 'checkpoint' (str) needs a value; give it: checkpoint=..." in told.err


def test_a_family_alone_tells_what_does_not_fit() -> None:
    given = {"family": "sd1", "width": 130}
    (problem,) = check(load(GRAPHS["text-to-image"]), REGISTRY, given).problems
    assert "512 x 130 pixels: the autoencoder wants multiples of 8" in str(problem)


def test_a_family_alone_tells_that_words_are_not_those_of_its_network() -> None:
    of = {
        family: check(load(GRAPHS["text-to-image"]), REGISTRY, {"family": family}).problems
        for family in ("sd2", "sdxl")
    }
    assert not of["sd2"]
    assert "wants a vector of 2816 numbers for the whole text, found 1280" in of["sdxl"][0].what
    assert not check(load(GRAPHS["text-to-image-xl"]), REGISTRY, {"family": "sdxl"}).problems


@pytest.mark.parametrize("missing", ["checkpoint", "refiner"])
def test_a_file_that_is_not_there_is_named_with_the_folders_that_were_searched(
    missing: str, models: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("NOISEGRAPH_MODELS", str(models))
    assert code(["run", "sd/text-to-image-xl-refiner", f"{missing}=lost.safetensors"]) == 2
    told = capsys.readouterr().err
    assert f"no file 'lost.safetensors' in {GRAPHS['grid'].parent} or {Path.cwd()} or {models.resolve()}" in told
    assert told.count("lost.safetensors") == 1


@pytest.fixture(scope="module")
def hollow_files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of checkpoints whose networks are zeros, and a vocabulary."""
    folder = tmp_path_factory.mktemp("hollow")
    for family in ("sd1", "sd1-inpaint", "sd1-edit", "sdxl"):
        write_shapes(folder, family)
    write_vocabulary(folder)
    return folder


@pytest.fixture
def hollow(hollow_files: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """That folder, worked in."""
    monkeypatch.delenv("NOISEGRAPH_MODELS", raising=False)
    monkeypatch.chdir(hollow_files)
    return hollow_files


@pytest.mark.parametrize(
    ("name", "checkpoint", "told"),
    [
        ("text-to-image", "sdxl", "a vector of 2816 numbers for the whole text, found 1280"),
        ("text-to-image", "sd1-inpaint", "reads 5 channels beside the latent, the condition brings 0"),
        ("inpaint-model", "sd1", "reads 0 channels beside the latent, the condition brings 5"),
        ("x4-upscale", "sd1", "reads 0 channels beside the latent, the condition brings 3"),
        ("depth-to-image", "sd1", "reads 0 channels beside the latent, the condition brings 1"),
        ("text-to-image", "sd1-edit", "reads 4 channels beside the latent, the condition brings 0"),
    ],
)
def test_a_checkpoint_of_another_family_is_told_before_anything_is_loaded(
    name: str, checkpoint: str, told: str, hollow: Path
) -> None:
    problems = check(load(GRAPHS[name]), REGISTRY, {"checkpoint": f"{checkpoint}.safetensors"}).problems
    assert len(problems) == 2  # of the denoiser towards the prompt, and of that away from the negative one
    assert all(told in str(problem) for problem in problems)


def test_parts_of_different_checkpoints_are_told_before_anything_is_loaded(hollow: Path) -> None:
    parts = json.loads(GRAPHS["text-to-image"].read_text())
    parts["nodes"]["model"] = {"use": "model.load", "path": "sd1.safetensors"}
    parts["nodes"]["other"] = {"use": "model.load", "path": "sdxl.safetensors"}
    parts["nodes"]["text"]["encoder"] = "$other.text"
    found = [str(problem) for problem in check(parse(json.dumps(parts), folder=hollow), REGISTRY).problems]
    assert len(found) == 2
    assert all("reads words of 768 numbers, the text encoder's have 2048" in one for one in found)


def test_a_vocabulary_is_found_beside_the_checkpoint_and_else_missed_before_anything_is_loaded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("NOISEGRAPH_MODELS", raising=False)
    monkeypatch.chdir(tmp_path)
    given = {"checkpoint": write_shapes(tmp_path, "sd1")}
    write_vocabulary(tmp_path)
    assert check(load(GRAPHS["text-to-image"]), REGISTRY, given).problems == ()
    (tmp_path / "bpe_simple_vocab_16e6.txt.gz").unlink()
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    (first, _) = check(load(GRAPHS["text-to-image"]), REGISTRY, given).problems
    assert "no vocabulary for" in str(first)
    assert "pip install --no-deps open_clip_torch" in str(first)


def test_a_file_that_is_no_checkpoint_is_told_before_anything_runs(
    models: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NOISEGRAPH_MODELS", str(models))
    with pytest.raises(ng.GraphError, match="holds no U-Net"):
        plan(check(load(GRAPHS["text-to-image"]), REGISTRY, {"checkpoint": "a.safetensors"}), Device("cpu", "float32"))


def test_the_documents_table_names_every_graph_and_its_commands_name_inputs_that_there_are() -> None:
    page = (ROOT / "docs" / "stable-diffusion.md").read_text(encoding="utf-8")
    assert sorted(re.findall(r"^\| `sd/([\w-]+)`", page, re.MULTILINE)) == sorted(GRAPHS)
    for name, row in re.findall(r"^\| `sd/([\w-]+)` \|[^|]*\|([^|]*)\|", page, re.MULTILINE):
        assert set(re.findall(r"`(\w+)`", row)) <= set(load(GRAPHS[name]).inputs)
    commands = re.findall(r"^noisegraph run sd/([\w-]+) (.*)$", page, re.MULTILINE)
    assert len(commands) > 5
    for name, values in commands:
        given = {word.partition("=")[0] for word in shlex.split(values) if "=" in word}
        assert given <= set(load(GRAPHS[name]).inputs), name
