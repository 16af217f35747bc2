"""Parts of the week."""

from cbl_engine.offers.automatic import automatic_bids, missed_duties

__all__ = ["automatic_bids", "missed_duties"]
