"""The demonstration: an invented city's story, told by the real verbs, for anyone who wants to see the platform work.

Nothing here is a real place, company or person. The rooms below never import it.
"""
