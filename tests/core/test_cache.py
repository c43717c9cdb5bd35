"""The cache: memory over disk, bounded, shared between processes, and never a wrong value."""

from __future__ import annotations

import contextlib
import os
import random
import resource
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from noisegraph.store import upkeep
from noisegraph.store.cache import Cache, Hit
from noisegraph.store.codecs import Codec, encode
from noisegraph.store.memory import Memory
from noisegraph.store.owners import own_name

BIG = 1 << 40
WRITER = """
import sys, numpy
from pathlib import Path
from noisegraph.store.cache import Cache
cache = Cache(0, Path(sys.argv[1]), int(sys.argv[2]))
"""


def key(number: int) -> bytes:
    return number.to_bytes(4, "little") * 4


def value(number: int, size: int = 1000) -> numpy.ndarray[Any, Any]:
    return numpy.full(size, number, dtype=numpy.int64)


def stored_size() -> int:
    return len(encode(value(0)) or b"")


def files(folder: Path) -> list[Path]:
    return sorted(folder.glob("??/*.safetensors"))


@pytest.fixture
def cache(tmp_path: Path) -> Iterator[Cache]:
    """A cache without memory, so that everything is read from disk."""
    with contextlib.closing(Cache(0, tmp_path / "cache", BIG)) as one:
        yield one


def reopened(cache: Cache, memory: int = 0, limit: int = BIG) -> Cache:
    assert cache.disk is not None
    return Cache(memory, Path(cache.disk.folder), limit, cache.codecs)


# Both tiers


def test_a_value_is_found_in_memory_first_and_on_disk_in_the_next_process(tmp_path: Path) -> None:
    cache = Cache(BIG, tmp_path, BIG)
    assert cache.tier(key(1)) is None
    assert cache.get(key(1)) is None
    cache.put(key(1), {"x": 1.5})
    assert cache.tier(key(1)) == "memory"
    assert cache.get(key(1)) == Hit({"x": 1.5}, "memory")
    cache.close()

    later = Cache(BIG, tmp_path, BIG)
    assert later.tier(key(1)) == "disk"
    assert later.get(key(1)) == Hit({"x": 1.5}, "disk")
    assert later.get(key(1)) == Hit({"x": 1.5}, "memory")
    assert later.drain() == []


def test_none_is_a_value_and_not_a_miss(cache: Cache) -> None:
    cache.put(key(1), None)
    assert cache.get(key(1)) == Hit(None, "disk")


def test_a_value_without_a_codec_stays_in_memory(tmp_path: Path) -> None:
    cache = Cache(BIG, tmp_path, BIG)
    cache.put(key(1), print)
    assert cache.get(key(1)) == Hit(print, "memory")
    assert files(tmp_path) == []
    assert cache.drain() == []


def test_the_caller_chooses_the_tiers(tmp_path: Path) -> None:
    cache = Cache(BIG, tmp_path, BIG)
    cache.put(key(1), 1, disk=False)
    cache.put(key(2), 2, memory=False)
    assert (cache.tier(key(1)), cache.tier(key(2))) == ("memory", "disk")
    assert len(files(tmp_path)) == 1


def test_a_cache_without_a_folder_keeps_to_memory() -> None:
    cache = Cache(BIG, None)
    with cache.pinned([key(1)]):
        cache.put(key(1), 1)
    assert cache.get(key(1)) == Hit(1, "memory")
    cache.discard(key(1))
    assert cache.get(key(1)) is None
    cache.close()


def test_discarded_values_are_gone_from_both_tiers(tmp_path: Path) -> None:
    cache = Cache(BIG, tmp_path, BIG)
    cache.put(key(1), 1)
    cache.discard(key(1))
    cache.discard(key(2))
    assert cache.tier(key(1)) is None
    assert files(tmp_path) == []


# Memory


