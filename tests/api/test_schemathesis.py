"""Requests that nobody thought of: schemathesis makes them from the API's own description, and holds the answers
against it. The database behind is real, and has in it what the requests name.

Longer and other runs: ARTIFACTS_TESTS_SECONDS=600 ARTIFACTS_TESTS_SEED=7 pytest tests/api/test_schemathesis.py
"""

from __future__ import annotations

import os
import re
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from uuid import UUID

import pytest
import responses
import schemathesis
from filelock import FileLock
from flask_openapi3.openapi import OpenAPI
from jsonschema import Draft202012Validator
from schemathesis.config import SchemathesisConfig
from schemathesis.engine import events, from_schema
from schemathesis.specs.openapi.schemas import OpenApiSchema

from sidecar.answers import AN_ID, ANOTHER_ID
from sidecar.errors import Refusal
from sidecar.idempotency.key import parse_key
from sidecar.previews import page
from sidecar.verify.verify import snapshot, verify
from tests.api.test_upload import Storage
from tests.conftest import DIRECTUS_URL, SHARED_FOLDER
from tests.documents import document_with
from tests.given import Given, Person
from tests.rows import Rows

SEED = int(os.environ.get("ARTIFACTS_TESTS_SEED", "1"))
SECONDS = int(os.environ.get("ARTIFACTS_TESTS_SECONDS", "0"))

pytestmark = [
    pytest.mark.timeout(300 + 4 * SECONDS),
    # The connection pool's threads use `random` while hypothesis makes a request.
    pytest.mark.filterwarnings("ignore:Do not use the `random` module"),
]

# Why a request that fits the description may be refused all the same (400, 422): rules that JSON Schema cannot say.
UNSAID = {
    # what is named must exist, be reachable, or be something else than it is
    "reference_not_found", "file_not_found", "template_not_found", "file_url_refused", "file_url_failed",
    "server_not_allowed", "review_link_too_long",
    "file_type_mismatch", "used_in_place", "relation_not_to_itself", "decision_repeated", "one_project_at_a_time",
    # what a file is
    "file_without_pages", "document_unreadable", "document_locked", "page_too_heavy",
    # what a template asks for
    "template_violation", "template_broken",
    # what one field asks of another
    "reason_required", "confirmation_required", "step_dependency_unknown", "step_dependency_cycle", "stage_belongs",
    # words that stand for others: every alias of a status, in any case
    "approval_action_known", "step_status_known", "execution_status_known",
    # If-Match takes quoted and weak numbers; a key stands for one request
    "if_match_invalid", "idempotency_key_reused",
    # NUL and halves of surrogate pairs, numbers too large to be one, JSON text in a form
    "invalid_text", "invalid_json", "value_not_json",
}  # fmt: skip
# The same of single fields, in `fields` of invalid_value.
UNSAID_OF_FIELDS = {
    "one_of", "step_name_missing", "level_twice", "jsonpath", "moment", "time_zone", "input_hash",
    "error_message_missing", "path_missing", "list_path", "output_name", "region_order",
}  # fmt: skip


@dataclass
class Run:
    """What a run of schemathesis asked and found."""

    asked: Counter[str] = field(default_factory=Counter)
    statuses: Counter[int] = field(default_factory=Counter)
    codes: Counter[str] = field(default_factory=Counter)
    findings: dict[str, str] = field(default_factory=dict)

    def found(self, what: str, where: str, how: str) -> None:
        """Keeps the first example of each finding."""
        self.findings.setdefault(f"{what}: {where}", how)

    def told(self) -> str:
        return "\n\n".join(f"{what}\n{how}" for what, how in self.findings.items())


