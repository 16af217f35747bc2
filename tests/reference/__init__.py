"""The oracle: a second, slow shortlist in plain Python, written from docs/mechanics.md alone."""
