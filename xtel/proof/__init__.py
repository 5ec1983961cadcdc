"""Proving a network: whether calls reach who they should."""
