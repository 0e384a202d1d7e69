"""Numbered steps of the schema, both ways; the tables' walls (triggers, row security, grants) are made here too."""
