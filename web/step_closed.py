"""A step that is not to be done any more says what became of it, who did it and when, in the place of its button."""

from __future__ import annotations

from core.stages import Moves
from web.formats import instant, t
from web.history import history
from web.shell import unit
from web.states import STATES


def closed_words(moves: Moves, kind: str, verb: str, stage: str, record_id: object, action: str = "") -> str:
    """Return why a step on a record is not open: done by whom and when, or in which state the record stands.

    Empty while it is open. `action` is what the log calls the step where that is not its kind and verb.
    """
    return "" if (stage, verb) in moves else done_words(kind, stage, record_id, action or f"{kind}.{verb}")


def done_words(kind: str, stage: str, record_id: object, action: str) -> str:
    """Return what the log says of a step that was done on a record, and in which state the record stands now."""
    state = t(STATES[kind][stage].zh, STATES[kind][stage].en)
    done = next((one for one in history(unit(), kind, record_id) if one.action == action), None)
    if done is None:
        return t("现在不能办理：目前的状态是“{state}”。", "Not to be done now: it stands at “{state}”.", state=state)
    return t(
        "已经办理：{what}，{who}，{when}。目前的状态是“{state}”。",
        "Done already: {what}, {who}, {when}. It stands at “{state}”.",
        what=done.what,
        who=done.who or t("系统", "the system"),
        when=instant(done.at),
        state=state,
    )
