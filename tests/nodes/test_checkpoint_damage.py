"""Files that are no checkpoint, or a broken one: told what they are and what was wanted, and never run."""

from __future__ import annotations

import json
import os
from collections import OrderedDict
from contextlib import suppress
from pathlib import Path
from typing import Any

import noisegraph as ng
import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from noisegraph.check import check
from noisegraph.cli.main import code
from noisegraph.graph import parse
from noisegraph.nodes import model, unet, vae
from noisegraph.nodes.checkpoints.checkpoint import opened
from noisegraph.nodes.checkpoints.part import Part
from noisegraph.nodes.networks.unet import unet as build
from noisegraph.registry import Registry
from safetensors.torch import save_file

from .checkpoints import SD1, shapes_of, whole, write_hollow

TINY: dict[str, Any] = {**SD1, "model_channels": 32, "num_res_blocks": 1}
SOUND = {"a.weight": torch.ones(2, 3), "b": torch.zeros(4, dtype=torch.float16)}


class Payload:
    """Pickled, it asks for a command to be run when it is read."""

    def __init__(self, mark: Path) -> None:
        self.mark = mark

    def __reduce__(self) -> Any:
        return os.system, (f"touch {self.mark}",)


def sound(folder: Path) -> Path:
    save_file(SOUND, folder / "sound.safetensors")
    return folder / "sound.safetensors"


@pytest.mark.parametrize("length", [0x0280, 0x0380, 0x0480, 0x4B50])
def test_a_list_of_tensors_whose_length_looks_like_a_pickle_or_a_zip_is_read_all_the_same(
    length: int, tmp_path: Path
) -> None:
    """The length stands first in the file, the lower byte before the higher."""
    header = {"a": {"dtype": "F16", "shape": [2], "data_offsets": [0, 4]}}
    text = json.dumps(header).encode().ljust(length)
    path = tmp_path / "model.safetensors"
    path.write_bytes(length.to_bytes(8, "little") + text + bytes(4))
    assert opened(str(path)).entries["a"].shape == (2,)
    (found,) = Part()(str(path))
    assert found[1].tolist() == [0, 0]


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"", "is empty"),
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 4265146304\n", "a git-lfs pointer"),
        (b"<!DOCTYPE html><html><body>Log in</body></html>", "a web page"),
        (b"  <HTML>", "a web page"),
        (b'{"error": "Repository not found"}', "a JSON text"),
        (b"\x89HDF\r\n\x1a\n" + bytes(64), "an HDF5 file"),
        (b"GGUF\x03" + bytes(64), "a GGUF file"),
        (b"\x89PNG\r\n\x1a\n" + bytes(64), "a picture"),
        (b"\x07", "cannot be found"),
        (bytes(64), "cannot be found"),
        ((10**12).to_bytes(8, "little") + bytes(64), "cannot be found"),
        ((4000).to_bytes(8, "little") + b'{"a": ', "within its list of 4000 bytes"),
        ((8).to_bytes(8, "little") + b"not json", "is no JSON"),
        ((6).to_bytes(8, "little") + b"[1, 2]", "is no JSON"),
        (b"PK\x03\x04" + bytes(64), "was cut off: a zip archive whose end is missing"),
        (b"\x80\x02c__builtin__\neval\n.", "asks for '__builtin__.eval'"),
        (b"\x80\x04\x8c\x02os\x8c\x06system\x93.", "asks for 'os.system'"),
        (b"\x80\x02}.", "that torch did not write"),
    ],
)
@pytest.mark.parametrize("suffix", [".safetensors", ".ckpt"])
def test_what_is_no_checkpoint_is_told_for_what_it_is(content: bytes, told: str, suffix: str, tmp_path: Path) -> None:
    path = tmp_path / f"model{suffix}"
    path.write_bytes(content)
    with pytest.raises(ng.NodeError) as error:
        opened(str(path))
    assert told in str(error.value)
    assert error.value.hint


