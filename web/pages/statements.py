"""Statements of account: the list, one statement with its entries and files, and what its member answers."""

from __future__ import annotations

import itertools
import json
import re
import uuid
from collections.abc import Mapping
from dataclasses import asdict

from flask import Blueprint, Response, render_template, url_for
from flask.typing import ResponseReturnValue

from core.errors import Finding, Forbidden, Invalid
from core.papers import Paper
from core.parties import Organisation
from core.permits import Role, may
from ledger import bank_matches, statements
from ledger.models import Period, Statement
from ledger.reasons import LINE_OF, Line, Reason
from ledger.stages import STATEMENT_MOVES
from web import clause_desk, confirmation, listing
from web.documents.rows import Movement, StatementLine, StatementRows, net_due, rows_digest
from web.formats import line_name, t, yuan
from web.history import history
from web.keeping import sent, settings
from web.listing import Asked
from web.money_desk import Field, Step, member_names, pools_seen, read_id, step_page, today
from web.overdue import overdue_days, overdue_words
from web.pages import MenuItem
from web.shell import actor, at, needs, unit
from web.statement_due import due_of, pays_into
from web.statement_paper import CONFIRMATION, FILES, FileKind, keep_files, kept_files
from web.statement_view import (
    Narrowed,
    answers_open,
    chain,
    is_leading,
    listed_for,
    rows_shown,
    statement_of,
    thread_of,
)
from web.states import STATES
from web.step_closed import closed_words

pages = Blueprint("statements", __name__, url_prefix="/statements")

_DESK = frozenset({Role.FINANCE_MAKER, Role.FINANCE_CHECKER, Role.BUREAU_FINANCE, Role.SUPERVISOR, Role.AUDITOR})
MENU = [MenuItem(20, "结算单", "Statements", "statements.index", _DESK)]


@pages.get("")
@needs("statement.read")
def index() -> ResponseReturnValue:
    """List the statements that the actor may see by pool, period, member and state, newest first."""
    asked = Asked()
    found_pools = pools_seen(unit(), actor())
    names = member_names(unit(), [pool.id for pool in found_pools])
    pool = asked.choice("pool", [str(one.id) for one in found_pools])
    is_own = not actor().sees_all and not actor().led_pools
    stage = asked.choice("stage", [*STATES["statement"], "overdue"])
    narrowed = Narrowed(
        stage="" if stage == "overdue" else stage,
        overdue_on=today() if stage == "overdue" else None,
        pool_id=int(pool) if pool else None,
        member=None if is_own else read_id(asked.choice("member", [str(one) for one in names])),
        period=asked.text("period"),
    )
    query = listed_for(actor(), narrowed)
    if listing.wants_csv():
        return listing.csv_of("statements", _EXPORTED, unit().execute(query.limit(listing.EXPORT_MOST)))
    found = listing.listed(unit(), query, sum_of="balance_fen")
    return render_template(
        "finance/statements.html",
        rows=[
            {
                **row._mapping,
                "href": url_for(".one", statement_id=row.id),
                "overdue": overdue_words(overdue_days(row, row.lead_id, today())),
            }
            for row in found.rows
        ],
        found=found,
        values=asked.values,
        exports=listing.csv_link(),
        pools=[("", t("全部共保体", "All pools")), *((str(one.id), one.name) for one in found_pools)],
        members=[]
        if is_own
        else [("", t("全部成员", "All members")), *((str(key), name) for key, name in names.items())],
        stages=[key for key in STATES["statement"] if key != "draft" or not is_own],
    )


_EXPORTED = [
    ("statement", lambda row: row.number),
    ("pool", lambda row: row.pool),
    ("period", lambda row: row.period),
    ("member", lambda row: row.member),
    ("stage", lambda row: row.stage),
    ("balance_cny", lambda row: row.balance_fen),
    ("issued_at", lambda row: row.issued_at),
    ("due_on", lambda row: row.due_on),
    ("answered_at", lambda row: row.answered_at),
    ("settled_on", lambda row: row.settled_on),
]


