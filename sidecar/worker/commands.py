"""`artifacts worker`."""

from __future__ import annotations

import click

from sidecar import log
from sidecar.settings import process_settings
from sidecar.worker.jobs import run_worker


@click.command()
def worker() -> None:
    """Run the worker in the foreground, with the settings of the environment."""
    settings = process_settings()
    log.configure(settings.log_level)
    run_worker(settings)


COMMANDS = [worker]
