"""Twilio's two APIs that carry numbers to a SIP trunk: trunking.twilio.com/v1 and api.twilio.com/2010-04-01."""
