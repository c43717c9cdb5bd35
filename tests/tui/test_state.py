"""What the interface knows, without a screen: runs from events, the queue, the log, what is remembered."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from noisegraph.serving.gpu import Gauge
from noisegraph.tui.document.document import Document
from noisegraph.tui.document.marks import Marks, Pin
from noisegraph.tui.header.bar import _meters as shown_meters
from noisegraph.tui.header.bar import progress
from noisegraph.tui.header.signals import notice, title
from noisegraph.tui.header.signals import progress as task
from noisegraph.tui.link.lines import Lines, Message, parsed
from noisegraph.tui.link.pace import Pace
from noisegraph.tui.log.ring import Filter, Ring
from noisegraph.tui.log.telling import lines_of
from noisegraph.tui.state.aside import Aside
from noisegraph.tui.state.node import NodeState
from noisegraph.tui.state.plan import Plan, plan_of, standing
from noisegraph.tui.state.queue import Entry, Queue
from noisegraph.tui.state.run import Run, coalesced, lost, reduce
from noisegraph.tui.state.session import Draft, Memory, Session
from noisegraph.tui.state.store import Store, cause_of

RECORDED = Path(__file__).with_name("recorded") / "digit.jsonl"


def heard(*messages: Message) -> Run:
    """A run after these messages."""
    run = Run("1", "g")
    for message in messages:
        run = reduce(run, {"run": "1", **message}, 5.0)
    return run


def test_a_recorded_run_is_done_with_all_its_nodes_and_its_picture() -> None:
    messages, odd = parsed(RECORDED.read_text().splitlines())
    run = Run("1", "digit")
    for message in messages:
        run = reduce(run, message, 0.0)
    assert odd == []
    assert (run.status, run.ran, run.to_run, run.cached) == ("done", 12, 12, 0)
    assert {state.kind for state in run.nodes.values()} == {"done"}
    assert run.nodes["drawn"].step == run.nodes["drawn"].of == 50
    assert run.points[0]["files"]["image"] == ["/tmp/noisegraph/digit-0001.png"]
    assert run.shot is not None
    assert (run.shot.node, run.shot.width, run.shot.height) == ("image", 24, 24)


def test_a_node_that_runs_has_its_step_rate_and_time_left() -> None:
    run = heard(
        {"event": "plan", "to_run": 2, "cached": 1},
        {"event": "node", "node": "a", "state": "running"},
        {"event": "progress", "node": "a", "step": 3, "of": 8, "its": 1.7, "eta": 2.9},
    )
    assert run.nodes["a"] == NodeState("running", "", 3, 8, 1.7, 2.9)
    assert progress(run, 12.0) == "▶ #1 0/2 a 3/8 1.7 it/s 7.0 s ~2.9 s"


def test_a_run_that_is_cancelled_refused_or_lost_is_no_failure() -> None:
    running: Message = {"event": "node", "node": "a", "state": "running"}
    cancelled = heard(running, {"event": "cancelled"}, {"event": "done", "failed": 0})
    assert (cancelled.status, cancelled.nodes["a"].kind) == ("cancelled", "stale")
    assert heard({"event": "error", "kind": "graph"}, {"event": "done", "failed": 1}).status == "refused"
    assert heard(running, {"event": "done", "failed": 1}).status == "failed"
    gone = lost(heard({"event": "plan"}, running), "gone", 8.0)
    assert (gone.status, gone.nodes["a"].why, gone.seconds) == ("lost", "gone", 3.0)


WORDS = st.sampled_from(["event", "node", "state", "step", "of", "rgb", "w", "h", "seconds", "points"])
VALUES = st.sampled_from(["node", "progress", "preview", "plan", "result", "done", "running", "", "x", None, 3])


@given(st.lists(st.dictionaries(WORDS, VALUES)))
def test_messages_of_another_version_break_nothing(messages: list[Message]) -> None:
    store = Store(Document("{}"), "out", run=Run("1"))
    odd = [{**message, "run": "1", "event": str(message.get("event"))} for message in messages]
    store.hear(odd)
    assert len(list(lines_of(odd))) <= len(odd)
    assert store.run is not None


def test_of_progress_only_the_newest_of_a_node_is_taken_and_order_is_kept() -> None:
    told = [{"event": "progress", "node": node, "step": step} for step in range(3) for node in "ab"]
    kept = coalesced([{"event": "node", "node": "a"}, *told, {"event": "done"}])
    assert [one["event"] for one in kept] == ["node", "progress", "progress", "done"]
    assert [(one["node"], one["step"]) for one in kept[1:3]] == [("a", 2), ("b", 2)]


def test_a_plan_says_how_much_runs_and_each_node_why() -> None:
    nodes = [
        {"node": "a", "state": "run", "why": "never run", "steps": {"stored": 3, "of": 8}, "seconds": 2.0},
        {"node": "b", "state": "cached", "why": "in memory"},
        {"node": "c", "state": "hidden", "why": "what reads it is cached"},
    ]
    plan = plan_of({"event": "plan", "to_run": 3, "cached": 9, "seconds": 2.04, "nodes": nodes}, "plan-1")
    assert plan.line == "3 run, 9 cached, ~2.0 s"
    assert plan.nodes["a"] == NodeState("stale", "never run", 3, 8, seconds=2.0)
    assert (plan.nodes["b"].kind, plan.nodes["c"].kind) == ("cached", "cached")


def test_a_node_stands_where_the_run_says_and_after_it_where_the_plan_says() -> None:
    cached = Plan("p", {"a": NodeState("cached", "in memory"), "b": NodeState("stale", "changed")}, known=True)
    running = heard({"event": "node", "node": "a", "state": "running"})
    assert standing("a", running, cached).kind == "running"
    assert standing("b", running, cached).kind == "pending"
    done = {"event": "node", "node": "a", "state": "done", "seconds": 2.0, "held": 96}
    ended = heard(done, {"event": "done", "failed": 0})
    assert standing("a", ended, cached) == NodeState("done", "in memory", seconds=2.0, held=96)
    assert standing("b", ended, cached).kind == "stale"
    failed = heard({"event": "node", "node": "b", "state": "failed", "why": "no"}, {"event": "done", "failed": 1})
    assert standing("b", failed, cached).kind == "failed"


def test_answers_to_older_questions_are_passed_over() -> None:
    store = Store(Document("{}"), "out")
    first, second = store.ask_plan("{}"), store.ask_plan("{}")
    answer = {"event": "plan", "to_run": 1, "cached": 0, "nodes": []}
    assert store.hear([{**answer, "run": first["run"]}]).keys() == {"nothing"}
    assert store.hear([{**answer, "run": second["run"]}]).keys() == {"plan"}


def test_states_follow_every_event_though_only_what_changed_is_looked_at() -> None:
    graph = json.dumps({"nodes": {name: {"use": "a.b"} for name in "abc"}, "outputs": {}})
    store = Store(Document(graph), "out", run=Run("1", status="running"))
    assert {state.kind for state in store.states().values()} == {"pending"}
    told: list[Message] = [
        {"event": "node", "node": "a", "state": "running"},
        {"event": "progress", "node": "a", "step": 1, "of": 2},
        {"event": "node", "node": "a", "state": "done", "seconds": 1.0},
        {"event": "node", "node": "gone", "state": "running"},
        {"event": "node", "node": "b", "state": "failed", "why": "no"},
        {"event": "done", "failed": 1},
    ]
    for message in told:
        store.hear([{"run": "1", **message}])
        fresh = Store(Document(graph), "out", run=store.run, plan=store.plan)
        assert store.states() == fresh.states()
        assert store.states().keys() == {"a", "b", "c"}
    store.marks = store.marks.mute(["c"])
    assert store.states()["c"].kind == "muted"


@given(st.lists(st.tuples(st.integers(0, 6), st.integers(-9, 9))))
def test_moving_in_the_queue_loses_and_doubles_nothing(moves: list[tuple[int, int]]) -> None:
    queue = Queue().add(*(Entry(str(number), "g", {}) for number in range(5)))
    for number, by in moves:
        queue = queue.moved(str(number), by)
    assert sorted(entry.id for entry in queue.entries) == list("01234")
    assert queue.add(Entry("first", "g", {}), front=True).entries[0].id == "first"
    assert len(queue.without("3")) == 4


@given(st.lists(st.binary(max_size=9)))
def test_lines_are_the_same_however_they_are_cut(pieces: list[bytes]) -> None:
    lines = Lines()
    cut = [line for piece in pieces for line in lines.cut(piece)]
    whole = b"".join(pieces).split(b"\n")[:-1]
    assert cut == [line.decode("utf-8", "replace").rstrip("\r") for line in whole]


def test_what_is_no_message_is_told_apart() -> None:
    messages, odd = parsed(['{"event": "ready"}', "a plugin prints", "[1]", '{"no": "event"}', "", "[" * 5000])
    assert [one["event"] for one in messages] == ["ready"]
    assert odd == ["a plugin prints", "[1]", '{"no": "event"}', "[" * 5000]


def test_what_arrives_often_is_handed_on_together_and_the_first_at_once() -> None:
    async def play() -> list[list[int]]:
        handed: list[list[int]] = []
        pace: Pace[int] = Pace(20, handed.append)
        for number in range(100):
            pace.add([number])
            await asyncio.sleep(0.002)
        await asyncio.sleep(0.1)
        return handed

    handed = asyncio.run(play())
    assert [number for some in handed for number in some] == list(range(100))
    assert len(handed[0]) < 3
    assert len(handed) < 30


def test_the_log_keeps_the_newest_lines_and_filters_by_level_node_and_text() -> None:
    ring = Ring(most=1000)
    ring.add(f"line {number}" for number in range(7000))
    assert 1000 <= len(ring.lines) <= 6000
    assert ring.lines[-1].text == "line 6999"
    ring.add(["it burns\nit really does"], "error", "vae")
    ring.admit(Filter(level="warn"))
    assert [line.text for line in ring.seen] == ["it burns", "it really does"]
    ring.add(["quiet"], "info")
    ring.admit(Filter(node="vae", text="REALLY"))
    assert [line.text for line in ring.seen] == ["it really does"]
    assert ring.find("burns", 0, 1) is None
    ring.admit(Filter())
    assert ring.seen[ring.find("burns", len(ring.seen) - 1, -1) or 0].text == "it burns"


def test_what_is_remembered_comes_back_and_what_is_damaged_counts_as_nothing(tmp_path: Path) -> None:
    memory = Memory(tmp_path)
    assert memory.session() == Session()
    entry = Entry("0007", "g", {"command": "run"})
    session = Session("g.json", "noisegraph-light", "boxes", "log", 8, (entry.told(),), "seed:1*")
    memory.remember(session)
    assert memory.session() == session
    assert memory.session().queued().entries == (entry,)
    for text in ("", "[]", "{", '{"next_run": "x", "queue": [1, {}], "graph": 3}'):
        (tmp_path / "tui" / "session.json").write_text(text)
        assert memory.session().graph == ""
        assert memory.session().queued() == Queue()


def test_what_is_said_of_a_graph_beside_its_file_is_remembered_for_each_graph(tmp_path: Path) -> None:
    memory = Memory(tmp_path)
    marks = Marks(frozenset("a"), frozenset("b"), {"c": Pin({"c": {"use": "probe.number", "value": 3}})})
    aside = Aside("d", ("e", "f"), frozenset("g"), marks, {("h", "seed"): "random", ("", "seed"): "increment"})
    memory.put_aside(tmp_path / "one.json", aside)
    assert memory.aside(tmp_path / "one.json") == aside
    assert memory.aside(tmp_path / "two.json") == Aside()


@pytest.mark.parametrize("name", ["node", "folds", "marked", "muted", "bypassed", "pinned", "policies"])
def test_what_is_damaged_of_it_counts_as_nothing(name: str) -> None:
    for told in (None, 3, "x", [3], [["x"]], {"x": 3}, {"x": {"y": 3}}):
        made = Aside.of({name: told})
        assert made == Aside(node="x") if (name, told) == ("node", "x") else made.folds in ((), ("x",))
        assert Aside.of(made.told()) == made


def test_a_node_that_is_renamed_keeps_its_marks_and_its_seeds_policy(tmp_path: Path) -> None:
    store = Store(Document("{}"), "out")
    store.marks = Marks(frozenset("a"))
    store.policies = {("a", "seed"): "random", ("", "a"): "increment"}
    store.renamed("a", "b")
    assert store.marks == Marks(frozenset("b"))
    assert store.policies == {("b", "seed"): "random", ("", "b"): "increment"}


def test_a_draft_is_kept_until_it_is_forgotten_and_belongs_to_its_path(tmp_path: Path) -> None:
    memory = Memory(tmp_path)
    path = tmp_path / "g.json"
    memory.keep(Draft(str(path), "{1}", "{}"))
    assert memory.draft(path) == Draft(str(path), "{1}", "{}")
    assert memory.draft(tmp_path / "h.json") is None
    memory.forget(path)
    assert memory.draft(path) is None


def test_a_disk_that_is_full_leaves_the_session_as_it_was(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    memory = Memory(tmp_path)
    memory.remember(Session("g.json"))

    def full(self: Path, *_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_text", full)
    with pytest.raises(OSError, match="No space"):
        memory.remember(Session("h.json"))
    assert memory.session().graph == "g.json"


@pytest.mark.parametrize(
    ("code", "told"),
    [(-9, "SIGKILL, probably out of memory"), (-11, "SIGSEGV"), (3, "code 3"), (127, "not be started")],
)
def test_an_exit_code_says_what_became_of_the_worker(code: int, told: str) -> None:
    assert told in cause_of(code)


def test_the_terminal_is_told_title_and_progress_and_rings_after_long_runs_only() -> None:
    store = Store(Document("{}", Path("lamp.json")), "out")
    assert title(store) == "\x1b]0;lamp · noisegraph\x07"
    store.run = heard(
        {"event": "plan", "to_run": 2, "cached": 0},
        {"event": "node", "node": "a", "state": "running"},
        {"event": "progress", "node": "a", "step": 4, "of": 8},
    )
    assert title(store) == "\x1b]0;4/8 lamp · noisegraph\x07"
    assert task(store) == "\x1b]9;4;1;25\x07"
    assert notice(Run("1", "lamp", "done", seconds=2.0)) == ""
    assert notice(Run("1", "a\x1b]0;b\x07", "done", seconds=20.0)).startswith("\x1b]9;a]0b #1: done\x07")


def test_the_recorded_events_are_whole_messages() -> None:
    told = [json.loads(line) for line in RECORDED.read_text().splitlines()]
    assert {one["event"] for one in told} >= {"plan", "node", "progress", "preview", "picture", "result", "done"}


def test_the_header_tells_what_there_is_and_nothing_of_what_is_not() -> None:
    assert shown_meters(
        {"device_used": 5_200_000_000, "device_total": 24_000_000_000, "device_busy": 71.0, "rss": None}
    ) == [
        "GPU 71%",
        "VRAM 5.2/24G",
    ]
    assert shown_meters({"device_used": None, "rss": 900_000_000, "load": 1.25, "processors": 2}) == [
        "RAM 0.9G",
        "CPU 1.2/2",
    ]
    assert Gauge("no such device").busy is None
