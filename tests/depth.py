"""How deep a run of the tests goes: GONGBAO_TEST_DEPTH, 1 in an ordinary run; 20 is a run of hours."""

from __future__ import annotations

import os

#: How many times the usual number of cases is tried.
DEPTH = int(os.environ.get("GONGBAO_TEST_DEPTH", "1"))
