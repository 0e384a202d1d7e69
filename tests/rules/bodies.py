"""What the matrix sends: a body for each operation of the API, made from its description; a form for every page."""

from __future__ import annotations

import io
import re
import uuid
from collections.abc import Mapping
from typing import Any

from flask import Flask
from flask.testing import FlaskClient

#: What a form may ask for, by the names that our forms have; a page takes what it knows of it.
FORM: Mapping[str, Any] = {
    "confirmed": "yes",
    "on": "2026-04-08",
    "amount": "100.00",
    "estimate": "100.00",
    "reason": "理由",
    "text": "说明",
    "note": "复查",
    "words": "请说明",
    "title": "门机更换",
    "medium": "示例市政府采购网",
    "name": "示例",
    "days": "30",
    "kind": "salvage",
    "label": "2026Q3",
}
#: Endpoint -> what its form holds beside FORM; a `bytes` value is sent as a file.
FORMS: Mapping[str, Mapping[str, Any]] = {
    "bidding.submit": {"envelope": b"no envelope"},
    "faults.acceptance": {"verb": "accept"},
    "faults.withdrawal": {"verb": "withdraw"},
    "faults.work": {"verb": "acknowledge"},
    "policies.lifts": {"inception_on": "2026-04-09", "number": "W-9"},
    "tender_steps.extension": {"answer": "confirm"},
}
#: A name in a form or a body -> the sample that it stands for.
SAMPLES: Mapping[str, str] = {
    "policy": "policy_id",
    "period": "label",
    "bid": "bid_id",
    "mandate": "mandate_id",
    "mandate_id": "mandate_id",
    "objection": "objection_id",
    "lift": "lift_number",
    "lift_number": "lift_number",
}

#: Some key or share in hexadecimal.
HEX = "ab" * 32


#: Pages whose address asks for things beside its path: they get the form as their query.
QUERIES = frozenset({"bordereaux.columns", "claims.new", "claims_lists.columns", "policies.lifts", "reporter.words"})


def form_of(endpoint: str, ids: Mapping[str, Any]) -> dict[str, Any]:
    """Return the fields of a form: the usual ones, every sample under its own name, and what the endpoint adds."""
    own = {name: ids[sample] for name, sample in SAMPLES.items() if sample in ids}
    values = {**{name: str(value) for name, value in {**ids, **own}.items()}, **FORM, **FORMS.get(endpoint, {})}
    return {
        name: (io.BytesIO(value), f"{name}.gbe") if isinstance(value, bytes) else value
        for name, value in values.items()
    }


class Bodies:
    """Makes a valid body for each operation of the API from its OpenAPI description."""

    def __init__(self, app: Flask, client: FlaskClient, ids: Mapping[str, Any]) -> None:
        self.document: dict[str, Any] = client.get("/api/openapi.json").get_json()
        self.ids = ids
        self.schemas = self.document["components"]["schemas"]

    def of(self, path: str, method: str, said: Mapping[str, Any]) -> Any:
        """Return the body of an operation with what is `said` of its fields; an empty one where it takes none."""
        asked = self.document["paths"].get(path, {}).get(method.lower(), {}).get("requestBody", {})
        schema = asked.get("content", {}).get("application/json", {}).get("schema")
        if schema is None:
            return {}
        if "/calculators/" in path and said:
            # A file, which the calculators read as it stands.
            return dict(said)
        fields = self.schemas[schema["$ref"].rpartition("/")[2]] if "$ref" in schema else schema
        known = {name: value for name, value in said.items() if name in fields.get("properties", {})}
        made = self._value("", schema)
        return {**made, **known} if isinstance(made, dict) else made

    def _value(self, name: str, schema: Mapping[str, Any]) -> Any:
        if "$ref" in schema:
            return self._value(name, self.schemas[schema["$ref"].rpartition("/")[2]])
        for way in ("anyOf", "allOf", "oneOf"):
            if way in schema:
                return self._value(name, schema[way][0])
        if "enum" in schema:
            return next(value for value in schema["enum"] if value)
        kind = schema.get("type")
        kind = next(one for one in kind if one != "null") if isinstance(kind, list) else kind
        if kind == "object":
            wanted = schema.get("required", [])
            return {field: self._value(field, schema["properties"][field]) for field in wanted}
        if kind == "array":
            return [self._value(name.removesuffix("s"), schema.get("items", {}))]
        if kind == "integer":
            return int(self.ids[name]) if name in self.ids else max(1, schema.get("minimum", 1))
        return self._text(name, schema) if kind != "boolean" else True

    def _text(self, name: str, schema: Mapping[str, Any]) -> str:
        known = SAMPLES.get(name, name)
        if known in self.ids:
            return str(self.ids[known])
        if "pattern" in schema and re.search(schema["pattern"], HEX):
            return HEX
        made = {"uuid": str(uuid.UUID(int=7)), "date": "2026-04-08", "date-time": "2026-04-08T10:00:00+08:00"}
        return made.get(schema.get("format", ""), "理由")
