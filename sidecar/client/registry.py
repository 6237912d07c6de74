"""The registry, as a program sees it."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from typing import Any
from uuid import UUID

from sidecar.client import run
from sidecar.client.context import Contexts
from sidecar.client.desk import Desk
from sidecar.client.events import Events
from sidecar.client.executions import Executions, Steps
from sidecar.client.feedback import Feedback
from sidecar.client.ids import Id
from sidecar.client.lineage import Lineages
from sidecar.client.links import Links
from sidecar.client.locks import Locks
from sidecar.client.models import Version
from sidecar.client.projects import Projects
from sidecar.client.retention import Retention
from sidecar.client.reviews import Promotions, Reviews
from sidecar.client.transfers import Transfers
from sidecar.client.transport import Transport
from sidecar.client.versions import Versions


class Registry:
    """A caller of the registry, by the features it has: projects, context, versions, reviews, promotions, lineage,
    executions, steps, transfers, locks, retention, links, desk, events. Threads may share it.

    `url` and `token` are taken from SIDECAR_URL and SIDECAR_TOKEN when left out; `actor` is the Directus user a service
    token acts for. `timeout` is (connect, read) in seconds for one try; a request that passes by itself is repeated up
    to `attempts` times and `patience` seconds.
    """

    def __init__(
        self,
        url: str | None = None,
        token: str | None = None,
        *,
        actor: UUID | str | None = None,
        timeout: tuple[float, float] = (5.0, 60.0),
        attempts: int = 6,
        patience: float = 150.0,
    ) -> None:
        transport = Transport(
            url or _variable("SIDECAR_URL"), token or _variable("SIDECAR_TOKEN"), str(actor) if actor else None,
            timeout, attempts, patience,
        )  # fmt: skip
        self.url, self._transport = transport.url, transport
        self.projects = Projects(transport)
        self.context = Contexts(transport)
        self.versions = Versions(transport)
        self.reviews = Reviews(transport)
        self.promotions = Promotions(transport)
        self.lineage = Lineages(transport)
        self.executions = Executions(transport)
        self.steps = Steps(transport)
        self.locks = Locks(transport)
        self.transfers = Transfers(transport)
        self.retention = Retention(transport)
        self.links = Links(transport)
        self.desk = Desk(transport)
        self.events = Events(transport)
        self.inbox, self.sheet = self.desk.inbox, self.desk.sheet
        learning = Feedback(transport)
        self.lessons, self.rejections, self.feedback = learning.lessons, learning.rejections, learning.export
        self.submit, self.download = self.versions.submit, self.versions.download
        self.wait_for_decision, self.file_url = self.versions.wait_for_decision, self.versions.file_url
        self.transfer, self.collect = self.transfers.send, self.transfers.collect

    def __repr__(self) -> str:
        return f"Registry({self.url!r})"

    def __enter__(self) -> Registry:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections. Another request opens them again."""
        self._transport.close()

    def execution(
        self,
        project: Id,
        name: str,
        *,
        task: Id | None = None,
        lease: float = 30,
        takeover: bool = False,
        wait: float = 3600,
    ) -> run.Run:
        """A run of a pipeline, to be used with `with`; `name` is what tells it from the project's others.

        A step left running by a process that is gone is taken over after its `lease` seconds of silence; at once with
        `takeover`, which says that nobody else runs this. Another's step is waited for, `wait` seconds at most.
        """
        return run.Run(self, project, name, task=task, lease=lease, takeover=takeover, wait=wait)

    def step(
        self,
        name: str,
        *,
        path: str | None = None,
        parameters: Any = None,
        depends_on: Sequence[str] | None = None,
        workflow_name: str | None = None,
    ) -> Callable[[Callable[run.P, Any]], Callable[run.P, Version]]:
        """Make a function a step: its body runs when there is no output of these arguments to use again.

        See Run.reuse_or_run; `{argument}` in name and path stands for an argument.
        """
        return run.step(name, path=path, parameters=parameters, depends_on=depends_on, workflow_name=workflow_name)

    def reuse_or_run(
        self,
        name: str,
        inputs: Mapping[str, Any],
        body: Callable[..., Any],
        *,
        path: str | None = None,
        parameters: Any = None,
        depends_on: Sequence[str] | None = None,
        workflow_name: str | None = None,
    ) -> Version:
        """Run.reuse_or_run of the current run."""
        return run.current_run().reuse_or_run(
            name, inputs, body, path=path, parameters=parameters, depends_on=depends_on, workflow_name=workflow_name
        )


def _variable(name: str) -> str:
    value = os.environ.get(name)
    if not value:
        raise ValueError(f"say which registry: set {name}, or pass url and token")
    return value
