"""The claims that wait for somebody, as the first pages of signatories and claims handlers list them."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from flask import url_for

from web import claim_desk, sent_desk
from web.claims_list_desk import CLAIMS_LISTS
from web.formats import t, yuan
from web.shell import actor, unit

_WORDS = {
    "agree": ("同意估损：{title}", "Agree to the estimate: {title}"),
    "approve": ("核准赔款：{title}", "Approve the payment: {title}"),
    "submit": ("提请同意：{title}", "Put before the members: {title}"),
}


def claims_waiting() -> list[dict[str, Any]]:
    """Return the claims, and the lists of claims, that wait for the reader's own step, as items of a `work_list`."""
    found = [{"id": None, **asdict(one)} for one in sent_desk.lists_to_do(unit(), CLAIMS_LISTS, actor())]
    for verb, row in claim_desk.waiting_for(unit(), actor()):
        due = claim_desk.due_of(row)
        found.append(
            {
                "id": row.id,
                "title": t(*_WORDS[verb], title=row.title),
                "href": url_for("claims.one", claim_id=row.id),
                "note": f"{row.number} · {yuan(row.estimate_fen)}",
                "due_at": due.due_at if due else None,
                "stage": row.stage,
                "kind": "claim",
            }
        )
    return found
