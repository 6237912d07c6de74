"""From operations to steps: what each answer says about each project that it is about."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from tests.concurrency import model
from tests.concurrency.history import FOREVER, Operation
from tests.concurrency.model import Decisions, Project, Version
from tests.concurrency.serial import Step

# Directus saves the status after the registry has decided; when another decision came in between, its own save is
# refused, and the refusal does not say that the decision stands.
OVERTAKEN = ("version_status_one_way", "version_decided_by_registry")
# What a request is refused for by itself, whatever the state.
OF_THE_REQUEST = ("two_approvals_for_one_path",)


@dataclass
class TaskTimes:
    """When each task may have been done, and when it may have been unfinished."""

    changes: dict[str, list[tuple[float, float, bool]]] = field(default_factory=lambda: defaultdict(list))
    # A draft that is submitted brings its task back to review; whether a status edit submitted one, it does not say.
    reopened: dict[str, list[tuple[float, float]]] = field(default_factory=lambda: defaultdict(list))
    task_of: dict[str, str | None] = field(default_factory=dict)

    def know(self, operation: Operation) -> None:
        if operation.kind in ("submit", "create") and operation.status in (200, 201):
            self.task_of.setdefault(operation.data["id"], operation.arguments["task"])

    def note(self, operation: Operation) -> None:
        asked = operation.arguments
        if operation.kind in ("review", "edit") and operation.status == 200:
            drafts = [version_id for version_id, action in asked["actions"].items() if action == "submit"]
            for task in filter(None, map(self.task_of.get, drafts)):
                self.reopened[task].append((operation.start, operation.end))
        if operation.kind == "finish" and operation.status == 200:
            self.changes[asked["task"]].append((operation.start, operation.end, asked["status"] == "done"))
        waits = operation.kind == "submit" and operation.status in (200, 201) and asked["status"] == "pending"
        if waits and asked["task"] and operation.data["status"] == "pending":
            self.changes[asked["task"]].append((operation.start, operation.end, False))

    def between(self, start: float, end: float, task: str | None) -> tuple[bool, bool]:
        """Whether it may have been done, and whether it may have been unfinished, at some moment from start to end."""
        if task is None:
            return True, False
        begun = [change for change in self.changes[task] if change[0] <= end]
        # Of what ended before, only that counts which nothing surely followed.
        last_begun = max((change[0] for change in begun if change[1] < start), default=0.0)
        counts = [change for change in begun if change[1] >= min(start, last_begun)]
        possible = {done for _, _, done in counts}
        if not any(ended < start for _, ended, _ in begun):
            possible.add(False)  # as it was made
        for reopened, ended in self.reopened[task]:
            if reopened <= end and not any(ended < c[0] and c[1] < start for c in begun):
                possible.add(False)
        return True in possible, False in possible


@dataclass
class Account:
    """A run's operations as steps by project, and what was counted on the way."""

    steps: dict[str, list[Step]] = field(default_factory=lambda: defaultdict(list))
    counts: Counter[str] = field(default_factory=Counter)
    strange: list[Operation] = field(default_factory=list)


def account_of(operations: Iterable[Operation], project_of: dict[str, str], path_of: dict[str, str]) -> Account:
    """What the operations say. A 503 says that nothing was changed; a replayed answer says nothing new."""
    account, tasks = Account(), TaskTimes()
    told = [operation for operation in operations if not operation.replayed]
    for operation in told:
        tasks.know(operation)
    for operation in told:
        tasks.note(operation)
    translator = _Translator(account, tasks, project_of, path_of)
    for operation in told:
        withdraws = operation.kind == "review" and set(operation.arguments["actions"].values()) == {"withdraw"}
        account.counts["withdraw" if withdraws else operation.kind] += 1
        if operation.code in ("registry_busy", "registry_slow"):
            account.counts["busy"] += 1
        elif operation.code == "idempotency_key_in_use":
            account.counts["key in use"] += 1
        elif not translator.translate(operation):
            account.strange.append(operation)
    return account


