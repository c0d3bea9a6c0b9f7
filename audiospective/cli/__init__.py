"""The commands; each lives in a module of its own, loaded only when it is called."""

from __future__ import annotations

import sys
from importlib import import_module
from keyword import iskeyword
from pathlib import Path

import click

from audiospective import __version__, environment
from audiospective.settings import SettingsError

FORMER = {"reseal": "rotate-keys"}  # names that commands had, which go on working


class _Lazy(click.Group):
    """Finds commands as modules of this package: `up.py` holds `up`'s `command`."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        modules = (path.stem for path in Path(__file__).parent.glob("[!_]*.py"))
        return sorted(name.rstrip("_").replace("_", "-") for name in modules)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        cmd_name = FORMER.get(cmd_name, cmd_name)
        if cmd_name not in self.list_commands(ctx):
            return None
        name = cmd_name.replace("-", "_") + "_" * iskeyword(cmd_name)  # `import_.py`: `import`
        module = import_module(f"{__name__}.{name}")
        command: click.Command = module.command
        return command


@click.group(cls=_Lazy, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="audiospective")
def audiospective() -> None:
    """Keep Spotify listening for good."""


def main() -> None:
    """Run a command; settings that cannot be used end it with one line per fault."""
    environment.keep_private()
    try:
        audiospective(prog_name="audiospective")
    except SettingsError as error:
        for fault in error.faults:
            click.echo(f"audiospective: {fault}", err=True)
        sys.exit(2)
