"""Verbs read from the source: whoever writes says by whom and when, and leaves a record in the log."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterator, Mapping

from tests.rules.test_house import ROOT, expect_none, is_migration, python_files, tree_of

ROOMS = ("core", "ledger", "tender", "underwriting", "claims")

#: Public functions that write and are no verbs, each with what makes up for it.
PARTS_OF_VERBS: Mapping[str, str] = {
    "core.audit.sign_head": "signs the log itself; a head is no event of it",
    "core.papers.keep": "the verb that makes the paper records what it kept",
    "ledger.bank_payments.new_batch": "part of the preparation, which is recorded when the batch is whole",
    "ledger.books.account_ids": "an account is made by the first entry that names it, and the entry is recorded",
    "ledger.books.open_book": "the book of a pool, whose forming is recorded",
    "ledger.books.set_shares": "the shares of an agreement, whose making is recorded",
    "ledger.entries.keep_outcome": "keeps the key of a request beside what the request's verb records",
    "ledger.entries.once": "keeps the key of a request beside what the request's verb records",
    "ledger.streams.keep": "the split of an entry, which is recorded",
    "ledger.streams.lock": "a stream is made by its first item, the split of an entry, which is recorded",
    "ledger.streams.take": "the split of an entry, which is recorded",
    "ledger.streams.take_all": "the splits of an entry, which is recorded",
    "ledger.streams.undo": "the split of an entry's mirror, which is recorded",
    "underwriting.premiums.add_policy": "the rows of a policy, whose binding is recorded in the same writing",
    "underwriting.bordereaux.keep_piece": "rows that wait; what becomes of them is recorded when all are read",
    "underwriting.sent_lists.keep_faults": "what is wrong with a list; that it is faulty is recorded when all are read",
    "ledger.threads.say": "what a query or an answer says, whose move is recorded with its digest",
    "tender.moving.lock_tender": "the first lock of every verb, and the side that the verb puts its actor on",
    "tender.moving.take_side": "the side that a recorded step puts a person on",
}

_SQL = re.compile(r"\s*(INSERT|UPDATE|DELETE|COPY|SELECT open_period)\b")
_RECORDING = {"core.audit.record", "core.audit.record_each"}
_SESSION_WRITES = {"writing.add", *(f"session.{verb}" for verb in ("add", "add_all", "delete", "merge"))}

Told = Callable[["Source", str, ast.FunctionDef], bool]


class Source:
    """The functions of the rooms by full name, and what each module means by a name."""

    def __init__(self) -> None:
        self.functions: dict[str, ast.FunctionDef] = {}
        self.meanings: dict[str, dict[str, str]] = {}
        for path in python_files(*ROOMS):
            if not is_migration(path):
                self._read(".".join(path.relative_to(ROOT).with_suffix("").parts), tree_of(path))

    def _read(self, module: str, tree: ast.Module) -> None:
        names = self.meanings[module] = {}
        for node in ast.walk(tree):
            if isinstance(node, ast.ImportFrom) and node.module:
                names |= {one.asname or one.name: f"{node.module}.{one.name}" for one in node.names}
        for node in tree.body:
            if isinstance(node, ast.FunctionDef):
                names[node.name] = f"{module}.{node.name}"
                self.functions[f"{module}.{node.name}"] = node

    def calls(self, name: str) -> Iterator[str]:
        """Yield the full names of what a function calls."""
        names = self.meanings[name.rpartition(".")[0]]
        for node in ast.walk(self.functions[name]):
            if not isinstance(node, ast.Call):
                continue
            if isinstance(node.func, ast.Name):
                yield names.get(node.func.id, node.func.id)
            elif isinstance(node.func, ast.Attribute) and isinstance(node.func.value, ast.Name):
                yield f"{names.get(node.func.value.id, node.func.value.id)}.{node.func.attr}"

    def reaching(self, is_so: Told) -> set[str]:
        """Return the functions of which something is so, or of one that they call."""
        found = {name for name, node in self.functions.items() if is_so(self, name, node)}
        callees = {name: set(self.calls(name)) for name in self.functions}
        while more := {name for name in callees if name not in found and callees[name] & found}:
            found |= more
        return found


def writes(source: Source, name: str, node: ast.FunctionDef) -> bool:
    """Say whether a function itself writes: adds a row, sets a column, or sends SQL that does."""
    for call in source.calls(name):
        is_statement = call.startswith("sqlalchemy.") and call.rpartition(".")[2] in {"insert", "update", "delete"}
        if call in _SESSION_WRITES or is_statement:
            return True
    return any(_sets_a_column(one) or _is_sql(one) for one in ast.walk(node))


def _sets_a_column(node: ast.AST) -> bool:
    if not isinstance(node, (ast.Assign, ast.AugAssign)):
        return False
    targets = node.targets if isinstance(node, ast.Assign) else [node.target]
    flat = [one for target in targets for one in (target.elts if isinstance(target, ast.Tuple) else [target])]
    return any(isinstance(one, ast.Attribute) for one in flat)


def _is_sql(node: ast.AST) -> bool:
    return isinstance(node, ast.Constant) and isinstance(node.value, str) and bool(_SQL.match(node.value))


def records(source: Source, name: str, _: ast.FunctionDef) -> bool:
    """Say whether a function itself writes into the log."""
    return name in _RECORDING or not _RECORDING.isdisjoint(source.calls(name))


def is_public_verb(name: str, node: ast.FunctionDef) -> bool:
    """Say whether a function is one that others may call with a session, or with a writing that goes into one."""
    return not node.name.startswith("_") and bool(node.args.args) and node.args.args[0].arg in {"session", "writing"}


def lacking(source: Source) -> dict[str, list[str]]:
    """Return each public function that writes -> what it lacks of `by=`, `at=` and a record."""
    recording = source.reaching(records)
    found = {}
    for name in sorted(source.reaching(writes)):
        node = source.functions[name]
        if not is_public_verb(name, node):
            continue
        keywords = {one.arg for one in node.args.kwonlyargs}
        lacks = [f"no {word}=" for word in ("by", "at") if word not in keywords]
        lacks += [] if name in recording else ["no record"]
        if lacks:
            found[name] = lacks
    return found


def test_every_verb_says_by_whom_and_when_and_is_recorded() -> None:
    """A public function that writes takes by= and at= and leaves an event, or is a named part of one that does."""
    found = lacking(Source())
    expect_none([f"{name}: {', '.join(lacks)}" for name, lacks in found.items() if name not in PARTS_OF_VERBS])
    expect_none([f"{name} is excused without need" for name in PARTS_OF_VERBS if name not in found])


def test_a_verb_without_an_author_is_found() -> None:
    """The reading sees a row added, a column set and SQL sent, in the function and behind what it calls."""
    source = Source()
    source.meanings["room"] = {"text": "sqlalchemy.text"}
    bodies = {
        "adds": "session.add(1)",
        "lays": "writing.add('INSERT', {})",
        "sets": "row.stage, row.at = 'x', at",
        "sends": "session.execute(text('UPDATE period SET stage = 1'))",
        "calls": "adds(session)",
        "reads": "return row.stage",
    }
    source.meanings["room"] |= {name: f"room.{name}" for name in bodies}
    for name, body in bodies.items():
        parsed = ast.parse(f"def {name}(session, row, *, at):\n    {body}").body[0]
        assert isinstance(parsed, ast.FunctionDef)
        source.functions[f"room.{name}"] = parsed
    found = {name: lacks for name, lacks in lacking(source).items() if name.startswith("room.")}
    assert found == {f"room.{name}": ["no by=", "no record"] for name in ("adds", "calls", "lays", "sends", "sets")}