@dataclass
class _Translator:
    account: Account
    tasks: TaskTimes
    project_of: dict[str, str]
    path_of: dict[str, str]

    def translate(self, operation: Operation) -> bool:
        """Whether the answer is one that this kind of request can have."""
        return getattr(self, f"_{operation.kind}")(operation)

    def _add(self, operation: Operation, project: str, explain: Any, *arguments: Any) -> bool:
        def explained(state: Project) -> list[Project]:
            after = explain(state, *arguments)
            return after if isinstance(after, list) else [after]

        self.account.steps[project].append(Step(operation.start, operation.end, explained, operation))
        return True

    def _submit(self, operation: Operation) -> bool:
        asked, add = operation.arguments, partial(self._add, operation, operation.arguments["project"])
        if operation.code == "path_conflict":
            return add(model.path_refused, asked["path"])
        if operation.status not in (200, 201):
            return False
        told = operation.data
        if operation.status == 201:
            place = (told["id"], asked["path"], told["version_number"], told["status"], asked["task"])
            return add(model.added, *place, asked["content"])
        return add(model.found, told["id"], asked["path"], asked["status"], told["status"], asked["content"])

    def _create(self, operation: Operation) -> bool:
        if operation.status == 200:
            operation.status = 201  # Directus says 200 for what it made
        return self._submit(operation)

    def _decisions(self, operation: Operation, project: str) -> Decisions:
        actions = {i: a for i, a in operation.arguments["actions"].items() if self.project_of[i] == project}

        def settled(version: Version) -> tuple[bool, bool]:
            return self.tasks.between(operation.start, operation.end, version.task)

        return Decisions(actions, operation.arguments["promote"], settled)

    def _review(self, operation: Operation) -> bool:
        actions = operation.arguments["actions"]
        if operation.status == 200:
            told = operation.data
            for project in {self.project_of[version_id] for version_id in actions}:
                asked = self._decisions(operation, project)
                names = [name for name in told["decisions"] if name["artifact_version_id"] in asked.actions]
                promotions = [p for p in told["promotions"] if p["project_id"] == project]
                self._add(operation, project, model.reviewed, asked, names, promotions)
            return True
        self.account.counts["refused"] += 1
        if operation.code in OF_THE_REQUEST:
            paths = [(self.project_of[i], self.path_of[i]) for i, action in actions.items() if action == "approve"]
            return len(paths) > len(set(paths))
        return self._refused(operation, operation.refusal.get("artifact_version_id"))

    def _refused(self, operation: Operation, version_id: str | None) -> bool:
        if operation.code not in ("already_decided", "not_submitted", "approved_is_replaced"):
            return False
        if version_id is None:
            return False
        project, status = self.project_of[version_id], operation.refusal.get("status")
        actions = operation.arguments["actions"]
        return self._add(operation, project, model.refused_decision, actions, operation.code, version_id, status)

    def _edit(self, operation: Operation) -> bool:
        (version_id,) = operation.arguments["actions"]
        project = self.project_of[version_id]
        asked = self._decisions(operation, project)
        if operation.status == 200:
            return self._add(operation, project, model.edited, asked)
        if operation.code in OVERTAKEN:
            self.account.counts["overtaken"] += 1
            return self._add(operation, project, model.edited, asked)
        self.account.counts["refused"] += 1
        return self._refused(operation, version_id)

    def _promote(self, operation: Operation) -> bool:
        asked, target = operation.arguments, operation.arguments["target"]
        add = partial(self._add, operation, asked["project"])
        explain: Any
        arguments: tuple[Any, ...]
        if operation.status == 200 and operation.data["status"] == "promoted":
            explain, arguments = model.promoted, (asked["if_match"], operation.data)
        elif operation.status == 200:
            explain, arguments = model.nothing_promoted, (operation.data,)
        elif operation.status == 409:
            self.account.counts["conflicts" if operation.code == "context_version_conflict" else "refused"] += 1
            explain, arguments = model.promotion_refused, (asked["if_match"], operation.code, operation.refusal)
        else:
            return False

        def with_targets(state: Project) -> Project:
            return explain(state, targets_of(state, target), *arguments)

        return add(with_targets)

    def _rehearse(self, operation: Operation) -> bool:
        def rehearsed(state: Project) -> Project:
            targets = model.awaiting(state)
            if operation.data["status"] == "promoted":
                model.promoted(state, targets, None, operation.data)
                return state
            return model.nothing_promoted(state, targets, operation.data)

        return operation.status == 200 and self._add(operation, operation.arguments["project"], rehearsed)

    def _revert(self, operation: Operation) -> bool:
        asked, add = operation.arguments, partial(self._add, operation, operation.arguments["project"])
        if operation.code in ("context_version_conflict", "context_version_unknown"):
            self.account.counts["conflicts"] += operation.code == "context_version_conflict"
            why = (asked["to_version"], asked["if_match"], operation.code, operation.refusal)
            return add(model.revert_refused, *why)
        if operation.status != 200:
            return False
        if operation.data["status"] == "promoted":
            return add(model.reverted, asked["to_version"], asked["if_match"], operation.data)
        return add(model.nothing_reverted, asked["to_version"], operation.data)

    def _finish(self, operation: Operation) -> bool:
        return operation.status == 200

    def _context(self, operation: Operation) -> bool:
        add = partial(self._add, operation, operation.arguments["project"])
        if operation.status == 304:
            return add(model.unchanged, operation.arguments["seen"])
        if operation.status != 200:
            return False
        version = operation.body["meta"]["context_version"]
        numbered = operation.data.get("_meta", {"context_version": 0})["context_version"]
        agree = operation.etag == f'"{version}"' and numbered == version
        return agree and add(model.context_read, version, entries_of(operation.data))

    def _version(self, operation: Operation) -> bool:
        asked = operation.arguments
        told = operation.data if operation.status == 200 else None
        return told is not None and self._add(operation, asked["project"], model.version_read, asked["version"], told)


