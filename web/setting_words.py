"""What each setting is for, in Chinese; in English it stands in core/settings.py."""

from __future__ import annotations

from collections.abc import Mapping

CHINESE: Mapping[str, str] = {
    "DATABASE_URL": "应用角色的数据库；为空时用状态目录下的内置 PostgreSQL",
    "GONGBAO_OWNER_URL": "所有者角色的数据库（升级用）；设了 DATABASE_URL 时 gongbao db 需要它",
    "GONGBAO_AUDITOR_URL": "审计角色的数据库（gongbao verify）；设了 DATABASE_URL 时需要",
    "GONGBAO_READ_URL": "应用角色在只读副本上的地址，制作报表时读它；为空时读数据库本身",
    "SECRET_KEY": "签署会话；至少 32 个字符；演示和测试以外必须设置",
    "GONGBAO_MODE": "production、demo 或 test",
    "GONGBAO_STATE_DIR": "存放内置数据库、密钥和文件的目录",
    "GONGBAO_PUBLIC_URL": "人们访问的地址，用于文件和二维码",
    "GONGBAO_LOCALE": "访客未选择时的语言：zh_Hans_CN 或 en",
    "GONGBAO_CITY": "页面和文件上的城市名",
    "GONGBAO_SESSION_IDLE_MIN": "闲置多少分钟后退出登录",
    "GONGBAO_SESSION_HOURS": "登录多少小时后必须重新登录，无论是否在用",
    "GONGBAO_PROOF_MIN": "付款、开标、签署前，多少分钟内须输过密码",
    "GONGBAO_UPLOAD_LIMIT_MB": "上传文件的上限（MiB）",
    "GONGBAO_TWO_FACTOR": "工作人员是否必须使用第二步验证",
    "GONGBAO_SIGNING_KEY": "签署文件的私钥（PEM）；为空时在状态目录中生成",
    "GONGBAO_SIGNING_CERTIFICATE": "其证书链（PEM）",
    "GONGBAO_METRICS_TOKEN": "从别处读取 /metrics 的令牌；为空时只限本机",
}
