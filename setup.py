"""What goes into the distribution: the rooms as packages, the files beside them, the `gongbao` command."""

from __future__ import annotations

from pathlib import Path

from setuptools import find_packages, setup

HERE = Path(__file__).resolve().parent
ROOMS = ["core", "ledger", "tender", "underwriting", "claims", "web", "templates"]


def needed() -> list[str]:
    """Return the runtime dependencies by name, as requirements/runtime.in lists them (the locks pin them)."""
    lines = (HERE / "requirements" / "runtime.in").read_text(encoding="utf-8").splitlines()
    return [line for line in map(str.strip, lines) if line and not line.startswith(("#", "-"))]


setup(
    name="gongbao",
    version="0.1.0",
    description="共保：为城市电梯组建保险共同体的开源平台 / lift co-insurance pools for cities, "
    "from tender to settled statement",
    long_description=(HERE / "README.md").read_text(encoding="utf-8"),
    long_description_content_type="text/markdown",
    license="Apache-2.0",
    license_files=["LICENSE", "NOTICE"],
    python_requires=">=3.11",
    package_dir={"": "."},
    packages=find_packages(include=[name for room in ROOMS for name in (room, f"{room}.*")]),
    package_data={
        "templates": ["**/*"],
        "web": ["static/**/*", "translations/**/*"],
        "core": ["migrations/**/*"],
        "tender": ["rules/**/*"],
    },
    exclude_package_data={"": ["*.pyc"]},
    include_package_data=False,
    install_requires=needed(),
    entry_points={"console_scripts": ["gongbao = web.cli:main"]},
    classifiers=[
        "Development Status :: 4 - Beta",
        "Environment :: Web Environment",
        "Framework :: Flask",
        "Natural Language :: Chinese (Simplified)",
        "Natural Language :: English",
        "Operating System :: POSIX",
        "Programming Language :: Python :: 3",
        "Programming Language :: Python :: 3.11",
        "Topic :: Office/Business :: Financial",
        "Typing :: Typed",
    ],
)
