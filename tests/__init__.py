"""A package, so that no other installed under this name (Ciw brings one) is found before it."""
