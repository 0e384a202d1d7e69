"""Print the runtime packages with the licence each declares, as the Markdown of docs/licences.md."""

from __future__ import annotations

import re
import sys
from importlib.metadata import PackageNotFoundError, metadata
from pathlib import Path

LOCK = Path(__file__).resolve().parents[1] / "requirements" / "runtime.txt"
HEAD = """# 运行时依赖的许可证 Licences of what runs

由 `tools/licences.py` 生成；各包以自己声明的许可证为准。 Made by `tools/licences.py` from what each package declares.

| 包 package | 版本 version | 许可证 licence |
|---|---|---|"""


def licence_of(name: str) -> str:
    """Return what a package declares: its SPDX expression, else its classifiers, else its free text in one line."""
    try:
        told = metadata(name)
    except PackageNotFoundError:
        return "（其他平台 other platforms only）"
    if "License-Expression" in told:
        return told["License-Expression"]
    classified = [text.split(" :: ")[-1] for text in told.get_all("Classifier", []) if text.startswith("License ::")]
    free = "".join(told.get_all("License") or []).strip().splitlines()
    return "; ".join(classified) or (free[0][:60] if free else "—")


def main() -> None:
    """Print the table."""
    lines = [HEAD]
    for name, version in re.findall(r"^([a-z0-9._-]+)==(\S+)", LOCK.read_text(encoding="utf-8"), re.MULTILINE):
        lines.append(f"| {name} | {version} | {licence_of(name)} |")
    sys.stdout.write("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
