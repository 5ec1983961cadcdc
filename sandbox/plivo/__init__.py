"""Plivo: Zentrunk trunks, URIs, credentials and access lists, phone numbers and applications."""
