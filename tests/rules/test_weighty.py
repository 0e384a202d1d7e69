"""What weighs asks for a recent proof: every route by which money leaves, bids are opened, or a signature is given."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping

from core.permits import ACTIONS, WEIGHTY, Role
from tests.rules.test_house import expect_none, python_files, tree_of

#: Verbs that record money leaving or call for it, end a pool for good, open bids, give a signature, or let somebody in.
VERBS = re.compile(
    r"(pay|remit|settle|fund)(_|$)|(sign|contract)$|issue_cash_call|open_box|start_opening|confirm_opening|give_shares"
    r"|confirm_account|release_batch|declare_default|cure_default|close_pool|give_back$|add_token|create_user|give_mandate"
    r"|set_password|set_active|reset_second_factor|approve_list|propose_change|give_consent"
)
#: The same, as an action is named.
STEPS = re.compile(r"\.(pay|remit|settle|fund|sign|contract|open|share)$|cash_call\.issue|opening\.")
#: Actions that are named like one of them and do not weigh, each with its reason.
LIGHT: Mapping[str, str] = {"period.open": "a period of the books is opened, no bid is"}


def _called(tree: ast.Module, name: str, seen: set[str]) -> Iterator[str]:
    """Yield the names of the verbs that a function of a module calls, by itself or through others of its module."""
    seen.add(name)
    functions = {node.name: node for node in tree.body if isinstance(node, ast.FunctionDef)}
    for node in ast.walk(functions[name]):
        if isinstance(node, ast.Attribute):
            yield node.attr
        elif isinstance(node, ast.Name) and node.id in functions and node.id not in seen:
            yield from _called(tree, node.id, seen)


def _routes() -> Iterator[tuple[str, str, set[str]]]:
    """Yield (module and function, action, verbs that weigh) of every route."""
    for path in python_files("web"):
        if path.parent.name not in ("pages", "api"):
            continue
        tree = tree_of(path)
        for node in tree.body:
            if not isinstance(node, ast.FunctionDef):
                continue
            for mark in node.decorator_list:
                if isinstance(mark, ast.Call) and isinstance(mark.func, ast.Name) and mark.func.id == "needs":
                    assert isinstance(mark.args[0], ast.Constant)
                    verbs = {one for one in _called(tree, node.name, set()) if VERBS.match(one)}
                    yield f"{path.parent.name}/{path.stem}.{node.name}", str(mark.args[0].value), verbs


def test_every_route_to_what_weighs_asks_for_a_proof() -> None:
    """A route whose work is to pay, to open bids or to sign needs an action of which the person is asked anew."""
    found = [(name, action, verbs) for name, action, verbs in _routes() if verbs]
    assert len(found) > 20
    expect_none(
        [f"{name}: {action} calls {', '.join(sorted(verbs))}" for name, action, verbs in found if action not in WEIGHTY]
    )
    assert WEIGHTY - {action for _, action, _ in found} == set()


def test_an_action_named_like_a_payment_weighs() -> None:
    """Whatever is called paying, opening, settling or signing in the table of permissions is in the table of weight."""
    named = {action for action in ACTIONS if STEPS.search(action)}
    assert set(LIGHT) <= named
    assert named - set(LIGHT) <= WEIGHTY
    assert set(ACTIONS) >= WEIGHTY
    assert not [action for action in WEIGHTY if Role.PUBLIC in ACTIONS[action]]
