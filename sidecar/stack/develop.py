"""What `make test` and `make check` need beside Python:

python -m sidecar.stack.develop install             Directus and the built extension
python -m sidecar.stack.develop check-extension     the extension's types and its own tests
"""

from __future__ import annotations

import os
import subprocess
import sys

from sidecar.stack import install
from sidecar.stack.progress import Failure, Progress, explain


def main(command: str) -> None:
    """Run one of the commands above; ends the process with the failure's text if it fails."""
    try:
        COMMANDS[command]()
    except Failure as failure:
        sys.exit(explain(failure))


def install_all() -> None:
    progress = Progress(3, first=2)
    install.install_all(progress)


def check_extension() -> None:
    """Both on the terminal, where a type error or a failed test belongs."""
    environment = os.environ | install.node_environment()
    for script in ("check", "test"):
        done = subprocess.run(
            [*install.npm_command(), "run", "--silent", script], cwd=install.EXTENSION_SOURCE, env=environment
        )
        if done.returncode:
            sys.exit(done.returncode)


COMMANDS = {"install": install_all, "check-extension": check_extension}

if __name__ == "__main__":
    main(sys.argv[1])
