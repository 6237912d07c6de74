"""A running stack in one folder: PostgreSQL, Directus, sidecar and worker.

    Stack(folder).up(Progress(9))

Several stacks run at the same time, each in its own folder with its own ports; they share what is installed.
"""

from __future__ import annotations

import fcntl
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import Any

from sidecar.stack import databases, environments, parts, ports, postgres, processes
from sidecar.stack.credentials import load_secrets, read_json, write_json
from sidecar.stack.databases import Databases
from sidecar.stack.parts import Part
from sidecar.stack.progress import Failure, Progress

# A worker writes its heartbeat every 10 s.
SILENT_SECONDS = 60.0
LARGEST_LOG = 20 * 1024**2
FOLDERS = {"logs": 0o755, "run": 0o755, "uploads": 0o700, "tmp": 0o700}
LISTENING = ("postgres", "directus", "sidecar")
# A part that was killed under load leaves connections behind, which end by themselves.
PORT_SECONDS = 3.0


@dataclass(frozen=True)
class PartStatus:
    """One line of `artifacts status`; `since` is in ISO 8601, UTC."""

    part: str
    state: str
    address: str
    pid: int | None
    since: str | None


@dataclass(frozen=True)
class Wishes:
    """What the caller of `up` asks for; None keeps what the stack has, or its default."""

    host: str | None = None
    public_url: str | None = None
    sidecar_public_url: str | None = None
    postgres_url: str | None = None


