"""What people see: one folder per screen, `print/` for papers, `components.html` for the pieces all of them share.

A package only so that the wheel carries the files. A template shows values that a room has worked out; it neither
sums nor formats money by itself (web/formats.py does) and holds no script and no style (a strict policy forbids both).
"""
