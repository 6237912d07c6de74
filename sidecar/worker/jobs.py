"""The worker's jobs: a reconciler that finds what should have been promoted, the promotion of one task, looks at what
was added (look.py), what goes to other servers (transfers/send.py), a clean-up. Events are no jobs: a thread of its own
numbers and delivers them (announce.py).

The queue is procrastinate's, in the same Postgres. A Flow may be lost, doubled or late, so nothing here depends on
having been told: every few seconds the reconciler asks the database what is done and not promoted.
"""

from __future__ import annotations

import asyncio
import contextlib
import signal
import uuid
from uuid import UUID

import procrastinate
import psycopg
import structlog
from procrastinate import exceptions
from procrastinate.jobs import Job
from psycopg_pool import PoolTimeout

from sidecar.database import Database
from sidecar.errors import Refusal
from sidecar.events.forget import forget_old
from sidecar.idempotency.expire import expire
from sidecar.promotion.task import promote_done_task, tasks_awaiting_promotion
from sidecar.retention.daily import retain_all
from sidecar.retention.remove import remove_files, remove_late_pictures
from sidecar.settings import Settings
from sidecar.share.forget import forget_links
from sidecar.sql import Statements
from sidecar.transfers import send
from sidecar.waiting.forget import forget_waits
from sidecar.worker import announce, look

sql = Statements(__file__)
log = structlog.get_logger()

# A refusal stands until somebody does something about it: look again after 5, 10, 20 … seconds, at most a minute.
LONGEST_WAIT_SECONDS = 60
# Seconds between attempts grow so that one broken task costs little; the queueing lock keeps it to one job.
QUEUE = "artifacts"
# Between attempts to reach a database that went away.
AGAIN_SECONDS = 1.0


class Backoff(procrastinate.BaseRetryStrategy):
    """Retry for ever, ever more slowly, up to once a minute."""

    def get_retry_decision(self, *, exception: BaseException, job: Job) -> procrastinate.RetryDecision | None:
        if isinstance(exception, Refusal) and exception.code == "task_not_found":
            return None
        return procrastinate.RetryDecision(
            retry_in={"seconds": min(5 * 2 ** min(job.attempts, 8), LONGEST_WAIT_SECONDS)}
        )