def targets_of(state: Project, target: dict[str, Any]) -> list[str]:
    if "artifact_version_ids" in target:
        return target["artifact_version_ids"]
    return model.outputs(state, target["task_id"]) if "task_id" in target else model.awaiting(state)


def entries_of(node: Any, place: str = "") -> dict[str, str]:
    """A context document as path → version id."""
    if isinstance(node, dict) and "artifact_version_id" in node:
        return {place: node["artifact_version_id"]}
    if isinstance(node, dict):
        below = [(f"{place}.{key}".lstrip("."), child) for key, child in node.items() if key != "_meta"]
    else:
        below = [(f"{place}[{index}]", child) for index, child in enumerate(node or ())]
    return {path: entry for name, child in below for path, entry in entries_of(child, name).items()}


def by_itself(promotion: dict[str, Any], start: float) -> Step:
    """A promotion by the Flow or the worker, as its row tells."""
    told = {"context_version": promotion["context_version"], "withdrawn": []}
    told["promoted"] = [
        {
            "artifact_version_id": c["to_version_id"],
            "schema_key": c["schema_key"],
            "version_number": c["entry"]["version"],
        }
        for c in promotion["changes"]
    ]
    replaced = [c["from_version_id"] for c in promotion["changes"] if c["from_version_id"]]
    told["superseded"] = [{"artifact_version_id": version_id} for version_id in replaced]
    about = f"promotion {promotion['context_version']} because a task was done: {told['promoted']}"
    return Step(start, FOREVER, lambda state: [model.task_promoted(state, told)], about)


def at_the_end(start: float, version: int, context: Any, rows: list[dict[str, Any]]) -> Step:
    """What is stored when all is quiet, as one more thing to be explained."""

    def explain(state: Project) -> list[Project]:
        return [model.everything_read(state, version, entries_of(context), rows)]

    return Step(start, FOREVER, explain, "what is stored in the end")