@pytest.fixture
def world(given: Given, database: Rows, monkeypatch: pytest.MonkeyPatch) -> Iterator[SimpleNamespace]:
    """The ids of what is in the database, by kind; made through the API, so that all records are there.

    Project spring-brand has versions of every status, files, relations, a lock and a context; autumn-brand has rules.
    The ids of the description's examples are those of a version, a task, a run and a step.
    """
    # On a busy machine pages of a PDF take longer, which is no finding.
    monkeypatch.setattr(page, "SECONDS", 60)
    producer, reviewer = given.person("producer"), given.person("reviewer")
    rules = given.template({
        "brand.logo": {"approvals_required": 2, "producer_may_approve": False},
        "brand.claim": {"schema": {"type": "string", "maxLength": 40}, "document": True},
        "scenes[*].image": {"artifact_type": "image", "promote": "task_done"},
        "*": {"auto_approve": "$[?(@.score > 0.9)]"},
    })  # fmt: skip
    projects = [given.project("spring-brand"), given.project("autumn-brand", template_id=rules)]
    task = given.task(projects[0], id=AN_ID)
    database.run(
        "insert into task_executions (id, project_id, task_id, name, status) values (%s, %s, %s, 'film', 'running')",
        AN_ID, projects[0], task,
    )  # fmt: skip
    for step, name in ((AN_ID, "edit_frame1"), (ANOTHER_ID, "extract_frame1")):
        database.run(
            "insert into execution_steps (id, project_id, execution_id, step_name, attempt, status)"
            " values (%s, %s, %s, %s, 1, 'running')",
            step, projects[0], AN_ID, name,
        )  # fmt: skip
    given.version(projects[0], "brand.poster", {"by": "nobody"}, id=UUID(AN_ID))
    given.version(projects[0], "brand.poster_source", {"by": "nobody"}, id=UUID(ANOTHER_ID))

    def submit(project: UUID, path: str, value: Any, **fields: Any) -> str:
        answer: Any = producer.submit(project, path, value, **fields)
        assert answer.status_code == 201, answer.text
        return answer.json["data"]["id"]

    def decided(action: str, *versions: str, **fields: Any) -> None:
        assert reviewer.decide(action, *versions, **fields).status_code == 200

    files = [str(given.file()), str(given.file("application/pdf", "claim.pdf"))]
    made: dict[str, list[str]] = {project: [] for project in ("spring", "autumn")}
    for name, project in zip(made, projects, strict=True):
        of_run = {"execution_id": AN_ID, "step_id": AN_ID} if name == "spring" else {}
        made[name] += [
            submit(project, "brand.logo", {"colour": "green"}, file_ids=[files[0]], tags=["first"], **of_run),
            submit(project, "brand.claim", "Tea for all", source_task_id=AN_ID),
            submit(project, "scenes[1].image", {"light": 1}, file_ids=[files[0]], source_task_id=AN_ID),
            submit(project, "song", [1], status="intermediate"),
            submit(project, "voice", {"pitch": 1}),
            submit(project, "brand.colors", {"primary": "green"}),
        ]
        logo, claim, _, _, voice, colors = made[name]
        decided("approve", logo, reason="Fresh.")
        decided("approve", claim)
        decided("reject", voice, reason="Hoarse.")
        decided("request_changes", colors, reason="Darker.")
        made[name].append(submit(project, "brand.claim", "Tea.", file_ids=[files[1]], derived_from=[logo]))
        decided("approve", made[name][-1])
        made[name].append(submit(project, "song", [2], derived_from=[claim]))
        decided("archive", made[name][-1])
    locked = reviewer.call("PUT", "/v1/projects/spring-brand/locks/scenes[1]", json={"reason": "Final."})
    assert locked.status_code == 200, locked.text
    invited = {"guest_name": "Ada", "may": ["comment", "decide"]}
    link: Any = reviewer.post(f"/v1/artifacts/{made['spring'][4]}/links", invited)
    assert link.status_code == 201, link.text
    webhook, delivery = given.failed_delivery(id=AN_ID)
    # Nobody decides meanwhile: whoever waits is let go at once.
    given.client.application.extensions["artifacts"].room.close()
    with responses.RequestsMock(assert_all_requests_are_fired=False) as directus:
        Storage(directus, given, database)
        directus.add("GET", re.compile(f"{DIRECTUS_URL}/assets/.*"), document_with("Tea for all", "Tea for two"))
        yield SimpleNamespace(
            versions=[AN_ID, ANOTHER_ID, *made["spring"], *made["autumn"]],
            projects=["spring-brand", "autumn-brand", *map(str, projects)],
            tasks=[str(task), str(given.task(projects[1], status="done"))],
            executions=[AN_ID],
            steps=[AN_ID, ANOTHER_ID],
            transfers=[str(given.transfer(UUID(AN_ID), id=AN_ID)), str(given.transfer(UUID(ANOTHER_ID), "failed"))],
            webhooks=[str(webhook)],
            deliveries=[str(delivery)],
            servers=["gpu"],
            links=[link.json["data"]["id"]],
            tokens=[link.json["data"]["url"].rpartition("/")[2]],
            files=files,
        )


