"""Calls in a private network of this machine's kernel, where files and addresses are those of a user's own proxy."""
