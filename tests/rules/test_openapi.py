"""docs/openapi.json is OpenAPI 3.1, names every operation once, and docs/api.md sends what it asks for."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest
from schemathesis.specs.openapi.definitions import OPENAPI_31

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "api.md").read_text(encoding="utf-8")
OPENAPI = json.loads((ROOT / "docs" / "openapi.json").read_text(encoding="utf-8"))
METHODS = {"get", "post", "put", "patch", "delete"}


def faults_of(document: Any) -> list[str]:
    """Return what makes a document no OpenAPI 3.1: its frame by the published schema, its schemas by JSON Schema's."""
    frame = jsonschema_rs.Draft202012Validator(OPENAPI_31)
    found = [f"{list(one.instance_path)}: {one.message}" for one in frame.iter_errors(document)]
    for name, schema in document.get("components", {}).get("schemas", {}).items():
        if not jsonschema_rs.Draft202012Validator(any_schema()).is_valid(schema):
            found.append(f"schema {name}")
    return found


def any_schema() -> dict[str, str]:
    """Return a schema that holds for every schema of JSON Schema 2020-12, the dialect of OpenAPI 3.1."""
    return {"$ref": "https://json-schema.org/draft/2020-12/schema"}


def operations(document: Any = OPENAPI) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Yield path, method and description of every operation."""
    for path, found in document["paths"].items():
        for method in METHODS & set(found):
            yield path, method, found[method]


def test_the_description_is_openapi() -> None:
    """The document holds to the published schema of OpenAPI 3.1."""
    assert OPENAPI["openapi"] == "3.1.0"
    assert faults_of(OPENAPI) == []


def test_what_is_no_openapi_is_found() -> None:
    """A parameter without its place, an answer without words, a schema of no known type: each is a fault."""
    path, method, operation = next(one for one in operations() if one[2].get("responses"))
    for part, broken in (
        ({"parameters": [{"name": "x"}]}, "paths"),
        ({"responses": {"200": {}}}, "paths"),
    ):
        wrong = {**OPENAPI, broken: {path: {method: {**operation, **part}}}}
        assert faults_of(wrong), part
    schemas = {"schemas": {"X": {"type": "nothing"}}}
    assert faults_of({**OPENAPI, "components": {**OPENAPI["components"], **schemas}}) == ["schema X"]


def test_every_operation_has_a_name_of_its_own() -> None:
    """`claims.submit`: the resource and the verb, once each; a program that uses it is not broken by a new address."""
    names = [operation["operationId"] for _, _, operation in operations()]
    assert len(names) == len(set(names)) > 80
    assert [name for name in names if not re.fullmatch(r"[a-z_]+\.[a-z_]+", name)] == []


def _sent() -> Iterator[tuple[str, str, Any]]:
    """Yield method, path and body of each request that the page shows with a body in JSON."""
    for block in PAGE.split("```")[1::2]:
        for command in re.split(r"^(?=curl)", block.replace("\\\n", " "), flags=re.MULTILINE):
            body = re.search(r"-d\s+'([^']+)'", command)
            path = re.search(r"/api/v1/[\w/{}.$-]+", command)
            if body and path:
                method = re.search(r"-X\s+(\w+)", command)
                yield (method.group(1).lower() if method else "post"), path.group(), json.loads(body.group(1))


@pytest.mark.parametrize(("method", "path", "body"), list(_sent()))
def test_what_the_page_sends_is_what_is_asked_for(method: str, path: str, body: Any) -> None:
    """A request that a reader copies has the fields of its operation."""
    known = {re.sub(r"\{\w+\}", "[^/]+", one): one for one, found, _ in operations() if found == method}
    (operation,) = [OPENAPI["paths"][one][method] for pattern, one in known.items() if re.fullmatch(pattern, path)]
    schema = operation["requestBody"]["content"]["application/json"]["schema"]
    validator = jsonschema_rs.Draft202012Validator({**schema, "components": OPENAPI["components"]})
    assert [one.message for one in validator.iter_errors(body)] == []