# What is named by the id in its path.
KINDS = ("versions", "projects", "tasks", "executions", "steps", "transfers", "links", "webhooks", "deliveries")


def configured(world: SimpleNamespace, person: Person | None, **more: Any) -> SchemathesisConfig:
    """schemathesis' settings: who calls, and which known values stand where, half of the time."""
    paths = ["brand.logo", "brand.claim", "brand.colors", "scenes[1].image", "song", "voice", "brand", "poster"]
    known = {**vars(world), "paths": paths, "names": ["edit_frame1", "extract_frame1"], "numbers": [0, 1, 2, 3, 4]}
    kind_of = {
        "path.schema_key": "paths", "path.path": "paths", "query.schema_key": "paths", "query.path": "paths",
        "query.has_approved": "paths", "query.project_id": "projects", "query.task_id": "tasks",
        "query.execution_id": "executions", "query.step_id": "steps", "query.used": "versions",
        "query.with": "versions", "query.from": "numbers", "query.to": "numbers", "query.version": "numbers",
        "query.step_name": "names", "body.schema_key": "paths", "body.project_id": "projects", "body.task_id": "tasks",
        "body.source_task_id": "tasks", "body.execution_id": "executions", "body.step_id": "steps",
        "body.artifact_version_id": "versions", "body.artifact_version_ids[*]": "versions",
        "body.decisions[*].artifact_version_id": "versions", "body.to_version_id": "versions",
        "body.derived_from[*]": "versions", "body.inputs[*]": "versions", "body.file_ids[*]": "files",
        "body.primary_file_id": "files", "body.artifacts[*].project_id": "projects",
        "body.artifacts[*].schema_key": "paths", "body.artifacts[*].file_ids[*]": "files",
        "body.to_version": "numbers", "body.if_match": "numbers", "body.step_name": "names",
        "body.target_server": "servers", "body.source_step_id": "steps", "body.target_step_id": "steps",
        "query.artifact_version_id": "versions", "query.source_step_id": "steps", "query.target_step_id": "steps",
        "path.file_id": "files",
        "body.steps[*].step_name": "names", "body.steps[*].depends_on[*]": "names",
        **({"path.token": "tokens"} if person else {}),
    }  # fmt: skip
    return SchemathesisConfig.from_dict({
        "seed": SEED,
        "continue-on-failure": True,
        "warnings": False,
        **({"max-time": SECONDS} if SECONDS else {}),
        "headers": {"Authorization": f"Bearer {person.token}", **person.headers} if person else {},
        "dictionaries": {kind: {"values": values} for kind, values in known.items()},
        "parameters": {where: {"dictionary": kind, "probability": 0.5} for where, kind in kind_of.items()},
        "operations": [
            {
                "include-path-regex": f"^/v1/{kind if kind != 'versions' else 'artifacts'}/",
                "parameters": {"path.id": {"dictionary": kind, "probability": 0.5}},
            }
            for kind in KINDS
        ],
        # Tokens are not made up: nobody is there to ask whose they are.
        "generation": {"database": "none", "with-security-parameters": False},
        "checks": {
            # a caller without a token is a run of its own here
            "ignored_auth": {"enabled": False},
            "positive_data_acceptance": {"expected-statuses": ["2xx", "3xx", 401, 403, 404, 409, 410, 423, 429]},
        },
        **more,
    })  # fmt: skip


