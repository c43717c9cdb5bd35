"""The folders that noisegraph uses on a machine: its cache, what it remembers of its user, and where models lie."""

from __future__ import annotations

import os
from pathlib import Path

from .errors import GraphError


def cache_folder() -> Path:
    """Where the cache lies: $NOISEGRAPH_CACHE, or the user's cache folder of the platform; it need not exist yet."""
    chosen = os.environ.get("NOISEGRAPH_CACHE")
    if chosen:
        return Path(chosen).expanduser().absolute()
    import platformdirs

    return Path(platformdirs.user_cache_dir("noisegraph"))


def state_folder() -> Path:
    """What the terminal interface remembers: $NOISEGRAPH_STATE, or the user's state folder of the platform."""
    chosen = os.environ.get("NOISEGRAPH_STATE")
    if chosen:
        return Path(chosen).expanduser().absolute()
    import platformdirs

    return Path(platformdirs.user_state_dir("noisegraph"))


def config_folder() -> Path:
    """What the user sets: $NOISEGRAPH_CONFIG, or the user's folder of settings of the platform."""
    chosen = os.environ.get("NOISEGRAPH_CONFIG")
    if chosen:
        return Path(chosen).expanduser().absolute()
    import platformdirs

    return Path(platformdirs.user_config_dir("noisegraph"))


def working_folder() -> Path:
    """The folder that the process is in; raises GraphError where somebody has deleted it."""
    try:
        return Path.cwd()
    except OSError as error:
        raise GraphError.of(f"the working folder cannot be found: {error.strerror}", "go to another") from None


def model_folders() -> tuple[Path, ...]:
    """The folders of $NOISEGRAPH_MODELS (separated as in $PATH), below which a graph may read files."""
    chosen = os.environ.get("NOISEGRAPH_MODELS", "").split(os.pathsep)
    return tuple(Path(folder).expanduser().absolute() for folder in chosen if folder)
