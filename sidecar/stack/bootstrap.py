"""The first step of `make up`: checks the machine and makes .venv. Standard library only, run as

    python3 -I sidecar/stack/bootstrap.py [--tests]

`-I` keeps this folder and the caller's PYTHON* variables out of the import path.
"""

import sys

if sys.version_info < (3, 11):
    sys.exit(
        "Python 3.11 or newer is needed; `python3` is %d.%d. Install one, or name it: make up PYTHON=python3.12"
        % sys.version_info[:2]
    )

import importlib.util
import os
import shutil
import subprocess
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(REPOSITORY))

from sidecar.stack.fingerprint import is_stamped, of_files, write_stamp  # noqa: E402
from sidecar.stack.progress import Failure, Progress, Step, explain  # noqa: E402

VENV = REPOSITORY / ".venv"
LOG = REPOSITORY / ".artifacts" / "logs" / "python.log"
STEPS_OF_UP = 9
STEPS_OF_TESTS = 3
NETWORK = "Look at the log; if the network was interrupted, run the same command again: it goes on from there."


def main(arguments: list[str]) -> None:
    tests = "--tests" in arguments
    progress = Progress(STEPS_OF_TESTS if tests else STEPS_OF_UP)
    try:
        check_machine()
        with progress.step("Python environment") as step:
            make_environment(REPOSITORY / ("tests" if tests else "sidecar") / "requirements.txt", step)
    except Failure as failure:
        sys.exit(explain(failure))


def check_machine() -> None:
    """Refuse before the first download what would fail after minutes: Directus compiles one of its packages."""
    compilers = (os.environ.get("CXX", "g++").split()[0], "g++", "clang++", "c++")
    if not any(shutil.which(name) for name in compilers) or not shutil.which("make"):
        raise Failure(
            "make and a C++ compiler are needed (one of Directus' packages is compiled) and were not found.",
            remedy="On Debian and Ubuntu: apt-get install g++ make. On macOS: xcode-select --install.",
        )
    if any(character.isspace() for character in str(REPOSITORY)):
        raise Failure(
            "the path of this checkout holds a space, and make cannot compile Directus' package below such a path.",
            remedy="Move the checkout to a path without spaces.",
        )
    if importlib.util.find_spec("venv") is None or importlib.util.find_spec("ensurepip") is None:
        raise Failure("Python's venv module is missing.", remedy="On Debian and Ubuntu: apt-get install python3-venv.")


def make_environment(lock: Path, step: Step) -> None:
    """Install what `lock` pins into .venv, unless that was done. tests/requirements.txt contains sidecar's."""
    locks = [REPOSITORY / part / "requirements.txt" for part in ("sidecar", "tests")]
    fingerprint = of_files(*locks, REPOSITORY / "pyproject.toml")
    stamp = VENV / f".installed-{lock.parent.name}"
    if is_stamped(stamp, fingerprint) and is_usable():
        return step.unchanged()
    LOG.parent.mkdir(parents=True, exist_ok=True)
    if not is_usable():
        run([sys.executable, "-m", "venv", "--clear", str(VENV)], step, 0)
    install(lock, step)
    link()
    write_stamp(stamp, fingerprint)


def is_usable() -> bool:
    """Whether .venv is there, was made in this place, and belongs to this Python: else its programs do not start."""
    settings = VENV / "pyvenv.cfg"
    if not python().exists() or not settings.exists() or str(VENV) not in settings.read_text():
        return False
    question = [str(python()), "-c", "import sys, pip; print(sys.version_info[:2])"]
    answer = subprocess.run(question, capture_output=True, text=True, check=False)
    return answer.stdout.strip() == str(sys.version_info[:2])


def python() -> Path:
    return VENV / "bin" / "python"


def install(lock: Path, step: Step) -> None:
    pins = sum(1 for line in lock.read_text().splitlines() if "==" in line and not line.startswith((" ", "#")))
    options = ["--require-hashes", "--disable-pip-version-check", "--no-input", "--progress-bar", "off"]
    run([str(python()), "-m", "pip", "install", *options, "-r", str(lock)], step, pins)


def run(command: list[str], step: Step, pins: int) -> None:
    """Run a command with its output in the log; pip names each package as it comes to it, which is how far it is."""
    with (
        LOG.open("w") as log,
        subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as process,
    ):
        seen = 0
        for line in process.stdout or ():
            log.write(line)
            seen += line.startswith(("Collecting ", "Requirement already satisfied"))
            step.say("installing the packages" if "Installing collected" in line else f"{seen} of {pins} packages")
    if process.returncode:
        raise Failure(f"pip ended with code {process.returncode}.", log=LOG, remedy=NETWORK)


def link() -> None:
    """Make this checkout importable and `artifacts` a command: what `pip install -e .` would do, without a build."""
    [packages] = (VENV / "lib").glob("python3*/site-packages")
    (packages / "directus-artifacts.pth").write_text(f"{REPOSITORY}\n")
    command = VENV / "bin" / "artifacts"
    # Through /bin/sh, as pip does it, because a path in a first line may hold no space.
    first = f"#!/bin/sh\n'''exec' \"{python()}\" \"$0\" \"$@\"\n' '''\n"
    command.write_text(first + "import sys\n\nfrom sidecar.cli import main\n\nsys.exit(main())\n")
    command.chmod(0o755)


if __name__ == "__main__":
    main(sys.argv[1:])