def test_a_file_that_was_cut_off_is_told_by_the_tensor_that_is_not_there(tmp_path: Path) -> None:
    path = sound(tmp_path)
    os.truncate(path, path.stat().st_size - 1)
    with pytest.raises(ng.NodeError, match=r"was cut off: 'a.weight' ends at byte 32|was cut off: 'b' ends at byte"):
        opened(str(path))


@pytest.mark.parametrize(
    "told",
    [
        {"dtype": "F32", "shape": [2, 3], "data_offsets": [0, 8]},
        {"dtype": "F32", "shape": [-2, -1], "data_offsets": [0, 8]},
        {"dtype": "F32", "shape": [2], "data_offsets": [8, 0]},
        {"dtype": "F32", "shape": "2", "data_offsets": [0, 8]},
        {"dtype": "F32", "shape": [True, 2], "data_offsets": [0, 8]},
        {"dtype": "F32", "data_offsets": [0, 8]},
        [1, 2],
        None,
    ],
)
def test_a_list_of_tensors_that_contradicts_itself_is_damage(told: Any, tmp_path: Path) -> None:
    text = json.dumps({"a": told}).encode()
    path = tmp_path / "model.safetensors"
    path.write_bytes(len(text).to_bytes(8, "little") + text + bytes(8))
    with pytest.raises(ng.NodeError, match="is damaged"):
        opened(str(path))


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(position=st.integers(0, 200), value=st.integers(0, 255), pickled=st.booleans())
def test_a_changed_byte_is_an_error_in_words_or_no_error(
    position: int, value: int, pickled: bool, tmp_path: Path
) -> None:
    path = tmp_path / ("model.ckpt" if pickled else "model.safetensors")
    if pickled:
        torch.save(SOUND, path)
    else:
        save_file(SOUND, path)
    data = bytearray(path.read_bytes())
    data[position % len(data)] = value
    path.write_bytes(data)
    with suppress(ng.NodeError):
        opened(str(path))


@pytest.mark.parametrize("zipped", [True, False])
def test_a_pickle_that_asks_for_more_than_tensors_is_refused_and_not_run(zipped: bool, tmp_path: Path) -> None:
    mark, path = tmp_path / "was-run", tmp_path / "model.ckpt"
    torch.save({"state_dict": SOUND, "more": Payload(mark)}, path, _use_new_zipfile_serialization=zipped)
    with pytest.raises(ng.NodeError, match=r"asks for 'posix.system', which is no tensor; nothing of it was run"):
        opened(str(path))
    for load in (model.load, unet.load, vae.load):
        with pytest.raises(ng.NodeError):
            load(path=str(path))
    assert code(["show", str(path)]) == 2
    assert not mark.exists()


@pytest.mark.parametrize("zipped", [True, False])
def test_pickles_old_and_new_list_what_they_hold(zipped: bool, tmp_path: Path) -> None:
    state = OrderedDict({**SOUND, "c": torch.nn.Parameter(torch.ones(2))})
    torch.save({"state_dict": state, "epoch": 3}, tmp_path / "model.ckpt", _use_new_zipfile_serialization=zipped)
    found = opened(str(tmp_path / "model.ckpt"))
    assert {name: (entry.shape, entry.dtype) for name, entry in found.entries.items()} == {
        "a.weight": ((2, 3), "float32"),
        "b": ((4,), "float16"),
        "c": ((2,), "float32"),
    }
    assert found.notes == {"epoch": "3"}
    read = dict(Part()(str(tmp_path / "model.ckpt")))
    assert all(torch.equal(read[name], value) for name, value in SOUND.items())


def test_weights_of_another_network_are_told_by_name_and_shape(tmp_path: Path) -> None:
    shapes = shapes_of(build, TINY)
    shapes.pop("out.0.bias")
    loaded = unet.load(path=str(write_hollow(tmp_path / "model.safetensors", {**shapes, "strange": (3,)})))
    with pytest.raises(ng.NodeError, match=r"out.0.bias \(not in the file\), strange \(only in the file\)"):
        loaded.unet.weights.module()


