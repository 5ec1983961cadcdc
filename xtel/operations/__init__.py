"""What changes something live, or looks at it: apply, drift, recover, rotate, import."""
