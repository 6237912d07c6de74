"""The registry as one program that does one thing after the other would be: the measure for what the real one answers.

A `Project` is never changed: every function takes one with what was asked and told, and returns what it becomes. It
raises Unexplained where it would have answered something else. Ids, paths and statuses are those of the answers.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable
from dataclasses import dataclass, field, replace
from typing import Any

from tests.concurrency.serial import Unexplained

Names = list[dict[str, Any]]
PUT_AWAY = ("intermediate", "pending", "rejected", "superseded", "archived")
# The statuses that an action is not refused as already_decided in; it may be for another reason.
PASSING = {
    "approve": ("pending", "approved", "intermediate"),
    "reject": ("pending", "rejected", "intermediate"),
    "request_changes": ("pending", "intermediate"),
    "submit": ("intermediate", "pending"),
    "archive": (*PUT_AWAY, "approved"),
    "withdraw": (*PUT_AWAY, "approved"),
}


@dataclass(frozen=True, slots=True)
class Version:
    path: str
    number: int
    status: str
    task: str | None
    content: str | None  # None: nobody knows what it is made of, so nothing is the same
    changes_requested: bool = False
    promoted: bool = False
    copy_of: str | None = None


@dataclass(frozen=True)
class Project:
    """`contexts[n]` is the context of version n: path → version id."""

    contexts: tuple[dict[str, str], ...] = ({},)
    versions: dict[str, Version] = field(default_factory=dict)
    newest: dict[str, str] = field(default_factory=dict)
    trail: int = 0  # of all contexts so far, for key()

    @property
    def version(self) -> int:
        return len(self.contexts) - 1

    @property
    def context(self) -> dict[str, str]:
        return self.contexts[-1]

    def key(self) -> Hashable:
        return self.version, self.trail, frozenset(self.versions.items())

    def __str__(self) -> str:
        return f"context version {self.version} = {self.context}"

    def with_versions(self, changed: dict[str, Version]) -> Project:
        return replace(self, versions={**self.versions, **changed})

    def find(self, version_id: str) -> Version:
        return expect(self.versions.get(version_id), f"{version_id} is not there yet")

    def holds(self, version_id: str) -> bool:
        """Whether the context has its entry. A superseded version may, until its successor is promoted."""
        return self.context.get(self.versions[version_id].path) == version_id

    def in_use(self, path: str) -> bool:
        return any(v.path == path and v.status not in ("rejected", "archived") for v in self.versions.values())


def expect(holds: Any, otherwise: str) -> Any:
    """What holds, or Unexplained."""
    if not holds:
        raise Unexplained(otherwise)
    return holds


# Submitting


def added(
    project: Project, version_id: str, path: str, number: int, status: str, task: str | None, content: str | None
) -> Project:
    """A new version of a path: numbered one above its newest, and no twin of it."""
    newest = project.newest.get(path)
    before = project.versions[newest].number if newest else 0
    expect(number == before + 1, f"number {number} comes after {before}")
    expect(twin(project, path, status, content) is None, "the newest version of the path has the same content")
    expect(not conflicting(project, path), f"the path stands in the way of {conflicting(project, path)}")
    version = Version(path, number, status, task, content)
    return replace(
        project, versions={**project.versions, version_id: version}, newest={**project.newest, path: version_id}
    )


def found(project: Project, version_id: str, path: str, asked: str, status: str, content: str | None) -> Project:
    """Submitted again: nothing is added."""
    expect(twin(project, path, asked, content) == version_id, "it is not the newest version with that content")
    expect(project.find(version_id).status == status, f"it is {project.find(version_id).status}")
    return project


def path_refused(project: Project, path: str) -> Project:
    expect(conflicting(project, path), "nothing stands in the way")
    return project


def twin(project: Project, path: str, status: str, content: str | None) -> str | None:
    newest = project.newest.get(path)
    version = project.versions[newest] if newest else None
    same = version is not None and content is not None and version.content == content
    if version is None or not same or version.status in ("archived", "superseded"):
        return None
    return None if version.status == "intermediate" and status == "pending" else newest


def conflicting(project: Project, path: str) -> list[str]:
    """Paths in use above or below; none where the path itself is in use."""
    if project.in_use(path):
        return []
    others = {p for p in project.newest if p.startswith(f"{path}.") or path.startswith(f"{p}.")}
    return [other for other in others if project.in_use(other)]


# Deciding


@dataclass(frozen=True)
class Decisions:
    """What was decided in one request, as far as it is about one project.

    `settled(version)`: whether its task may have been done, and whether it may have been unfinished, meanwhile."""

    actions: dict[str, str]
    promote: bool | str
    settled: Callable[[Version], tuple[bool, bool]]


def reviewed(project: Project, asked: Decisions, told: Names, promotions: list[dict[str, Any]]) -> list[Project]:
    after = decided(project, asked.actions)
    for name in told:
        version, before = after.find(name["artifact_version_id"]), project.find(name["artifact_version_id"])
        expect(version.status == name["status"], f"{version.path} {version.number} would be {version.status}")
        expect(version.changes_requested == (name["review_state"] is not None), "another review state")
        same = version.status == before.status
        if name["action"] != "request_changes":
            expect(name["repeated"] == same, f"it was {before.status} before")
    expect_ready(after, waiting_for(after, asked.actions), [i for p in promotions for i in ids(p["promoted"])], asked)
    withdrawn = [i for i, action in asked.actions.items() if action == "withdraw"]
    # A predecessor's entry, too, which stands there while the version awaits promotion.
    leave = {v.path for v in map(project.find, withdrawn) if v.status == "approved" and v.path in project.context}
    expect({path for p in promotions for path in p["withdrawn"]} == leave, f"{leave} leave the context")
    for promotion in promotions:
        after = entered(after, promotion)
    return [after if after != project else project]


def edited(project: Project, asked: Decisions) -> list[Project]:
    """A decision whose answer does not say what was promoted: by editing the status or writing the record."""
    after = decided(project, asked.actions)
    waiting = waiting_for(after, asked.actions)
    ways = []
    for entering in ([], waiting) if waiting else ([],):
        try:
            expect_ready(after, waiting, entering, asked)
        except Unexplained:
            continue
        ways.append(entered_as(after, entering, []) if entering else after)
    return [project if way == project else way for way in ways]


def decided(project: Project, actions: dict[str, str]) -> Project:
    """Approvals first, then everything else, as one request. The context is left as it is."""
    for approving in (True, False):
        for version_id, action in actions.items():
            if (action == "approve") == approving:
                project = _DECIDE[action](project, version_id, project.find(version_id))
    return project


def waiting_for(project: Project, actions: dict[str, str]) -> list[str]:
    approved = [version_id for version_id, action in actions.items() if action == "approve"]
    return [version_id for version_id in approved if not project.versions[version_id].promoted]


def expect_ready(project: Project, waiting: list[str], entering: list[str], asked: Decisions) -> None:
    """Those of the approved versions entered the context that were meant to."""
    expect(set(entering) <= set(waiting), "more was promoted than approved")
    for version_id in waiting:
        done, unfinished = asked.settled(project.versions[version_id])
        may = asked.promote is True or (asked.promote == "task_done" and done)
        may_not = asked.promote is False or (asked.promote == "task_done" and unfinished)
        expect(may if version_id in entering else may_not, f"{version_id} entered the context, or did not")


def refused_decision(project: Project, actions: dict[str, str], code: str, version_id: str, status: Any) -> Project:
    """Refused because of one version, which is then as the refusal says."""
    version, action = project.find(version_id), actions[version_id]
    expect(status in (None, version.status), f"it is {version.status}")
    fits = {
        "already_decided": lambda: version.status not in PASSING[action],
        "not_submitted": lambda: version.status == "intermediate" and action != "submit",
        "approved_is_replaced": lambda: (
            (version.status == "approved" and action == "archive")
            or (version.status == "superseded" and action in ("archive", "withdraw") and project.holds(version_id))
        ),
    }
    expect(fits[code](), f"{action} of a version that is {version.status} is no {code}")
    return project


def _approve(project: Project, version_id: str, version: Version) -> Project:
    if version.status == "approved":
        return project
    expect(version.status == "pending", f"it is {version.status}")
    gives_way = {
        other: replace(v, status="superseded")
        for other, v in project.versions.items()
        if v.path == version.path and v.status == "approved"
    }
    approved = replace(version, status="approved", changes_requested=False)
    return project.with_versions({**gives_way, version_id: approved})


def _reject(project: Project, version_id: str, version: Version) -> Project:
    return _move(project, version_id, version, ("pending",), "rejected")


def _withdraw(project: Project, version_id: str, version: Version) -> Project:
    if version.status != "approved":
        return _put_away(project, version_id, version)
    return project.with_versions({version_id: replace(version, status="archived")})


def _submit(project: Project, version_id: str, version: Version) -> Project:
    return _move(project, version_id, version, ("intermediate",), "pending")


def _put_away(project: Project, version_id: str, version: Version) -> Project:
    expect(version.status != "superseded" or not project.holds(version_id), "the context has its entry")
    return _move(project, version_id, version, PUT_AWAY, "archived")


def _move(project: Project, version_id: str, version: Version, come: tuple[str, ...], status: str) -> Project:
    if version.status == status:
        return project
    expect(version.status in come, f"it is {version.status}")
    return project.with_versions({version_id: replace(version, status=status, changes_requested=False)})


def _request_changes(project: Project, version_id: str, version: Version) -> Project:
    expect(version.status == "pending", f"it is {version.status}")
    return project.with_versions({version_id: replace(version, changes_requested=True)})


_DECIDE: dict[str, Callable[[Project, str, Version], Project]] = {
    "approve": _approve,
    "reject": _reject,
    "archive": _put_away,
    "withdraw": _withdraw,
    "submit": _submit,
    "request_changes": _request_changes,
}


# Promoting


def promoted(project: Project, targets: list[str], if_match: int | None, told: dict[str, Any]) -> Project:
    """A promotion that entered the context. A pending version that it names is approved by it."""
    waiting = not_in_context(project, targets)
    expect(waiting, "nothing waits for promotion")
    expect(if_match in (None, project.version), f"the context is at version {project.version}")
    after = decided(project, dict.fromkeys(waiting, "approve"))
    expect(set(ids(told["promoted"])) == set(waiting), f"{waiting} wait for promotion")
    return entered(after, told)


def nothing_promoted(project: Project, targets: list[str], told: dict[str, Any]) -> Project:
    expect(not not_in_context(project, targets), "something waits for promotion")
    expect(told["context_version"] == project.version, f"the context is at version {project.version}")
    expect((told["status"] == "already_promoted") == bool(targets), f"{targets} is what was meant")
    return project


def promotion_refused(
    project: Project, targets: list[str], if_match: int | None, code: str, told: dict[str, Any]
) -> Project:
    waiting = not_in_context(project, targets)
    expect(waiting, "nothing waits for promotion, which is no refusal")
    if code == "context_version_conflict":
        expect(told["context_version"] == project.version != if_match, f"the context is at version {project.version}")
        return project
    expect(if_match in (None, project.version), "another refusal comes first")
    if code == "two_approvals_for_one_path":
        paths = [project.versions[version_id].path for version_id in waiting]
        expect(len(paths) > len(set(paths)), "every path is named once")
        return project
    expect(told["artifact_version_id"] in waiting, "that version does not wait")
    actions = dict.fromkeys(waiting, "approve")
    return refused_decision(project, actions, code, told["artifact_version_id"], told.get("status"))


def not_in_context(project: Project, targets: Iterable[str]) -> list[str]:
    found = {version_id: project.find(version_id) for version_id in targets}
    return [version_id for version_id, v in found.items() if not v.promoted or v.status == "pending"]


def outputs(project: Project, task: str) -> list[str]:
    """A task's approved outputs."""
    return [i for i, v in project.versions.items() if v.task == task and v.status == "approved"]


