"""The addresses of lists of claims; their pages are those of every list that is sent."""

from __future__ import annotations

import uuid

from flask import Blueprint
from flask.typing import ResponseReturnValue

from web.claims_list_desk import CLAIMS_LISTS
from web.pages import sent_lists
from web.shell import needs

pages = Blueprint("claims_lists", __name__, url_prefix="/pools/<int:pool_id>/claims-lists")


@pages.get("")
@needs("claims_list.read")
def index(pool_id: int) -> ResponseReturnValue:
    """List a pool's lists of claims, newest first."""
    return sent_lists.index(CLAIMS_LISTS, pool_id)


@pages.route("/new", methods=["GET", "POST"])
@needs("claims_list.send")
def upload(pool_id: int) -> ResponseReturnValue:
    """Ask for the file and the day that its claims are booked on, and keep it."""
    return sent_lists.upload(CLAIMS_LISTS, pool_id)


@pages.get("/new/<uuid:claims_upload_id>/columns")
@needs("claims_list.send")
def columns(pool_id: int, claims_upload_id: uuid.UUID) -> ResponseReturnValue:
    """Ask which column is which, with what the headers suggest."""
    return sent_lists.columns(CLAIMS_LISTS, pool_id, claims_upload_id)


@pages.post("/new/<uuid:claims_upload_id>")
@needs("claims_list.send")
def begin(pool_id: int, claims_upload_id: uuid.UUID) -> ResponseReturnValue:
    """Have a list read by the worker."""
    return sent_lists.begin(CLAIMS_LISTS, pool_id, claims_upload_id)


@pages.get("/<uuid:list_id>")
@needs("claims_list.read")
def one(pool_id: int, list_id: uuid.UUID) -> ResponseReturnValue:
    """Show one list of claims: how far it is, every bad row or all of its claims, what can be done now."""
    return sent_lists.one(CLAIMS_LISTS, pool_id, list_id)


@pages.get("/<uuid:list_id>/progress")
@needs("claims_list.read")
def progress(pool_id: int, list_id: uuid.UUID) -> ResponseReturnValue:
    """Tell the page of a list of claims how far the worker is."""
    return sent_lists.progress(CLAIMS_LISTS, pool_id, list_id)


@pages.route("/<uuid:list_id>/approve", methods=["GET", "POST"])
@needs("claims_list.approve")
def approve(pool_id: int, list_id: uuid.UUID) -> ResponseReturnValue:
    """Have a list of claims posted, by another person than the one who sent it."""
    return sent_lists.approve_list(CLAIMS_LISTS, pool_id, list_id)


@pages.route("/<uuid:list_id>/discard", methods=["GET", "POST"])
@needs("claims_list.send")
def discard(pool_id: int, list_id: uuid.UUID) -> ResponseReturnValue:
    """Give up a list of claims that is not approved."""
    return sent_lists.discard(CLAIMS_LISTS, pool_id, list_id)
