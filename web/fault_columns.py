"""The columns of an outage list: what each field of a fault is called in the lists that people send."""

from __future__ import annotations

from zoneinfo import ZoneInfo

from core.clock import CITY
from web.cells import YES_NO, Instant, Kind, Text
from web.row_schema import Field, RowSchema

#: Field -> (中文, English, other headers it goes by).
_LABELS: dict[str, tuple[str, str, tuple[str, ...]]] = {
    "lift_number": (
        "电梯编号",
        "Lift",
        ("电梯", "注册代码", "电梯注册代码", "设备编号", "elevator", "lift number", "lift id"),
    ),
    "reported_at": (
        "报修时间",
        "Reported",
        ("故障时间", "停运时间", "报告时间", "开始时间", "out of service", "reported at", "start", "began"),
    ),
    "restored_at": (
        "恢复时间",
        "Restored",
        ("修复时间", "恢复运行时间", "结束时间", "first missed", "restored at", "repaired at", "end", "returned"),
    ),
    "description": (
        "故障描述",
        "Description",
        ("原因", "故障原因", "说明", "现象", "reason", "cause", "remarks"),
    ),
    "estimated_at": (
        "预计恢复时间",
        "Estimated return",
        ("预计修复时间", "预计时间", "estimated at", "estimate", "expected"),
    ),
    "acknowledged_at": ("响应时间", "Acknowledged", ("接单时间", "应答时间", "acknowledged at", "answered")),
    "arrived_at": ("到场时间", "Arrived", ("到达时间", "签到时间", "arrived at", "on site")),
    "is_trapped": ("是否困人", "Trapped", ("困人", "entrapment", "is trapped")),
}
_REQUIRED = ("lift_number", "reported_at")


def fault_schema(zone: ZoneInfo = CITY) -> RowSchema:
    """Return the schema of an outage list; times without a zone are times in `zone`."""
    kinds: dict[str, Kind] = {"lift_number": Text(40), "description": Text(500), "is_trapped": YES_NO}
    return RowSchema(
        tuple(
            Field(name, label_zh, label_en, kinds.get(name, Instant(zone=zone)), name in _REQUIRED, synonyms)
            for name, (label_zh, label_en, synonyms) in _LABELS.items()
        )
    )
