"""Reading graph text: sound text at speed, unsound text with the exact place of what is wrong."""

from __future__ import annotations

import json
import time
from random import Random
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from noisegraph.errors import GraphError, Place, Problem
from noisegraph.reading.source import Positions, locate, read

scalars = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False, allow_infinity=False), st.text()
)
documents = st.dictionaries(
    st.text(), st.recursive(scalars, lambda part: st.lists(part) | st.dictionaries(st.text(), part), max_leaves=30)
)


def only_problem(text: str | bytes) -> Any:
    with pytest.raises(GraphError) as caught:
        read(text, "x.json")
    assert len(caught.value.problems) == 1, caught.value
    return caught.value.problems[0]


def paths(value: Any, path: tuple[str | int, ...] = ()) -> list[tuple[str | int, ...]]:
    parts = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [path, *(deep for name, part in parts for deep in paths(part, (*path, name)))]


def at(document: Any, path: tuple[str | int, ...]) -> Any:
    for part in path:
        document = document[part]
    return document


@settings(max_examples=40, deadline=None)
@given(documents, st.sampled_from([None, 0, 2]), st.booleans(), st.sampled_from(["\n", "\r\n", "\r"]))
def test_locate_agrees_with_where_the_writer_put_each_value(
    document: dict[str, Any], indent: int | None, ascii_only: bool, newline: str
) -> None:
    text = json.dumps(document, indent=indent, ensure_ascii=ascii_only)
    assert read(text, "x.json") == document
    lines = [line + "\n" for line in text.split("\n")]
    positions = Positions(text.replace("\n", newline))
    for path in paths(document):
        line, column = positions.locate(path)
        rest = lines[line - 1][column - 1 :] + "".join(lines[line:])
        value, _ = json.JSONDecoder().raw_decode(rest)
        assert value == at(document, path)
        assert type(value) is type(at(document, path))


@settings(max_examples=40, deadline=None)
@given(documents)
def test_every_child_has_its_own_place_and_keys_stand_before_their_values(document: dict[str, Any]) -> None:
    text = json.dumps(document)
    places = [locate(text, path) for path in paths(document)]
    assert places == sorted(set(places))
    for name in document:
        line, column = locate(text, (name,), key=True)
        assert json.JSONDecoder().raw_decode(text[column - 1 :])[0] == name
        assert (line, column) < locate(text, (name,))


def test_locate_tells_lines_and_columns_from_one() -> None:
    text = '{\n  "a": [1, {"b": "}]\\""}],\n  "c" : 2}'
    assert locate(text, ()) == (1, 1)
    assert locate(text, ("a", 1, "b")) == (2, 18)
    assert locate(text, ("a", 1, "b"), key=True) == (2, 13)
    assert locate(text, ("c",)) == (3, 9)
    assert locate(text, ("c",), key=True) == (3, 3)


@pytest.mark.parametrize("path", [("x",), ("a", 2), ("a", 0, "b"), ("c", "d"), ("a", "b")])
def test_locate_of_an_absent_path_is_nowhere(path: tuple[str | int, ...]) -> None:
    assert locate('{"a": [1, 2], "c": "x"}', path) == (0, 0)


@given(st.text(max_size=60))
@example('{"a": [1, {"b"')
@example('{"a"')
@example("[")
def test_locate_survives_text_that_is_not_json(text: str) -> None:
    line, column = locate(text, ("a", 0, "b"))
    assert (line, column) == (0, 0) or line >= 1


@given(st.text(alphabet='{}[]":,\\abu019-+.eE \nNtrue', max_size=30) | st.text(max_size=20))
@example('{"a": 1, "a": 2}')
@example('{"a": -0.0, "b": 1E+2, "c": [[], {}]}')
def test_the_exact_look_finds_faults_exactly_where_the_parser_does(text: str) -> None:
    try:
        sound = isinstance(strict(text), dict)
    except (ValueError, RecursionError):
        sound = False
    if sound:
        assert read(text, "x.json") == strict(text)
        return
    with pytest.raises(GraphError) as caught:
        read(text, "x.json")
    assert all(problem.what and problem.where.line for problem in caught.value.problems)


