"""Versions that are asked for, by graphs of distributions and by plugins of noisegraph, against what is installed."""

from __future__ import annotations

import importlib.metadata
from collections.abc import Mapping

from .errors import PluginError


def unmet(needs: Mapping[str, str]) -> list[str]:
    """For a graph's `needs` (distribution -> version range): what is missing, with the command that brings it."""
    from packaging.specifiers import InvalidSpecifier, SpecifierSet
    from packaging.utils import InvalidName, canonicalize_name

    told = []
    for name, wanted in needs.items():
        try:  # all of the name and range, before they stand in a command that people paste
            canonicalize_name(name, validate=True)
            admitted = SpecifierSet(wanted)
            there = importlib.metadata.version(name)
            if not admitted.contains(there, prereleases=True):
                told.append(f"needs {name} {wanted}, found {there}; `pip install '{name}{wanted}'`")
        except importlib.metadata.PackageNotFoundError:
            told.append(f"needs {name} {wanted}, which is not installed; `pip install '{name}{wanted}'`")
        except InvalidName:
            told.append(f"'{name}' cannot be the name of a distribution")
        except InvalidSpecifier:
            told.append(f"'{wanted}' is not a version range for {name}; write one like '>=0.2'")
    return told


def refuse_other_version(distribution: importlib.metadata.Distribution) -> None:
    """Refuse a plugin whose distribution asks for another version of noisegraph."""
    from packaging.requirements import Requirement

    there = importlib.metadata.version("noisegraph")
    for line in distribution.requires or ():
        need = Requirement(line)
        if need.name == "noisegraph" and not need.specifier.contains(there, prereleases=True):
            raise PluginError(f"it needs noisegraph {need.specifier}, this is {there}")
