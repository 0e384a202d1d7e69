"""The addresses of premium bordereaux; their pages are those of every list that is sent."""

from __future__ import annotations

import uuid

from flask import Blueprint
from flask.typing import ResponseReturnValue

from web.bordereau_desk import BORDEREAUX
from web.pages import sent_lists
from web.shell import needs

pages = Blueprint("bordereaux", __name__, url_prefix="/pools/<int:pool_id>/bordereaux")


@pages.get("")
@needs("bordereau.read")
def index(pool_id: int) -> ResponseReturnValue:
    """List a pool's bordereaux, newest first."""
    return sent_lists.index(BORDEREAUX, pool_id)


@pages.route("/new", methods=["GET", "POST"])
@needs("bordereau.send")
def upload(pool_id: int) -> ResponseReturnValue:
    """Ask for the file and the day that its premiums are booked on, and keep it."""
    return sent_lists.upload(BORDEREAUX, pool_id)


@pages.get("/new/<uuid:upload_id>/columns")
@needs("bordereau.send")
def columns(pool_id: int, upload_id: uuid.UUID) -> ResponseReturnValue:
    """Ask which column is which, with what the headers suggest."""
    return sent_lists.columns(BORDEREAUX, pool_id, upload_id)


@pages.post("/new/<uuid:upload_id>")
@needs("bordereau.send")
def begin(pool_id: int, upload_id: uuid.UUID) -> ResponseReturnValue:
    """Have a list read by the worker."""
    return sent_lists.begin(BORDEREAUX, pool_id, upload_id)


@pages.get("/<uuid:bordereau_id>")
@needs("bordereau.read")
def one(pool_id: int, bordereau_id: uuid.UUID) -> ResponseReturnValue:
    """Show one bordereau: how far it is, every bad row or all of its premiums, what can be done now."""
    return sent_lists.one(BORDEREAUX, pool_id, bordereau_id)


@pages.get("/<uuid:bordereau_id>/progress")
@needs("bordereau.read")
def progress(pool_id: int, bordereau_id: uuid.UUID) -> ResponseReturnValue:
    """Tell the page of a bordereau how far the worker is."""
    return sent_lists.progress(BORDEREAUX, pool_id, bordereau_id)


@pages.route("/<uuid:bordereau_id>/approve", methods=["GET", "POST"])
@needs("bordereau.approve")
def approve(pool_id: int, bordereau_id: uuid.UUID) -> ResponseReturnValue:
    """Have a bordereau posted, by another person than the one who sent it."""
    return sent_lists.approve_list(BORDEREAUX, pool_id, bordereau_id)


@pages.route("/<uuid:bordereau_id>/discard", methods=["GET", "POST"])
@needs("bordereau.send")
def discard(pool_id: int, bordereau_id: uuid.UUID) -> ResponseReturnValue:
    """Give up a bordereau that is not approved."""
    return sent_lists.discard(BORDEREAUX, pool_id, bordereau_id)