def _as_callers_do(actor: UUID | None) -> Callable[[Any, Any], Any]:
    """A key names one request, and an acting user exists: else most requests would be refused for these two."""
    sent: set[str] = set()

    def map_case(_context: Any, case: Any) -> Any:
        with suppress(Refusal):
            key = parse_key(str(case.headers.get("Idempotency-Key", "")))
            if key in sent:
                del case.headers["Idempotency-Key"]
            sent.add(key)
        if case.headers.pop("X-Actor-Id", None) and actor:
            case.headers["X-Actor-Id"] = str(actor)
        return case

    return map_case


def run(app: OpenAPI, config: SchemathesisConfig, actor: UUID | None = None) -> Run:
    """Every operation of the description, by schemathesis' phases: examples, coverage of the schemas, fuzzing."""
    schema = schemathesis.openapi.from_wsgi("/openapi.json", app, config=config)
    schema.hook("map_case")(_as_callers_do(actor))
    seen = Run()
    for event in from_schema(schema).execute():
        if isinstance(event, events.NonFatalError):
            seen.found("could not be asked", event.label, str(event.value))
        if isinstance(event, events.ScenarioFinished):
            for case_id, interaction in event.recorder.interactions.items():
                if interaction.response is not None:
                    _note(seen, schema, event.recorder.cases[case_id].value, interaction.response)
            for case_id, checks in event.recorder.checks.items():
                for check in checks:
                    if check.failure_info is not None:
                        answer = event.recorder.interactions[case_id].response
                        _judge(seen, check.name, event.recorder.cases[case_id].value, answer, check.failure_info)
    return seen


def _note(seen: Run, schema: OpenApiSchema, case: Any, answer: Any) -> None:
    operation = case.operation
    seen.asked[operation.label] += 1
    seen.statuses[answer.status_code] += 1
    if answer.status_code < 400:
        return
    code = refusal_of(answer)
    seen.codes[code] += 1
    # Of an address or a method that is none of an operation's.
    if code in ("route_not_found", "method_not_allowed"):
        return
    told = schema.raw_schema["paths"][operation.path][operation.method]["responses"].get(str(answer.status_code), {})
    if f"`{code}`" not in told.get("description", "") and case.method.upper() == operation.method.upper():
        seen.found(f"{answer.status_code} {code} is not described", operation.label, case.as_curl_command())


def _judge(seen: Run, check: str, case: Any, answer: Any, failure: Any) -> None:
    excused = {
        "positive_data_acceptance": lambda: unsaid(answer),
        "negative_data_rejection": lambda: read_leniently(case),
        # The address of a batch, or of counts, is to the router one of a version, too, which takes other methods.
        "unsupported_method": lambda: case.path in ("/v1/artifacts/batch", "/v1/artifacts/counts"),
        "allow_header_conformance": lambda: case.path in ("/v1/artifacts/batch", "/v1/artifacts/counts"),
    }
    if check in excused and excused[check]():
        return
    how = f"{failure.failure.message}\n{failure.code_sample}\n{answer.status_code} {answer.content[:600]!r}"
    seen.found(f"{check}: {failure.failure.title}", case.operation.label, how)


def read_leniently(case: Any) -> bool:
    """Whether all that is wrong with a JSON body is a truth sent as number or text, or a number as text or truth.

    Automation tools send them so; they are read as what they stand for.
    """
    if case.media_type != "application/json":
        return False
    schema = {
        **case.operation.body[0].definition["schema"],
        "components": case.operation.schema.raw_schema["components"],
    }
    wrong = list(Draft202012Validator(schema).iter_errors(case.body))
    return bool(wrong) and all(isinstance(error.instance, bool | int | float | str) for error in wrong)


def refusal_of(answer: Any) -> str:
    return answer.json()["errors"][0]["extensions"]["code"]


def unsaid(answer: Any) -> bool:
    """Whether a request was refused for a rule that the description cannot say."""
    extensions = answer.json()["errors"][0]["extensions"]
    if extensions["code"] == "invalid_value":
        # Without fields, an operation said it, which looked further than at the request.
        return {field["code"] for field in extensions.get("fields", [])} <= UNSAID | UNSAID_OF_FIELDS
    return extensions["code"] in UNSAID


def operations(app: OpenAPI) -> set[str]:
    return {f"{method.upper()} {path}" for path, methods in app.api_doc["paths"].items() for method in methods}


