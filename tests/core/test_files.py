"""Files that a graph names stay below the allowed folders; digests and folders are what they say."""

from __future__ import annotations

import json
import os
import socket
from pathlib import Path

import blake3
import pytest
from noisegraph.folders import cache_folder, model_folders
from noisegraph.reading import files, memo
from noisegraph.reading.files import digest, resolve


@pytest.fixture
def house(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a graph's folder, a model folder and a secret, and a cache folder of its own."""
    for name in ("graph/sub", "models", "secret"):
        (tmp_path / name).mkdir(parents=True)
    (tmp_path / "graph/cat.png").write_bytes(b"graph's cat")
    (tmp_path / "graph/sub/dog.png").write_bytes(b"dog")
    (tmp_path / "models/cat.png").write_bytes(b"models' cat")
    (tmp_path / "models/big.safetensors").write_bytes(b"weights")
    (tmp_path / "secret/key.png").write_bytes(b"secret")
    monkeypatch.setenv("NOISEGRAPH_CACHE", str(tmp_path / "cache"))
    files._digests.cache_clear()
    return tmp_path


@pytest.fixture
def allowed(house: Path) -> list[Path]:
    return [house / "graph", house / "models"]


def refusal(text: str, allowed: list[Path], suffixes: tuple[str, ...] = ()) -> str:
    with pytest.raises(ValueError) as caught:
        resolve(text, allowed, suffixes)
    return str(caught.value)


def test_a_path_is_found_in_the_first_allowed_folder_that_has_it(house: Path, allowed: list[Path]) -> None:
    assert resolve("cat.png", allowed) == house / "graph/cat.png"
    assert resolve("cat.png", allowed[::-1]) == house / "models/cat.png"
    assert resolve("big.safetensors", allowed) == house / "models/big.safetensors"
    assert resolve("./sub/../sub/dog.png", allowed) == house / "graph/sub/dog.png"


def test_absolute_paths_and_dots_that_stay_inside_are_allowed(house: Path, allowed: list[Path]) -> None:
    assert resolve(str(house / "models/cat.png"), allowed) == house / "models/cat.png"
    assert resolve("../models/big.safetensors", allowed) == house / "models/big.safetensors"


@pytest.mark.parametrize(
    "text", ["../secret/key.png", "sub/../../secret/key.png", "/etc/passwd", "/", "..", "../secret/no"]
)
def test_a_path_that_leaves_every_allowed_folder_is_refused(text: str, allowed: list[Path]) -> None:
    told = refusal(text, allowed)
    assert "leads out of the folders that this graph may read" in told
    assert "$NOISEGRAPH_MODELS" in told


def test_links_that_leave_are_refused_and_links_that_stay_are_followed(house: Path, allowed: list[Path]) -> None:
    (house / "graph/link.png").symlink_to(house / "secret/key.png")
    (house / "graph/folder").symlink_to(house / "secret")
    (house / "graph/stays.png").symlink_to(house / "models/cat.png")
    assert "leads out" in refusal("link.png", allowed)
    assert "leads out" in refusal("folder/key.png", allowed)
    assert "leads out" in refusal("folder/absent.png", allowed)
    assert resolve("stays.png", allowed) == house / "models/cat.png"


def test_an_allowed_folder_may_itself_be_a_link(house: Path) -> None:
    (house / "alias").symlink_to(house / "models")
    assert resolve("cat.png", [house / "alias"]) == house / "models/cat.png"


def test_a_folder_whose_name_begins_alike_is_not_inside(house: Path, allowed: list[Path]) -> None:
    (house / "graph-secret").mkdir()
    (house / "graph-secret/key.png").write_bytes(b"")
    assert "leads out" in refusal("../graph-secret/key.png", allowed)


def test_what_is_no_regular_file_is_refused_without_being_opened(house: Path, allowed: list[Path]) -> None:
    os.mkfifo(house / "graph/pipe.png")
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(str(house / "graph/plug.png"))
    listener.close()
    (house / "graph/loop.png").symlink_to("loop.png")
    assert "is a folder, wanted a regular file" in refusal("sub", allowed)
    assert "is a pipe, wanted a regular file" in refusal("pipe.png", allowed)
    assert "is a socket, wanted a regular file" in refusal("plug.png", allowed)
    assert "loop.png" in refusal("loop.png", allowed)
    assert "is a device, wanted a regular file" in refusal("null", [Path("/dev")])


def test_a_missing_file_is_told_with_the_nearest_name(allowed: list[Path]) -> None:
    assert refusal("cta.png", allowed).endswith("did you mean 'cat.png'?")
    assert refusal("sub/dig.png", allowed).endswith("did you mean 'dog.png'?")
    assert "did you mean" not in refusal("cta.png", allowed, (".safetensors",))


@pytest.mark.parametrize("text", ["", "a\0b", "x" * 5000, "\ud800.png", "cat.png/x", "y/" * 3000])
def test_text_that_is_no_path_is_refused(text: str, allowed: list[Path]) -> None:
    assert len(refusal(text, allowed)) < 1000


def test_the_suffix_must_be_one_that_the_port_takes(house: Path, allowed: list[Path]) -> None:
    assert "ends in .safetensors or .json" in refusal("cat.png", allowed, (".safetensors", ".json"))
    (house / "graph/CAT.PNG").write_bytes(b"")
    assert resolve("CAT.PNG", allowed, (".png",)).name == "CAT.PNG"
    (house / "models/blob").write_bytes(b"")
    (house / "models/hub.safetensors").symlink_to("blob")
    assert resolve("hub.safetensors", allowed, (".safetensors",)).name == "blob"


def test_a_digest_is_the_blake3_hash_of_the_content(house: Path) -> None:
    file = house / "graph/large"
    for content in (b"", b"x", os.urandom(2**20 + 1), os.urandom(2**24 + 3)):
        file.write_bytes(content)
        assert digest(file) == blake3.blake3(content).hexdigest()


def test_a_digest_is_worked_out_once_while_the_file_stays(house: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memo, "SETTLED_SECONDS", 0)
    file = house / "graph/large"
    file.write_bytes(b"x" * files.WORTH_KEEPING)
    first = digest(file)
    monkeypatch.setattr(files, "_hash", lambda name, size: "hashed again")
    assert digest(file) == first
    files._digests.cache_clear()
    assert digest(file) == first, "a new process finds it on disk"
    before = file.stat()
    file.write_bytes(b"y" * files.WORTH_KEEPING)
    os.utime(file, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert digest(file) == "hashed again", "the same size and time, another content"


def test_a_file_that_changed_a_moment_ago_is_not_remembered(house: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    digest(house / "graph/cat.png")
    monkeypatch.setattr(files, "_hash", lambda name, size: "hashed again")
    assert digest(house / "graph/cat.png") == "hashed again"


@pytest.mark.parametrize(
    "damage", ["", "{", "[]", '{"entries": {}}', '{"checksum": 1, "entries": 3}', "\xff", "[" * 99999]
)
def test_a_damaged_memory_of_digests_costs_time_only(house: Path, damage: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memo, "SETTLED_SECONDS", 0)
    file = house / "graph/large"
    file.write_bytes(b"x" * files.WORTH_KEEPING)
    (house / "cache").mkdir()
    (house / "cache/digests.json").write_text(damage, encoding="latin-1")
    assert digest(file) == blake3.blake3(b"x" * files.WORTH_KEEPING).hexdigest()
    entries = json.loads((house / "cache/digests.json").read_text())["entries"]
    assert list(entries) == [str(file)]


def test_a_flipped_digit_in_the_memory_of_digests_is_noticed(house: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memo, "SETTLED_SECONDS", 0)
    file = house / "graph/large"
    file.write_bytes(b"x" * files.WORTH_KEEPING)
    right = digest(file)
    kept = house / "cache/digests.json"
    kept.write_text(kept.read_text().replace(right, right[:-1] + ("0" if right[-1] != "0" else "1")))
    files._digests.cache_clear()
    assert digest(file) == right


def test_an_unwritable_cache_folder_costs_time_only(house: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memo, "SETTLED_SECONDS", 0)
    (house / "cache").write_text("a file where the folder should be")
    file = house / "graph/large"
    file.write_bytes(b"x" * files.WORTH_KEEPING)
    assert digest(file) == blake3.blake3(b"x" * files.WORTH_KEEPING).hexdigest()


def test_two_processes_keep_what_the_other_remembered(house: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memo, "SETTLED_SECONDS", 0)
    kept = house / "cache/digests.json"
    one, other = memo.Memo(kept), memo.Memo(kept)
    status = os.stat(house)
    one.put("a", status, 1)
    other.put("b", status, 2)
    one.save()
    other.save()
    third = memo.Memo(kept)
    assert (third.get("a", status), third.get("b", status)) == (1, 2)
    assert list(kept.parent.iterdir()) == [kept], "no temporary file is left"


def test_folders_come_from_the_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("NOISEGRAPH_CACHE", str(tmp_path))
    monkeypatch.setenv("NOISEGRAPH_MODELS", os.pathsep.join([str(tmp_path / "a"), "", "b"]))
    assert cache_folder() == tmp_path
    assert model_folders() == (tmp_path / "a", Path.cwd() / "b")
    monkeypatch.delenv("NOISEGRAPH_CACHE")
    monkeypatch.delenv("NOISEGRAPH_MODELS")
    assert cache_folder().name == "noisegraph"
    assert model_folders() == ()
