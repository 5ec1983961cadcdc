"""What services of AWS share: signed requests, how they say no, lists by token, and STS, which says whose keys they are."""