@pages.get("/<uuid:statement_id>")
@needs("statement.read")
def one(statement_id: uuid.UUID) -> ResponseReturnValue:
    """Show one statement: the net due first, its lines, movements, splits, files, answers and history."""
    statement = statement_of(unit(), statement_id, actor())
    rows = rows_shown(unit(), statement, settings())
    period = unit().get_one(Period, statement.period_id)
    asked = Asked()
    line = asked.choice("line", [kind.value for kind in Line])
    moved = listing.of_rows(_of_line(rows, line))
    before, after = chain(unit(), statement, period.ends_on)
    answers = answers_open(actor(), statement)
    return render_template(
        "finance/statement.html",
        statement=statement,
        rows=rows,
        due=net_due(rows),
        pay=due_of(unit(), statement, actor(), today()),
        digest=rows_digest(rows),
        lines=[_line(statement, one) for one in rows.lines],
        net_count=sum(one.count for one in rows.lines),
        moved=moved,
        moved_fen=sum(movement.amount_fen for movement in _of_line(rows, line)),
        movements=[_movement(statement, one) for one in moved.rows],
        line=line,
        members=[{"name": share.name, "weight": share.weight, "is_lead": share.is_lead} for share in rows.shares],
        files=_files(statement),
        code=rows.verification.code,
        thread=_thread(statement),
        asks_about=url_for(".answer", statement_id=statement.id, verb="query") if "query" in answers else "",
        answers=answers,
        may_reply=is_leading(actor(), statement) and statement.stage == "queried" and may(actor(), "statement.reply"),
        is_draft=statement.stage == "draft",
        period_href=url_for("periods.one", pool_id=statement.pool_id, label=period.label),
        before=before,
        after=after,
        into=pays_into(unit(), statement, at()),
        paid=bank_matches.match_of(unit(), statement),
        apart=clause_desk.apart_of(unit(), statement, actor()),
        default=clause_desk.default_of(unit(), statement, actor(), today()),
        events=history(unit(), "statement", statement.id),
    )


def _thread(statement: Statement) -> list[dict[str, object]]:
    """Return the thread of a statement as its page shows it, each saying with the page of the entry it is about."""
    is_own = actor().organisation_id == statement.organisation_id
    sides = {
        "member": t("贵公司", "Your company") if is_own else t("该成员", "The member"),
        "lead": t("首席", "The lead"),
    }
    return [
        {
            "sequence": one.sequence,
            "side": sides[one.side],
            "is_member": one.side == "member",
            "person": one.person,
            "at": one.at,
            "words": one.words,
            "entry": one.entry,
            "href": url_for("pools.entry", pool_id=statement.pool_id, entry_id=one.entry) if one.entry else "",
        }
        for one in thread_of(unit(), statement)
    ]


@pages.get("/<uuid:statement_id>/thread.json")
@needs("statement.read")
def thread_file(statement_id: uuid.UUID) -> ResponseReturnValue:
    """Send the thread of a statement as it stands now, as a JSON file: statement, its digest, and what was said."""
    statement = statement_of(unit(), statement_id, actor())
    said = [{**asdict(one), "at": one.at.isoformat()} for one in thread_of(unit(), statement)]
    digest = rows_digest(rows_shown(unit(), statement, settings()))
    told = {"statement": statement.number, "stage": statement.stage, "digest": digest, "thread": said}
    response = Response(json.dumps(told, ensure_ascii=False, indent=1), mimetype="application/json")
    response.headers["Content-Disposition"] = f'attachment; filename="{statement.number}-thread.json"'
    response.headers["Cache-Control"] = "private, no-store"
    return response


def _of_line(rows: StatementRows, line: str) -> list[Movement]:
    """Return the movements that stand behind one line, or all."""
    if not line:
        return list(rows.movements)
    return [movement for movement in rows.movements if LINE_OF[Reason(movement.reason)].value == line]


def _line(statement: Statement, line: StatementLine) -> dict[str, object]:
    return {
        "name": line_name(line.kind),
        "count": line.count,
        "amount_fen": line.amount_fen,
        "href": url_for(".one", statement_id=statement.id, line=line.kind) + "#movements",
    }


def _movement(statement: Statement, one: Movement) -> dict[str, object]:
    return {
        "on": one.on,
        "entry": one.entry_number,
        "reason": t(one.reason_zh, one.reason_en),
        "subject": one.subject,
        "description": one.description,
        "amount_fen": one.amount_fen,
        "href": url_for("pools.entry", pool_id=statement.pool_id, entry_id=one.entry_number),
        "ask": t("提问", "Ask"),
        "ask_href": url_for(".answer", statement_id=statement.id, verb="query", entry=one.entry_number),
    }


