"""The bureau asks, insurers bid, and a ranking, a lead and shares come out that anyone can compute again.

Promised to the rooms on the left: the awarded shares are whole basis points that sum to 10 000, and come from the
published record alone. Nothing here splits money (ledger/apportion.py does), and nothing here reads a sealed bid early.
"""
