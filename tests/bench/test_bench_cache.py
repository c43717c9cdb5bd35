"""What the cache costs: a scalar in memory, a latent of 64 KiB on disk, and a lookup that finds nothing."""

from __future__ import annotations

import itertools
from pathlib import Path
from typing import Any

import pytest
import torch
from noisegraph.store.cache import Cache
from noisegraph.store.codecs import decode, encode

ROOM = 1 << 40

pytestmark = pytest.mark.bench


@pytest.fixture
def latent() -> torch.Tensor:
    return torch.randn(1, 4, 64, 64, generator=torch.Generator().manual_seed(0))


def keys() -> Any:
    """New keys of 16 bytes, one at a time."""
    return (number.to_bytes(16, "big") for number in itertools.count())


def test_put_a_scalar_in_memory(benchmark: Any) -> None:
    cache, new = Cache(ROOM, None), keys()
    benchmark(lambda: cache.put(next(new), 1.5))


def test_get_a_scalar_from_memory(benchmark: Any) -> None:
    cache, key = Cache(ROOM, None), bytes(16)
    cache.put(key, 1.5)
    assert benchmark(cache.get, key).value == 1.5


def test_put_a_latent_in_memory(benchmark: Any, latent: torch.Tensor) -> None:
    cache, new = Cache(ROOM, None), keys()
    benchmark(lambda: cache.put(next(new), latent))


def test_put_a_latent_on_disk(benchmark: Any, latent: torch.Tensor, tmp_path: Path) -> None:
    cache, new = Cache(0, tmp_path, 200_000_000), keys()
    benchmark(lambda: cache.put(next(new), latent))
    assert cache.drain() == []


def test_get_a_latent_from_disk(benchmark: Any, latent: torch.Tensor, tmp_path: Path) -> None:
    cache, key = Cache(0, tmp_path, ROOM), bytes(16)
    cache.put(key, latent)
    assert torch.equal(benchmark(cache.get, key).value, latent)


def test_ask_for_what_is_not_there(benchmark: Any, tmp_path: Path) -> None:
    cache, new = Cache(ROOM, tmp_path, ROOM), keys()
    assert benchmark(lambda: cache.tier(next(new))) is None


def test_encode_and_decode_a_latent(benchmark: Any, latent: torch.Tensor) -> None:
    assert torch.equal(benchmark(lambda: decode(encode(latent) or b"")), latent)


def test_put_into_a_full_folder_with_the_pruning_that_it_brings(benchmark: Any, tmp_path: Path) -> None:
    value, new = torch.zeros(256, dtype=torch.int8), keys()
    cache = Cache(0, tmp_path, 1000 * len(encode(value) or b""))
    for _ in range(1000):
        cache.put(next(new), value)
    benchmark(lambda: cache.put(next(new), value))
    assert cache.drain() == []
