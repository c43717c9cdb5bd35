"""These tests run on few small tensors, for which threads cost more than they save, and on large files of zeros."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest
import torch
from blake3 import blake3
from noisegraph.reading import files

torch.set_num_threads(1)


@pytest.fixture(autouse=True, scope="session")
def _zeros_are_not_hashed() -> Iterator[None]:
    """A file of full size that takes no room is known by its beginning: to hash its gigabytes takes seconds."""
    whole = files._hash

    def known(name: str, size: int) -> str:
        written = getattr(os.stat(name), "st_blocks", size) * 512
        if written >= size:
            return whole(name, size)
        with open(name, "rb") as file:
            return str(blake3(b"%d" % size + file.read(written)).hexdigest())

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(files, "_hash", known)
        yield
