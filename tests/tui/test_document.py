"""Documents: how an edit looks in a file that people wrote, and how files are kept from harm."""

from __future__ import annotations

import difflib
import os
from dataclasses import replace
from pathlib import Path

import pytest
from noisegraph.errors import GraphError
from noisegraph.graph import library
from noisegraph.tui.document import edits
from noisegraph.tui.document.document import ChangedOnDiskError, Document

DIGIT = Document.open(library()["digit"])


def _changed(before: Document, after: Document) -> list[str]:
    """The lines that go and come."""
    lines = difflib.ndiff(before.text.splitlines(), after.text.splitlines())
    return [line for line in lines if line[0] in "+-"]


def test_a_parameter_that_is_set_changes_its_own_characters_alone() -> None:
    assert _changed(DIGIT, edits.set_value(DIGIT, "image", "factor", 12)) == [
        '-     "image":   { "use": "image.enlarge", "image": "$digits", "factor": 24 }',
        '+     "image":   { "use": "image.enlarge", "image": "$digits", "factor": 12 }',
    ]


def test_a_parameter_that_is_added_stands_behind_the_others_of_its_node() -> None:
    assert _changed(DIGIT, edits.set_value(DIGIT, "solver", "eta", 0.5)) == [
        '-     "solver":  { "use": "sampler.ddim" },',
        '+     "solver":  { "use": "sampler.ddim", "eta": 0.5 },',
    ]


def test_a_node_is_added_in_the_columns_of_its_neighbours() -> None:
    after = edits.add(DIGIT, "small", "image.enlarge", {"image": "$digits"}, behind="digits")
    assert _changed(DIGIT, after) == ['+     "small":   { "use": "image.enlarge", "image": "$digits" },']


def test_a_node_with_a_long_name_pushes_only_its_own_column() -> None:
    after = edits.add(DIGIT, "smallest_of_all", "image.enlarge", behind="digits")
    assert _changed(DIGIT, after) == ['+     "smallest_of_all": { "use": "image.enlarge" },']


def test_a_line_that_would_become_too_long_is_broken_under_the_first_key() -> None:
    after = edits.set_value(DIGIT, "levels", "spacing_of_all_of_the_levels", "trailing")
    told = _changed(DIGIT, after)
    assert told[-1] == '+                  "spacing_of_all_of_the_levels": "trailing" },'


def test_a_renamed_node_keeps_the_column_and_all_that_read_it() -> None:
    after = edits.rename(DIGIT, "drawn", "d")
    assert _changed(DIGIT, after) == [
        '-     "drawn":   { "use": "sampler.sample", "sampler": "$solver", "denoiser": "$guided", "noise": "$noise",',
        '+     "d":       { "use": "sampler.sample", "sampler": "$solver", "denoiser": "$guided", "noise": "$noise",',
        '-     "digits":  { "use": "image.decode", "latent": "$drawn" },',
        '+     "digits":  { "use": "image.decode", "latent": "$d" },',
    ]


def test_a_sweep_stands_behind_the_outputs() -> None:
    after = edits.set_sweep(DIGIT, {"scale": [1.0, 2.0]})
    assert _changed(DIGIT, after) == [
        '-   "outputs": { "image": "$image" }',
        '+   "outputs": { "image": "$image" },',
        '+   "sweep": { "scale": [1.0, 2.0] }',
    ]


def test_a_graph_without_anything_grows_from_an_empty_object() -> None:
    document = Document.like("{}", Path("new.json"))
    document = edits.add(document, "model", "model.digit")
    document = edits.set_input(document, "seed", 1)
    document = edits.add_output(document, "image", "model")
    assert document.text == (
        '{ "inputs": { "seed": 1 }, "nodes": { "model": { "use": "model.digit" } }, "outputs": { "image": "$model" } }'
    )


def test_a_list_keeps_its_lines_when_one_of_its_values_changes() -> None:
    text = '{"nodes": {"a": {"use": "x.y", "means": [[1.0, 2.0],\n                [3.0, 4.0]]}}}'
    after = edits.set_value(Document.like(text, Path("g.json")), "a", "means", [[1.0, 2.0], [3.0, 5.0]])
    assert after.text == text.replace("4.0", "5.0")


