"""The habits of the house, read from the source: money, clock, commits, names, lengths, docstrings."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
ROOMS = ("core", "ledger", "tender", "underwriting", "claims", "web")
MONEY_ROOMS = ("ledger", "tender", "underwriting", "claims")
#: Where what a browser reads is written by hand.
PAGES = (("templates", "html"), ("templates", "txt"), ("templates", "css"), ("web/static", "css"), ("web/static", "js"))
DRAWERS = {"utils", "util", "helpers", "helper", "common", "misc", "base", "manager", "managers"}
CLOCK_READERS = {
    *("datetime.datetime.now", "datetime.datetime.utcnow", "datetime.datetime.today", "datetime.date.today"),
    *("time.time", "time.time_ns", "time.localtime", "time.gmtime", "time.ctime", "time.clock_gettime"),
}


def python_files(*folders: str) -> list[Path]:
    """Return the Python files of these folders, sorted; a folder that is a file of the root counts as itself."""
    found = [path for folder in folders for path in (ROOT / folder).rglob("*.py")]
    return sorted(path for path in found if "__pycache__" not in path.parts)


@cache
def tree_of(path: Path) -> ast.Module:
    """Return the parsed file."""
    return ast.parse(path.read_text(encoding="utf-8"), filename=str(path))


def offences(files: list[Path], is_wrong: Callable[[ast.AST], bool]) -> list[str]:
    """Return `path:line` of every node that is wrong."""
    return [
        f"{path.relative_to(ROOT)}:{getattr(node, 'lineno', 1)}"
        for path in files
        for node in ast.walk(tree_of(path))
        if is_wrong(node)
    ]


def expect_none(found: list[str]) -> None:
    """Fail with one line for each thing found."""
    assert not found, "\n" + "\n".join(found)


def is_migration(path: Path) -> bool:
    """Say whether this is one numbered step of the schema, which is told by its file name, or a piece of one."""
    return "versions" in path.parts or "pieces" in path.parts


def makes_one_table(function: ast.FunctionDef | ast.AsyncFunctionDef) -> bool:
    """Say whether a function makes one table and its indexes, and does nothing else."""
    calls = [node.value for node in function.body if isinstance(node, ast.Expr) and isinstance(node.value, ast.Call)]
    verbs = [call.func.attr for call in calls if isinstance(call.func, ast.Attribute)]
    return len(verbs) == len(function.body) - 1 and verbs[:1] == ["create_table"] and set(verbs[1:]) <= {"create_index"}


def called(node: ast.AST) -> str:
    """Return the bare name that a call calls (`float`, `round`, `Decimal`), or an empty string."""
    if not isinstance(node, ast.Call):
        return ""
    if isinstance(node.func, ast.Name):
        return node.func.id
    return node.func.attr if isinstance(node.func, ast.Attribute) else ""


def is_inexact(node: ast.AST) -> bool:
    """Say whether a node makes an inexact or silently rounded number."""
    if isinstance(node, ast.Constant):
        return isinstance(node.value, float)
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
        return node.func.id in {"float", "round"}
    return (isinstance(node, ast.ImportFrom) and node.module == "decimal") or (
        isinstance(node, ast.Import) and any(alias.name == "decimal" for alias in node.names)
    )


def names_in(node: ast.AST) -> Iterator[str]:
    """Yield every identifier that a node mentions."""
    for inner in ast.walk(node):
        if isinstance(inner, ast.Name):
            yield inner.id
        elif isinstance(inner, ast.Attribute):
            yield inner.attr
        elif isinstance(inner, ast.keyword) and inner.arg:
            yield inner.arg


def test_money_rooms_hold_no_inexact_number() -> None:
    """Fen are integers and scores are fractions: no float, round() or Decimal where money and shares are decided."""
    expect_none(offences(python_files(*MONEY_ROOMS), is_inexact))


def is_careless_with_fen(node: ast.AST) -> bool:
    """Say whether a name in fen is put through float(), round() or Decimal(), or stands in a division by `/`."""
    if isinstance(node, ast.Call) and called(node) in {"float", "round", "Decimal"}:
        return any(name.endswith("_fen") for name in names_in(node))
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Div):
        sides = [node.left, node.right]
    elif isinstance(node, ast.AugAssign) and isinstance(node.op, ast.Div):
        sides = [node.target, node.value]
    else:
        return False
    # Fractions divide exactly; a path is joined by `/` and is no sum.
    return any(name.endswith("_fen") for side in sides if called(side) != "Fraction" for name in names_in(side))


def test_no_float_touches_a_sum_of_money_anywhere() -> None:
    """A name in fen is never put through float(), round() or Decimal(), nor divided by `/`, in any room."""
    expect_none(offences(python_files(*ROOMS, "tools"), is_careless_with_fen))


@pytest.mark.parametrize(
    "line",
    [
        *("gross_fen / 2", "row.gross_fen / 2", "1 / (2 * row.gross_fen)", "sum_fen(rows) / 2", "row.gross_fen /= 2"),
        *("float(row.gross_fen)", "round(policy.premium_fen * 0.06)", "rows[0].gross_fen / len(rows)"),
    ],
)
def test_a_careless_sum_is_seen(line: str) -> None:
    """However a sum in fen is reached, the rule above sees it."""
    assert [node for node in ast.walk(ast.parse(line)) if is_careless_with_fen(node)]


def imported_names(tree: ast.Module) -> dict[str, str]:
    """Return what each name that a file imports stands for, in full."""
    found = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found |= {alias.asname or alias.name.partition(".")[0]: alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            found |= {alias.asname or alias.name: f"{node.module}.{alias.name}" for alias in node.names}
    return found


def in_full(node: ast.AST, names: Mapping[str, str]) -> str:
    """Return the full name of what an expression names, or an empty string."""
    if isinstance(node, ast.Name):
        return names.get(node.id, "")
    if isinstance(node, ast.Attribute):
        owner = in_full(node.value, names)
        return f"{owner}.{node.attr}" if owner else ""
    return ""


def clock_readings(tree: ast.Module) -> list[int]:
    """Return the lines that read the wall clock, under whatever name it was imported."""
    names = imported_names(tree)
    found = [node for node in ast.walk(tree) if in_full(node, names) in CLOCK_READERS]
    return sorted(getattr(node, "lineno", 1) for node in found)


def test_the_wall_clock_has_one_reader() -> None:
    """Only core/clock.py asks what time it is; everyone else is told."""
    files = [path for path in python_files(*ROOMS, "tools") if path != ROOT / "core" / "clock.py"]
    expect_none([f"{path.relative_to(ROOT)}:{line}" for path in files for line in clock_readings(tree_of(path))])


@pytest.mark.parametrize(
    "text",
    [
        "from datetime import datetime\ndatetime.now()",
        "from datetime import datetime as dt\ndt.utcnow()",
        "import datetime\ndatetime.date.today()",
        "import datetime as d\nd.datetime.now()",
        "from time import time\ntime()",
        "from time import time_ns as ns\nns()",
        "import time as t\nt.time()",
        "import time\nread = time.time",
    ],
)
def test_a_reading_of_the_clock_is_seen(text: str) -> None:
    """However the clock was imported, the rule above sees it; a stop-watch is none."""
    assert clock_readings(ast.parse(text)) == [2]
    assert clock_readings(ast.parse("import time\ntime.monotonic()")) == []


def test_only_the_edge_commits() -> None:
    """A verb never commits: a unit of work begins and ends in core/db.py or at the edge; a migration is a unit too."""

    def is_wrong(node: ast.AST) -> bool:
        return isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "commit"

    allowed = {ROOT / "core" / "db.py", ROOT / "core" / "migrate.py", ROOT / "core" / "migrations" / "env.py"}
    files = [path for path in python_files(*ROOMS) if path not in allowed and path.parts[len(ROOT.parts)] != "web"]
    expect_none(offences(files, is_wrong))


def test_no_handler_swallows_everything() -> None:
    """A fault that nobody foresaw is not caught: no `except:` and no `except Exception`."""

    def is_wrong(node: ast.AST) -> bool:
        if not isinstance(node, ast.ExceptHandler):
            return False
        kinds = node.type.elts if isinstance(node.type, ast.Tuple) else [node.type]
        return any(kind is None or (isinstance(kind, ast.Name) and kind.id == "Exception") for kind in kinds)

    expect_none(offences(python_files(*ROOMS, "tools", "bench"), is_wrong))


def test_an_integer_field_takes_only_integers() -> None:
    """marshmallow turns 1.9 into 1 and reads full-width digits unless it is told to be strict."""

    def is_wrong(node: ast.AST) -> bool:
        if not isinstance(node, ast.Call) or called(node) not in {"Integer", "Int"}:
            return False
        func = node.func
        if not (
            isinstance(func, ast.Attribute) and isinstance(func.value, ast.Name) and func.value.id in {"fields", "ma"}
        ):
            return False
        strict = [word.value for word in node.keywords if word.arg == "strict"]
        return not (strict and isinstance(strict[0], ast.Constant) and strict[0].value is True)

    expect_none(offences(python_files("web"), is_wrong))


def test_no_file_is_a_drawer() -> None:
    """A file is named after what it holds: no utils, helpers or common."""
    drawers = [str(path) for path in python_files(*ROOMS, "tools", "bench", "tests") if path.stem.lower() in DRAWERS]
    expect_none(drawers)


def public_definitions(path: Path) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef]:
    """Yield the public functions and classes of a file, and the public methods of its public classes."""
    bodies: list[list[ast.stmt]] = [tree_of(path).body]
    while bodies:
        for node in bodies.pop():
            if isinstance(node, ast.If):
                bodies += [node.body, node.orelse]
            if not isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)) or node.name.startswith("_"):
                continue
            yield node
            if isinstance(node, ast.ClassDef):
                bodies.append(node.body)


def is_told_elsewhere(node: ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef) -> bool:
    """Say whether a definition says nothing new: an overload, a setter, a schema's Meta."""
    marks = {name for mark in node.decorator_list for name in names_in(mark)}
    return bool(marks & {"overload", "setter", "override"}) or node.name == "Meta"


