"""Procurement rules as dated data, and the check of a drafted tender against them.

`articles.py` is the table a lawyer corrects: each row has its article, its dates, and whether its text was read or is
still to be verified. `plan.py` is what of a draft the rules look at; `lint.py` says every rule that it breaks;
`periods.py` reckons the day by which something must be done. Nothing here blocks by itself: approving does.
"""
