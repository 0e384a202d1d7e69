"""The walk of an import through its pages, the same for every kind of list: file, columns, review, receipt."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from flask import Response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from core.errors import Finding, Invalid
from core.papers import Paper
from web.columns import column
from web.errors import field_errors, words
from web.finding_names import FINDING_NAMES
from web.formats import here, number, t
from web.list_order import column_of, row_of
from web.list_upload import Look, column_fields, field_name, keep_upload
from web.listing import Listed, csv_link, csv_of, of_rows, wants_csv
from web.row_schema import RowSchema
from web.shell import actor, at, unit


def walk_labels() -> list[str]:
    """Return the names of the steps."""
    return [t("选择文件", "The file"), t("对应列", "Columns"), t("核对", "Check"), t("回执", "Receipt")]


def answers() -> dict[str, Any]:
    """Return what has been chosen so far, for the address or the hidden fields of the next step; nothing else."""
    own = ("zone", "sheet", "register", "opening", "closing")
    return {name: value for name, value in request.args.items() if name in own or name.startswith("c_")}


@dataclass(frozen=True, slots=True)
class Walk:
    """One kind of import: its title, where it stands, the blueprint of its pages and what their addresses name.

    `list_name` is what the addresses call the list. `labels` are its steps; without them they are those of a list that
    is taken at once.
    """

    title: str
    crumbs: list[tuple[str, str]]
    blueprint: str
    where: Mapping[str, Any] = field(default_factory=dict)
    list_name: str = "paper_id"
    labels: tuple[str, ...] = ()

    def address(self, page: str, **values: Any) -> str:
        """Return the address of one of its pages."""
        return url_for(f"{self.blueprint}.{page}", **self.where, **values)

    def frame(self, paper: Paper | None = None) -> dict[str, Any]:
        """Return what every page of the walk takes."""
        walk = list(self.labels) or walk_labels()
        taken = {"title": self.title, "crumbs": self.crumbs, "walk": walk, "paper": paper}
        taken["upload_href"] = self.address("upload")
        if paper is not None and not self.labels:
            taken["columns_href"] = self.address("columns", **{self.list_name: paper.id}, **answers())
            taken["review_href"] = self.address("review", **{self.list_name: paper.id})
        return taken

    def upload(self, schema: RowSchema, purpose: str, intro: str, command: str) -> ResponseReturnValue:
        """Ask for the file, or keep the one that was sent and go on to its columns; what is wrong with it is said."""
        errors: dict[str, str] = {}
        if request.method == "POST":
            try:
                paper = keep_upload(unit(), purpose, by=actor(), at=at())
            except Invalid as refusal:
                errors = field_errors(refusal, "file")
            else:
                return redirect(self.address("columns", **{self.list_name: paper.id}), 303)
        fields = [(t(one.label_zh, one.label_en), not one.is_required) for one in schema.fields]
        page = render_template(
            "lists/upload.html", **self.frame(), intro=intro, command=command, fields=fields, errors=errors
        )
        return page, 422 if errors else 200

    def columns(
        self,
        schema: RowSchema,
        paper: Paper,
        look: Look,
        values: Mapping[str, str],
        errors: Mapping[str, str],
        **more: Any,
    ) -> str:
        """Return the page that asks which column is which."""
        head = [column(str(place), header) for place, header in enumerate(look.headers)]
        rows = [{str(place): text for place, text in enumerate(row)} for row in look.rows]
        told = [look.kind.upper(), look.encoding.upper(), look.sheet]
        return render_template(
            "lists/columns.html",
            **self.frame(paper),
            fields=column_fields(schema, look.headers),
            look=look,
            values=values,
            errors=errors,
            head_columns=head,
            head_rows=rows,
            understood=" · ".join(one for one in told if one),
            sheet_options=[(name, name) for name in look.sheets],
            **more,
        )


def column_errors(schema: RowSchema, refusal: Invalid) -> dict[str, str]:
    """Return a refusal of the columns as messages beside the fields it is about."""
    names = {one.name for one in schema.fields}
    errors: dict[str, str] = {}
    for finding in refusal.findings:
        name = field_name(finding.where) if finding.where in names else ""
        errors[name] = f"{errors[name]} {words(finding)}" if name in errors else words(finding)
    return errors or {"zone" if refusal.code == "zone_unknown" else "": words(refusal)}


@dataclass(frozen=True, slots=True)
class Reviewed:
    """The findings of a list as one page shows them, or as the file that was asked for."""

    listed: Listed
    kinds: list[tuple[str, str, bool]]
    exports: list[tuple[str, str]]
    as_file: Response | None


def review_rows(findings: Sequence[Finding], counts: Mapping[str, int], effect: Callable[[Finding], str]) -> Reviewed:
    """Return the asked page of findings, of the kind that the address asks for."""
    kind = request.args.get("kind", "")
    chosen = [one for one in findings if not kind or one.code == kind]
    rows = [
        {"row": row_of(one), "column": column_of(one), "effect": effect(one), "what": words(one), "code": one.code}
        for one in chosen
    ]
    as_file = None
    if wants_csv():
        as_file = csv_of(
            "odd-rows",
            [(name, lambda row, name=name: row[name]) for name in ("row", "column", "code", "effect", "what")],  # type: ignore[misc]
            rows,
        )
    every = t("全部 {n}", "all {n}", n=number(sum(counts.values())))
    kinds = [(every, here(kind=None), not kind)]
    kinds += [(f"{kind_name(code)} {number(count)}", here(kind=code), code == kind) for code, count in counts.items()]
    return Reviewed(of_rows(rows), kinds, csv_link(), as_file)


def kind_name(code: str) -> str:
    """Return a kind of finding in a few words."""
    return t(*FINDING_NAMES.get(code, (code, code)))


def as_receipt(walk: Walk, paper: Paper, pairs: Sequence[tuple[str, str]], following: Sequence[tuple[str, str]]) -> str:
    """Return the receipt of a list that was taken; its number is the head of the file's own."""
    return render_template(
        "lists/receipt.html",
        **walk.frame(paper),
        number=str(paper.id)[-12:].upper(),
        received_at=paper.made_at,
        digest=paper.digest,
        pairs=list(pairs),
        next=list(following),
    )
