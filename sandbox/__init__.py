"""A phone network on this machine: the HTTP APIs of the vendors, with faults on demand.

Run it with ``python -m sandbox``; talk to it over HTTP only. It is written from the vendors' documents, imports
nothing of the rest of this project, and nothing of the project imports it: the two must be able to disagree.
"""
