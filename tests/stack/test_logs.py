"""`artifacts logs`: what people read."""

from __future__ import annotations

import json

import pytest
from click.testing import CliRunner

from sidecar.cli import main
from sidecar.stack.commands import new_lines, readable

REQUEST = {
    "level": 30,
    "time": 1700000000000,
    "req": {"method": "PATCH", "url": "/items/artifact_versions/1", "headers": {"authorization": "--redacted--"}},
    "res": {"statusCode": 409, "headers": {}},
    "responseTime": 12,
    "msg": "request completed",
}


def test_a_request_in_directus_log_is_one_short_line():
    assert readable(json.dumps(REQUEST)).endswith(" info PATCH /items/artifact_versions/1 → 409, 12 ms")


def test_an_error_in_directus_log_keeps_its_stack():
    entry = {"level": 50, "time": 1700000000000, "err": {"stack": "Error: no\n  at hook"}, "msg": "no"}

    assert readable(json.dumps(entry)).endswith(" error Error: no\n  at hook")


@pytest.mark.parametrize(
    "line", ["plain text", "[1, 2]", '{"level": "info", "event": "task promoted"}', '{"level": 30}']
)
def test_other_lines_stay_as_they_are(line):
    assert readable(line) == line


def test_logs_name_their_part(given_stack):
    stack = given_stack()
    stack.prepare_folder()
    stack.log("postgres").write_text("ready\n")
    stack.log("worker").write_text("waiting\n")

    output = CliRunner().invoke(main, ["logs", "--directory", str(stack.directory)]).output

    assert output.splitlines() == ["postgres  ready", "worker    waiting"]


def test_following_shows_what_is_added(folder):
    (folder / "a.log").write_text("old\n")
    lines = new_lines({"a": folder / "a.log"})
    appended = iter(["new\n"])

    # The first look happens when the first line is asked for, so another log writes it meanwhile.
    def write(seconds: float) -> None:
        with (folder / "a.log").open("a") as log:
            log.write(next(appended))

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("sidecar.stack.commands.time.sleep", write)
        assert next(lines) == ("a", "new")
    lines.close()
