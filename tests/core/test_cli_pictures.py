"""Pictures that say how they were made, and the same bytes made from them again."""

from __future__ import annotations

import json
from contextlib import suppress
from pathlib import Path

import numpy
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from noisegraph.errors import GraphError
from noisegraph.graph import parse
from noisegraph.writing.picture import png, text_of
from noisegraph.writing.provenance import Record, dump, load
from PIL import Image

from .cli_probe import call, chain, write
from .test_cli import here as here
from .test_cli import in_process


def made(capsys: pytest.CaptureFixture[str], *arguments: str) -> list[Path]:
    """The files that a run writes."""
    code, out, error = in_process(capsys, "run", *arguments, "--quiet")
    assert code == 0, error
    return [Path(line) for line in out.splitlines()]


def test_a_picture_run_again_gives_the_same_bytes(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    graph = write(here, **chain("probe.picture", shade=0.25))
    (first,) = made(capsys, graph, "shade=0.75")
    (here / graph).unlink()
    (again,) = made(capsys, str(first))
    (thrice,) = made(capsys, str(again))
    assert first.name == "graph-0001.png"
    assert again.name == "graph-0002.png"
    assert first.read_bytes() == again.read_bytes() == thrice.read_bytes()
    (other,) = made(capsys, str(first), "shade=0.5")
    assert other.read_bytes() != first.read_bytes()
    assert Image.open(other).getpixel((0, 0)) == 128


@pytest.mark.slow
def test_a_warm_run_gives_the_bytes_of_the_cold_one_and_imports_no_torch(tmp_path: Path) -> None:
    import subprocess
    import sys

    from .cli_probe import environment

    graph = write(tmp_path, **chain("probe.picture", shade=0.3, batch=3, colour=True))
    code = "import sys\nfrom noisegraph.cli.main import code\ncode(sys.argv[1:])\nprint('torch' in sys.modules)"
    told = []
    for out in ("cold", "warm"):
        done = subprocess.run(
            [sys.executable, "-c", code, "run", graph, "--out", out, "--quiet"],
            cwd=tmp_path, env=environment(tmp_path / "cache"), capture_output=True, text=True, check=True, timeout=120,
        )  # fmt: skip
        told.append(done.stdout.splitlines()[-1])
    assert told == ["True", "False"]
    names = sorted(path.name for path in (tmp_path / "cold").iterdir())
    assert names == ["graph-0001-0.png", "graph-0001-1.png", "graph-0001-2.png", "graph-0001-sheet.png"]
    for name in names:
        assert (tmp_path / "cold" / name).read_bytes() == (tmp_path / "warm" / name).read_bytes()


def test_show_tells_the_graph_the_inputs_and_the_versions(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (here / "note.txt").write_text("12345")
    nodes = {
        "note": {"use": "probe.size", "file": "note.txt"},
        "image": {"use": "probe.picture", "batch": "$note", "shade": "$shade"},
    }
    graph = write(here, about="Five.", inputs={"shade": 0.5}, nodes=nodes, outputs={"image": "$image"})
    first = made(capsys, graph, "shade=0.25")[0]
    code, out, _ = in_process(capsys, "show", str(first))
    assert code == 0
    for told in ("graph.json  Five.", "shade  0.25", "noisegraph-probe  1.0", "cpu/float32", "note.file note.txt"):
        assert told in out
    _, out, _ = in_process(capsys, "show", str(first), "--graph")
    assert out.rstrip("\n") == (here / graph).read_text()
    _, out, _ = in_process(capsys, "show", str(first), "--json")
    assert json.loads(out)["part"] == {"output": "image", "picture": 0}


def test_a_picture_says_nothing_of_the_folders_of_its_maker(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (here / "note.txt").write_text("1")
    nodes = {"n": {"use": "probe.size", "file": "note.txt"}, "i": {"use": "probe.picture", "batch": "$n"}}
    (first,) = made(capsys, str(here / write(here, nodes=nodes, outputs={"i": "$i"})))
    assert str(here) not in text_of(first)


def test_graphs_in_graphs_travel_with_the_picture(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (here / "parts").mkdir()
    write(here / "parts", "inner.json", **chain("probe.picture", shade=0.1))
    middle = {"inputs": {"s": 0.2}, "nodes": {"in": {"use": "inner.json", "shade": "$s"}}, "outputs": {"out": "$in"}}
    write(here / "parts", "middle.json", **middle)
    nodes = {
        "one": {"use": "parts/middle.json", "s": 0.6},
        "two": {"use": "parts/middle.json", "s": 0.9},
    }
    files = made(capsys, write(here, nodes=nodes, outputs={"a": "$one", "b": "$two"}))
    assert [file.name for file in files] == ["graph-0001-a.png", "graph-0001-b.png"]
    for file in (here / "parts").iterdir():
        file.unlink()
    again = made(capsys, str(files[0]))
    assert [file.read_bytes() for file in again] == [file.read_bytes() for file in files]
    assert len(json.loads(text_of(files[0]))["graphs"]) == 3


def test_a_point_of_a_sweep_is_run_again_alone_and_the_sheet_whole(
    here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    graph = write(here, **chain("probe.picture", shade=0.1))
    files = made(capsys, graph, "--sweep", "shade=0.2,0.4,0.6")
    assert [file.name for file in files] == [f"graph-0001-{tail}.png" for tail in ("0", "1", "2", "sheet")]
    (alone,) = made(capsys, str(files[1]))
    assert alone.read_bytes() == files[1].read_bytes()
    again = made(capsys, str(files[3]))
    assert [file.read_bytes() for file in again] == [file.read_bytes() for file in files]


def test_a_sweep_of_batches_has_one_sheet(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    files = made(capsys, write(here, **chain("probe.picture", shade=0.1, batch=2)), "--sweep", "shade=0.2,0.4")
    assert [file.name for file in files] == [f"graph-0001-{tail}.png" for tail in ("0-0", "0-1", "1-0", "1-1", "sheet")]


def test_a_run_never_overwrites_what_another_wrote(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    graph = write(here, **chain("probe.number", value=1))
    (here / "graph-0007.txt").write_text("mine")
    (here / "graph-0008.json").symlink_to(here / "elsewhere")
    assert [file.name for _ in range(2) for file in made(capsys, graph)] == ["graph-0009.json", "graph-0010.json"]
    assert not (here / "elsewhere").exists()


def test_what_changed_since_a_picture_was_made_is_told(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (here / "note.txt").write_text("12")
    nodes = {"n": {"use": "probe.size", "file": "note.txt"}, "i": {"use": "probe.picture", "batch": "$n"}}
    first = made(capsys, write(here, nodes=nodes, outputs={"i": "$i"}))[0]
    (here / "note.txt").write_text("123")
    _, _, error = in_process(capsys, "run", str(first))
    assert "the result may differ from the picture: n.file note.txt has changed" in error
    _, _, error = in_process(capsys, "run", str(first), "--dtype", "bfloat16")
    assert "it was made on cpu/float32, this is cpu/bfloat16" in error


def test_each_kind_of_output_has_its_own_kind_of_file(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    from safetensors import safe_open

    uses = ("picture", "pictures", "latent", "weights", "words")
    nodes = {use: {"use": f"probe.{use}"} for use in uses}
    files = made(capsys, write(here, nodes=nodes, outputs={use: f"${use}" for use in uses}))
    assert [file.name.removeprefix("graph-0001-") for file in files] == [
        "picture.png", "pictures-0.png", "pictures-1.png", "pictures-sheet.png", "latent.safetensors",
        "weights.safetensors", "weights.json", "words.json",
    ]  # fmt: skip
    with safe_open(files[4], "numpy") as latent:
        assert latent.get_tensor("value").shape == (1, 1, 4, 4)
        assert json.loads(latent.metadata()["noisegraph"])["part"] == {"output": "latent"}
    with safe_open(files[5], "pt") as weights:
        assert str(weights.get_tensor("w").dtype) == "torch.bfloat16"
    assert json.loads(files[6].read_text()) == {"name": "probe", "licence": "MIT"}
    assert files[7].read_text() == '"a red heart"\n'


def test_a_value_that_is_no_picture_after_all_is_told_and_the_others_are_written(
    here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    nodes = {"bad": {"use": "probe.crooked"}, "good": {"use": "probe.words"}, "shared": {"use": "probe.shared"}}
    graph = write(here, nodes=nodes, outputs={"bad": "$bad", "good": "$good", "shared": "$shared"})
    code, out, error = in_process(capsys, "run", graph)
    assert (code, out.splitlines()) == (1, ["graph-0001-good.json", "graph-0001-shared.safetensors"])
    assert "no file can hold 'bad': a value of shape [1, 2, 8, 8] is no batch of pictures" in error


def test_a_full_folder_is_told_and_nothing_half_written_stays(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    import resource

    graph = write(here, **chain("probe.words", text="x" * 100_000))
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (50_000, before[1]))
    try:
        code, out, error = in_process(capsys, "run", graph, "--disk", "0", "--out", "out")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert (code, out) == (2, "")
    assert "out: cannot write there: File too large; name another folder with --out" in error
    assert list((here / "out").iterdir()) == []


def test_two_runs_at_once_take_different_names(tmp_path: Path) -> None:
    from concurrent.futures import ThreadPoolExecutor

    graph = write(tmp_path, **chain("probe.number", value=3))
    with ThreadPoolExecutor(4) as pool:
        done = list(pool.map(lambda _: call("run", graph, "--out", "out", cwd=tmp_path), range(4)))
    assert [one.returncode for one in done] == [0] * 4
    assert len({one.stdout for one in done}) == 4
    assert len(list((tmp_path / "out").iterdir())) == 4


def _record(text: str) -> Record:
    return Record(
        parse(text, "g.json"), {"a": 1}, None, "cpu/float32", [1], {"torch": "2"}, {"x": "y"}, {"output": "o"}
    )


def test_a_record_survives_its_text() -> None:
    record = _record('{"inputs": {"a": 2}, "nodes": {}, "outputs": {"o": "$a"}}')
    assert dump(load(dump(record), "x.png", None)) == dump(record)


@settings(max_examples=100, deadline=None)
@given(st.data())
def test_no_text_in_a_picture_brings_anything_but_a_graph_error(data: st.DataObject) -> None:
    text = dump(_record('{"inputs": {"a": 2}, "nodes": {}, "outputs": {"o": "$a"}}'))
    told = json.loads(text)
    plain = st.recursive(st.none() | st.integers() | st.text(max_size=5) | st.booleans(), st.lists, max_leaves=5)
    key = data.draw(st.sampled_from(sorted(told)))
    told[key] = data.draw(plain | st.dictionaries(st.text(max_size=5), plain, max_size=3))
    cut = data.draw(st.integers(0, len(text)))
    for wrong in (json.dumps(told), text[:cut]):
        with suppress(GraphError):
            dump(load(wrong, "x.png", None))


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(place=st.integers(0), junk=st.sampled_from(["", '"', "$", "{", "null", "7", "\x00", "é", '\\"', "}"]))
def test_a_picture_whose_text_was_tampered_with_is_told_without_a_traceback(
    place: int, junk: str, here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text = dump(_record(json.dumps(chain("probe.number", value=3))))
    at = place % len(text)
    (here / "x.png").write_bytes(png(numpy.zeros((2, 2), numpy.uint8), text[:at] + junk + text[at + 1 :]))
    code, _, error = in_process(capsys, "plan", "x.png", "--disk", "0")
    assert code in (0, 2)
    assert "Traceback" not in error


def test_a_digit_is_drawn_and_drawn_again_from_its_picture(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (first,) = made(capsys, "digit", "digit=7", "steps=4")
    assert first.name == "digit-0001.png"
    assert Image.open(first).size == (192, 192)
    (again,) = made(capsys, str(first), "--fresh")
    assert again.read_bytes() == first.read_bytes()


def test_a_sweep_of_batch_sizes_keeps_its_table_on_the_sheet(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    graph = write(here, **chain("probe.picture", shade=0.25, batch=1))
    sweeps = ["--sweep", "batch=1,3", "--sweep", "shade=0.5,0.75"]
    code, out, _ = in_process(capsys, "run", graph, *sweeps)
    assert (code, len(out.splitlines())) == (0, 9)
    with Image.open(here / "graph-0001-sheet.png") as paper:
        assert paper.size == (6 * 124 + 4, 2 * 28 + 4)
        shades = [[paper.getpixel((6 + column * 124, 6 + row * 28)) for column in range(6)] for row in (0, 1)]
    assert shades == [[128, 96, 96, 191, 96, 96], [128, 159, 191, 191, 207, 223]]
