"""The application put together: settings in, a Flask application out, nothing kept outside it."""

from __future__ import annotations

import datetime as dt
import logging
import sys
import time
import uuid
from collections.abc import Callable, MutableMapping
from dataclasses import dataclass, field
from typing import Any

import structlog
from flask import Flask, Response, g, request, session
from flask.json.provider import DefaultJSONProvider
from flask.templating import Environment
from flask_babel import Babel
from flask_talisman import Talisman
from flask_wtf.csrf import CSRFProtect
from prometheus_client import CollectorRegistry, Counter, Histogram
from sqlalchemy import Engine
from werkzeug.middleware.proxy_fix import ProxyFix

from core import clock
from core.permits import PUBLIC, Role
from core.settings import Settings
from web import api, cookies, errors, formats, health, pages, proving, repeats, shell, sign_in, typed, visits
from web.pages import MenuItem, menu_of

#: What a page may load and where its forms may go: our own, and nothing inline.
POLICY = {
    "default-src": "'self'",
    "base-uri": "'none'",
    "form-action": "'self'",
    "frame-ancestors": "'none'",
    "object-src": "'none'",
}

log = structlog.get_logger("gongbao.request")


@dataclass(slots=True)
class Edge:
    """What the application stands on; found at `app.extensions["gongbao"]`."""

    settings: Settings
    engine: Engine
    #: The same connections for what only reads: one snapshot, and nothing written.
    reader: Engine = field(init=False)
    registry: CollectorRegistry = field(default_factory=CollectorRegistry)
    menu: tuple[MenuItem, ...] = ()
    #: Words and address of each entry of the menu by role, language and the place of the application, made once.
    entries: Callable[[Role, bool, str], tuple[tuple[str, str], ...]] = lambda role, is_in_english, root: ()
    homes: dict[Role, Callable[[], Any]] = field(default_factory=dict)
    api: Any = None

    def __post_init__(self) -> None:
        self.reader = self.engine.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)


class Templates(Environment):
    """Jinja for templates that have no globals of their own: all share those of the application."""

    def make_globals(self, d: MutableMapping[str, Any] | None) -> MutableMapping[str, Any]:
        """Return the application's globals as they stand: a layer above them is looked through with every page."""
        return super().make_globals(d) if d else self.globals


class Application(Flask):
    """Flask, writing a fault that nobody foresaw as one line of JSON under the request's number."""

    request_class = typed.Asked
    jinja_environment = Templates
    session_interface = cookies.SignedCookie()

    def log_exception(self, exc_info: Any) -> None:
        """Write the fault with its traceback; the answer to whoever asked holds the number alone."""
        log.error("fault", id=g.get("request_id", ""), endpoint=request.endpoint, exc_info=exc_info)


class PlainJSON(DefaultJSONProvider):
    """JSON as people can read it: Chinese as itself, fields in their order, times in ISO 8601."""

    ensure_ascii = False
    sort_keys = False

    @staticmethod
    def default(value: object) -> Any:
        """Return what JSON has no form for as text; Flask's own would write a date as HTTP does."""
        if isinstance(value, dt.datetime):
            return clock.written(value)
        if isinstance(value, dt.date):
            return value.isoformat()
        return DefaultJSONProvider.default(value)


def create_app(settings: Settings, engine: Engine, *, proxies: int = 0) -> Flask:
    """Return the application on a database; `proxies` is how many trusted proxies stand before it.

    Raises RuntimeError where a route does not say what it needs.
    """
    app = Application("web", template_folder="../templates")
    app.json_provider_class = PlainJSON  # Flask-Security lays its own over this class
    app.json = PlainJSON(app)
    app.extensions["gongbao"] = Edge(settings, engine)
    app.config.update(
        TESTING=settings.mode == "test",
        MAX_CONTENT_LENGTH=settings.upload_limit_mb << 20,
        MAX_FORM_MEMORY_SIZE=2 << 20,
        BABEL_DEFAULT_LOCALE=settings.locale,
        BABEL_DEFAULT_TIMEZONE="Asia/Shanghai",
        WTF_CSRF_CHECK_DEFAULT=False,
        WTF_CSRF_TIME_LIMIT=None,
        PERMANENT_SESSION_LIFETIME=dt.timedelta(days=31),
    )
    if proxies:
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=proxies, x_proto=proxies, x_host=proxies)  # type: ignore[method-assign]
    sign_in.configure(app, settings)
    Babel(app, locale_selector=lambda: _locale(settings))
    formats.install(app)
    _serve_assets(app)
    errors.install(app)
    _watch(app)
    app.before_request(_know_visitor)
    csrf = CSRFProtect(app)
    app.before_request(lambda: _check_form(csrf))
    app.before_request(typed.check_request)
    sign_in.install(app, engine)
    app.before_request(proving.guard_screens)
    _harden(app, settings)
    app.context_processor(_frame)
    app.jinja_env.globals["form_key"] = repeats.form_key
    app.jinja_env.globals["csrf_token"] = cookies.FormTokens().of_this_visitor
    shell.listen(engine)
    app.register_blueprint(health.pages)
    pages.register(app)
    api.register(app)
    shell.check_routes(app)
    return app


