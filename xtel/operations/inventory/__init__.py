"""``xtel inventory``: every number in reach, who holds it, where it rings, and what lost its other half."""
