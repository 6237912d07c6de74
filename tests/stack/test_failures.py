"""A failure names its step, the log and what to do, and shows the last lines of the log."""

from __future__ import annotations

import runpy
import sys

import pytest

from sidecar.stack import bootstrap, install, parts
from sidecar.stack.parts import Part
from sidecar.stack.progress import Failure, Progress, explain, tail


def test_a_failed_step_is_named_with_log_and_remedy(folder, capsys, monkeypatch):
    monkeypatch.chdir(folder)
    (folder / "npm.log").write_text("one\n\x1b[31mtwo\x1b[0m\n")
    with pytest.raises(Failure) as caught, Progress(9, first=2).step("Directus 12.4.0"):
        raise Failure("npm ci ended with code 1.", log=folder / "npm.log", remedy="Check the network.")

    assert explain(caught.value).splitlines() == [
        "[2/9] Directus 12.4.0: npm ci ended with code 1.",
        "    one",
        "    two",
        "  log:    npm.log",
        "  remedy: Check the network.",
    ]


def test_the_log_is_named_as_seen_from_where_the_user_is(folder, monkeypatch):
    monkeypatch.chdir(folder)

    assert "log:    logs/a.log" in explain(Failure("no.", log=folder / "logs" / "a.log"))


def test_steps_are_plain_lines_without_a_terminal(capsys):
    progress = Progress(2)
    with progress.step("One") as step:
        step.expect("3 packages")
    with progress.step("Two") as step:
        step.unchanged()

    assert capsys.readouterr().out.splitlines() == [
        "[1/2] One (3 packages) …",
        "[1/2] One (3 packages): done, 0 s",
        "[2/2] Two: unchanged, 0 s",
    ]


def test_a_part_that_ends_while_starting_shows_its_last_words(given_stack, monkeypatch):
    stack = given_stack()
    stack.prepare_folder()
    given_part(monkeypatch, stack, "print('no such database'); raise SystemExit(3)")

    with pytest.raises(Failure, match="sidecar ended while starting") as caught:
        stack.start("sidecar")

    assert "no such database" in explain(caught.value)
    assert "logs/sidecar.log" in explain(caught.value)


def test_a_part_that_is_never_ready_is_given_up(given_stack, monkeypatch):
    stack = given_stack()
    stack.prepare_folder()
    given_part(monkeypatch, stack, "import time; print('warming up', flush=True); time.sleep(600)", seconds=0.5)

    with pytest.raises(Failure, match="sidecar was not ready after 0") as caught:
        stack.start("sidecar")

    assert caught.value.log == stack.log("sidecar")


def test_npm_errors_end_up_in_the_log(folder):
    (folder / "package.json").write_text('{"scripts": {"build": "echo cannot build; exit 7"}}')

    with pytest.raises(Failure, match="npm run ended with code 7") as caught:
        install.npm("run", "build", cwd=folder, log=folder / "build.log")

    assert any("cannot build" in line for line in tail(folder / "build.log", 200))
    assert "run the same command again" in caught.value.remedy


def test_a_missing_compiler_is_noticed_before_anything_is_downloaded(monkeypatch):
    monkeypatch.setenv("PATH", "")
    monkeypatch.delenv("CXX", raising=False)

    with pytest.raises(Failure, match=r"make and a C\+\+ compiler are needed") as caught:
        bootstrap.check_machine()

    assert "apt-get install g++ make" in caught.value.remedy


def test_an_old_python_is_told_what_is_needed(monkeypatch):
    monkeypatch.setattr(sys, "version_info", (3, 9, 18))
    with pytest.raises(SystemExit) as caught:
        runpy.run_path(bootstrap.__file__)
    monkeypatch.undo()

    assert str(caught.value).startswith("Python 3.11 or newer is needed; `python3` is 3.9.")


def test_a_checkout_below_a_path_with_a_space_is_refused(monkeypatch, folder):
    monkeypatch.setattr(bootstrap, "REPOSITORY", folder / "my projects")

    with pytest.raises(Failure, match="holds a space"):
        bootstrap.check_machine()


def given_part(monkeypatch, stack, program: str, seconds: float = 10.0) -> None:
    part = Part("sidecar", [sys.executable, "-c", program], {}, stack.directory, "", lambda: False, seconds)
    monkeypatch.setattr(parts, "sidecar", lambda *arguments: part)
