"""Money between bureau, lead and followers: sums split to the last fen, the pool book, periods and statements.

Knows no lift and no tender. `money`, `rates`, `apportion` and `automaton` are pure: whole fen in, whole fen out.
"""
