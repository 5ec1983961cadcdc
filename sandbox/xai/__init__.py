"""xAI's phone-number API, as far as the public documents and reports about the live service describe it."""
