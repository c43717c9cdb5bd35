"""From entry points to nodes: plugins are imported when a graph names them, and a broken one is kept and told."""

from __future__ import annotations

import ast
import hashlib
import importlib.metadata
import inspect
import logging
import os
import pkgutil
import re
import textwrap
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import pluggy

from . import hookspecs
from .errors import PluginError, did_you_mean
from .foreign import called, reason
from .needs import refuse_other_version
from .node import NodeSpec, spec_of
from .reading.fingerprint import fingerprint

GROUP = "noisegraph"
NAME = re.compile(r"[^\W\d][\w-]*")


class Source(Protocol):
    """Where a plugin comes from: an entry point, or anything with a name, a distribution and a way to load."""

    @property
    def name(self) -> str:
        """The plugin's name, the first half of its nodes' names."""

    @property
    def value(self) -> str:
        """The module, as `package.module`."""

    @property
    def dist(self) -> importlib.metadata.Distribution | None:
        """The distribution that brings it."""

    def load(self) -> Any:
        """Import the module."""


@dataclass(frozen=True)
class Plugin:
    """One plugin as it was found: its nodes by name, or the error that keeps it out."""

    name: str
    module: str
    distribution: str
    version: str
    nodes: Mapping[str, NodeSpec]
    error: str = ""