def _serve_assets(app: Flask) -> None:
    """Serve static files below the digest of all of them, too; an older digest, while releases change, gets today's."""
    app.view_functions["static"] = lambda filename, assets="": app.send_static_file(filename)
    app.add_url_rule("/static/at-<assets>/<path:filename>", endpoint="static")


def _harden(app: Flask, settings: Settings) -> None:
    """Send the headers that keep pages from doing what they were not made for."""
    is_https = settings.public_url.startswith("https://")
    Talisman(
        app,
        force_https=False,  # the proxy's work; the health checks of the machine itself come without
        content_security_policy=POLICY,
        content_security_policy_nonce_in=[],
        frame_options="DENY",
        referrer_policy="same-origin",
        strict_transport_security=is_https,
        session_cookie_secure=app.config["SESSION_COOKIE_SECURE"],
        permissions_policy={"geolocation": "()", "microphone": "()"},
        x_xss_protection=False,
    )


def _locale(settings: Settings) -> str:
    """Return the language of this request: `?lang=`, what was chosen before, the settings' own."""
    if not request.args.get("lang") and session.get("lang") not in formats.LOCALES:
        if request.path.startswith(f"{api.PREFIX}/"):
            asked = request.accept_languages.best_match(["zh", "en"])
            return "en" if asked == "en" else settings.locale if asked is None else formats.LOCALES[0]
        return settings.locale
    return formats.choose_locale()


def _know_visitor() -> None:
    """Find out who asks before anything else does: an ended sign-in is out of the cookie before it is trusted."""
    if request.endpoint not in (None, "static", "health.healthz") and (session.get("sid") or visits.has_token()):
        visits.visit()
    elif session.get("_user_id") and not session.get("sid"):
        session.pop("_user_id")


def _check_form(csrf: CSRFProtect) -> None:
    """Refuse a form that was not ours; a program with a token, or with no sign-in at all, carries none."""
    if request.path.startswith("/api/") and (visits.has_token() or "sid" not in session):
        return
    csrf.protect()


def _frame() -> dict[str, object]:
    """Return what templates/layout.html takes; asks the database nothing that is not known already."""
    who: visits.Visit | None = g.get("visit")
    actor = who.actor if who else PUBLIC
    acting = None
    if who and who.organisation:
        acting = {"organisation": who.organisation, "role": formats.role_name(actor.role)}
    return {
        "server_now": g.get("at") or clock.now(),
        "acting": acting,
        "menu": menu_of(_app(), actor),
        "home_href": "/",
        "account": {
            "name": who.name if who else "",
            "href": "/account",
            "login_href": "/login",
            "logout_href": "/logout",
        },
        "release": health.version(),
        "actor": actor,
        "city": _app().extensions["gongbao"].settings.city,
        "is_demo": _app().extensions["gongbao"].settings.is_demo,
    }


def _app() -> Flask:
    from flask import current_app

    return current_app._get_current_object()  # type: ignore[attr-defined,no-any-return]


def _watch(app: Flask) -> None:
    """Number every request, time it, count it and write one line about it, without a person in it."""
    registry = app.extensions["gongbao"].registry
    counted = Counter("gongbao_requests", "Requests", ["endpoint", "method", "status"], registry=registry)
    timed = Histogram("gongbao_request_seconds", "Time to answer", ["endpoint"], registry=registry)

    @app.before_request
    def begin() -> None:
        g.request_id = uuid.uuid4().hex[:16]
        g.began_s = time.perf_counter()

    @app.after_request
    def finish(response: Response) -> Response:
        endpoint = request.endpoint or "none"
        spent_s = time.perf_counter() - g.get("began_s", time.perf_counter())
        counted.labels(endpoint, request.method, response.status_code).inc()
        timed.labels(endpoint).observe(spent_s)
        response.headers["X-Request-Id"] = g.get("request_id", "")
        if (request.view_args or {}).get("assets") == formats.assets_digest() and response.status_code == 200:
            # The address holds the files' digest: what stands there never changes.
            response.headers["Cache-Control"] = "public, max-age=31536000, immutable"
        if "visit" in g and g.visit.is_signed_in and request.endpoint != "static":
            response.headers.setdefault("Cache-Control", "private, no-store")
        log.info(
            "request",
            id=g.get("request_id", ""),
            method=request.method,
            endpoint=endpoint,
            status=response.status_code,
            ms=int(spent_s * 1000),
            role=g.visit.actor.role.value if "visit" in g else "public",
        )
        return response


def log_as_json(level: int = logging.INFO) -> None:
    """Have everything logged as one JSON object a line on standard output, the libraries' own lines included."""
    shared: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
    ]
    as_json = structlog.processors.JSONRenderer(ensure_ascii=False)
    structlog.configure(
        processors=[*shared, as_json],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, as_json],
        )
    )
    logging.basicConfig(handlers=[handler], level=max(level, logging.WARNING), force=True)