def _files(statement: Statement) -> list[dict[str, object]]:
    """Return the files of a statement as downloads; those not made yet are made when they are asked for."""
    if statement.stage == "draft":
        return []
    kept = kept_files(unit(), statement)
    files = [
        _file(file, kept.get(name), url_for(".file", statement_id=statement.id, name=name))
        for name, file in FILES.items()
    ]
    if statement.stage in confirmation.AGREED:
        made, href = confirmation.kept_confirmation(unit(), statement), url_for(".confirmed", statement_id=statement.id)
        files.insert(0, _file(CONFIRMATION, made, href))
    return files


def _file(kind: FileKind, kept: Paper | None, href: str) -> dict[str, object]:
    """Return one file as a download; without size and digest before it is made."""
    return {
        "label": t(kind.zh, kind.en),
        "href": href,
        "kind": kind.ending.rpartition(".")[2].upper(),
        "size": kept.size if kept else None,
        "digest": kept.digest if kept else "",
    }


@pages.get(f"/<uuid:statement_id>/files/<any({', '.join(repr(name) for name in FILES)}):name>")
@needs("statement.read", writes=True)
def file(statement_id: uuid.UUID, name: str) -> ResponseReturnValue:
    """Send one file of a statement exactly as it was kept; the first who asks for it has it made."""
    statement = statement_of(unit(), statement_id, actor())
    response = sent(keep_files(unit(), statement, settings(), by=actor(), at=at())[name])
    response.headers["Cache-Control"] = "private, no-store"
    return response


@pages.get("/<uuid:statement_id>/confirmation.pdf")
@needs("statement.read", writes=True)
def confirmed(statement_id: uuid.UUID) -> ResponseReturnValue:
    """Send the confirmation of an agreed statement exactly as it was kept; the first who asks for it has it made."""
    statement = statement_of(unit(), statement_id, actor())
    response = sent(confirmation.keep_confirmation(unit(), statement, settings(), by=actor(), at=at()))
    response.headers["Cache-Control"] = "private, no-store"
    return response


@pages.route("/<uuid:statement_id>/<any(acknowledge, agree, query):verb>", methods=["GET", "POST"])
@needs("statement.answer")
def answer(statement_id: uuid.UUID, verb: str) -> ResponseReturnValue:
    """Take the member's answer to its statement: received, agreed to, or queried with its words."""
    statement = statement_of(unit(), statement_id, actor())
    if statement.organisation_id != actor().organisation_id:
        raise Forbidden("not_your_statement")
    back = url_for(".one", statement_id=statement.id)

    def work(values: Mapping[str, str]) -> tuple[str, str]:
        entry_id = _entry_of(values) if verb == "query" else None
        told = values.get("words", "")
        confirmation.answer(unit(), statement, verb, by=actor(), at=at(), words=told, entry_id=entry_id)
        return t(*_SAID[verb]), back

    title, sentence, label = (t(*pair) for pair in _STEPS[verb])
    step = Step(
        title=title,
        sentence=sentence,
        label=label,
        back=back,
        facts=_facts(statement),
        fields=[_words_field(), _entry_field()] if verb == "query" else [],
        closed=closed_words(STATEMENT_MOVES, "statement", verb, statement.stage, statement.id),
    )
    return step_page(step, work)


#: verb -> what is said when it is done, in both languages.
_SAID: Mapping[str, tuple[str, str]] = {
    "acknowledge": ("结算单已收悉。", "The statement is acknowledged."),
    "agree": ("结算单已确认。", "The statement is agreed to."),
    "query": ("疑问已提出，由首席答复。", "The query is sent; the lead answers it."),
}