@pytest.mark.slow
def test_every_graph_of_the_library_survives_a_rename_of_every_name() -> None:
    for path in library().values():
        document = Document.open(path)
        for name in [*document.data.get("nodes", {}), *document.data.get("inputs", {})]:
            there = edits.rename(document, name, "renamed-for-a-while")
            assert edits.rename(there, "renamed-for-a-while", name).data == document.data


def test_a_text_that_is_no_json_keeps_the_outline_that_it_had() -> None:
    broken = DIGIT.changed(DIGIT.text[:-5], "edit the text")
    assert broken.problems
    assert broken.outline == DIGIT.outline
    with pytest.raises(GraphError):
        edits.set_value(broken, "image", "factor", 2)
    assert not broken.undo().problems


def test_saving_writes_the_same_bytes_and_keeps_the_file_permissions(tmp_path: Path) -> None:
    path = tmp_path / "graph.json"
    path.write_bytes(b'\xef\xbb\xbf{"nodes":\r\n\t{"a": {"use": "x.y", "p": "\xc3\xa4"}}}\r\n')
    path.chmod(0o640)
    document = Document.open(path)
    document.save()
    assert path.read_bytes() == b'\xef\xbb\xbf{"nodes":\r\n\t{"a": {"use": "x.y", "p": "\xc3\xa4"}}}\r\n'
    saved = edits.set_value(document, "a", "p", "ö").save()
    assert path.read_bytes() == b'\xef\xbb\xbf{"nodes":\r\n\t{"a": {"use": "x.y", "p": "\xc3\xb6"}}}\r\n'
    assert path.stat().st_mode & 0o777 == 0o640
    assert not saved.dirty
    assert saved.undo().dirty


def test_a_link_is_written_through(tmp_path: Path) -> None:
    real, link = tmp_path / "real.json", tmp_path / "link.json"
    real.write_text("{}")
    link.symlink_to(real)
    Document.open(link).changed('{"about": "x"}', "describe").save()
    assert link.is_symlink()
    assert real.read_text() == '{"about": "x"}'


def test_what_another_program_wrote_is_not_overwritten_unasked(tmp_path: Path) -> None:
    path = tmp_path / "graph.json"
    path.write_text("{}")
    document = Document.open(path).changed('{"about": "mine"}', "describe")
    assert Document.open(path).on_disk == "same"
    path.write_text('{"about": "theirs"}')
    assert replace(document).on_disk == "changed"
    with pytest.raises(ChangedOnDiskError):
        document.save()
    assert document.reread().text == '{"about": "theirs"}'
    assert document.reread().undo().text == '{"about": "mine"}'
    assert document.save(over=True).on_disk == "same"
    assert path.read_text() == '{"about": "mine"}'


def test_a_file_that_was_touched_but_says_the_same_is_the_same(tmp_path: Path) -> None:
    path = tmp_path / "graph.json"
    path.write_text("{}")
    document = Document.open(path)
    os.utime(path, ns=(1, 1))
    assert document.on_disk == "same"
    path.unlink()
    assert replace(document).on_disk == "gone"


def test_a_template_never_takes_the_place_of_a_file_that_is_there(tmp_path: Path) -> None:
    path = tmp_path / "digit.json"
    document = Document.like("{}", path)
    assert document.on_disk == "new"
    path.write_text("somebody's")
    with pytest.raises(ChangedOnDiskError):
        document.save()
    assert path.read_text() == "somebody's"


def test_a_full_disk_leaves_the_file_as_it_was(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "graph.json"
    path.write_text("{}")

    def full(handle: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space left"):
        Document.open(path).changed('{"about": "x"}', "describe").save()
    assert path.read_text() == "{}"
    assert [one.name for one in tmp_path.iterdir()] == ["graph.json"]


def test_what_is_no_text_is_refused_with_the_place(tmp_path: Path) -> None:
    path = tmp_path / "graph.json"
    path.write_bytes(b'{"about": "\xff"}')
    with pytest.raises(GraphError, match="not UTF-8: byte 0xff at offset 11"):
        Document.open(path)
    with pytest.raises(GraphError, match="cannot read"):
        Document.open(tmp_path / "none.json")
