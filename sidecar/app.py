"""The Flask app: features registered on one description, health, and the documentation page."""

from __future__ import annotations

from flask import Response, redirect
from flask_openapi3.models.info import Info
from pydantic_core import to_json
from werkzeug import Response as RedirectResponse
from werkzeug.middleware.proxy_fix import ProxyFix

from sidecar import edge, log
from sidecar.access.authenticate import Authenticator
from sidecar.artifacts.copy_http import api as copies
from sidecar.artifacts.find_http import api as find
from sidecar.artifacts.http import api as artifacts
from sidecar.artifacts.read_http import api as versions
from sidecar.call import Answer
from sidecar.database import Database
from sidecar.description import DescribedApp
from sidecar.desk.http import api as desk
from sidecar.events.http import api as events
from sidecar.executions.http import api as executions
from sidecar.executions.step_http import api as steps
from sidecar.feedback.http import api as feedback
from sidecar.files.http import api as files
from sidecar.insights.http import api as insights
from sidecar.lineage.http import api as lineage
from sidecar.locks.http import api as locks
from sidecar.previews.http import api as previews
from sidecar.projects.http import api as projects
from sidecar.promotion.http import api as promotion
from sidecar.retention.http import api as retention
from sidecar.review.http import api as review
from sidecar.settings import Settings
from sidecar.share.http import api as sharing
from sidecar.share.shared_http import api as shared
from sidecar.transfers.collect_http import api as collecting
from sidecar.transfers.http import api as transfers
from sidecar.version import VERSION
from sidecar.waiting.room import Room


def create_app(settings: Settings) -> DescribedApp:
    """The sidecar as a WSGI app. Opens its connection pool: call it once per process, after the fork."""
    log.configure(settings.log_level)
    app = DescribedApp(
        __name__,
        info=Info(
            title="Directus Artifacts",
            version=VERSION,
            summary="A registry with human review for what AI agents and workflows produce.",
        ),
        security_schemes={"bearer": {"type": "http", "scheme": "bearer"}},
        doc_prefix="/docs",
    )
    app.json.sort_keys = False  # type: ignore[attr-defined]
    database = Database(
        settings.database_url.get_secret_value(), largest=settings.threads + 2, prepare=settings.prepare_statements
    )
    room = Room(database, settings.database_url.get_secret_value(), settings.waiting)
    app.extensions["artifacts"] = edge.Registry(settings, database, Authenticator(database, settings), room)
    database.open()
    edge.install(app)
    features = (
        artifacts, find, review, promotion, projects, locks, copies, versions, executions, steps, transfers, collecting,
        lineage, files, feedback, retention, desk, insights, sharing, shared, previews, events,
    )  # fmt: skip
    if settings.proxies:
        # Only the caller's address: nothing here is made from the host that a request names.
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=settings.proxies, x_proto=0, x_host=0)
    for feature in features:
        app.register_api(feature)
    _add_health(app, database)
    _add_description(app)
    return app


def _add_health(app: DescribedApp, database: Database) -> None:
    @app.route("/healthz")
    def healthz() -> Response:
        """Alive: this process answers."""
        return edge.encode(Answer({"status": "ok", "version": VERSION}))

    @app.route("/readyz")
    def readyz() -> Response:
        """Ready: this process can decide, which needs the database."""
        database.by_statement(lambda connection: connection.execute("select 1"))
        return edge.encode(Answer({"status": "ready", "version": VERSION}))


def _add_description(app: DescribedApp) -> None:
    @app.route("/openapi.json")
    def openapi_json() -> Response:
        return Response(to_json(app.api_doc), content_type="application/json")

    # flask-openapi3 serves its pages under /docs/; the plain address is the one people type.
    @app.route("/docs", strict_slashes=False)
    def docs() -> RedirectResponse:
        return redirect("/docs/swagger")
