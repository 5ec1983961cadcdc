"""``xtel import``: takes numbers and routes over that somebody else made."""
