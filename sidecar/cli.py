"""The `artifacts` command. One command is one small function, kept beside what it commands."""

from __future__ import annotations

import click

from sidecar.access.commands import COMMANDS as ACCESS_COMMANDS
from sidecar.demo.commands import COMMANDS as DEMO_COMMANDS
from sidecar.events.commands import COMMANDS as EVENT_COMMANDS
from sidecar.legacy.commands import COMMANDS as IMPORT_COMMANDS
from sidecar.legacy.sqlite_move.commands import COMMANDS as SQLITE_COMMANDS
from sidecar.provision.commands import COMMANDS as PROVISION_COMMANDS
from sidecar.retention.commands import COMMANDS as RETENTION_COMMANDS
from sidecar.stack.commands import COMMANDS as STACK_COMMANDS
from sidecar.verify.commands import COMMANDS as VERIFY_COMMANDS
from sidecar.worker.commands import COMMANDS as WORKER_COMMANDS


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
def main() -> None:
    """Directus Artifacts: a registry with human review for what AI agents and workflows produce."""


for command in (
    *STACK_COMMANDS,
    *ACCESS_COMMANDS,
    *WORKER_COMMANDS,
    *DEMO_COMMANDS,
    *PROVISION_COMMANDS,
    *VERIFY_COMMANDS,
    *IMPORT_COMMANDS,
    *RETENTION_COMMANDS,
    *EVENT_COMMANDS,
    *SQLITE_COMMANDS,
):
    main.add_command(command)


if __name__ == "__main__":
    main()
