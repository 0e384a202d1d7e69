"""What the API offers: the OpenAPI file, and a plain page made from it, without script."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, current_app, jsonify, render_template
from flask.typing import ResponseReturnValue

from core.errors import NotFound
from web.messages import catalogue
from web.shell import action_of, needs

pages = Blueprint("api_docs", __name__)

_METHODS = ("get", "post", "put", "patch", "delete")


def document() -> dict[str, Any]:
    """Return the OpenAPI document; each operation with its name (`claims.submit`) and the action that it needs.

    The name is the program's own of the resource and the verb, and stays when an address changes.
    """
    found: dict[str, Any] = current_app.extensions["gongbao"].api.spec.to_dict()
    endpoints = {
        (_openapi_path(rule.rule), method.lower()): rule.endpoint
        for rule in current_app.url_map.iter_rules()
        for method in rule.methods or ()
    }
    for path, operations in found.get("paths", {}).items():
        for method in _METHODS:
            if method in operations:
                endpoint = endpoints[path, method]
                operations[method]["operationId"] = endpoint.removeprefix("api_")
                operations[method]["x-needs"] = action_of(_app(), endpoint)
    return found


def _app() -> Any:
    return current_app._get_current_object()  # type: ignore[attr-defined]


def _openapi_path(rule: str) -> str:
    """Return a rule of Flask as OpenAPI writes it.

    >>> _openapi_path("/api/v1/tenders/<uuid:tender_id>/bids")
    '/api/v1/tenders/{tender_id}/bids'
    """
    parts = []
    for part in rule.split("/"):
        is_variable = part.startswith("<") and part.endswith(">")
        parts.append("{" + part[1:-1].split(":")[-1] + "}" if is_variable else part)
    return "/".join(parts)


@pages.get("/api/openapi.json")
@needs("public.read", has_unit=False)
def openapi() -> ResponseReturnValue:
    """Return the OpenAPI 3.1 document."""
    return jsonify(document())


@pages.get("/api/docs")
@needs("public.read", has_unit=False)
def docs() -> ResponseReturnValue:
    """Show every operation of the API by resource."""
    found = document()
    tags: dict[str, list[dict[str, Any]]] = {tag["name"]: [] for tag in found.get("tags", [])}
    for path, operations in found.get("paths", {}).items():
        for method in _METHODS:
            if method in operations:
                operation = operations[method]
                row = {"method": method.upper(), "path": path, "summary": operation.get("summary", "")}
                row["needs"] = operation["x-needs"]
                row["body"] = _schema_name(operation.get("requestBody", {}))
                row["answer"] = next(
                    (_schema_name(one) for code, one in operation["responses"].items() if code.startswith("2")), ""
                )
                tags.setdefault(operation["tags"][0], []).append(row)
    words = {tag["name"]: tag.get("description", "") for tag in found.get("tags", [])}
    schemas = found.get("components", {}).get("schemas", {})
    return render_template("api/docs.html", tags=tags, words=words, schemas=schemas)


def _schema_name(content: dict[str, Any]) -> str:
    """Return the name of the schema that a body or an answer has."""
    schema = content.get("content", {}).get("application/json", {}).get("schema", {})
    return str(schema.get("$ref", "")).rsplit("/", 1)[-1]


@pages.get("/problems/<code>")
@needs("public.read", has_unit=False)
def one_problem(code: str) -> ResponseReturnValue:
    """Explain a code in both languages: what the `type` of a problem document leads to."""
    pair = catalogue().get(code)
    if pair is None:
        raise NotFound("code_unknown", code=code)
    return render_template("api/problem_code.html", code=code, zh=pair[0], en=pair[1])
