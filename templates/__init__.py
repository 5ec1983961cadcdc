"""Jinja2 templates, as package data: ``new/`` is what ``xtel new`` writes. No code lives here."""