def awaiting(project: Project) -> list[str]:
    return [i for i, v in project.versions.items() if v.status == "approved" and not v.promoted]


def task_promoted(project: Project, told: dict[str, Any]) -> Project:
    """By the Flow or the worker: everything of one finished task that waited, as one set."""
    entering = set(ids(told["promoted"]))
    tasks = {project.find(version_id).task for version_id in entering}
    expect(len(tasks) == 1, "outputs of several tasks")
    waiting = not_in_context(project, outputs(project, str(tasks.pop())))
    expect(entering == set(waiting), f"{waiting} wait for promotion")
    return entered(project, told)


def reverted(project: Project, to_version: int, if_match: int | None, told: dict[str, Any]) -> Project:
    """Paths that differ get copies of the versions of that time, as new approved versions; others leave."""
    expect(if_match in (None, project.version), f"the context is at version {project.version}")
    back, gone = differing(project, to_version)
    expect(back or gone, "nothing differs")
    expect({name["schema_key"] for name in told["promoted"]} == set(back), f"{sorted(back)} come back")
    expect(set(told["withdrawn"]) == set(gone), f"{gone} leave")
    after = project
    for name in told["promoted"]:
        path, copy = name["schema_key"], name["artifact_version_id"]
        expect(name["version_number"] == after.versions[after.newest[path]].number + 1, "another number is next")
        version = replace(after.versions[back[path]], number=name["version_number"], status="pending", promoted=False,
                          copy_of=back[path])  # fmt: skip
        after = replace(after.with_versions({copy: version}), newest={**after.newest, path: copy})
        after = _approve(after, copy, version)
    withdrawn = {i: replace(v, status="archived") for i, v in after.versions.items()
                 if v.path in gone and v.status == "approved"}  # fmt: skip
    return entered(after.with_versions(withdrawn), told)


