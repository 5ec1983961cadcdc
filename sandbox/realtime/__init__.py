"""xAI's realtime sessions (docs.x.ai, "Speech to Speech"; voice-realtime.ws.json), with or without a telephone."""
