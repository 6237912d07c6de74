"""What `make up` shows: numbered steps, how far each is, and what to do when one fails.

Only the standard library: bootstrap.py shows the first step before anything is installed.
"""

import os
import re
import shutil
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

# Without a terminal a long step says how far it is this often, so that a build log stays short.
QUIET_SECONDS = 20.0
LOG_LINES = 15


class Failure(Exception):
    """Something `make up` cannot go on without: what happened, where it is written down, what to do."""

    def __init__(self, message: str, *, log: Path | None = None, remedy: str = ""):
        super().__init__(message)
        self.message = message
        self.log = log
        self.remedy = remedy


class Step:
    """One step being done; `say` replaces what it shows behind its title."""

    def __init__(self, number: int, total: int, title: str, announce: Callable[[str], None]):
        self.announce = announce
        self.label = f"[{number}/{total}] {title}"
        self.detail = ""
        self.outcome = "done"
        self.began = time.monotonic()

    def say(self, detail: str) -> None:
        self.detail = detail

    def expect(self, what: str) -> None:
        """Say what is about to take long, and how long."""
        self.label += f" ({what})"
        self.announce(f"{self.label} …")

    def unchanged(self, outcome: str = "unchanged") -> None:
        """Call it when there was nothing to do."""
        self.outcome = outcome

    @property
    def seconds(self) -> int:
        return round(time.monotonic() - self.began)

    def running(self) -> str:
        return " ".join(part for part in (f"{self.label} …", self.detail, f"{self.seconds} s") if part)

    def finished(self) -> str:
        return f"{self.label}: {self.outcome}, {self.seconds} s"


class Progress:
    """Numbers the steps of one run. `quiet` shows nothing, for tests."""

    def __init__(self, total: int, *, first: int = 1, quiet: bool = False):
        self.total = total
        self.next = first
        self.quiet = quiet
        self.terminal = sys.stdout.isatty()

    @contextmanager
    def step(self, title: str) -> Iterator[Step]:
        """Show `title` until the block ends. A Failure inside gets the step's name in front."""
        step = Step(self.next, self.total, title, self._announce)
        self.next += 1
        over = threading.Event()
        painter = threading.Thread(target=self._repaint, args=(step, over), daemon=True)
        painter.start()
        try:
            yield step
        except Failure as failure:
            failure.message = f"{step.label}: {failure.message}"
            raise
        finally:
            over.set()
            painter.join()
        self.line(step.finished())

    def line(self, text: str) -> None:
        if not self.quiet:
            print(f"\r\033[K{text}" if self.terminal else text, flush=True)

    def _announce(self, text: str) -> None:
        """A terminal shows it with the next repaint."""
        if not self.terminal:
            self.line(text)

    def _repaint(self, step: Step, over: threading.Event) -> None:
        """Redraw the line each second on a terminal; elsewhere add one now and then, if the step takes long."""
        pause = 1.0 if self.terminal else QUIET_SECONDS
        while not self.quiet:
            if self.terminal:
                width = shutil.get_terminal_size().columns - 1  # a line that wraps could not be redrawn
                print(f"\r\033[K{step.running()[:width]}", end="", flush=True)
            if over.wait(pause):
                return print("\r\033[K" if self.terminal else "", end="", flush=True)
            if not self.terminal:
                print(step.running(), flush=True)


def tail(log: Path, lines: int = LOG_LINES) -> list[str]:
    """The last lines of a log without colours; nothing if there is no log. Reads 64 kB at most."""
    try:
        with log.open("rb") as file:
            file.seek(max(0, log.stat().st_size - 65536))
            text = file.read().decode(errors="replace")
    except OSError:
        return []
    return [without_colours(line.rstrip()) for line in text.splitlines() if line.strip()][-lines:]


def without_colours(line: str) -> str:
    return re.sub(r"\x1b\[[0-9;]*m", "", line)


def relative(path: Path) -> str:
    """As the user would type it from where they are."""
    shown = os.path.relpath(path)
    return shown if len(shown) < len(str(path)) else str(path)


def explain(failure: Failure) -> str:
    """The failure as the terminal shows it: step and cause, last lines of the log, log file, remedy."""
    parts = [failure.message]
    if failure.log is not None:
        parts += [f"    {line}" for line in tail(failure.log)]
        parts.append(f"  log:    {relative(failure.log)}")
    if failure.remedy:
        parts.append(f"  remedy: {failure.remedy}")
    return "\n".join(parts)