def test_the_least_recently_used_value_leaves_memory_first() -> None:
    memory = Memory(3 * 1_000_000 + 5000)
    for number in range(3):
        memory.put(key(number), bytes(1_000_000))
    memory.get(key(0))
    memory.put(key(3), bytes(1_000_000))
    assert [key(number) in memory for number in range(4)] == [True, False, True, True]


def test_what_is_larger_than_the_memory_is_not_kept_and_pushes_nothing_out() -> None:
    memory = Memory(10_000)
    memory.put(key(1), bytes(5000))
    assert not memory.put(key(2), bytes(20_000))
    assert (key(1) in memory, key(2) in memory) == (True, False)


def test_pinned_values_stay_in_memory_until_the_last_pin_is_taken_back() -> None:
    memory = Memory(10_000)
    memory.put(key(1), bytes(5000))
    memory.pin([key(1)])
    memory.pin([key(1)])
    for number in range(2, 50):
        memory.put(key(number), bytes(4000))
    assert key(1) in memory
    memory.unpin([key(1)])
    memory.put(key(1), bytes(9000))
    memory.put(key(2), bytes(9000))
    assert key(1) in memory
    memory.unpin([key(1)])
    memory.put(key(2), bytes(9000))
    assert key(1) not in memory


def test_pinned_entries_that_are_read_from_disk_do_not_grow_memory_beyond_its_bound(tmp_path: Path) -> None:
    cache = Cache(20_000, tmp_path, BIG)
    for number in range(10):
        cache.put(key(number), value(number), memory=False)
    with cache.pinned(map(key, range(10))):
        for number in range(10):
            assert cache.get(key(number)) is not None
        assert cache.memory.size <= 20_000
        assert cache.tier(key(9)) == "memory"


@given(st.lists(st.tuples(st.sampled_from("pgdPU"), st.integers(0, 5), st.integers(0, 3000)), max_size=60))
@settings(deadline=None)
def test_the_size_that_memory_counts_is_that_of_what_it_holds(actions: list[tuple[str, int, int]]) -> None:
    memory, pinned = Memory(8000), []
    for action, number, size in actions:
        if action == "p":
            memory.put(key(number), bytes(size))
        elif action == "g":
            memory.get(key(number))
        elif action == "d":
            memory.discard(key(number))
        elif action == "P":
            memory.pin([key(number)])
            pinned.append(number)
        elif pinned:
            memory.unpin([key(pinned.pop())])
        held = [one for number in range(6) if (one := memory.get(key(number)))]
        assert memory.size == sum(size for _, size, *_ in held)
        assert len(memory) == len(held)
        assert pinned or memory.size <= memory.limit


def test_a_full_memory_makes_room_at_once_however_much_it_holds() -> None:
    def seconds(memory: Memory) -> float:
        memory.pin(key(number) for number in range(20_000))
        for number in range(100_000):
            memory.put(key(number), 1)
        start = time.process_time()
        for number in range(100_000, 120_000):
            memory.put(key(number), 1)
        return time.process_time() - start

    full, roomy = Memory(32 * 100_000), Memory(32 * 200_000)
    assert seconds(full) < 20 * seconds(roomy)


class Pair(NamedTuple):
    names: list[str]
    x: Any


def test_what_a_reader_does_to_a_value_does_not_reach_the_cache() -> None:
    cache = Cache(BIG, None)
    made = Pair(["a"], {"b": [1, 2], "c": value(1)})
    cache.put(key(1), made)
    made.names.append("spoiled by its maker")
    for _ in range(2):
        found = cache.get(key(1))
        assert found is not None
        assert found.value.names == ["a"]
        assert found.value.x["b"] == [1, 2]
        found.value.names.append("spoiled by a reader")
        found.value.x["b"].clear()
        with pytest.raises(ValueError, match="read-only"):
            found.value.x["c"][0] = 7


def test_values_without_lists_are_handed_out_as_they_are() -> None:
    cache = Cache(BIG, None)
    tensor, state = torch.ones(2), (torch.ones(3), print)
    cache.put(key(1), tensor)
    cache.put(key(2), state)
    found = [cache.get(key(1)), cache.get(key(2))]
    assert found[0] is not None
    assert found[1] is not None
    assert found[0].value is tensor
    assert found[1].value is state


