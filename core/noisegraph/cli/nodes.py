"""`noisegraph nodes`: the nodes by plugin, or all about one."""

from __future__ import annotations

import json
from collections.abc import Mapping

import click

from ..errors import PluginError
from ..manual import limits, readable, told
from ..node import NodeSpec
from ..port import Port
from ..registry import Registry
from ..types import describe
from .text import columns, give, say


@click.command("nodes")
@click.argument("name", required=False)
@click.option("--json", "as_json", is_flag=True, help="Tell it as JSON.")
def command(name: str | None, as_json: bool) -> None:
    """List the nodes, or tell all about one.

    NAME is a node, like sampler.ddim, or a plugin, like sampler.
    """
    registry = Registry.installed()
    specs = _specs(registry, name)
    if as_json:
        give(json.dumps([told(spec) for spec in specs.values()], indent=2, ensure_ascii=False))
    elif name is not None and name in specs:
        _show(registry, specs[name])
    else:
        give(columns([(spec.full_name, spec.help) for spec in specs.values()]))
        for broken in (plugin for plugin in registry.plugins() if plugin.error) if name is None else ():
            say(f"{broken.name} ({broken.distribution}) cannot be used: {broken.error}")


def _specs(registry: Registry, name: str | None) -> Mapping[str, NodeSpec]:
    if name is None:
        return registry.specs()
    if "." in name or name not in registry.names:
        return {name: registry.spec(name)}
    plugin = registry.plugin(name)
    if plugin.error:
        raise PluginError(f"plugin '{plugin.name}' ({plugin.distribution}) cannot be used: {plugin.error}")
    return {spec.full_name: spec for spec in plugin.nodes.values()}


def _show(registry: Registry, spec: NodeSpec) -> None:
    plugin = registry.plugin(spec.plugin)
    give(f"{spec.full_name} ({plugin.distribution} {plugin.version})\n\n{spec.told.about}\n")
    for title, ports in (("wired", spec.inputs), ("parameters", spec.params)):
        if ports:
            rows = [(port.name, describe(port.type), _worth(port), port.help) for port in ports]
            give(f"{title}\n{columns(rows, '  ')}\n")
    give(f"gives\n  {describe(spec.output)}")
    if fields := readable(spec):
        give(columns([(f".{field}", describe(kind)) for field, kind in fields.items()], "  "))


def _worth(port: Port) -> str:
    """The default, and the values that are taken."""
    default = "required" if port.required else f"= {json.dumps(port.dump(port.default), default=str)}"
    return ", ".join((default, *limits(port)))
