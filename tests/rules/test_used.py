"""Whatever a module defines is used by the program itself: nothing is left over, and nothing lives for its tests."""

from __future__ import annotations

import ast
from collections import defaultdict
from collections.abc import Iterator, Mapping
from pathlib import Path

from tests.rules.test_house import ROOMS, ROOT, is_migration, python_files, tree_of

#: Functions and constants that nothing here uses, each with who does.
EXCEPTIONS: Mapping[str, str] = {
    "ledger.entries.once": "a request's key and its work in one call, as tests post; the API uses its two halves",
    "underwriting.rating.short_rate_refund_fen": "the table of short rates, which no agreement has as a term yet",
    "web.demo.city.SMALL": "the size of the city that tests are told",
    "web.demo.serving.leave_with_parent": "named in the command line that the same file starts its children with",
    "web.documents.engine.write_pdf": "called through the module that `web/documents/pdf.py` imports when it is needed",
}

#: Decorators that hand a function to somebody who calls it: the last name of `@pages.get(…)`, `@serve.command()`.
HANDED_OVER = frozenset({"command", "get", "post", "put", "route"})

#: Where else the program is used: the scripts beside the rooms.
SCRIPTS = ("tools", "bench", "deploy")


def module_of(path: Path) -> str:
    """Return a file's dotted name."""
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


#: The modules that are looked at (a numbered step of the schema is called by its file), and all that may use them.
LOOKED_AT = {module_of(path): tree_of(path) for path in python_files(*ROOMS) if not is_migration(path)}
USERS = {module_of(path): tree_of(path) for path in [*python_files(*ROOMS, *SCRIPTS), ROOT / "setup.py"]}


def defined(tree: ast.Module) -> Iterator[tuple[str, ast.stmt]]:
    """Yield the functions and constants of a module, with where each is defined."""
    for node in tree.body:
        if isinstance(node, ast.FunctionDef):
            yield node.name, node
        targets = (
            node.targets if isinstance(node, ast.Assign) else [node.target] if isinstance(node, ast.AnnAssign) else []
        )
        for target in targets:
            yield from ((one.id, node) for one in ast.walk(target) if isinstance(one, ast.Name))


def mentions(tree: ast.Module) -> Iterator[tuple[str, ast.stmt]]:
    """Yield every name that a module reads, with the statement of the module that reads it."""
    for node in tree.body:
        for inner in ast.walk(node):
            if isinstance(inner, ast.Name) and isinstance(inner.ctx, ast.Load):
                yield inner.id, node


def taken_from_others(tree: ast.Module) -> Iterator[str]:
    """Yield `module.name` of what a module takes from others, by import or through an imported module."""
    means: dict[str, str] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module:
            for one in node.names:
                yield f"{node.module}.{one.name}"
                means[one.asname or one.name] = f"{node.module}.{one.name}"
        elif isinstance(node, ast.Import):
            means |= {one.asname or one.name: one.name for one in node.names}
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute):
            base = ast.unparse(node.value) if isinstance(node.value, ast.Name | ast.Attribute) else ""
            yield f"{means.get(base, base)}.{node.attr}"
        elif isinstance(node, ast.Tuple):  # ("web.cli_of_it", "command", …), as the commands are imported when called
            yield ".".join(str(one.value) for one in node.elts[:2] if isinstance(one, ast.Constant))


def read_off_modules(package: str, tree: ast.Module) -> Iterator[str]:
    """Yield what a package reads off each of its modules, by `.NAME` or `getattr(it, "NAME")`, with the module."""
    for node in ast.walk(tree):
        names = [node.attr] if isinstance(node, ast.Attribute) else []
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "getattr":
            names = [one.value for one in node.args if isinstance(one, ast.Constant)]
        for module in LOOKED_AT:
            if module.rpartition(".")[0] == package:
                yield from (f"{module}.{name}" for name in names)


def is_handed_over(node: ast.stmt) -> bool:
    """Say whether a decorator gives a function to somebody who calls it."""
    for one in node.decorator_list if isinstance(node, ast.FunctionDef) else ():
        called = one.func if isinstance(one, ast.Call) else one
        if (called.attr if isinstance(called, ast.Attribute) else "") in HANDED_OVER:
            return True
    return False


def left_over() -> set[str]:
    """Return `module.name` of every function and constant that the program never uses."""
    taken = {name for tree in USERS.values() for name in taken_from_others(tree)}
    for package in {module.rpartition(".")[0] for module in LOOKED_AT} & LOOKED_AT.keys():
        taken |= set(read_off_modules(package, LOOKED_AT[package]))
    found = set()
    for module, tree in LOOKED_AT.items():
        readers: dict[str, list[ast.stmt]] = defaultdict(list)
        for name, reader in mentions(tree):
            readers[name].append(reader)
        for name, node in defined(tree):
            is_read = any(reader is not node for reader in readers[name])
            if (
                not is_read
                and f"{module}.{name}" not in taken
                and not name.startswith("__")
                and not is_handed_over(node)
            ):
                found.add(f"{module}.{name}")
    return found


def test_everything_defined_is_used() -> None:
    """Functions and constants of the rooms are used by the program, not by tests alone; no exception is in vain."""
    assert left_over() == set(EXCEPTIONS)


def test_the_rule_sees_what_is_used_and_what_is_not() -> None:
    """A name of its own statement only is not used; one that is read, imported, read off its module or a route is."""
    tree = ast.parse("A = 1\nB = A\ndef f():\n    return f()\n@pages.get('/')\ndef g():\n    return B\n")
    uses = ast.parse("import m\nfrom n import k\nfrom p import q as r\nr.s()\nm.f()\nX = ('t.u', 'v', 'w')\n")
    assert [name for name, _ in defined(tree)] == ["A", "B", "f", "g"]
    assert {name for name, reader in mentions(tree) if name == "f" and reader is not tree.body[2]} == set()
    assert [is_handed_over(node) for node in tree.body] == [False, False, False, True]
    assert {"n.k", "p.q", "p.q.s", "m.f", "t.u.v"} <= set(taken_from_others(uses))
