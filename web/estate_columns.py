"""The columns of a list of lifts: what each field is called in the registers that people keep."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from underwriting.estates import EstateCells, EstateRow
from web.cells import Day, Text, Whole
from web.row_schema import Field, GoodRow, RowSchema

#: The schema of a list of lifts with the places they stand in.
ESTATE_SCHEMA = RowSchema(
    (
        Field("district", "区县", "District", Text(60), True, ("行政区", "区", "县区", "area")),
        Field(
            "community",
            "小区",
            "Community",
            Text(100),
            True,
            ("小区名称", "项目名称", "住宅小区", "estate", "community name"),
        ),
        Field("building", "楼栋", "Building", Text(60), True, ("栋号", "楼号", "幢", "block", "building name")),
        Field(
            "lift_number",
            "电梯编号",
            "Lift",
            Text(40),
            True,
            ("注册代码", "电梯注册代码", "设备编号", "使用登记号", "lift number", "elevator", "registration number"),
        ),
        Field(
            "in_service_on",
            "投用日期",
            "In service since",
            Day(),
            True,
            ("投入使用日期", "使用日期", "竣工日期", "in service", "commissioned"),
        ),
        Field("floors", "层数", "Floors", Whole(0, 10_000), True, ("层站数", "楼层数", "stops", "floor count")),
        Field("households", "户数", "Households", Whole(0, 100_000), False, ("小区户数", "总户数", "homes")),
        Field(
            "repairer",
            "维保单位",
            "Repairer",
            Text(100),
            False,
            ("维护保养单位", "维保公司", "维保单位名称", "maintenance company", "maintained by"),
        ),
    )
)


def estate_cells(row: GoodRow) -> EstateCells:
    """Return what could be read of a faulty row, to be held against the register as far as it goes."""
    values = row.values
    return EstateCells(
        row=row.number,
        lift_number=values.get("lift_number"),
        in_service_on=values.get("in_service_on"),
        floors=values.get("floors"),
        repairer=values.get("repairer") or "",
    )


def estate_row(row: GoodRow) -> EstateRow:
    """Return the row of the register that typed values describe.

    >>> values = {"district": "示例区", "community": "示例苑", "building": "1栋", "lift_number": "L1", "floors": 18}
    >>> estate_row(GoodRow(2, {**values, "in_service_on": None, "households": None, "repairer": None})).households
    0
    """
    values: Mapping[str, Any] = row.values
    return EstateRow(
        row=row.number,
        district=values["district"],
        community=values["community"],
        building=values["building"],
        lift_number=values["lift_number"],
        in_service_on=values["in_service_on"],
        floors=values["floors"],
        households=values["households"] or 0,
        repairer=values["repairer"] or "",
    )
