"""The folders that noisegraph uses on a machine: its cache, and where models lie."""

from __future__ import annotations

import os
from pathlib import Path


def cache_folder() -> Path:
    """Where the cache lies: $NOISEGRAPH_CACHE, or the user's cache folder of the platform; it need not exist yet."""
    chosen = os.environ.get("NOISEGRAPH_CACHE")
    if chosen:
        return Path(chosen).expanduser().absolute()
    import platformdirs

    return Path(platformdirs.user_cache_dir("noisegraph"))


def model_folders() -> tuple[Path, ...]:
    """The folders of $NOISEGRAPH_MODELS (separated as in $PATH), below which a graph may read files."""
    chosen = os.environ.get("NOISEGRAPH_MODELS", "").split(os.pathsep)
    return tuple(Path(folder).expanduser().absolute() for folder in chosen if folder)