#: verb -> (title, sentence, label), each in both languages.
_STEPS: Mapping[str, tuple[tuple[str, str], tuple[str, str], tuple[str, str]]] = {
    "acknowledge": (
        ("收悉结算单", "Acknowledge the statement"),
        ("表示已收到。之后仍可提出疑问或确认。", "You have received it. You may still query it or agree to it."),
        ("收悉", "Acknowledge"),
    ),
    "agree": (
        ("确认结算单", "Agree to the statement"),
        (
            "确认本结算单的净额，并据此收付。确认后不能再提出疑问。",
            "Agree to the net amount and to pay or be paid by it. No query after.",
        ),
        ("确认结算单", "Agree to the statement"),
    ),
    "query": (
        ("提出疑问", "Query the statement"),
        (
            "首席会看到您的疑问并答复；答复之前您可以继续补充，本期不结算。",
            "The lead sees your query and answers it. Until then you may add to it, and nothing is settled.",
        ),
        ("提出疑问", "Send the query"),
    ),
}


def _words_field() -> Field:
    return Field("words", t("疑问", "Query"), "textarea", t("写明哪一行、为什么", "Say which line, and why"))


def _entry_field() -> Field:
    """Return the field of the entry that words are about."""
    hint = t("所指分录的编号，见明细", "Number of the entry it is about, from the movements")
    return Field("entry", t("分录", "Entry"), "text", hint, is_optional=True)


def _entry_of(values: Mapping[str, str]) -> int | None:
    """Return the entry that a form names; None where it names none. Invalid `entry_unreadable`."""
    text = values.get("entry", "").strip()
    if not text:
        return None
    if not re.fullmatch(r"[0-9]{1,18}", text, re.ASCII):
        raise Invalid("entry_unreadable", [Finding("entry_unreadable", "entry", {"value": text})], value=text)
    return int(text)


def _reply_field() -> Field:
    hint = t("写明核对结果；差错写明在哪一账期更正", "Say what you found, and where a mistake is corrected")
    return Field("words", t("答复", "Reply"), "textarea", hint)


def _facts(statement: Statement) -> list[tuple[str, object]]:
    if statement.organisation_id == actor().organisation_id:
        zh, en = ("共保体应付", "Due to you") if statement.balance_fen >= 0 else ("贵公司应付", "Due from you")
    else:
        zh, en = ("应付该成员", "Due to it") if statement.balance_fen >= 0 else ("该成员应付", "Due from it")
    member = unit().get_one(Organisation, statement.organisation_id).name
    return [
        (t("结算单", "Statement"), statement.number),
        (t("成员", "Member"), member),
        (t(zh, en), yuan(abs(statement.balance_fen))),
    ]


def _asked(statement: Statement) -> list[tuple[str, object]]:
    """Return what the member has asked since the lead's last answer, as facts beside the lead's form."""
    waiting = itertools.takewhile(lambda one: one.side == "member", reversed(thread_of(unit(), statement)))
    told = [one.words + (t("（分录 {n}）", " (entry {n})", n=one.entry) if one.entry else "") for one in waiting]
    return [(t("疑问", "Query"), words) for words in reversed(told)]


@pages.route("/<uuid:statement_id>/reply", methods=["GET", "POST"])
@needs("statement.reply")
def reply(statement_id: uuid.UUID) -> ResponseReturnValue:
    """Answer a query: the statement stands as issued again, for its member to answer."""
    statement = statement_of(unit(), statement_id, actor())
    if not is_leading(actor(), statement):
        raise Forbidden("lead_only")

    def work(values: Mapping[str, str]) -> tuple[str, str]:
        told = values.get("words", "")
        statements.reply(unit(), statement, told, by=actor(), at=at(), entry_id=_entry_of(values))
        said = t(
            "疑问已答复，结算单重新待该成员确认。", "The query is answered; the statement waits for its member again."
        )
        return said, url_for(".one", statement_id=statement.id)

    step = Step(
        title=t("答复疑问", "Answer the query"),
        sentence=t(
            "该成员会看到您的答复，并重新确认。结算单数字不变；差错在以后的账期用更正分录处理。",
            "The member sees your reply and answers anew. The figures stand; a mistake is corrected in a later period.",
        ),
        label=t("答复并重新待确认", "Answer; wait for the member again"),
        back=url_for(".one", statement_id=statement.id),
        facts=[*_facts(statement), *_asked(statement)],
        fields=[_reply_field(), _entry_field()],
        closed=closed_words(STATEMENT_MOVES, "statement", "answer", statement.stage, statement.id),
    )
    return step_page(step, work)
