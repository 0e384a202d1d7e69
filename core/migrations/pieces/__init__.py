"""Pieces of steps that are too long for one file: tables, and the functions that keep them."""
