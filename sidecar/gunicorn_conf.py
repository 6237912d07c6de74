"""gunicorn's settings, from ours. Workers load the app after the fork, so each has its own connection pool."""

from sidecar.settings import process_settings

_settings = process_settings()

bind = f"{_settings.host}:{_settings.port}"
workers = _settings.workers
threads = _settings.threads
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