class Registry:
    """The plugins that are installed; each is imported once, when first asked for."""

    def __init__(self, sources: Iterable[Source]) -> None:
        self._sources: dict[str, list[Source]] = {}
        for source in sources:
            self._sources.setdefault(source.name, []).append(source)
        self._manager = pluggy.PluginManager(GROUP)
        self._manager.add_hookspecs(hookspecs)
        self._plugins: dict[str, Plugin] = {}
        self._specs: dict[str, NodeSpec] = {}
        self._distributions: dict[importlib.metadata.Distribution, tuple[str, str]] = {}

    @classmethod
    def installed(cls) -> Registry:
        """The plugins of every installed distribution, or those that NOISEGRAPH_PLUGINS (`none`, `a,b`) admits."""
        found = sorted(importlib.metadata.entry_points(group=GROUP), key=lambda entry: (entry.name, entry.value))
        wanted = os.environ.get("NOISEGRAPH_PLUGINS", "").strip()
        if not wanted:
            return cls(found)
        names = set() if wanted == "none" else {name.strip() for name in wanted.split(",")}
        return cls(entry for entry in found if entry.name in names)

    @property
    def names(self) -> tuple[str, ...]:
        """The plugins' names, without importing any."""
        return tuple(self._sources)

    def plugin(self, name: str) -> Plugin:
        """The plugin of that name, imported now if it was not; raises KeyError where there is none."""
        if name not in self._plugins:
            self._plugins[name] = self._load(name, self._sources[name])
        return self._plugins[name]

    def plugins(self) -> tuple[Plugin, ...]:
        """All plugins, imported."""
        return tuple(self.plugin(name) for name in self._sources)

    def specs(self) -> dict[str, NodeSpec]:
        """All nodes by full name, of the plugins that work."""
        return {spec.full_name: spec for plugin in self.plugins() for spec in plugin.nodes.values()}

    def spec(self, full_name: str) -> NodeSpec:
        """The node `plugin.function`; raises PluginError with what is wrong and the nearest name."""
        spec = self._specs.get(full_name)
        if spec is None:
            spec = self._specs[full_name] = self._find(full_name)
        return spec

    def _find(self, full_name: str) -> NodeSpec:
        plugin_name, _, name = full_name.partition(".")
        if plugin_name not in self._sources:
            hint = did_you_mean(plugin_name, self._sources) or "`noisegraph plugins` lists what is installed"
            raise PluginError(f"no plugin '{plugin_name}' for the node '{full_name}'; {hint}")
        plugin = self.plugin(plugin_name)
        if plugin.error:
            raise PluginError(f"plugin '{plugin.name}' ({plugin.distribution}) cannot be used: {plugin.error}")
        if name not in plugin.nodes:
            hint = did_you_mean(full_name, [spec.full_name for spec in plugin.nodes.values()])
            raise PluginError(f"no node '{full_name}'; {hint or f'`noisegraph nodes {plugin_name}` lists its nodes'}")
        return plugin.nodes[name]

    def _load(self, name: str, sources: Sequence[Source]) -> Plugin:
        first = sources[0]
        distribution, version = self._distribution(first)
        try:
            if len(sources) > 1:
                owners = " and ".join(f"{one.dist.name if one.dist else '?'} ({one.value})" for one in sources)
                raise PluginError(f"two distributions bring a plugin of this name: {owners}; uninstall one of them")
            if first.dist is not None and distribution != "noisegraph":
                refuse_other_version(first.dist)
            code = _code(first, distribution)
            nodes = called(f"plugin '{name}' ({distribution})", lambda: self._nodes(first, code))
            return Plugin(name, first.value, distribution, version, nodes)
        except Exception as error:
            self._forget(name)
            return Plugin(name, first.value, distribution, version, {}, reason(error))

    def _distribution(self, source: Source) -> tuple[str, str]:
        """Name and version of the distribution; it parses its metadata at each question, and brings many plugins."""
        if source.dist is None:
            return source.value.partition(".")[0], ""
        if source.dist not in self._distributions:
            self._distributions[source.dist] = source.dist.name, source.dist.version
        return self._distributions[source.dist]

    def _nodes(self, source: Source, code: bytes) -> dict[str, NodeSpec]:
        if not NAME.fullmatch(source.name):
            raise PluginError("its name cannot begin the names of nodes; use letters, digits, '_' and '-'")
        self._manager.register(source.load(), source.name)
        self._manager.check_pending()
        specs: dict[str, NodeSpec] = {}
        for function in self._call("noisegraph_nodes", source.name):
            spec = spec_of(function).named(source.name, code)
            if spec.name in specs:
                raise PluginError(f"it brings two nodes called '{spec.full_name}'")
            if spec.name == "json":
                raise PluginError(f"a node cannot be called 'json': '{spec.full_name}' is a file")
            specs[spec.name] = spec
        return specs

    def _call(self, hook: str, plugin: str) -> list[Any]:
        found: list[Any] = []
        for implementation in getattr(self._manager.hook, hook).get_hookimpls():
            if implementation.plugin_name == plugin:
                given = implementation.function()
                if not isinstance(given, (list, tuple)):
                    raise PluginError(f"{hook}() returned {type(given).__name__}; return a list")
                found.extend(given)
        return found

    @property
    def named(self) -> tuple[str, ...]:
        """The names of the plugins whose nodes were asked for, as those are that a graph names."""
        return tuple(dict.fromkeys(spec.plugin for spec in self._specs.values()))

    def collect(self, hook: str, names: Iterable[str] | None = None) -> list[Any]:
        """What plugins return from a hook such as `noisegraph_commands`; broken plugins give nothing.

        Where a hook fails, PluginError is raised for plugins that are named, and a warning told where all are asked.
        """
        found: list[Any] = []
        for plugin in map(self.plugin, self._sources if names is None else names):
            try:
                found += [] if plugin.error else self._brought(hook, plugin)
            except PluginError as error:
                if names is not None:
                    raise
                logging.getLogger(__name__).warning("%s", error)
        return found

    def _brought(self, hook: str, plugin: Plugin) -> list[Any]:
        whose = f"{hook} of plugin '{plugin.name}' ({plugin.distribution})"
        try:
            brought = called(whose, lambda: self._call(hook, plugin.name))
        except Exception as error:
            raise PluginError(f"{whose} failed: {reason(error)}") from error
        kind = pkgutil.resolve_name(hookspecs.KINDS[hook]) if brought else object
        strange = [type(one).__name__ for one in brought if not isinstance(one, kind)]
        if strange:
            raise PluginError(f"{whose} failed: it gives {strange[0]}, no {kind.__name__}")
        return brought

    def _forget(self, name: str) -> None:
        if self._manager.has_plugin(name):
            self._manager.unregister(name=name)


def _code(source: Source, distribution: str) -> bytes:
    if isinstance(source, Local):
        return source.code()
    return fingerprint(source.value.partition(":")[0], distribution)


@dataclass(frozen=True)
class Local:
    """A plugin that is not installed: a module already at hand, for tests and notebooks."""

    name: str
    nodes: Sequence[Callable[..., Any]]
    value: str = "local"
    dist: importlib.metadata.Distribution | None = None

    def load(self) -> Any:
        """An object with the hook that gives the nodes."""
        return _LocalHooks(self.nodes)

    def code(self) -> bytes:
        """The fingerprint of the functions' own source."""
        text = "".join(ast.dump(ast.parse(textwrap.dedent(inspect.getsource(node)))) for node in self.nodes)
        return hashlib.blake2b(text.encode(), digest_size=16).digest()


class _LocalHooks:
    def __init__(self, nodes: Sequence[Callable[..., Any]]) -> None:
        self._nodes = nodes

    @hookspecs.hookimpl
    def noisegraph_nodes(self) -> Sequence[Callable[..., Any]]:
        """The nodes that were given."""
        return list(self._nodes)
