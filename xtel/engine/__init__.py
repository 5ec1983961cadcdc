"""The Pulumi CLI and everything it says: its events, previews and states, its backends, several stacks at once."""
