"""``pytest tests/faults --whole-table`` runs every case, not the short cut, and prints the table."""

from __future__ import annotations

from collections import Counter, defaultdict
from typing import Any

import pytest


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--whole-table", action="store_true", help="every case of the fault table, and the table itself")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if config.getoption("--whole-table"):
        return
    left = [item for item in items if item.get_closest_marker("whole_table")]
    config.hook.pytest_deselected(items=left)
    items[:] = [item for item in items if not item.get_closest_marker("whole_table")]


def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> None:
    """A row per object and operation, a column per result; what cannot be, with the reason; the count last."""
    if not config.getoption("--whole-table"):
        return
    results: dict[str, Counter[str]] = defaultdict(Counter)
    for outcome in ("passed", "failed", "error"):
        for report in terminalreporter.stats.get(outcome, []):
            if "[" in report.nodeid and "tests/faults/" in report.nodeid:
                subject, kind, operation, *_ = report.nodeid.partition("[")[2].rstrip("]").split("-")
                results[f"{subject} {kind} {operation}"]["passed" if outcome == "passed" else "failed"] += 1
    write = terminalreporter.write_line
    terminalreporter.section("fault table")
    for row, count in sorted(results.items()):
        write(f"{row:<40} {count['passed']:>3} passed {count['failed']:>3} failed")
    _write_impossible(write)
    total = sum(results.values(), Counter[str]())
    write(f"{total['passed']} passed, {total['failed']} failed")


def _write_impossible(write: Any) -> None:
    from tests.faults import test_table as table

    for subject in table._SUBJECTS.values():
        for sample in subject.samples:
            reasons: dict[str, list[str]] = defaultdict(list)
            for operation in table.OPERATIONS:
                for on in ("read", "write"):
                    if reason := table.impossible(subject, sample, operation, on):
                        reasons[reason].append(f"{operation} ({on})")
            for reason, pairs in reasons.items():
                write(f"no case: {subject.name} {sample.name} {', '.join(pairs)}: {reason}")
