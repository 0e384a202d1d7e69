"""Every command that prints a result prints it for machines too."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import click

from web.cli import cli

#: Commands without `--json`, each with its reason.
WITHOUT_JSON: Mapping[str, str] = {
    "demo": "runs until it is stopped; what it prints is how far the story has been told",
    "serve": "runs until it is stopped; its log is JSON by itself",
    "worker": "runs until it is stopped; its log is JSON by itself",
    "openapi": "prints a JSON document and nothing else",
}


def _commands(group: click.Group, context: click.Context, name: str = "") -> Iterator[tuple[str, click.Command]]:
    """Yield every command that does something, with its full name."""
    for word in group.list_commands(context):
        command = group.get_command(context, word)
        assert command is not None, f"{name} {word}: in the list and not there"
        full = f"{name} {word}".strip()
        if isinstance(command, click.Group):
            yield from _commands(command, click.Context(command, parent=context), full)
        else:
            yield full, command


def _takes_json(command: click.Command) -> bool:
    return any(isinstance(one, click.Option) and "--json" in one.opts and one.is_flag for one in command.params)


def test_every_command_that_prints_a_result_takes_json() -> None:
    """A command without `--json` is one of few, each with its reason; none of them is there without need."""
    takes = {name: _takes_json(command) for name, command in _commands(cli, click.Context(cli))}
    assert len(takes) > 40
    assert {name for name, is_so in takes.items() if not is_so} == set(WITHOUT_JSON)
