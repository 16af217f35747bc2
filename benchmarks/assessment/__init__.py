"""The whole assessment of a synthetic register of England's size."""