def differing(project: Project, to_version: int) -> tuple[dict[str, str], list[str]]:
    """The versions that would come back, by path, and the paths that would leave."""
    expect(to_version <= project.version, f"the context is at version {project.version}")
    then, now = project.contexts[to_version], project.context
    # A copy of the version of that time is no difference.
    same = {path: (now[path], project.versions[now[path]].copy_of) for path in now}
    back = {path: version_id for path, version_id in then.items() if version_id not in same.get(path, ())}
    return back, [path for path in now if path not in then]


def revert_refused(project: Project, to_version: int, if_match: int | None, code: str, told: dict[str, Any]) -> Project:
    expect(told["context_version"] == project.version, f"the context is at version {project.version}")
    expect((code == "context_version_unknown") == (to_version > project.version), f"{code} is another case")
    expect(code == "context_version_unknown" or if_match not in (None, project.version), "nothing was stale")
    return project


def nothing_reverted(project: Project, to_version: int, told: dict[str, Any]) -> Project:
    expect(differing(project, to_version) == ({}, []), "something differs")
    expect(told["context_version"] == project.version, f"the context is at version {project.version}")
    return project


def entered(project: Project, told: dict[str, Any]) -> Project:
    """The next context: what `told` names at its paths or without them, in place of what it says it superseded."""
    expect(told["context_version"] == project.version + 1, f"the context is at version {project.version}")
    names = told["promoted"]
    for name in names:
        version = project.find(name["artifact_version_id"])
        expect((version.path, version.number) == (name["schema_key"], name["version_number"]), "another version")
    paths = [name["schema_key"] for name in names]
    replaced = {project.context[path] for path in paths if path in project.context}
    left = {project.context.get(path) for path in told["withdrawn"]}
    expect(replaced <= set(ids(told["superseded"])) <= replaced | left, f"{replaced | left} gave way")
    return entered_as(project, ids(names), told["withdrawn"])


