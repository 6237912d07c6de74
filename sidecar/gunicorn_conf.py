"""gunicorn's settings, from ours. Workers load the app after the fork, so each has its own connection pool."""

import signal
from typing import Any

from sidecar.settings import process_settings

_settings = process_settings()

bind = f"{_settings.host}:{_settings.port}"
workers = _settings.workers
# Requests that wait for a decision hold a thread and nothing else; they take none from the others.
threads = _settings.threads + _settings.waiting
worker_class = "gthread"
preload_app = False
# A large upload takes its time; decisions are ended by the database's statement_timeout long before.
timeout = 120
graceful_timeout = 15
keepalive = 30
# The app writes one structured line per request itself.
accesslog = None
errorlog = "-"
loglevel = "warning"
# Its control socket would lie in the home folder, one for all stacks of a machine.
control_socket_disable = True


def post_worker_init(worker: Any) -> None:
    """Asked to end, a process lets those go who wait for a decision: they would hold it for a minute."""
    end = signal.getsignal(signal.SIGTERM)

    def let_go(number: int, frame: Any) -> None:
        worker.wsgi.extensions["artifacts"].room.close()
        if callable(end):
            end(number, frame)

    signal.signal(signal.SIGTERM, let_go)
