"""What the documents show is so: tables and files are those of the code, commands print what is printed there."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from noisegraph import hookspecs

from .documents import DOCUMENTS, blocks, source, start_commands, written
from .sessions import Installation, install, lasting, play
from .source_tree import ROOT


@pytest.fixture(scope="module")
def installation(tmp_path_factory: pytest.TempPathFactory) -> Installation:
    """README's first command, run; the documents are played in this one after the other."""
    return install(tmp_path_factory.mktemp("installed"))


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_tables_and_files_are_those_of_the_code(document: Path) -> None:
    assert source(document) == written(source(document)), "bring it up to date: python -m tests.write_docs"


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_every_block_is_a_command_a_session_or_a_file(document: Path) -> None:
    for block in blocks(source(document)):
        assert block.language in ("bash", "console") or block.file, f"{document.name}:{block.line}: name its file"
        if block.language == "console":
            assert block.text.startswith("$ "), f"{document.name}:{block.line}: begin with a command"
        if block.language == "json":
            json.loads(block.text)


@pytest.mark.slow
@pytest.mark.xdist_group("docs")
@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_its_commands_print_what_it_says(document: Path, installation: Installation) -> None:
    for block in blocks(source(document)):
        for command, told, printed in play(block, installation):
            assert lasting(printed) == lasting(told), f"{document.name}:{block.line}: $ {command}"


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_its_links_lead_somewhere(document: Path) -> None:
    links = re.findall(r"\]\((?!https?://|#)([^)#]+)\)", source(document))
    assert [link for link in links if not (document.parent / link).exists()] == []


def test_readmes_two_commands_are_one_for_a_picture_and_one_for_the_tests() -> None:
    picture, tests = start_commands()
    assert picture.endswith('noisegraph run emoji prompt="a red heart"')
    assert tests.endswith("pytest")


def test_readme_is_what_the_package_index_shows_and_says_what_this_is_in_ten_lines() -> None:
    first = source(ROOT / "README.md").split("\n\n")[1]
    assert len(first.splitlines()) <= 10


def test_every_hook_is_told_to_plugin_authors() -> None:
    page = source(ROOT / "docs" / "plugins.md")
    hooks = [name for name in vars(hookspecs) if name.startswith("noisegraph_")]
    assert [name for name in hooks if f"`{name}()`" not in page] == []