@pytest.fixture
def breaches(connect: Any) -> Any:
    """`breaches()`: what `artifacts verify` finds in the test's database."""

    def look() -> list[str]:
        connection = connect("sidecar").connection
        # Role memberships are the whole server's, and some tests lend one.
        with FileLock(Path(os.environ[SHARED_FOLDER]) / "roles.lock"), snapshot(connection):
            # What stands for Directus keeps no bytes.
            return [str(breach) for breach in verify(connection) if breach.code != "file_replaced"]

    return look


# Every value at the edge of what the description allows, one by one; then ones at random. No phase follows links from
# one answer to the next request: the random ones use ids of earlier answers anyway.
THOROUGH = {"fuzzing": {"generation": {"max-examples": 10}}, "stateful": {"enabled": False}}
RANDOM = {
    "coverage": {"enabled": False},
    "fuzzing": {"generation": {"max-examples": 10}},
    "stateful": {"enabled": False},
}
QUICK = {
    "coverage": {"enabled": False},
    "fuzzing": {"generation": {"max-examples": 4}},
    "stateful": {"enabled": False},
}


def test_whatever_a_program_with_every_right_sends_is_answered_as_described(app, world, given, breaches):
    seen = run(app, configured(world, given.token("admin"), phases=THOROUGH), given.person("admin").id)

    assert not seen.findings, seen.told()
    assert set(seen.asked) == operations(app)
    assert {200, 201, 400, 404, 409, 415, 422} <= set(seen.statuses)
    assert breaches() == []


def test_whatever_a_reviewer_sends_is_answered_as_described(app, world, given, breaches):
    seen = run(app, configured(world, given.person("reviewer"), phases=RANDOM))

    assert not seen.findings, seen.told()
    assert set(seen.asked) == operations(app)
    assert breaches() == []


def test_whatever_is_sent_without_a_token_changes_nothing(app, world, database):
    with database.unchanged():
        seen = run(app, configured(world, None, phases=QUICK))

    assert not seen.findings, seen.told()
    assert set(seen.asked) == operations(app)
    assert set(seen.codes) <= {
        "token_missing", "link_invalid", "review_link_not_found", "too_many_requests", "route_not_found",
        "method_not_allowed",
    }  # fmt: skip
    assert set(seen.statuses) <= {401, 403, 404, 405, 429}


def test_every_operation_has_an_example_that_is_answered(app, world, given):
    admin = given.token("admin")

    for path, methods in app.api_doc["paths"].items():
        for method, operation in methods.items():
            for address, query, body in examples(path, operation, app.api_doc["components"]["schemas"]):
                answer = admin.call(method.upper(), address, query_string=query, json=body)
                code = answer.json["errors"][0]["extensions"]["code"] if answer.status_code >= 400 else None
                assert code in STANDING_IN_THE_WAY or code is None, (method, address, body, answer.text)


# What the examples may meet: what they name has been decided, or is not there.
STANDING_IN_THE_WAY = {
    "already_decided", "not_submitted", "link_invalid", "review_link_not_found",
    "file_not_linked", "nothing_at_path", "project_not_found",
    "context_version_unknown", "version_erased", "path_not_in_context", "step_unfinished", "step_output_missing",
    "server_not_allowed",
}  # fmt: skip


def examples(path: str, operation: Any, schemas: Any) -> Iterator[tuple[str, dict[str, Any], Any]]:
    """The requests that an operation's description shows: address, query and body. At least one."""
    values = {
        place: {
            each["name"]: each["example"]
            for each in operation["parameters"]
            if each["in"] == place and "example" in each
        }
        for place in ("path", "query")
    }
    content = operation.get("requestBody", {}).get("content", {}).get("application/json")
    bodies = schemas[content["schema"]["$ref"].rpartition("/")[2]].get("examples", []) if content else [None]
    assert bodies, f"{path} shows no example of its body"
    assert content is None or content["example"] == bodies[0], path
    assert content or values["path"] or values["query"], f"{path} shows no example"
    for body in bodies:
        yield path.format(**values["path"]), values["query"], body
