"""The first page: the public's, or that of the role one acts in."""

from __future__ import annotations

from flask import Blueprint, current_app, render_template
from flask.typing import ResponseReturnValue

from core.permits import Role
from web.pages import menu_of
from web.shell import actor, needs

pages = Blueprint("home", __name__)


@pages.get("/")
@needs("public.read")
def home() -> ResponseReturnValue:
    """Show the home of the reader's role, as the modules of `web/pages` declare it in `HOMES`."""
    role = actor().role
    view = current_app.extensions["gongbao"].homes.get(role)
    if view is not None:
        answer: ResponseReturnValue = view()
        return answer
    app = current_app._get_current_object()  # type: ignore[attr-defined]
    return render_template("home/plain.html", items=menu_of(app, actor()), is_public=role is Role.PUBLIC)
