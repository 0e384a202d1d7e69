"""How the process is: alive, ready, measured, and which release it is."""

from __future__ import annotations

import hmac
import importlib.metadata
from datetime import timedelta
from functools import cache

from flask import Blueprint, Response, abort, current_app, jsonify, request
from flask.typing import ResponseReturnValue
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from sqlalchemy import Engine, text
from sqlalchemy.exc import DBAPIError

from core import migrate
from web.shell import needs

pages = Blueprint("health", __name__)

#: A job that has waited longer than this says that no worker is there.
QUEUE_AGE_MAX = timedelta(minutes=15)


@cache
def version() -> str:
    """Return the release of this program."""
    try:
        return importlib.metadata.version("gongbao")
    except importlib.metadata.PackageNotFoundError:
        return "0"


@cache
def _head() -> str:
    return migrate.head()


@pages.get("/healthz")
@needs("public.read", has_unit=False)
def healthz() -> ResponseReturnValue:
    """Say that the process answers, without asking anything else."""
    return {"status": "ok"}


@pages.get("/readyz")
@needs("public.read", has_unit=False)
def readyz() -> ResponseReturnValue:
    """Say whether requests can be served: the database answers, its schema is ours, jobs are being done."""
    checks = readiness(current_app.extensions["gongbao"].engine)
    is_ready = all(found == "ok" for name, found in checks.items() if name != "queue")
    return jsonify({"status": "ok" if is_ready else "not ready", "checks": checks}), 200 if is_ready else 503


def readiness(engine: Engine) -> dict[str, str]:
    """Return check -> `ok` or what is wrong; a slow queue is told but does not take the site down."""
    try:
        with engine.connect() as connection:
            step = connection.scalar(text("SELECT version_num FROM alembic_version"))
            waiting = connection.scalar(
                text(
                    "SELECT count(*) FROM procrastinate_jobs WHERE status = 'todo'"
                    " AND coalesce(scheduled_at, now()) < now() - make_interval(secs => :age)"
                ),
                {"age": int(QUEUE_AGE_MAX.total_seconds())},
            )
    except DBAPIError as error:
        return {"database": type(error.orig).__name__}
    return {
        "database": "ok",
        "schema": "ok" if step == _head() else f"at {step}, this program needs {_head()}",
        "queue": "ok" if not waiting else f"{waiting} jobs wait for a worker",
    }


@pages.get("/metrics")
@needs("public.read", has_unit=False)
def metrics() -> ResponseReturnValue:
    """Return the figures of this process for Prometheus: to this machine, or to who holds the token."""
    token = current_app.extensions["gongbao"].settings.metrics_token
    given = request.headers.get("Authorization", "").removeprefix("Bearer ").strip()
    is_here = request.remote_addr in ("127.0.0.1", "::1", None) and "X-Forwarded-For" not in request.headers
    if not is_here and not (token and hmac.compare_digest(given.encode(), token.encode())):
        abort(404)
    return Response(generate_latest(current_app.extensions["gongbao"].registry), mimetype=CONTENT_TYPE_LATEST)


@pages.get("/favicon.ico")
@needs("public.read", has_unit=False)
def favicon() -> ResponseReturnValue:
    """Return the small picture that browsers ask for by this name."""
    return current_app.send_static_file("favicon.ico")


@pages.get("/version")
@needs("public.read", has_unit=False)
def release() -> ResponseReturnValue:
    """Return which release answers and which step of the schema it needs."""
    return {"name": "gongbao", "version": version(), "schema": _head()}
