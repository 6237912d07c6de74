"""`artifacts demo`."""

from __future__ import annotations

import os
from pathlib import Path

import click

from sidecar.demo.play import play
from sidecar.demo.registry import RegistryRefused
from sidecar.directus import DirectusError
from sidecar.stack.install import INSTALLED
from sidecar.stack.stack import Stack


@click.command()
@click.option(
    "--directory",
    type=click.Path(path_type=Path, file_okay=False),
    envvar="ARTIFACTS_STACK",
    default=INSTALLED / "stack",
    help="The folder of the stack.  [default: .artifacts/stack of the checkout]",
)
def demo(directory: Path) -> None:
    """Play the demo project on the running stack; if it was played, show its context."""
    stack = Stack(directory)
    if not stack.exists:
        raise click.ClickException("There is no stack here yet. Start one with `make up`.")
    try:
        play(dict(os.environ) | stack.environment(), click.echo)
    except (RegistryRefused, DirectusError, TimeoutError) as error:
        raise click.ClickException(str(error)) from None


COMMANDS = [demo]
