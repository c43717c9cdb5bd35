"""Graphs for published checkpoints: drawn end to end from files in the published layout, small and random."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from noisegraph.cli.main import code
from noisegraph.nodes.networks.classifier import classifier
from noisegraph.nodes.networks.unet import unet

from .checkpoints import PUBLISHED, awake


@pytest.fixture
def adm(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with an ADM of 64 x 64 and its classifier as pickles, narrow and random."""
    monkeypatch.chdir(tmp_path)
    narrow: dict[str, Any] = {**PUBLISHED["adm-64"][0], "model_channels": 64, "num_res_blocks": 1}
    judge = {name: value for name, value in narrow.items() if name not in ("num_classes", "use_new_attention_order")}
    torch.save(awake(unet(**narrow)).state_dict(), tmp_path / "64x64_diffusion.pt")
    torch.save(awake(classifier(**{**judge, "out_channels": 1000, "size": 64})).state_dict(), tmp_path / "judge.pt")
    return tmp_path


def test_adm_draws_a_class_from_its_files(adm: Path, capsys: pytest.CaptureFixture[str]) -> None:
    given = ["checkpoint=64x64_diffusion.pt", "classifier=judge.pt", "steps=2"]
    assert code(["check", "published/adm", *given]) == 0
    assert code(["plan", "published/adm", *given]) == 0
    capsys.readouterr()
    assert code(["run", "published/adm", *given, "--out", "out"]) == 0
    (picture,) = (adm / "out").glob("*.png")
    assert picture.read_bytes()[16:24] == bytes([0, 0, 0, 64, 0, 0, 0, 64])


def test_without_its_files_the_graph_is_sound_and_says_where_one_was_looked_for(
    adm: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert code(["check", "published/adm"]) == 0
    assert "must be given" in capsys.readouterr().out
    assert code(["check", "published/adm", "checkpoint=256x256_diffusion.pt"]) == 2
    told = capsys.readouterr().err
    assert "no file '256x256_diffusion.pt' in" in told
    assert str(adm) in told
