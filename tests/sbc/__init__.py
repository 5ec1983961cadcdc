"""Readers of what bundles are written in, for tests: IOS, PowerShell, the INI files of AudioCodes."""