def strict(text: str) -> Any:
    def unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        if len(dict(pairs)) != len(pairs):
            raise ValueError
        return dict(pairs)

    def finite(number: str) -> float:
        if float(number) - float(number) != 0:
            raise ValueError
        return float(number)

    found = json.loads(text.removeprefix("\ufeff"), object_pairs_hook=unique, parse_constant=finite, parse_float=finite)
    json.dumps(found, ensure_ascii=False).encode()
    return found


FAULTS = {
    '{"a": 1,}': (1, 8, "trailing comma"),
    '{"a": [1, 2, ]}': (1, 12, "trailing comma"),
    "{'a': 1}": (1, 2, "double quotes"),
    "{\"a\": 'b'}": (1, 7, "double quotes"),
    '{"a": \u201cb\u201d}': (1, 7, "straight double quotes"),
    '{\n  // why\n  "a": 1}': (2, 3, "no comments"),
    '{"a": 1 # why\n}': (1, 9, "no comments"),
    "{a: 1}": (1, 2, '"a"'),
    '{"a" 1}': (1, 6, "':'"),
    '{"a" = 1}': (1, 6, "':'"),
    '{"a": 1 "b": 2}': (1, 9, "comma seems to be missing"),
    '{"a": True}': (1, 7, "write true"),
    '{"a": None}': (1, 7, "write null"),
    '{"a": $b}': (1, 7, "double quotes"),
    '{"a": .5}': (1, 7, "-0.5"),
    '{"a": 01}': (1, 7, "numbers are written"),
    '{"a": +1}': (1, 7, "numbers are written"),
    '{"a": NaN}': (1, 7, "finite"),
    '{"a": -Infinity}': (1, 7, "finite"),
    '{"a": 1e999}': (1, 7, "too large"),
    '{"a": "b\n"}': (1, 7, "not closed"),
    '{"a": "b': (1, 7, "not closed"),
    '{"a": "b\t"}': (1, 9, "\\u0009"),
    '{"a": "C:\\x"}': (1, 10, "backslash"),
    '{"a": "\\ud800"}': (1, 7, "surrogate"),
    '{"\\udc00": 1}': (1, 2, "surrogate"),
    '{"a": [1, 2}': (1, 12, "wanted ',' or ']'"),
    '{"a": [1': (1, 9, "opened at 1:7 is never closed"),
    '{"a": 1': (1, 8, "opened at 1:1 is never closed"),
    '{"a": 1}}': (1, 9, "after the end"),
    '{"a": 1} {"b": 2}': (1, 10, "after the end"),
    '{"a":': (1, 6, "end of the file"),
    "": (1, 1, "empty"),
    " \n ": (1, 1, "empty"),
    "\ufeff": (1, 1, "empty"),
    "[1]": (1, 1, "found a list"),
    '"a"': (1, 1, "found a string"),
    " 3": (1, 2, "found '3'"),
    '\ufeff{"a": nope}': (1, 7, "wanted a value"),
}


@pytest.mark.parametrize("text", FAULTS)
def test_each_fault_is_told_with_its_place_and_what_to_try(text: str) -> None:
    line, column, told = FAULTS[text]
    problem = only_problem(text)
    assert (problem.where.file, problem.where.line, problem.where.column) == ("x.json", line, column), problem
    assert told in str(problem)


def test_a_name_used_twice_tells_both_places_and_the_path() -> None:
    problem = only_problem('{"nodes": {"a": {"use": "x"},\n "a": {"use": "y"}}}')
    assert str(problem).startswith('x.json:2:2 nodes.a: the name "a" is used twice; it stands at 1:12 already')


@pytest.mark.parametrize("text", ['{"a": [{"b": {"c": 1, "c": 2}}]}', '{"a": "[{:", "b": [{"c": 1, "c": "]}"}]}'])
def test_a_name_used_twice_in_the_innermost_object_is_told(text: str) -> None:
    assert 'the name "c" is used twice' in str(only_problem(text))


def test_all_faults_that_hide_nothing_are_told_at_once() -> None:
    with pytest.raises(GraphError) as caught:
        read('{"a": NaN, "b": 1e400, "a": 2, "c": "\\udc00", "d": }', "x.json")
    assert [problem.where.column for problem in caught.value.problems] == [7, 17, 24, 37, 52]


@pytest.mark.parametrize("digits", ["9" * 4301, "-" + "9" * 4301, "0." + "9" * 4300])
def test_a_number_of_more_than_4300_digits_is_refused(digits: str) -> None:
    assert "the most is 4300" in str(only_problem(f'{{"a": {digits}}}'))