def test_a_folder_with_a_shard_missing_is_told(tmp_path: Path) -> None:
    index = {"weight_map": {"a": "diffusion_pytorch_model-00001-of-00002.safetensors", "b": "other.safetensors"}}
    (tmp_path / "diffusion_pytorch_model.safetensors.index.json").write_text(json.dumps(index))
    save_file({"a": torch.ones(1)}, tmp_path / "diffusion_pytorch_model-00001-of-00002.safetensors")
    with pytest.raises(ng.NodeError, match=r"misses other\.safetensors"):
        opened(str(tmp_path))
    save_file({"b": torch.ones(1)}, tmp_path / "other.safetensors")
    assert set(opened(str(tmp_path)).entries) == {"a", "b"}


def test_a_folder_without_weights_is_told(tmp_path: Path) -> None:
    with pytest.raises(ng.NodeError, match="holds no weights"):
        opened(str(tmp_path))


def test_a_graph_says_which_file_is_missing_and_where_it_was_looked_for(tmp_path: Path) -> None:
    graph = {
        "inputs": {"checkpoint": None},
        "nodes": {"model": {"use": "model.load", "path": "$checkpoint", "family": "sd1"}},
        "outputs": {"latent": "$model.latent"},
    }
    parsed = parse(json.dumps(graph), "graph.json", tmp_path)
    registry = Registry.installed()
    unknown = check(parsed, registry)
    assert (unknown.problems, unknown.unset) == ((), ("checkpoint",))
    (problem,) = check(parsed, registry, {"checkpoint": "v1-5.safetensors"}).problems
    assert f"no file 'v1-5.safetensors' in {tmp_path}" in problem.what
    write_hollow(tmp_path / "v1-5.safetensors", whole("sd1", model_channels=32))
    assert check(parsed, registry, {"checkpoint": "v1-5.safetensors"}).problems == ()
    (tmp_path / "v1-5.safetensors").write_bytes(b"<html>")
    (problem,) = check(parsed, registry, {"checkpoint": "v1-5.safetensors"}).problems
    assert "is a web page, probably a download that asked for a login, wanted a file of weights" in problem.what


def test_nobody_can_change_what_all_share_who_open_a_file(tmp_path: Path) -> None:
    from noisegraph.nodes.checkpoints.locate import unet_part

    (tmp_path / "unet").mkdir()
    (tmp_path / "model_index.json").write_text("{}")
    (tmp_path / "unet" / "config.json").write_text('{"sample_size": 8}')
    shapes = {"conv_in.weight": (8, 4, 3, 3), "down_blocks.0.resnets.0.conv1.weight": (8, 8, 3, 3)}
    write_hollow(tmp_path / "unet" / "diffusion_pytorch_model.safetensors", shapes)
    checkpoint = opened(str(tmp_path))
    part = unet_part(checkpoint)
    assert part is not None
    assert opened(str(tmp_path)) is checkpoint
    shared: list[Any] = [checkpoint.entries, checkpoint.notes, checkpoint.configs, part.made(checkpoint)]
    for one in (*shared, *checkpoint.configs.values()):
        with pytest.raises(TypeError):
            one["new"] = None
    assert part.made(opened(str(tmp_path))) is shared[-1]


def test_show_tells_the_family_and_why(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = write_hollow(tmp_path / "model.safetensors", whole("sd1-inpaint", model_channels=32))
    assert code(["show", str(path)]) == 0
    out = capsys.readouterr().out
    assert "sd1-inpaint: Stable Diffusion 1, inpainting" in out
    assert "because  attention transformer; in_channels 9; out_channels 4; context_channels 768;" in out
    assert code(["show", str(path), "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["autoencoder"]["names"] == "first_stage_model.*"
