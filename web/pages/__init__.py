"""Pages: one file per screenful of a role. A file dropped in here is found by itself.

Each module holds `pages`, a Flask blueprint; where it belongs in the menu, `MENU`, a list of `MenuItem`; and where it
is the first page of a role, `HOMES`, role -> view function without `needs` (home.py calls it inside its own unit).
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import lru_cache, partial
from types import ModuleType

from flask import Flask, request, url_for
from flask.typing import ResponseReturnValue

from core.permits import Actor, Role
from web.formats import is_english


@dataclass(frozen=True, slots=True)
class MenuItem:
    """One page of the menu at the top: where it stands (small first), its words, its endpoint, whose menu it is in."""

    place: int
    zh: str
    en: str
    endpoint: str
    roles: frozenset[Role]


def modules() -> Iterator[ModuleType]:
    """Yield the modules of this package, by name."""
    for found in sorted(pkgutil.iter_modules(__path__), key=lambda one: one.name):
        yield importlib.import_module(f"{__name__}.{found.name}")


def register(app: Flask) -> None:
    """Register every module's blueprint; gather the menu and the homes."""
    menu: list[MenuItem] = []
    homes: dict[Role, Callable[[], ResponseReturnValue]] = {}
    for module in modules():
        if hasattr(module, "pages"):
            app.register_blueprint(module.pages)
        menu += getattr(module, "MENU", [])
        for role, view in getattr(module, "HOMES", {}).items():
            if role in homes:
                raise RuntimeError(f"two homes for {role.value}, the second in {module.__name__}")
            homes[role] = view
    unknown = [item.endpoint for item in menu if item.endpoint not in app.view_functions]
    if unknown:
        raise RuntimeError(f"menu items that lead nowhere: {unknown}")
    app.extensions["gongbao"].menu = found = tuple(sorted(menu, key=lambda item: item.place))
    app.extensions["gongbao"].entries = lru_cache(maxsize=256)(partial(_entries, found))
    app.extensions["gongbao"].homes = homes


def menu_of(app: Flask, actor: Actor) -> list[dict[str, object]]:
    """Return the menu of an actor's role as the frame of a page takes it."""
    edge = app.extensions["gongbao"]
    path = request.path
    return [
        {
            "label": label,
            "href": href,
            "is_current": path == href or (href != "/" and path.startswith(f"{href}/")),
        }
        for label, href in edge.entries(actor.role, is_english(), request.script_root)
    ]


def _entries(items: tuple[MenuItem, ...], role: Role, is_in_english: bool, _root: str) -> tuple[tuple[str, str], ...]:
    """Return the words and the address of each entry of a role's menu."""
    return tuple((one.en if is_in_english else one.zh, url_for(one.endpoint)) for one in items if role in one.roles)