def test_every_public_name_says_what_it_promises() -> None:
    """Every module, and every public class and function, has a docstring."""
    files = [path for path in python_files(*ROOMS, "tools", "bench") if not is_migration(path)]
    silent = [str(path.relative_to(ROOT)) for path in files if not ast.get_docstring(tree_of(path))]
    silent += [
        f"{path.relative_to(ROOT)}:{node.lineno} {node.name}"
        for path in files
        for node in public_definitions(path)
        if not ast.get_docstring(node) and not is_told_elsewhere(node)
    ]
    expect_none(silent)


def test_every_test_says_its_rule() -> None:
    """The first line of each test says the rule in the field's words."""
    silent = [
        f"{path.relative_to(ROOT)}:{node.lineno} {node.name}"
        for path in python_files("tests")
        for node in ast.walk(tree_of(path))
        if isinstance(node, ast.FunctionDef) and node.name.startswith("test_") and not ast.get_docstring(node)
    ]
    expect_none(silent)


def lines_of(node: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """Return how many lines a function takes."""
    return (node.end_lineno or node.lineno) - node.lineno + 1


def test_a_function_fits_a_screen_and_a_file_is_a_short_read() -> None:
    """No file over 400 lines, no function over 50; one that makes one table of the schema is as long as its columns."""
    files = python_files(*ROOMS, "tools", "bench", "tests", "templates")
    pages = [path for folder, ending in PAGES for path in sorted((ROOT / folder).rglob(f"*.{ending}"))]
    assert len(pages) > 150
    read = {path: path.read_text(encoding="utf-8").count("\n") for path in [*files, *pages]}
    long = [str(path.relative_to(ROOT)) for path, lines in read.items() if lines > 400]
    for path in files:
        for node in ast.walk(tree_of(path)):
            if not isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)) or lines_of(node) <= 50:
                continue
            if not (makes_one_table(node) and "migrations" in path.parts):
                long.append(f"{path.relative_to(ROOT)}:{node.lineno} {node.name}")
    expect_none(long)
