"""Agreements between nations: the instrument, its life, what it releases and why, the ledger."""
