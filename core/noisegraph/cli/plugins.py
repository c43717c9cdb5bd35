"""`noisegraph plugins`: what is installed, and what is wrong with it."""

from __future__ import annotations

import json

import click

from ..errors import PluginError
from ..manual import told_plugin
from ..registry import Registry
from .text import coloured, columns, give, printable, say


@click.command("plugins")
@click.option("--json", "as_json", is_flag=True, help="Tell it as JSON.")
def command(as_json: bool) -> None:
    """List the plugins, with what is wrong with those that are broken.

    A broken plugin hurts only graphs that name it. NOISEGRAPH_PLUGINS=none or =a,b admits none or some.
    """
    registry = Registry.installed()
    plugins = registry.plugins()
    commands = {plugin.name: _commands(registry, plugin.name) for plugin in plugins}
    if as_json:
        give(json.dumps([told_plugin(one) | {"commands": commands[one.name]} for one in plugins], indent=2))
        return
    rows = [("PLUGIN", "DISTRIBUTION", "VERSION", "NODES", "COMMANDS")]
    rows += [
        (
            one.name,
            one.distribution,
            one.version,
            "broken" if one.error else str(len(one.nodes)),
            ", ".join(commands[one.name]),
        )
        for one in plugins
    ]
    give(columns(rows))
    for plugin in plugins:
        if plugin.error:
            click.echo(f"{coloured(f'{plugin.name}:', 'red')} {printable(plugin.error)}", err=True)
    if not plugins:
        say("no plugins; NOISEGRAPH_PLUGINS keeps them out, or noisegraph is not installed whole")


def _commands(registry: Registry, plugin: str) -> list[str]:
    """The names of the commands that a plugin adds."""
    try:
        return [str(command.name) for command in registry.collect("noisegraph_commands", [plugin])]
    except PluginError as error:
        return [f"broken: {error}"]
