"""What carriers at Amazon Web Services share, and no carrier itself: signed requests, errors, whose account it is, and
Voice Connectors, which Amazon's carriers send calls to xAI by.
"""
