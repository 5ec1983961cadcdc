"""xAI's SIP host on this machine, and calls to it: what a number's configuration does, heard instead of read.

``host`` takes calls over TLS as ``sip.voice.x.ai`` (``admission``: who may), announces them (``delivery``) and holds the
conversation (``session``); ``dialing`` places the calls that carriers would. ``desk`` is all of it, behind the control API.
"""