def entered_as(project: Project, entering: list[str], leaving: list[str]) -> Project:
    for version_id in entering:
        expect(project.find(version_id).status == "approved", "it is not approved")
    there = {project.versions[version_id].path: version_id for version_id in entering}
    stays = {path: version_id for path, version_id in project.context.items() if path not in leaving}
    marked = {version_id: replace(project.versions[version_id], promoted=True) for version_id in entering}
    context = {**stays, **there}
    return replace(
        project,
        contexts=(*project.contexts, context),
        versions={**project.versions, **marked},
        trail=hash((project.trail, frozenset(context.items()))),
    )


def ids(names: Names) -> list[str]:
    return [name["artifact_version_id"] for name in names]


# Reading


def context_read(project: Project, version: int, entries: dict[str, str]) -> Project:
    expect(version == project.version, f"the context is at version {project.version}")
    expect(entries == project.context, f"it holds {project.context}")
    return project


def unchanged(project: Project, version: int) -> Project:
    expect(version == project.version, f"the context is at version {project.version}")
    return project


def version_read(project: Project, version_id: str, told: dict[str, Any]) -> Project:
    version = project.find(version_id)
    stands = (version.status, version.changes_requested, version.promoted)
    expect(stands == standing(told), f"it is {stands}")
    return project


def standing(row: dict[str, Any]) -> tuple[str, bool, bool]:
    """A version's status, whether changes are requested, and whether it was promoted."""
    return row["status"], row["review_state"] is not None, row["promoted_at"] is not None


def everything_read(project: Project, version: int, entries: dict[str, str], rows: list[dict[str, Any]]) -> Project:
    """What is stored at the end."""
    context_read(project, version, entries)
    expect({str(row["id"]) for row in rows} == set(project.versions), "other versions")
    for row in rows:
        stored, known = row, project.versions[str(row["id"])]
        place = (stored["schema_key"], stored["version_number"], *standing(stored))
        expect(place == (known.path, known.number, known.status, known.changes_requested, known.promoted), str(known))
    return project
