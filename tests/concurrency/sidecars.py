"""More sidecars on a stack's database, and, where a PgBouncer is at hand, all of them behind it."""

from __future__ import annotations

import os
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from urllib.parse import urlsplit

from sidecar.stack import ports
from sidecar.stack.parts import answers
from sidecar.stack.processes import inherited
from sidecar.stack.stack import Stack
from tests.directus.people import eventually

# The program, for runs by hand: no wheel brings one. Without it the sidecars connect to Postgres themselves.
PGBOUNCER = "ARTIFACTS_TESTS_PGBOUNCER"


@contextmanager
def sidecars_of(stack: Stack) -> Iterator[list[str]]:
    """The addresses of two sidecars: the stack's and one more; or two more, behind PgBouncer in transaction mode."""
    with ExitStack() as started, tempfile.TemporaryDirectory(prefix="artifacts-sidecars-") as folder:
        if program := os.environ.get(PGBOUNCER):
            url = started.enter_context(pgbouncer(stack, program, Path(folder)))
            yield [started.enter_context(one_more_sidecar(stack, Path(folder), url)) for _ in range(2)]
        else:
            yield [stack.url("sidecar"), started.enter_context(one_more_sidecar(stack, Path(folder)))]


@contextmanager
def one_more_sidecar(stack: Stack, folder: Path, database_url: str | None = None) -> Iterator[str]:
    """A second gunicorn with the settings of the first, and its address."""
    part, port = stack.part("sidecar"), ports.choose(set())
    environment = inherited() | part.environment | {"ARTIFACTS_PORT": str(port)}
    if database_url:
        environment |= {"ARTIFACTS_DATABASE_URL": database_url, "ARTIFACTS_PREPARE_STATEMENTS": "false"}
    url = ports.url(stack.state["host"], port)
    with (folder / f"sidecar-{port}.log").open("wb") as log:
        process = subprocess.Popen(part.command, env=environment, cwd=folder, stdout=log, stderr=log)
        try:
            eventually(lambda: answers(f"{url}/readyz"), f"a second sidecar at {url}", 60)
            yield url
        finally:
            process.terminate()
            process.wait(30)


@contextmanager
def pgbouncer(stack: Stack, program: str, folder: Path) -> Iterator[str]:
    """The sidecar's database through a PgBouncer in transaction mode with fewer connections than clients."""
    direct, port = urlsplit(stack.environment()["DATABASE_URL"]), ports.choose(set())
    (folder / "users.txt").write_text(f'"{direct.username}" "{direct.password}"\n')
    settings = {
        "listen_addr": "127.0.0.1", "listen_port": port, "unix_socket_dir": "", "pool_mode": "transaction",
        "default_pool_size": 6, "max_client_conn": 200, "auth_type": "plain", "auth_file": folder / "users.txt",
        "user": "nobody" if os.geteuid() == 0 else "",
    }  # fmt: skip
    database = f"{direct.path[1:]} = host=127.0.0.1 port={direct.port}"
    lines = [
        "[databases]",
        database,
        "[pgbouncer]",
        *(f"{name} = {value}" for name, value in settings.items() if value),
    ]
    (folder / "pgbouncer.ini").write_text("\n".join([*lines, "unix_socket_dir ="]) + "\n")
    if os.geteuid() == 0:
        folder.chmod(0o755)
    with (folder / "pgbouncer.log").open("wb") as log:
        process = subprocess.Popen([program, str(folder / "pgbouncer.ini")], stdout=log, stderr=log)
        try:
            eventually(lambda: not ports.is_free(port), "PgBouncer listens", 20)
            yield direct._replace(netloc=f"{direct.username}:{direct.password}@127.0.0.1:{port}").geturl()
        finally:
            process.terminate()
            process.wait(30)
