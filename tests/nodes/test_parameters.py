"""What our pictures say to other programs, in A1111's words: derived from the graph, and only what is in it."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from typing import Any

import noisegraph as ng
import pytest
from noisegraph.check import check
from noisegraph.cli.main import code
from noisegraph.devices import Device
from noisegraph.graph import library, load, parse
from noisegraph.nodes.models import shipped
from noisegraph.nodes.pictures import a1111
from noisegraph.nodes.pictures.parameters import SAMPLERS, SCHEDULES, written
from noisegraph.plan import plan
from noisegraph.registry import Registry
from noisegraph.writing.captions import calls
from noisegraph.writing.records import Records
from noisegraph.written import Graph
from PIL import Image

from .small_checkpoints import write_control, write_lora, write_shapes, write_vocabulary

REGISTRY = Registry.installed()


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with small hollow files."""
    monkeypatch.chdir(tmp_path)
    write_shapes(tmp_path, "sd1")
    write_vocabulary(tmp_path)
    write_control(tmp_path)
    for seed, name in enumerate(("a.safetensors", "b.safetensors")):
        write_lora(tmp_path, name, seed)
    Image.new("RGB", (64, 64)).save(tmp_path / "photo.png")
    return tmp_path


@pytest.fixture
def told(folder: Path) -> Callable[..., str | None]:
    """The text of a graph's picture, which is planned and not drawn."""

    def told(graph: str | Graph, picture: int = 0, **given: Any) -> str | None:
        found = load(library()[graph]) if isinstance(graph, str) else graph
        made = plan(check(found, REGISTRY, given), Device("cpu", "float32"))
        (output,) = made.points[0].outputs
        path = calls(made, Records(made, REGISTRY, None).leading_to(0, output))
        return written(ng.Making(path, 512, 640, picture))

    return told


def digest(path: Path, digits: int) -> str:
    return sha256(path.read_bytes()).hexdigest()[:digits]


def test_words_and_settings_stand_there_as_a1111_has_them(told: Callable[..., str | None], folder: Path) -> None:
    given = {"prompt": "a (cat:1.2)\nin the grass", "negative": "dog, bad", "seed": 41, "count": 2, "scale": 6.5}
    text = told("sd/text-to-image", 1, checkpoint="sd1.safetensors", sampler="euler_ancestral", clip_skip=2, **given)
    assert text == (
        "a (cat:1.2)\nin the grass\nNegative prompt: dog, bad\n"
        "Steps: 20, Sampler: Euler a, Schedule type: Karras, CFG scale: 6.5, Seed: 42, Size: 512x640, "
        f"Model hash: {digest(folder / 'sd1.safetensors', 10)}, Model: sd1, Clip skip: 2, Version: noisegraph 0.1.0"
    )


def test_what_is_written_is_read_again(told: Callable[..., str | None]) -> None:
    text = told("sd/text-to-image", checkpoint="sd1.safetensors", prompt="a: b, c", negative="d")
    found = a1111.read(text or "")
    assert found is not None
    assert found["words"] == {"prompt": "a: b, c", "negative": "d"}
    assert found["settings"]["sampler"] == "DPM++ 2M"
    assert found["settings"]["seed"] == "1"


def test_an_image_to_image_tells_its_strength_and_two_passes_the_second(told: Callable[..., str | None]) -> None:
    once = told("sd/image-to-image", checkpoint="sd1.safetensors", image="photo.png", strength=0.5)
    assert "Steps: 30," in (once or "")
    assert "Denoising strength: 0.5" in (once or "")
    twice = told("sd/hires-fix", checkpoint="sd1.safetensors", width=256, height=320, second_steps=12) or ""
    assert "Size: 256x320," in twice
    assert "Denoising strength: 0.55, Hires upscale: 2, Hires steps: 12, Hires upscaler: Latent," in twice


def test_two_passes_tell_the_size_of_the_first_also_where_the_model_gave_it(
    told: Callable[..., str | None], folder: Path
) -> None:
    graph = json.loads(library()["sd/hires-fix"].read_text(encoding="utf-8"))
    graph["nodes"]["noise"]["like"] = "$model.latent"
    del graph["nodes"]["shape"]
    once = told(parse(json.dumps(graph), folder=folder), checkpoint="sd1.safetensors", factor=2.0) or ""
    assert "Size: 256x320, " in once  # the picture has 512 x 640


