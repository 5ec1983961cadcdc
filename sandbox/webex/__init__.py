"""Webex Calling as its documents say."""
