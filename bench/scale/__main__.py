"""`python -m bench.scale`: how the program grows past one machine, tried on this one; prints what docs/scale.md says.

`--quick` does small sizes; names of parts (machines, replica, spread, partitions) try these alone. Exit 1 where a
promise is not kept.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
import warnings

from bench.scale import machines, partitions, replica, spread

PARTS = {
    "machines": machines.measure,
    "replica": replica.measure,
    "spread": spread.measure,
    "partitions": partitions.measure,
}


def main() -> None:
    """Try what the command line asks for, and print a line a figure."""
    parser = argparse.ArgumentParser(prog="python -m bench.scale", description="多台机器 more machines than one")
    parser.add_argument("names", nargs="*", metavar="PART", help=f"只试这些 these alone: {', '.join(PARTS)}")
    parser.add_argument("--quick", action="store_true", help="小规模 small sizes")
    asked = parser.parse_args()
    if unknown := set(asked.names) - set(PARTS):
        parser.error(f"没有这一项 no such part: {', '.join(sorted(unknown))}")
    warnings.simplefilter("ignore")
    for name, measure in PARTS.items():
        if asked.names and name not in asked.names:
            continue
        sys.stderr.write(f"· {name} (load {os.getloadavg()[0]:.1f})\n")
        start = time.monotonic()
        for figure in measure(asked.quick):
            sys.stdout.write(f"{name:<11} {figure.words} {figure.words_en}: {figure.found}\n")
            sys.stdout.flush()
        sys.stderr.write(f"  {time.monotonic() - start:.0f} s\n")


if __name__ == "__main__":
    main()
