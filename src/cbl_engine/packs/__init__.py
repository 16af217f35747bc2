"""What committees ask for: a change of scheme, the month, landlords, the plan, prospects, a case.

What a record does not hold comes out as not recorded, never as a guess.
"""
