"""Where things are: the project's root and files, what decides an apply, and the sandbox's process."""
