"""Print the schema of stack files."""

from __future__ import annotations


def schema() -> None:
    """Print the JSON Schema of stack files.

    With the keys of every carrier that is installed. An editor with a YAML language server checks and completes a stack
    file by it, when the file's first line says `# yaml-language-server: $schema=schema/stack.json`.

    \b
    Example:
      xtel schema > stacks/schema/stack.json

    Exit codes: 0 printed.
    """
    from xtel.authoring import schema as printed

    printed.show()
