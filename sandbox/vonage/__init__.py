"""Vonage: the Numbers API 1.1.0, and where a number's calls go."""
