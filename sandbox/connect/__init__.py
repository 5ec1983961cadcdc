"""Amazon Connect: instances with their numbers, flows and integrations, and the flow language as far as a call needs it."""
