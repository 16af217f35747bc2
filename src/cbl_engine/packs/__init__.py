"""What committees ask for, as frames: a change of scheme, the month, the plan, prospects, a bundle.

Nothing here draws a page; :mod:`cbl_engine.report` does. What a record does not hold comes out as
not recorded, never as a guess.
"""
