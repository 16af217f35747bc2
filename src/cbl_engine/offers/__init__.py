"""Bids and offers: from open adverts to lettings, by the scheme's rules; ``docs/offers.md``."""
