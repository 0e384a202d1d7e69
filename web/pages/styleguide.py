"""Every piece of the pages on one page, with invented values: in the demo and in tests only."""

from __future__ import annotations

from flask import Blueprint, abort, current_app, render_template
from flask.typing import ResponseReturnValue

from web.shell import at, needs
from web.styleguide import samples

pages = Blueprint("styleguide", __name__)


@pages.get("/styleguide")
@needs("public.read", has_unit=False)
def show() -> ResponseReturnValue:
    """Show every piece; where people work there is no such page."""
    if current_app.extensions["gongbao"].settings.mode not in ("demo", "test"):
        abort(404)
    return render_template("styleguide.html", **samples(at()))
