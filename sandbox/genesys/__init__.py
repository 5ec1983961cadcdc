"""Genesys Cloud as its documents say."""