class Stack:
    """See the module. Methods raise Failure with what happened, the log and the remedy."""

    def __init__(self, directory: Path, wishes: Wishes | None = None):
        self.directory = directory.resolve()
        self.wishes = wishes or Wishes()
        self.say: Callable[[str], None] = lambda sentence: None

    # What the folder holds

    @property
    def logs(self) -> Path:
        return self.directory / "logs"

    def log(self, part: str) -> Path:
        return self.logs / f"{part}.log"

    def pid_file(self, part: str) -> Path:
        return self.directory / "run" / f"{part}.pid"

    @property
    def exists(self) -> bool:
        return (self.directory / "stack.json").exists()

    @cached_property
    def secrets(self) -> dict[str, str]:
        return load_secrets(self.directory / "secrets.json")

    @cached_property
    def state(self) -> dict[str, Any]:
        """stack.json: `ports`, `host`, public addresses, and fingerprints of what was put into the database."""
        return {"ports": {}, "host": "127.0.0.1"} | read_json(self.directory / "stack.json")

    def save(self, **changes: Any) -> None:
        self.state.update(changes)
        if self.state != read_json(self.directory / "stack.json"):
            write_json(self.directory / "stack.json", self.state, mode=0o644)

    def prepare_folder(self) -> None:
        """Make the folder, apply the caller's wishes and choose ports that are not chosen yet."""
        for name, mode in FOLDERS.items():
            (self.directory / name).mkdir(mode=mode, parents=True, exist_ok=True)
        self._take_wishes()
        chosen = dict(self.state["ports"])
        for name in LISTENING:
            chosen.setdefault(name, ports.choose(set(chosen.values())))
        self.save(ports=chosen)

    def _take_wishes(self) -> None:
        if self.wishes.host is not None:
            ports.check_host(self.wishes.host)
        given = {name: value for name, value in asdict(self.wishes).items() if value is not None}
        self._take_postgres(given.pop("postgres_url", None))
        self.save(**given)

    def _take_postgres(self, url: str | None) -> None:
        """Remember the caller's own PostgreSQL among the secrets: the address holds a password."""
        if url is None or url == self.secrets.get("postgres_url"):
            return
        databases.check_administrator(url)
        if self.server.exists():
            remedy = "`make reset` removes this stack and its data; then run `make up` again."
            raise Failure(
                "this stack has a PostgreSQL of its own, so ARTIFACTS_POSTGRES_URL cannot apply.", remedy=remedy
            )
        self.secrets["postgres_url"] = url
        write_json(self.directory / "secrets.json", self.secrets, mode=0o600)

    # Addresses

    def port(self, part: str) -> int:
        return self.state["ports"][part]

    def url(self, part: str) -> str:
        """How this machine reaches Directus or the sidecar."""
        return ports.url(self.state["host"], self.port(part))

    @property
    def directus_public_url(self) -> str:
        return self.state.get("public_url") or self.url("directus")

    @property
    def sidecar_public_url(self) -> str:
        return self.state.get("sidecar_public_url") or self.url("sidecar")

    @property
    def is_own_postgres(self) -> bool:
        """Whether the caller brought a PostgreSQL, so that none is started."""
        return "postgres_url" in read_json(self.directory / "secrets.json")

    @property
    def databases(self) -> Databases:
        local = f"postgresql://postgres:{self.secrets['postgres_password']}@127.0.0.1:{self.port('postgres')}/postgres"
        return Databases(self.secrets["postgres_url"] if self.is_own_postgres else local)

    def environment(self) -> dict[str, str]:
        """What programs that use the stack need: addresses, log-ins and tokens, by variable name."""
        return environments.exported(self)

    # The whole

    def up(self, progress: Progress, *, demo: bool = True) -> None:
        """Bring everything to running: what is missing is made, what is down is started, the rest is left alone."""
        from sidecar.stack.up import up

        self.say = lambda sentence: progress.line(f"      {sentence}")
        with self.exclusively():
            up(self, progress, demo=demo)

    def down(self) -> None:
        """End every part, in the order in which they depend on each other."""
        with self.exclusively():
            self._down()

    def reset(self) -> None:
        """End every part and remove the folder. In the caller's own PostgreSQL a database that we made is dropped."""
        with self.exclusively():
            self._down()
            if self.exists and self.is_own_postgres and self.state.get("database_created"):
                databases.drop(self.databases)
            shutil.rmtree(self.directory, ignore_errors=True)
        for name in ("state", "secrets"):
            self.__dict__.pop(name, None)

    def _down(self) -> None:
        for part in reversed(parts.NAMES):
            self.stop(part)

    def status(self) -> list[PartStatus]:
        """One entry per part: running, not answering, or stopped."""
        return [self._status(part) for part in parts.NAMES] if self.exists else []

    def _status(self, name: str) -> PartStatus:
        if name == "postgres" and self.is_own_postgres:
            state = "running" if self._postgres_answers() else "not answering"
            return PartStatus(name, state, self.databases.place, None, None)
        process = processes.find(self.pid_file(name))
        address = self._address(name)
        if process is None:
            return PartStatus(name, "stopped", address, None, None)
        since = datetime.fromtimestamp(process.create_time(), UTC).isoformat(timespec="seconds")
        state = "running" if self.is_ready(name) else "not answering"
        return PartStatus(name, state, address, process.pid, since)

    def _address(self, name: str) -> str:
        """Where a part is reached, to be shown; the worker listens nowhere."""
        if name == "postgres":
            return self.databases.place
        return self.url(name) if name in LISTENING else ""

    @contextmanager
    def exclusively(self) -> Iterator[None]:
        """One `up`, `down` or `reset` of a stack at a time; the lock lies beside the folder, which reset removes."""
        self.directory.parent.mkdir(parents=True, exist_ok=True)
        with self.directory.with_name(f"{self.directory.name}.lock").open("w") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                self.say("another command is at work on this stack; waiting for it")
                fcntl.flock(lock, fcntl.LOCK_EX)
            yield

    # One part

    def start(self, name: str) -> bool:
        """Start a part and wait until it is ready. False if it ran already, with the same code and settings."""
        if name == "postgres":
            return self._start_postgres()
        part = self.part(name)
        if self._runs_as(part) and part.is_ready():
            return False
        self.stop(name)
        self.claim_port(name)
        part = self.part(name)
        rotate(self.log(name))
        mark = {processes.MARK: self._mark(name)}
        pid = processes.launch(part.command, part.environment | mark, part.folder, self.log(name))
        processes.remember(self.pid_file(name), pid, part.fingerprint)
        self._wait(part)
        return True

    def stop(self, name: str) -> None:
        """End a part if it runs, and what was left of it by an earlier crash."""
        if name == "postgres":
            return self._stop_postgres()
        for process in self._running(name):
            processes.end(process)
        self.pid_file(name).unlink(missing_ok=True)

    def kill(self, name: str) -> None:
        """End a part as a crash would. It stays down until `start` or `up`."""
        for process in self._running(name):
            processes.kill(process)

    def is_ready(self, name: str) -> bool:
        return self._postgres_answers() if name == "postgres" else self.part(name).is_ready()

    def part(self, name: str) -> Part:
        """How Directus, sidecar or worker are started, with the ports and settings of now."""
        if name == "directus":
            return parts.directus(environments.of_directus(self), self.url(name))
        if name == "sidecar":
            return parts.sidecar(environments.of_sidecar(self), self.url(name), self.directory)
        return parts.worker(environments.of_sidecar(self), self.directory, self._worker_is_ready)

    def settle_ports(self) -> None:
        """Before anything starts, because the parts know each other's addresses."""
        for name in LISTENING:
            if not self._known(name) and not (name == "postgres" and self.is_own_postgres):
                self.stop(name)
                self.claim_port(name)

    def _known(self, name: str) -> bool:
        """Whether the part runs and we know its process."""
        return processes.find(self.pid_file(name)) is not None or (name == "postgres" and self.server.pid() is not None)

    def claim_port(self, name: str) -> None:
        """Give a part another port if somebody else took the one it had."""
        if name not in LISTENING or ports.is_free_within(self.port(name), PORT_SECONDS):
            return
        kept = self.port(name)
        fresh = ports.choose(set(self.state["ports"].values()))
        self.save(ports=self.state["ports"] | {name: fresh})
        self.say(f"port {kept} of {name} is taken by another program; {name} moves to {fresh}")

    def _mark(self, name: str) -> str:
        return f"{self.directory}:{name}"

    def _running(self, name: str) -> list[Any]:
        """The process of the pid file; without one, any that carries our mark."""
        known = processes.find(self.pid_file(name))
        return [known] if known else list(processes.marked(self._mark(name)))

    def _runs_as(self, part: Part) -> bool:
        record = processes.recall(self.pid_file(part.name))
        alive = processes.find(self.pid_file(part.name)) is not None
        return alive and record is not None and record.fingerprint == part.fingerprint

    def _wait(self, part: Part) -> None:
        """Poll until the part is ready. Failure if it ends first, or takes too long."""
        deadline = time.monotonic() + part.seconds
        while not part.is_ready():
            if processes.find(self.pid_file(part.name)) is None:
                raise Failure(f"{part.name} ended while starting.", log=self.log(part.name), remedy=LOOK)
            if time.monotonic() > deadline:
                raise Failure(
                    f"{part.name} was not ready after {part.seconds:.0f} s.", log=self.log(part.name), remedy=LOOK
                )
            time.sleep(0.1)

    def _worker_is_ready(self) -> bool:
        """Whether a worker said so in the job tables, since ours was started and within the last minute."""
        process = processes.find(self.pid_file("worker"))
        if process is None:
            return False
        age = databases.heartbeat_age(self.environment()["DATABASE_URL"])
        return age is not None and age < min(time.time() - process.create_time(), SILENT_SECONDS)

    # PostgreSQL

    @property
    def server(self) -> postgres.Server:
        return postgres.Server(self.directory / "postgres", self.log("postgres"))

    def _start_postgres(self) -> bool:
        if self.is_own_postgres:
            databases.exists(self.databases.maintenance_url())
            return False
        if self.server.pid() is not None and self._postgres_answers():
            self._remember_postgres()
            return False
        self._stop_postgres()
        if not self.server.exists():
            self.server.create(self.secrets["postgres_password"])
        self.claim_port("postgres")
        rotate(self.log("postgres"))
        self.server.start(self.port("postgres"))
        self._remember_postgres()
        return True

    def _stop_postgres(self) -> None:
        if not self.is_own_postgres and self.server.pid() is not None:
            self.server.stop()
        self.pid_file("postgres").unlink(missing_ok=True)

    def _remember_postgres(self) -> None:
        pid = self.server.pid()
        if pid is not None:
            processes.remember(self.pid_file("postgres"), pid, "")

    def _postgres_answers(self) -> bool:
        try:
            return databases.exists(self.databases.maintenance_url())
        except Failure:
            return False


LOOK = "The log names the cause; after repairing it, run `make up` again."


def rotate(log: Path) -> None:
    """Keep a log below a size and one older part of it."""
    if log.exists() and log.stat().st_size > LARGEST_LOG:
        log.replace(log.with_suffix(".log.1"))