def test_a_number_of_4300_digits_is_read() -> None:
    assert read(f'{{"a": -{"9" * 4300}}}', "x")["a"] == 1 - 10**4300


@pytest.mark.parametrize("depth", [65, 990, 10_000, 1_000_000])
@pytest.mark.parametrize(("opening", "closing"), [("[", "]"), ('{"b":', "}")])
def test_nesting_deeper_than_64_is_refused_at_its_place(depth: int, opening: str, closing: str) -> None:
    problem = only_problem('{"a":' + opening * (depth - 1) + "1" + closing * (depth - 1) + "}")
    assert "nested deeper than 64 levels" in problem.what
    assert problem.where.column == 6 + 63 * len(opening)


def test_nesting_of_64_levels_is_read() -> None:
    value = read('{"a":' + "[" * 63 + "]" * 63 + "}", "x")["a"]
    for _ in range(62):
        (value,) = value
    assert value == []


def test_bytes_that_are_not_utf8_are_told_with_their_offset() -> None:
    problem = only_problem(b'{"a": "caf\xe9"}')
    assert problem.what == "not UTF-8: byte 0xe9 at offset 10"
    assert "0xff at offset 0" in only_problem('{"a": 1}'.encode("utf-16")).what


def test_half_of_a_surrogate_pair_in_a_str_is_refused() -> None:
    assert "not UTF-8" in str(only_problem('{"a": "\ud800"}'))


def test_a_whole_surrogate_pair_is_read() -> None:
    assert read(b'{"a": "\\ud83d\\ude00"}', "x") == {"a": "\U0001f600"}


def test_a_byte_order_mark_is_accepted() -> None:
    assert read(b'\xef\xbb\xbf{"a": 1}', "x") == read('\ufeff{"a": 1}', "x") == {"a": 1}
    assert locate('\ufeff{"a": 1}', ("a",)) == (1, 7)


def test_text_over_16_megabytes_is_refused_and_a_string_of_ten_is_read() -> None:
    assert "16 MB at most" in only_problem('{"a": "' + "x" * 2**24 + '"}').what
    text = '{"a": "' + "x\\n" * 3_500_000 + '", "b": 1}'
    assert len(read(text, "x")["a"]) == 7_000_000
    assert locate(text, ("b",)) == (1, len(text) - 1)
    assert only_problem(text[:-1] + ",}").where.column == len(text)


def test_reading_and_locating_are_linear_in_the_number_of_nodes() -> None:
    def node(index: int) -> str:
        return f'"n{index}": {{"use": "test.add", "left": "$n{index // 2}", "right": "$n{index // 3}", "scale": 1.5}}'

    def seconds(count: int) -> float:
        text = '{"nodes": {' + ",\n".join(map(node, range(count))) + "}}"
        best = 9.0
        for _ in range(3):
            start = time.process_time()
            read(text, "x")
            positions = Positions(text)
            assert positions.locate(("nodes", f"n{count - 1}", "use"))[0] == count
            best = min(best, time.process_time() - start)
        return best

    assert seconds(20_000) < 40 * seconds(2_000)


def mutated(graph: bytes, random: Random) -> bytes:
    text = bytearray(graph)
    for _ in range(random.randint(1, 4)):
        at, piece = random.randrange(len(text)), random.choice(PIECES)
        text[at : at + random.randint(0, 6)] = piece
    return bytes(text)


def faults_of(text: bytes) -> tuple[Problem, ...]:
    try:
        read(text, "x.json")
    except GraphError as error:
        return error.problems or (Problem(Place(), "an error that tells nothing"),)
    return ()


PIECES = (b'{ } [ ] : , " \\ $ \n \x00 \xff NaN 1e999 // \' # \\ud800 \xef\xbb\xbf "a": ' + b"[" * 70).split(b" ")


def test_five_thousand_mutated_graphs_are_read_or_told() -> None:
    graph = b'{"inputs": {"a": -1.5e3, "b": "\\u00e9"},\n "nodes": {"n": {"use": "x.y", "in": ["$a", null]}}}'
    random = Random(5)
    told = [faults_of(mutated(graph, random)) for _ in range(5000)]
    assert 4000 < sum(map(bool, told)) < 5000
    words = {problem.what for problems in told for problem in problems}
    assert not [what for what in words if "tells nothing" in what or "Expecting" in what]