# Damage


def damage(path: Path, kind: str) -> None:
    data = path.read_bytes()
    flipped = bytearray(data)
    flipped[random.randrange(len(data))] ^= 1 << random.randrange(8)
    hurt = {"flipped": bytes(flipped), "truncated": data[: len(data) // 2], "emptied": b"", "grown": data + b"\0"}
    path.write_bytes(hurt[kind])


@pytest.mark.parametrize("kind", ["flipped", "truncated", "emptied", "grown"])
def test_a_damaged_entry_is_a_miss_with_a_warning_and_is_removed(cache: Cache, tmp_path: Path, kind: str) -> None:
    for number in range(20):
        cache.put(key(number), value(number))
    for path in files(tmp_path / "cache"):
        damage(path, kind)
    for number in range(20):
        assert cache.get(key(number)) is None
        (problem,) = cache.drain()
        assert "damaged cache entry was removed" in problem.what
        assert key(number).hex() in problem.where.file
    assert files(tmp_path / "cache") == []
    cache.put(key(1), value(1))
    found = cache.get(key(1))
    assert found is not None
    assert found.value.tolist() == value(1).tolist()


def test_verify_removes_the_damaged_entries_and_names_them(cache: Cache, tmp_path: Path) -> None:
    for number in range(4):
        cache.put(key(number), value(number))
    hurt = files(tmp_path / "cache")[1]
    damage(hurt, "flipped")
    (problem,) = upkeep.verify(tmp_path / "cache")
    assert problem.where.file == str(hurt)
    assert len(files(tmp_path / "cache")) == 3
    assert upkeep.verify(tmp_path / "cache") == []


def test_a_folder_where_an_entry_should_be_is_a_miss_that_is_told(cache: Cache) -> None:
    assert cache.disk is not None
    Path(cache.disk.path(key(1))).mkdir(parents=True)
    assert cache.get(key(1)) is None
    assert "cannot be read" in cache.drain()[0].what


KILLED = (
    WRITER
    + """
number = int(sys.argv[3])
print("begun", flush=True)
while True:
    number += 1
    cache.put(number.to_bytes(4, "little") * 4, numpy.full(number % 7 * 10_000, number))
"""
)


def test_a_process_killed_at_any_moment_leaves_whole_entries_only(tmp_path: Path) -> None:
    rng = random.Random(7)
    whole = 0
    for round_ in range(8):
        command = [sys.executable, "-c", KILLED, str(tmp_path), str(BIG), str(round_ * 100_000)]
        with subprocess.Popen(command, stdout=subprocess.PIPE) as child:
            assert child.stdout is not None
            child.stdout.readline()
            time.sleep(rng.uniform(0, 0.15))
            child.send_signal(signal.SIGKILL)
        left = list(tmp_path.glob("tmp/*"))
        cache = Cache(0, tmp_path, BIG)
        found = files(tmp_path)
        for path in found:
            number = int.from_bytes(bytes.fromhex(path.stem)[:4], "little")
            hit = cache.get(key(number))
            assert hit is not None
            assert hit.value.tolist() == [number] * (number % 7 * 10_000)
        assert cache.drain() == []
        cache.put(b"next", round_)
        cache.discard(b"next")
        assert not [path for path in left if path.exists()], "what the killed process left behind is cleaned up"
        whole += upkeep.clear(tmp_path).removed
        cache.close()
    assert whole > 20


# No room


@contextlib.contextmanager
def no_room(folder: Path) -> Iterator[None]:
    """Half a megabyte in all: a small tmpfs, or where mounting is not permitted, a limit on the size of files."""
    folder.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=512k", "tmpfs", folder], capture_output=True)
    if mounted.returncode == 0:
        try:
            yield
        finally:
            subprocess.run(["umount", folder], check=True)
    else:
        with file_size_limit(1 << 19):
            yield


@contextlib.contextmanager
def file_size_limit(limit: int) -> Iterator[None]:
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_a_full_disk_is_told_once_a_run_and_hurts_nobody(tmp_path: Path) -> None:
    folder = tmp_path / "small"
    with no_room(folder), contextlib.closing(Cache(BIG, folder, BIG)) as cache:
        for _ in range(2):
            with cache.pinned([]):
                cache.put(key(1), value(1, 10))
                for number in range(2, 6):
                    cache.put(key(number), value(number, 200_000))
            (problem,) = cache.drain()
            assert "cannot store" in problem.what
            assert "NOISEGRAPH_CACHE" in problem.hint
        assert cache.tier(key(5)) == "memory"
        assert reopened(cache).tier(key(1)) == "disk"
        assert reopened(cache).tier(key(5)) is None
        assert list(folder.glob("tmp/*")) == []
        assert upkeep.verify(folder) == []


def test_a_file_that_may_not_grow_is_told_and_leaves_nothing_behind(cache: Cache, tmp_path: Path) -> None:
    cache.put(key(1), value(1))
    with file_size_limit(1 << 16):
        cache.put(key(2), value(2, 100_000))
        cache.put(key(3), value(3))
    assert len(cache.drain()) == 1
    assert [cache.tier(key(number)) for number in (1, 2, 3)] == ["disk", None, "disk"]
    assert list((tmp_path / "cache").glob("tmp/*")) == []


def test_a_folder_that_cannot_be_made_is_told_once(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    cache = Cache(BIG, tmp_path / "file" / "cache", BIG)
    with cache.pinned([key(1)]):
        for number in range(3):
            cache.put(key(number), number)
            assert cache.get(key(number)) == Hit(number, "memory")
    assert len(cache.drain()) == 1
    assert cache.tier(key(9)) is None


def test_what_is_larger_than_the_whole_cache_is_told_and_pushes_nothing_out(tmp_path: Path) -> None:
    cache = Cache(0, tmp_path, 20_000)
    cache.put(key(1), value(1))
    cache.put(key(2), value(2, 10_000))
    (problem,) = cache.drain()
    assert "too large" in problem.what
    assert (cache.tier(key(1)), cache.tier(key(2))) == ("disk", None)


def test_a_plugins_codec_that_fails_is_told_and_the_value_stays_in_memory(tmp_path: Path) -> None:
    def fail(_: Any) -> Any:
        raise ZeroDivisionError("of the plugin")

    cache = Cache(BIG, tmp_path, BIG, [Codec(Path, fail, fail)])
    cache.put(key(1), tmp_path)
    assert "a codec failed" in cache.drain()[0].what
    assert cache.tier(key(1)) == "memory"


# Bounds and sharing


def test_a_full_folder_loses_what_was_used_longest_ago(tmp_path: Path) -> None:
    cache = Cache(0, tmp_path, int(10.5 * stored_size()))
    for number in range(10):
        cache.put(key(number), value(number))
        os.utime(cache.disk.path(key(number)), (1000 + number, 1000 + number))  # type: ignore[union-attr]
    assert cache.get(key(0)) is not None
    cache.put(key(10), value(10))
    there = [number for number in range(11) if cache.tier(key(number))]
    assert there == [0, *range(3, 11)]


def test_a_folder_never_grows_far_beyond_its_bound(tmp_path: Path) -> None:
    limit = 20 * stored_size()
    cache = Cache(0, tmp_path, limit)
    for number in range(200):
        cache.put(key(number), value(number))
        assert upkeep.info(tmp_path).bytes <= limit
    assert upkeep.info(tmp_path).entries >= 15


def test_room_is_made_without_walking_the_folder_at_every_put(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    walks = []
    entries = upkeep.entries

    def counted(folder: Path) -> Iterator[upkeep.Entry]:
        walks.append(folder)
        return entries(folder)

    monkeypatch.setattr("noisegraph.store.upkeep.entries", counted)
    monkeypatch.setattr("noisegraph.store.disk.entries", counted)
    cache = Cache(0, tmp_path, 100 * stored_size())
    for number in range(500):
        cache.put(key(number), value(number))
    assert len(walks) <= 1 + 500 // 9


def test_a_new_process_knows_how_full_the_folder_is_without_walking_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    limit = 10 * stored_size()
    first = Cache(0, tmp_path, limit)
    for number in range(9):
        first.put(key(number), value(number))
    first.put(key(8), value(8))
    first.discard(key(8))
    first.close()
    second = Cache(0, tmp_path, limit)
    monkeypatch.setattr("noisegraph.store.disk.entries", None)
    second.put(key(9), value(9))
    assert upkeep.info(tmp_path).entries == 9
    second.put(key(10), value(10))
    second.put(key(11), value(11))
    assert upkeep.info(tmp_path).bytes <= limit


@pytest.mark.parametrize("text", ["", "not numbers", "1\n2x\n"])
def test_a_damaged_count_is_counted_again(tmp_path: Path, text: str) -> None:
    limit = 10 * stored_size()
    first = Cache(0, tmp_path, limit)
    for number in range(9):
        first.put(key(number), value(number))
    (tmp_path / "size").write_text(text)
    second = Cache(0, tmp_path, limit)
    for number in range(9, 15):
        second.put(key(number), value(number))
        assert upkeep.info(tmp_path).bytes <= limit
    assert upkeep.info(tmp_path).entries >= 8


def test_entries_that_a_run_has_pinned_are_never_pruned(tmp_path: Path) -> None:
    cache = Cache(0, tmp_path, 10 * stored_size())
    for number in range(5):
        cache.put(key(number), value(number))
    with cache.pinned(map(key, range(3))):
        for number in range(5, 60):
            cache.put(key(number), value(number))
        assert [cache.tier(key(number)) for number in range(5)] == ["disk"] * 3 + [None] * 2
        done = upkeep.prune(tmp_path, 0)
        assert (done.in_use, upkeep.info(tmp_path).entries) == (3, 3)
    upkeep.clear(tmp_path)
    assert upkeep.info(tmp_path).entries == 0


OTHER = (
    WRITER
    + """
for number in range(1000, 1040):
    cache.put(number.to_bytes(4, "little") * 4, numpy.full(1000, number))
assert not cache.drain()
"""
)


def test_what_one_process_has_pinned_another_does_not_prune(tmp_path: Path) -> None:
    limit = 10 * stored_size()
    cache = Cache(0, tmp_path, limit)
    cache.put(key(1), value(1))
    cache.put(key(2), value(2))
    with cache.pinned([key(1)]):
        subprocess.run([sys.executable, "-c", OTHER, str(tmp_path), str(limit)], check=True)
        assert (cache.tier(key(1)), cache.tier(key(2))) == ("disk", None)
        assert upkeep.info(tmp_path).bytes <= limit
    assert list(tmp_path.glob("tmp/*")) == []


def test_the_pins_of_a_dead_process_hold_nothing(tmp_path: Path) -> None:
    code = WRITER + (
        "import os\ncache.put(b'1' * 16, 1)\nrun = cache.pinned([b'1' * 16])\nrun.__enter__()\nos.kill(os.getpid(), 9)"
    )
    subprocess.run([sys.executable, "-c", code, str(tmp_path), str(BIG)], check=False)
    assert [path.suffix for path in tmp_path.glob("tmp/*")] == [".pins"]
    assert upkeep.clear(tmp_path).removed == 1


def test_the_unfinished_files_of_living_processes_are_left_alone(cache: Cache, tmp_path: Path) -> None:
    mine = tmp_path / "cache" / "tmp" / own_name("part")
    elsewhere = mine.with_name("another.host-1-1.part")
    old = mine.with_name("another.host-1-2.part")
    mine.parent.mkdir(parents=True)
    for path in (mine, elsewhere, old):
        path.write_text("unfinished")
    os.utime(old, (1000, 1000))
    cache.put(key(1), 1)
    assert [path.exists() for path in (mine, elsewhere, old)] == [True, True, False]


def test_clear_removes_entries_and_nothing_else_that_lies_there(tmp_path: Path) -> None:
    cache = Cache(0, tmp_path, BIG)
    for number in range(3):
        cache.put(key(number), number)
    (tmp_path / "mine.txt").write_text("a user's file")
    (tmp_path / "ab").mkdir(exist_ok=True)
    (tmp_path / "ab" / "mine.txt").write_text("a user's file")
    assert upkeep.clear(tmp_path).removed == 3
    assert (tmp_path / "mine.txt").exists()
    assert (tmp_path / "ab" / "mine.txt").exists()
    assert files(tmp_path) == []
    cache.put(key(1), 1)
    assert cache.tier(key(1)) == "disk"
    assert cache.drain() == []


def test_info_tells_of_an_empty_and_of_a_filled_folder(tmp_path: Path) -> None:
    assert upkeep.info(tmp_path / "none").entries == 0
    assert upkeep.prune(tmp_path / "none", 0).removed == 0
    assert not (tmp_path / "none").exists()
    Cache(0, tmp_path, BIG).put(key(1), value(1))
    found = upkeep.info(tmp_path)
    assert (found.entries, found.bytes) == (1, stored_size())
    assert abs(found.last_used - time.time()) < 60


SHARED = (
    WRITER
    + """
import random
rng = random.Random(int(sys.argv[3]))
for _ in range(400):
    number = rng.randrange(40)
    key = number.to_bytes(4, "little") * 4
    hit = cache.get(key)
    if hit is None:
        cache.put(key, numpy.full(1000, number))
    else:
        assert (hit.value == number).all() and hit.value.shape == (1000,)
assert not cache.drain(), cache.drain()
"""
)


def test_two_processes_that_read_write_and_prune_one_folder_are_both_right(tmp_path: Path) -> None:
    limit = 20 * stored_size()
    children = [
        subprocess.Popen([sys.executable, "-c", SHARED, str(tmp_path), str(limit), str(seed)]) for seed in range(2)
    ]
    assert [child.wait() for child in children] == [0, 0]
    assert upkeep.verify(tmp_path) == []
    assert upkeep.prune(tmp_path, limit).left <= limit


def test_threads_share_a_cache(tmp_path: Path) -> None:
    cache = Cache(20_000, tmp_path, 20 * stored_size())
    wrong: list[Any] = []

    def work(seed: int) -> None:
        rng = random.Random(seed)
        for _ in range(300):
            number = rng.randrange(30)
            hit = cache.get(key(number))
            if hit is None:
                cache.put(key(number), value(number))
            elif hit.value.tolist() != [number] * 1000:
                wrong.append(number)

    threads = [threading.Thread(target=work, args=(seed,)) for seed in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (wrong, cache.drain()) == ([], [])


def test_reading_tensors_as_arrays_imports_no_torch_and_does_not_stay_in_memory(tmp_path: Path) -> None:
    picture = torch.rand(1, 3, 8, 8)
    Cache(BIG, tmp_path, BIG).put(key(1), picture)
    code = (
        "import sys\nfrom pathlib import Path\nfrom noisegraph.store.cache import Cache\n"
        f"cache = Cache(1 << 30, Path(sys.argv[1]), 1 << 40)\nkey = {key(1)!r}\n"
        "assert cache.tier(key) == 'disk'\n"
        "picture = cache.get(key, tensors='numpy').value\n"
        "assert cache.tier(key) == 'disk'\n"
        "assert 'torch' not in sys.modules\n"
        "picture.tofile(sys.argv[1] + '/picture')"
    )
    subprocess.run([sys.executable, "-c", code, str(tmp_path)], check=True)
    assert numpy.array_equal(numpy.fromfile(tmp_path / "picture", "f4"), picture.numpy().reshape(-1))
