"""Zoom Phone as its documents say."""
