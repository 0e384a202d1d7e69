"""The `gongbao` command: every group and verb, imported when it is called."""

from __future__ import annotations

import click

from web.command_line import Commands

LAZY = {
    "demo": ("web.demo.main", "demo", "打开演示城市 / show the invented city"),
    "serve": ("web.serving_cli", "serve", "启动网站 / the web server"),
    "worker": ("web.serving_cli", "worker", "后台任务 / the background worker"),
    "doctor": ("web.serving_cli", "doctor", "检查这套安装 / look at this installation"),
    "settings": ("web.serving_cli", "settings", "环境变量一览 / every variable and its value"),
    "openapi": ("web.serving_cli", "openapi", "接口说明（OpenAPI 3.1） / the API's description"),
    "db": ("web.database_cli", "db", "数据库：建角色、升级、状态 / the database"),
    "user": ("web.accounts_cli", "user", "账号 / accounts"),
    "tender": ("web.tender_cli", "tender", "招标：一览、状态 / tenders: the list, how one stands"),
    "fault": ("web.list_cli", "fault", "故障名单导入 / lists of faults"),
    "estate": ("web.list_cli", "estate", "电梯名单登记 / lists of lifts"),
    "claim": ("web.claims_list_cli", "claim", "赔案名单核对 / lists of claims, checked"),
    "bordereau": ("web.bordereau_cli", "bordereau", "保费清单批量入账 / premium bordereaux, posted in bulk"),
    "pool": ("web.pool_cli", "pool", "共保体：状态、条款、关闭 / pools: how one stands, clauses, closing"),
    "bank": ("web.bank_cli", "bank", "银行：流水、待核对、付款文件 / the bank: statements in, unmatched, files"),
    "period": ("web.period_cli", "period", "账期 / periods: open one, list them"),
    "statement": ("web.statement_cli", "statement", "结算单 / statements: close, issue, export"),
    "extract": ("web.extract_cli", "extract", "报表 / extracts of a book: write one, list them"),
    "calendar": ("web.calendar_cli", "calendar", "工作日历 / the calendar of working days"),
    "audit": ("web.audit_cli", "audit", "操作日志 / the log of who did what"),
    "verify": ("web.verification", "verify", "核验全部不变量 / check every invariant"),
    "apportion": ("web.calculators_cli", "apportion", "分摊 / split amounts by shares"),
    "score": ("web.calculators_cli", "score", "评分 / points and ranking"),
    "allocate": ("web.calculators_cli", "allocate", "定份额 / shares between floors and caps"),
    "clock": ("web.calculators_cli", "clock", "工作时限 / working minutes to a due time"),
    "rehearse": ("web.calculators_cli", "rehearse", "推演协议 / play an agreement and its events"),
    "seal": ("web.sealing_cli", "seal", "封存投标（离线） / seal a bid, offline"),
    "unseal": ("web.sealing_cli", "unseal", "打开投标（离线） / open a sealed bid, offline"),
    "keys": ("web.keys_cli", "keys", "密钥（离线） / keys, offline"),
}


@click.group(
    cls=Commands,
    lazy=LAZY,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110},
)
@click.version_option(package_name="gongbao", prog_name="gongbao")
def cli() -> None:
    """共保 Gongbao：电梯共同保险，从招标到结算。 Lift co-insurance, from tender to settlement.

    退出码 Exit codes: 0 完成 done, 1 失败或不符 failed or broken, 2 用法或内容有误 usage or invalid input,
    4 没有 not found, 5 无权 forbidden, 6 现在不能 not possible now.
    """


def main() -> None:
    """Run the command."""
    cli(prog_name="gongbao")


if __name__ == "__main__":
    main()