def test_a_model_that_was_trained_here_is_told_by_its_name_and_hash(
    told: Callable[..., str | None], folder: Path
) -> None:
    for suffix in ("safetensors", "json"):
        shutil.copy(shipped.WEIGHTS / f"emoji.{suffix}", folder / f"own.{suffix}")
    text = told("trained", weights="own.safetensors", prompt="a cat") or ""
    assert text.startswith("a cat\nSteps: 20, Sampler: DPM++ 2M, ")
    assert f"Model hash: {digest(folder / 'own.safetensors', 10)}, Model: own, " in text


def test_add_ons_are_told_where_and_as_a1111_tells_them(told: Callable[..., str | None], folder: Path) -> None:
    adapted = told("sd/lora", checkpoint="sd1.safetensors", lora="a.safetensors", second="b.safetensors", rng="cuda")
    assert (adapted or "").startswith(
        "a photograph of an astronaut riding a horse <lora:a:0.8> <lora:b:0.5>\nSteps: 20, "
    )
    hashes = [digest(folder / f"{name}.safetensors", 12) for name in "ab"]
    assert f'Lora hashes: "a: {hashes[0]}, b: {hashes[1]}", RNG: NV, Version' in (adapted or "")
    alone = told("sd/lora", checkpoint="sd1.safetensors", lora="a.safetensors", second="b.safetensors", strength=0.0)
    assert "<lora:a:" not in (alone or "")
    held = told(
        "sd/controlnet", checkpoint="sd1.safetensors", control="control.safetensors", hint="photo.png", until=0.5
    )
    said = 'ControlNet 0: "Model: control, Weight: 1, Guidance Start: 0.0, Guidance End: 0.5"'
    assert said in (held or "")
    assert "Refiner" not in (held or "")
    part = told(
        "sd/controlnet", checkpoint="sd1.safetensors", control="control.safetensors", hint="photo.png", **{"from": 0.25}
    )
    assert "Guidance Start: 0.25, Guidance End: 1.0" in (part or "")
    late = told("sd/lora", checkpoint="sd1.safetensors", lora="a.safetensors", **{"from": 0.25})
    assert (late or "").startswith("a photograph of an astronaut riding a horse <lora:a:0.8>\nSteps: 20, ")


@pytest.mark.parametrize("name", ["digit", "systems/ddpm", "systems/latent-diffusion"])
def test_where_no_words_drew_one_picture_nothing_is_said(name: str) -> None:
    checked = check(load(library()[name]), REGISTRY)
    made = plan(checked, Device("cpu", "float32"))
    records = Records(made, REGISTRY, None)
    for output in made.points[0].outputs:
        assert written(ng.Making(calls(made, records.leading_to(0, output)), 64, 64)) is None


def test_the_names_that_are_translated_are_names_of_nodes() -> None:
    nodes = {spec.full_name for plugin in REGISTRY.plugins() for spec in plugin.nodes.values()}
    assert {f"sampler.{name}" for name in SAMPLERS} <= nodes
    assert {f"levels.{name}" for name in SCHEDULES.keys() - {"leading", "linspace"}} <= nodes


def test_each_picture_of_a_batch_says_its_own_seed_to_us_and_to_others(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert code(["run", "emoji", "seed=41", "count=3", "steps=2", "--out", "out", "--disk", "0", "--quiet"]) == 0
    for index in range(3):
        path = tmp_path / "out" / f"emoji-0001-{index}.png"
        with Image.open(path) as picture:
            text = picture.info["parameters"]
        assert f"Seed: {41 + index}, Size: 256x256, Version" in text
        assert text.startswith("a red heart\nSteps: 2, Sampler: DPM++ 2M, ")
        capsys.readouterr()
        assert code(["show", str(path)]) == 0
        assert f"picture  {index}\n  seed     {41 + index}\n" in capsys.readouterr().out
    with Image.open(tmp_path / "out" / "emoji-0001-sheet.png") as sheet:
        assert "parameters" not in sheet.info
