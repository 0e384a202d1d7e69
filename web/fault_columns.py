"""The columns of an outage list: what each field of a fault is called in the lists that people send."""

from __future__ import annotations

from zoneinfo import ZoneInfo

from core.clock import CITY
from web.cells import YES_NO, Instant, Text
from web.row_schema import Field, RowSchema


def fault_schema(zone: ZoneInfo = CITY) -> RowSchema:
    """Return the schema of an outage list; times without a zone are times in `zone`."""
    instant = Instant(zone=zone)
    return RowSchema(
        (
            Field(
                "lift_number",
                "电梯编号",
                "Lift",
                Text(40),
                synonyms=("电梯", "注册代码", "电梯注册代码", "设备编号", "elevator", "lift number", "lift id", "unit"),
            ),
            Field(
                "reported_at",
                "报修时间",
                "Reported",
                instant,
                synonyms=(
                    "故障时间",
                    "停运时间",
                    "报告时间",
                    "开始时间",
                    "out of service",
                    "reported at",
                    "start",
                    "began",
                ),
            ),
            Field(
                "restored_at",
                "恢复时间",
                "Restored",
                instant,
                is_required=False,
                synonyms=(
                    "修复时间",
                    "恢复运行时间",
                    "结束时间",
                    "first missed",
                    "restored at",
                    "repaired at",
                    "end",
                    "returned",
                ),
            ),
            Field(
                "description",
                "故障描述",
                "Description",
                Text(500),
                is_required=False,
                synonyms=("原因", "故障原因", "说明", "现象", "reason", "cause", "remarks"),
            ),
            Field(
                "estimated_at",
                "预计恢复时间",
                "Estimated return",
                instant,
                is_required=False,
                synonyms=("预计修复时间", "预计时间", "estimated at", "estimate", "expected"),
            ),
            Field(
                "acknowledged_at",
                "响应时间",
                "Acknowledged",
                instant,
                is_required=False,
                synonyms=("接单时间", "应答时间", "acknowledged at", "answered"),
            ),
            Field(
                "arrived_at",
                "到场时间",
                "Arrived",
                instant,
                is_required=False,
                synonyms=("到达时间", "签到时间", "arrived at", "on site"),
            ),
            Field(
                "is_trapped",
                "是否困人",
                "Trapped",
                YES_NO,
                is_required=False,
                synonyms=("困人", "entrapment", "is trapped"),
            ),
        )
    )
