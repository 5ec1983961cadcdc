"""Amazon Chime SDK Voice: connectors, origination, numbers, tags; and STS, which says whose credentials they are."""
