"""SQLite under everything: documents in collections, counters and settings. Outlives a restart, and a kill."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Generator
from contextlib import contextmanager
from typing import Any

from sandbox.exchange import JsonObject

# Raised whenever the tables, the documents in them or the default seed change: an older file then starts afresh.
VERSION = 8

# One table for all vendors: a document, whose it is, and an optional natural key (an E.164, a domain name) to find
# it by, also across accounts. AUTOINCREMENT because a position must never be given twice: page tokens hold it.
SCHEMA = """
CREATE TABLE IF NOT EXISTS object (
    position INTEGER PRIMARY KEY AUTOINCREMENT,
    vendor TEXT NOT NULL, account TEXT NOT NULL, collection TEXT NOT NULL,
    id TEXT NOT NULL, key TEXT NOT NULL, document TEXT NOT NULL,
    UNIQUE (vendor, account, collection, id)
);
CREATE INDEX IF NOT EXISTS object_key ON object (vendor, collection, key);
CREATE TABLE IF NOT EXISTS counter (name TEXT PRIMARY KEY, value INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS setting (name TEXT PRIMARY KEY, document TEXT NOT NULL);
"""


class Store:
    """All state of the sandbox. One connection, one thread: a handler runs to its end before the next one starts."""

    def __init__(self, path: str) -> None:
        self.connection = sqlite3.connect(path, isolation_level=None, timeout=0.5)
        # EXCLUSIVE: a second sandbox on the same file must fail at once, not share half a state.
        # synchronous=OFF: commits survive a killed process; a power cut may lose them, and nobody minds here.
        for pragma in ("locking_mode=EXCLUSIVE", "journal_mode=WAL", "synchronous=OFF"):
            self.connection.execute(f"PRAGMA {pragma}")
        self.epoch = 0  # grows with every clear: what anybody keeps in memory beside this is void then
        self.connection.executescript(SCHEMA)
        if self.connection.execute("PRAGMA user_version").fetchone()[0] != VERSION:
            self.clear()
            self.connection.execute(f"PRAGMA user_version = {VERSION}")

    def close(self) -> None:
        self.connection.close()

    @contextmanager
    def transaction(self) -> Generator[None]:
        """All changes of one request, or none; inside a rehearsal they fall with it."""
        inner = self.connection.in_transaction
        self.connection.execute("SAVEPOINT request" if inner else "BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:
            self.connection.execute("ROLLBACK TO request" if inner else "ROLLBACK")
            raise
        self.connection.execute("RELEASE request" if inner else "COMMIT")

    @contextmanager
    def rehearsal(self) -> Generator[None]:
        """Whatever is changed inside is undone at its end."""
        self.connection.execute("BEGIN IMMEDIATE")
        try:
            yield
        finally:
            self.connection.execute("ROLLBACK")

    def ids(self, vendor: str) -> list[tuple[str, str, str]]:
        """Every object of a vendor as account, collection and id, oldest first."""
        sql = "SELECT account, collection, id FROM object WHERE vendor = ? ORDER BY position"
        rows = self.connection.execute(sql, (vendor,))
        return [(str(account), str(collection), str(id)) for account, collection, id in rows]

    def shelf(self, vendor: str, account: str, collection: str) -> Shelf:
        return Shelf(self.connection, vendor, account, collection)

    def everywhere(self, vendor: str, collection: str) -> list[JsonObject]:
        """A collection of all accounts of a vendor, oldest first."""
        sql = "SELECT document FROM object WHERE vendor = ? AND collection = ? ORDER BY position"
        return [json.loads(row[0]) for row in self.connection.execute(sql, (vendor, collection))]

    def holders(self, vendor: str, collection: str, key: str) -> list[tuple[str, JsonObject]]:
        """Which accounts of a vendor hold an object with this natural key, and the objects."""
        sql = "SELECT account, document FROM object WHERE vendor = ? AND collection = ? AND key = ?"
        rows = self.connection.execute(sql, (vendor, collection, key))
        return [(account, json.loads(document)) for account, document in rows]

    def count(self, counter: str) -> None:
        sql = "INSERT INTO counter VALUES (?, 1) ON CONFLICT (name) DO UPDATE SET value = value + 1"
        self.connection.execute(sql, (counter,))

    def counted(self, counter: str) -> int:
        row = self.connection.execute("SELECT value FROM counter WHERE name = ?", (counter,)).fetchone()
        return int(row[0]) if row else 0

    def setting(self, name: str, default: Any) -> Any:
        row = self.connection.execute("SELECT document FROM setting WHERE name = ?", (name,)).fetchone()
        return json.loads(row[0]) if row else default

    def set(self, name: str, document: object) -> None:
        self.connection.execute("INSERT OR REPLACE INTO setting VALUES (?, ?)", (name, json.dumps(document)))

    def clear(self) -> None:
        self.epoch += 1
        for table in ("object", "counter", "setting"):
            self.connection.execute(f"DELETE FROM {table}")  # noqa: S608 (names from the line above)


class Shelf:
    """One collection of one account, in the order in which its objects were made."""

    def __init__(self, connection: sqlite3.Connection, vendor: str, account: str, collection: str) -> None:
        self._connection = connection
        self._place = (vendor, account, collection)

    def _select(self, columns: str, more: str, *values: object) -> sqlite3.Cursor:
        sql = f"SELECT {columns} FROM object WHERE vendor = ? AND account = ? AND collection = ? {more}"  # noqa: S608
        return self._connection.execute(sql, (*self._place, *values))

    def get(self, id: str) -> JsonObject | None:
        row = self._select("document", "AND id = ?", id).fetchone()
        return json.loads(row[0]) if row else None

    def find(self, key: str) -> JsonObject | None:
        row = self._select("document", "AND key = ?", key).fetchone()
        return json.loads(row[0]) if row else None

    def all(self) -> list[JsonObject]:
        return [document for _, document in self.placed()]

    def placed(self) -> list[tuple[int, JsonObject]]:
        """Every object with its position, which only ever grows."""
        return [(row[0], json.loads(row[1])) for row in self._select("position, document", "ORDER BY position")]

    def __len__(self) -> int:
        return int(self._select("COUNT(*)", "").fetchone()[0])

    def put(self, id: str, document: JsonObject, key: str = "") -> None:
        """Add an object, or replace it where it stands."""
        sql = (
            "INSERT INTO object (vendor, account, collection, id, key, document) VALUES (?, ?, ?, ?, ?, ?) "
            "ON CONFLICT (vendor, account, collection, id) DO UPDATE SET key = excluded.key, "
            "document = excluded.document"
        )
        self._connection.execute(sql, (*self._place, id, key, json.dumps(document)))

    def remove(self, id: str) -> None:
        sql = "DELETE FROM object WHERE vendor = ? AND account = ? AND collection = ? AND id = ?"
        self._connection.execute(sql, (*self._place, id))
