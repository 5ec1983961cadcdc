"""Telnyx: FQDN connections, FQDNs, phone numbers and their orders, outbound voice profiles."""