def create_worker(settings: Settings, database: Database) -> procrastinate.App:
    """The procrastinate app with its jobs, which use `database`. Open it with `with app.open():`, or run a worker."""
    url = settings.database_url.get_secret_value()
    app = procrastinate.App(
        connector=procrastinate.PsycopgConnector(
            conninfo=url, min_size=1, max_size=4, kwargs={"application_name": "artifacts-worker"}
        )
    )

    @app.task(name="promote_task", queue=QUEUE, retry=Backoff())
    def promote_task(task_id: str) -> None:
        """Promote the outputs of a task that is done."""
        request_id = f"worker-{uuid.uuid4()}"
        answer = promote_done_task(database, settings, UUID(task_id), request_id)
        log.info("task promoted", task_id=task_id, request_id=request_id, status=answer["status"])

    @app.periodic(cron=f"* * * * * */{settings.reconcile_seconds}")  # the sixth field is seconds
    @app.task(name="reconcile", queue=QUEUE, queueing_lock="reconcile")
    def reconcile(timestamp: int) -> None:
        """Queue a promotion for every task that is done and not promoted."""
        with database.transaction() as connection:
            locks = {f"promote/{task_id}": str(task_id) for task_id in tasks_awaiting_promotion(connection)}
            # A second job beside a running one would keep that one from being tried again: one lock, one waiting job.
            running = connection.execute(sql.running, {"queueing_locks": list(locks)}).fetchall()
        for lock in locks.keys() - {row["queueing_lock"] for row in running}:
            task_id = locks[lock]
            try:
                promote_task.configure(queueing_lock=lock).defer(task_id=task_id)
            except exceptions.AlreadyEnqueued:
                log.debug("already queued", task_id=task_id)

    @app.periodic(cron=f"* * * * * */{settings.reconcile_seconds}")
    @app.task(name="look_around", queue=QUEUE, queueing_lock="look_around")
    def look_around(timestamp: int) -> None:
        """Hash what came another way, and read the facts of media."""
        look.look_around(database, settings)

    @app.periodic(cron=f"* * * * * */{settings.reconcile_seconds}")
    @app.task(name="send_transfers", queue=QUEUE, queueing_lock="send_transfers")
    def send_transfers(timestamp: int) -> None:
        """Send to other servers what is due, in threads of its own: promotions must not wait behind films."""
        send.send_transfers(database, settings)

    @app.periodic(cron="*/10 * * * *")
    @app.task(name="recheck_files", queue=QUEUE, queueing_lock="recheck_files")
    def recheck_files(timestamp: int) -> None:
        """Let the bytes be read again that nobody read for long."""
        look.ask_for_old_files(database)

    @app.periodic(cron="17 3 * * *")
    @app.task(name="retain", queue=QUEUE, queueing_lock="retain", retry=Backoff())
    def retain(timestamp: int) -> None:
        """Archive what the templates' retention says, unless that is switched off."""
        remove_late_pictures(database)
        if settings.retention:
            log.info("retention", **retain_all(database, settings, f"worker-{uuid.uuid4()}"))

    @app.periodic(cron="* * * * *")
    @app.task(name="remove_files", queue=QUEUE, queueing_lock="remove_files")
    def remove_removed(timestamp: int) -> None:
        """Have Directus delete the files that versions have lost."""
        if removed := remove_files(database, settings):
            log.info("files looked at for removal", files=removed)

    @app.periodic(cron="*/10 * * * *")
    @app.task(name="expire_idempotency_keys", queue=QUEUE, queueing_lock="expire_idempotency_keys")
    def expire_idempotency_keys(timestamp: int) -> None:
        """Forget the answers that nobody may ask for again."""
        if expired := expire(database, settings.idempotency_hours):
            log.info("idempotency keys expired", keys=expired)

    @app.periodic(cron="43 3 * * *")
    @app.task(name="forget_review_links", queue=QUEUE, queueing_lock="forget_review_links")
    def forget_review_links(timestamp: int) -> None:
        """Forget the guests of review links that ended long ago."""
        if forgotten := forget_links(database):
            log.info("review links forgotten", links=forgotten)

    @app.periodic(cron="29 * * * *")
    @app.task(name="forget_events", queue=QUEUE, queueing_lock="forget_events", retry=Backoff())
    def forget_events(timestamp: int) -> None:
        """Remove events and deliveries that are older than they are kept."""
        if forgotten := forget_old(database, settings.events_days):
            log.info("events forgotten", events=forgotten)
        forget_waits(database, settings.events_days)

    return app


def run_worker(settings: Settings) -> None:
    """Work until a signal asks to stop. A database that goes away is waited for: nobody else would start us again."""
    database = Database(settings.database_url.get_secret_value(), largest=8, name="artifacts-worker")
    database.open()
    try:
        with announce.announcing(database, settings):
            asyncio.run(_work(settings, database))
    finally:
        database.close()


async def _work(settings: Settings, database: Database) -> None:
    stop = asyncio.Event()
    for signal_number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(signal_number, stop.set)
    stopped = asyncio.create_task(stop.wait())
    while not stop.is_set():
        try:
            async with create_worker(settings, database).open_async() as app:
                # procrastinate ends its worker, without an error, when one of its connections is lost.
                worker = asyncio.create_task(
                    app.run_worker_async(
                        queues=[QUEUE],
                        concurrency=4,
                        delete_jobs="successful",
                        name="artifacts-worker",
                        install_signal_handlers=False,
                    )
                )
                await asyncio.wait({worker, stopped}, return_when=asyncio.FIRST_COMPLETED)
                worker.cancel()
                with contextlib.suppress(asyncio.CancelledError):
                    await worker
        except (exceptions.ConnectorException, psycopg.Error, PoolTimeout) as error:
            log.warning("the worker has lost the database", error=str(error).strip())
        if not stop.is_set():
            await asyncio.wait({stopped}, timeout=AGAIN_SECONDS)
            log.info("the worker starts again")
