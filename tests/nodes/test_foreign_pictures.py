"""Pictures of other programs: what A1111 and ComfyUI say in them is told, wherever in the file it stands."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import noisegraph as ng
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from noisegraph.cli.main import code
from noisegraph.nodes.pictures import a1111, comfyui
from noisegraph.nodes.pictures.embedded import described
from PIL import Image
from PIL.PngImagePlugin import PngInfo

A1111 = (
    "masterpiece, a (cat:1.2) in the grass,\nlooking up <lora:add_detail:0.5>\n"
    "Negative prompt: bad, ugly,\nworst quality\n"
    "Steps: 20, Sampler: DPM++ 2M Karras, CFG scale: 7, Seed: 965400086, Size: 512x768, Model hash: 6ce0161689, "
    'Model: v1-5-pruned-emaonly, Denoising strength: 0.55, ControlNet 0: "Module: canny, Weight: 1", '
    'Lora hashes: "add_detail: 7c6bad76eb54", Version: v1.10.1'
)
COMFY: dict[str, Any] = {
    "3": {
        "class_type": "KSampler",
        "inputs": {
            "seed": 156680208700286, "steps": 20, "cfg": 8.0, "sampler_name": "dpmpp_2m", "scheduler": "karras",
            "denoise": 1.0, "model": ["10", 0], "positive": ["11", 0], "negative": ["7", 0], "latent_image": ["5", 0],
        },
    },
    "4": {"class_type": "CheckpointLoaderSimple", "inputs": {"ckpt_name": "v1-5-pruned-emaonly.safetensors"}},
    "5": {"class_type": "EmptyLatentImage", "inputs": {"width": 512, "height": 768, "batch_size": 1}},
    "6": {"class_type": "CLIPTextEncode", "inputs": {"text": ["12", 0], "clip": ["10", 1]}},
    "7": {"class_type": "CLIPTextEncode", "inputs": {"text": "watermark", "clip": ["10", 1]}},
    "8": {"class_type": "VAEDecode", "inputs": {"samples": ["3", 0], "vae": ["4", 2]}},
    "10": {
        "class_type": "LoraLoader",
        "inputs": {"lora_name": "add_detail.safetensors", "strength_model": 0.5, "model": ["4", 0], "clip": ["4", 1]},
    },
    "11": {
        "class_type": "ControlNetApply",
        "inputs": {"conditioning": ["6", 0], "control_net": ["13", 0], "strength": 1.0},
    },
    "12": {"class_type": "PrimitiveString", "inputs": {"value": "beautiful scenery, purple galaxy bottle"}},
    "13": {"class_type": "ControlNetLoader", "inputs": {"control_net_name": "canny.safetensors"}},
}  # fmt: skip
CUSTOM: dict[str, Any] = {
    "1": {
        "class_type": "SamplerCustomAdvanced",
        "inputs": {
            "noise": ["2", 0], "guider": ["3", 0], "sampler": ["4", 0], "sigmas": ["5", 0], "latent_image": ["6", 0],
        },
    },
    "2": {"class_type": "RandomNoise", "inputs": {"noise_seed": 7}},
    "3": {"class_type": "BasicGuider", "inputs": {"model": ["8", 0], "conditioning": ["7", 0]}},
    "4": {"class_type": "KSamplerSelect", "inputs": {"sampler_name": "euler"}},
    "5": {"class_type": "BasicScheduler", "inputs": {"scheduler": "simple", "steps": 4, "denoise": 1}},
    "6": {"class_type": "EmptySD3LatentImage", "inputs": {"width": 1024, "height": 1024, "batch_size": 1}},
    "7": {"class_type": "CLIPTextEncode", "inputs": {"text": "a fox", "clip": ["9", 0]}},
    "8": {"class_type": "UNETLoader", "inputs": {"unet_name": "model.safetensors"}},
}  # fmt: skip
WORDS = {
    "prompt": "masterpiece, a (cat:1.2) in the grass, looking up <lora:add_detail:0.5>",
    "negative": "bad, ugly, worst quality",
}


def png(folder: Path, **texts: str) -> Path:
    info = PngInfo()
    for keyword, text in texts.items():
        info.add_text(keyword, text)
    Image.new("RGB", (8, 6)).save(folder / "picture.png", pnginfo=info)
    return folder / "picture.png"


def with_comment(folder: Path, suffix: str, comment: bytes) -> Path:
    picture = Image.new("RGB", (8, 6))
    exif = picture.getexif()
    exif.get_ifd(0x8769)[0x9286] = comment
    picture.save(folder / f"picture{suffix}", exif=exif)
    return folder / f"picture{suffix}"


def test_a1111s_text_in_a_png_is_told(tmp_path: Path) -> None:
    found = described(png(tmp_path, parameters=A1111))
    assert found is not None
    assert found["picture"] == {"size": "8 x 6", "made by": "A1111, or in its form"}
    assert found["words"] == WORDS
    assert found["settings"] == {
        "steps": "20",
        "sampler": "DPM++ 2M Karras",
        "cfg scale": "7",
        "seed": "965400086",
        "size": "512x768",
        "model": "v1-5-pruned-emaonly",
        "model hash": "6ce0161689",
    }
    assert found["more"] == {
        "denoising strength": "0.55",
        "controlnet 0": "Module: canny, Weight: 1",
        "lora hashes": "add_detail: 7c6bad76eb54",
        "version": "v1.10.1",
    }


@pytest.mark.parametrize("suffix", [".jpg", ".webp", ".jpeg"])
@pytest.mark.parametrize("order", ["be", "le"])
def test_a1111s_text_in_the_comment_of_other_formats_is_told(suffix: str, order: str, tmp_path: Path) -> None:
    path = with_comment(tmp_path, suffix, b"UNICODE\x00" + A1111.encode(f"utf-16-{order}"))
    found = described(path)
    assert found is not None
    assert found["words"] == WORDS
    plain = described(with_comment(tmp_path, suffix, b"ASCII\x00\x00\x00" + A1111.encode()))
    assert plain == found


def test_a_prompt_without_a_negative_one_or_settings_is_read_as_far_as_it_goes() -> None:
    alone = a1111.read("a cat\nSteps: 1, Sampler: Euler, Seed: 2")
    assert alone is not None
    assert alone["words"] == {"prompt": "a cat"}
    assert a1111.read("a cat\nNegative prompt: dog") == {
        "words": {"prompt": "a cat", "negative": "dog"},
        "settings": {},
        "more": {},
    }
    assert a1111.read("a cat: a story") is None


def test_the_negative_prompt_begins_a_line_and_is_not_looked_for_within_one() -> None:
    found = a1111.read(
        "a sign that says Negative prompt: none\n Negative prompt: blurred\nSteps: 1, Seed: 2, Size: 8x8"
    )
    assert found is not None
    assert found["words"] == {"prompt": "a sign that says Negative prompt: none", "negative": "blurred"}
    alone = a1111.read("a sign that says Negative prompt: none\nSteps: 1, Seed: 2, Size: 8x8")
    assert alone is not None
    assert alone["words"] == {"prompt": "a sign that says Negative prompt: none"}


def test_comfyuis_graph_is_told_by_what_its_sampler_reads(tmp_path: Path) -> None:
    found = described(png(tmp_path, prompt=json.dumps(COMFY), workflow=json.dumps({"nodes": []})))
    assert found is not None
    assert found["picture"]["made by"] == "ComfyUI"
    assert found["sampling"] == {
        "prompt": "beautiful scenery, purple galaxy bottle",
        "negative": "watermark",
        "steps": "20",
        "sampler": "dpmpp_2m",
        "schedule": "karras",
        "cfg scale": "8.0",
        "seed": "156680208700286",
        "denoise": "1.0",
        "size": "512x768",
        "model": "v1-5-pruned-emaonly.safetensors",
        "loras": "add_detail.safetensors (0.5)",
        "controls": "canny.safetensors",
    }
    assert found["graph"]["nodes"].startswith(
        "10: KSampler, CheckpointLoaderSimple, EmptyLatentImage, 2 CLIPTextEncode"
    )


def test_a_sampling_made_of_several_nodes_is_told_as_one(tmp_path: Path) -> None:
    found = described(png(tmp_path, prompt=json.dumps(CUSTOM)))
    assert found is not None
    assert found["sampling"] == {
        "prompt": "a fox",
        "steps": "4",
        "sampler": "euler",
        "schedule": "simple",
        "seed": "7",
        "denoise": "1",
        "size": "1024x1024",
        "model": "model.safetensors",
    }


def test_two_samplings_are_told_apart_and_circles_end() -> None:
    again = {**COMFY["3"], "inputs": {**COMFY["3"]["inputs"], "seed": 2, "latent_image": ["3", 0]}}
    found = comfyui.read(json.dumps({**COMFY, "20": again}))
    assert found is not None
    assert [found[f"sampling {number}"]["seed"] for number in (1, 2)] == ["156680208700286", "2"]
    circle = {"1": {"class_type": "KSampler", "inputs": {"seed": ["1", 0], "steps": 3, "latent_image": ["1", 0]}}}
    assert comfyui.read(json.dumps(circle)) is not None


def test_a_node_that_changes_both_prompts_does_not_mix_them_up() -> None:
    both = {"positive": ["6", 0], "negative": ["7", 0], "control_net": ["13", 0], "strength": 1.0}
    twice = {**both, "positive": ["14", 0], "negative": ["14", 1]}
    walk = {**COMFY["3"], "inputs": {**COMFY["3"]["inputs"], "positive": ["15", 0], "negative": ["15", 1]}}
    advanced = {"14": {"class_type": "ControlNetApplyAdvanced", "inputs": both}, "15": {**COMFY["11"], "inputs": twice}}
    found = comfyui.read(json.dumps({**COMFY, **advanced, "3": walk}))
    assert found is not None
    assert found["sampling"]["prompt"] == "beautiful scenery, purple galaxy bottle"
    assert found["sampling"]["negative"] == "watermark"


def test_the_model_is_that_which_samples_and_not_an_upscaler_that_is_nearer() -> None:
    large = {"class_type": "VAEEncode", "inputs": {"upscaler": ["17", 0], "vae": ["4", 2]}}
    upscaler = {"class_type": "UpscaleModelLoader", "inputs": {"model_name": "4x-sharp.pth"}}
    walk = {**COMFY["3"], "inputs": {**COMFY["3"]["inputs"], "model": ["18", 0], "latent_image": ["16", 0]}}
    more = {"lora_name": "second.safetensors", "model": ["10", 0], "clip": ["10", 1]}
    second = {**COMFY["10"], "inputs": {**COMFY["10"]["inputs"], **more}}
    found = comfyui.read(json.dumps({**COMFY, "3": walk, "16": large, "17": upscaler, "18": second}))
    assert found is not None
    assert found["sampling"]["model"] == "v1-5-pruned-emaonly.safetensors"
    assert found["sampling"]["loras"] == "second.safetensors (0.5), add_detail.safetensors (0.5)"


def test_each_sampling_is_told_with_its_own_loras_controls_and_model() -> None:
    loader = {"class_type": "CheckpointLoaderSimple", "inputs": {"ckpt_name": "refiner.safetensors"}}
    fine = {"lora_name": "fine.safetensors", "strength_model": 0.25, "model": ["21", 0], "clip": ["21", 1]}
    words = {"class_type": "CLIPTextEncode", "inputs": {"text": "finer", "clip": ["22", 1]}}
    given = {"model": ["22", 0], "positive": ["23", 0], "negative": ["23", 0], "latent_image": ["3", 0]}
    again = {**COMFY["3"], "inputs": {**COMFY["3"]["inputs"], **given}}
    more = {"20": again, "21": loader, "22": {**COMFY["10"], "inputs": fine}, "23": words}
    found = comfyui.read(json.dumps({**COMFY, **more}))
    assert found is not None
    first, second = found["sampling 1"], found["sampling 2"]
    assert (first["loras"], first["controls"]) == ("add_detail.safetensors (0.5)", "canny.safetensors")
    assert (second["model"], second["loras"]) == ("refiner.safetensors", "fine.safetensors (0.25)")
    assert "controls" not in second
    assert (second["prompt"], second["size"]) == ("finer", "512x768")


def test_a_webp_of_comfyui_and_its_own_files_form_are_told(tmp_path: Path) -> None:
    picture = Image.new("RGB", (8, 6))
    exif = picture.getexif()
    exif[0x0110] = f"prompt:{json.dumps(COMFY)}"
    picture.save(tmp_path / "picture.webp", exif=exif)
    found = described(tmp_path / "picture.webp")
    assert found is not None
    assert found["sampling"]["seed"] == "156680208700286"
    nodes = [{"type": "CLIPTextEncode", "widgets_values": ["a fox"]}, {"type": "KSampler", "widgets_values": [1, 20]}]
    drawn = described(png(tmp_path, workflow=json.dumps({"nodes": nodes})))
    assert drawn is not None
    assert drawn["words"] == {"text 1": "a fox"}
    assert drawn["graph"] == {"nodes": "2: CLIPTextEncode, KSampler"}


def test_a_picture_of_more_pixels_than_memory_should_hold_is_an_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 10)
    with pytest.raises(ng.NodeError, match="no picture that can be read"):
        described(png(tmp_path, parameters=A1111))
    assert code(["show", str(png(tmp_path))]) == 2


def test_show_tells_them_and_says_so_of_pictures_that_say_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert code(["show", str(png(tmp_path, parameters=A1111))]) == 0
    told = capsys.readouterr().out
    assert f"  prompt    {WORDS['prompt']}\n  negative  {WORDS['negative']}\n" in told
    assert code(["show", str(with_comment(tmp_path, ".jpg", b"UNICODE\x00" + A1111.encode("utf-16-be")))]) == 0
    assert code(["show", str(png(tmp_path))]) == 2
    assert "does not say how it was made" in capsys.readouterr().err
    Image.new("RGB", (8, 6)).save(tmp_path / "plain.jpg")
    assert code(["show", str(tmp_path / "plain.jpg")]) == 2
    assert "no file that noisegraph knows" in capsys.readouterr().err
    (tmp_path / "broken.webp").write_bytes(b"RIFF")
    with pytest.raises(ng.NodeError, match="no picture that can be read"):
        described(tmp_path / "broken.webp")


JSON = st.recursive(
    st.none() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)


@settings(max_examples=60, deadline=None)
@given(
    inputs=st.dictionaries(st.sampled_from(["steps", "latent_image", "positive", "seed", "text", "width"]), JSON),
    kind=JSON,
    text=st.text(max_size=60),
)
def test_no_text_makes_a_reader_raise(inputs: Any, kind: Any, text: str) -> None:
    a1111.read(text)
    a1111.read(f"{text}\nSteps: 1, a: {text}, b: {text}")
    for told in (text, json.dumps(kind), json.dumps({"1": {"class_type": "K", "inputs": inputs}, "2": kind})):
        comfyui.read(told)
        comfyui.read_workflow(told)
    comfyui.read_workflow(json.dumps({"nodes": [kind, {"type": kind, "widgets_values": kind}]}))
