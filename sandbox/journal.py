"""The request log: everything that reached a vendor, with no secret in it."""

from __future__ import annotations

import hashlib
import json
import re
import time
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

from sandbox.exchange import Call, JsonObject, Pairs, is_array, is_object, pairs
from sandbox.store import Store

# AUTOINCREMENT: a request still under way when the log is emptied must not write over a later one.
SCHEMA = "CREATE TABLE IF NOT EXISTS request (id INTEGER PRIMARY KEY AUTOINCREMENT, entry TEXT NOT NULL)"

# Names whose value is a secret, compared without case, `_` and `-`. Not every "token": PageToken is none.
SECRET_NAME = re.compile(r".*(password|passwd|secret|signingkey|apikey|authtoken|accesstoken|bearertoken)|token")
SECRET_HEADERS = frozenset({"authorization", "proxy-authorization", "cookie", "x-api-key"})
# Values that are secrets wherever they stand: Standard Webhooks secrets and xAI API keys have a prefix.
SECRET_VALUE = re.compile(r"whsec_[A-Za-z0-9+/=_-]+|xai-[A-Za-z0-9]{16,}")


def digest(secret: str) -> str:
    return "sha256:" + hashlib.sha256(secret.encode(errors="surrogatepass")).hexdigest()[:8]


def is_secret(name: str) -> bool:
    return name.lower() in SECRET_HEADERS or SECRET_NAME.fullmatch(re.sub(r"[_-]", "", name).lower()) is not None


class Veil:
    """Replaces secret values by digests: equal secrets stay equal, and none can be read."""

    def __init__(self, known: Iterable[str]) -> None:
        alternatives = [re.escape(value) for value in known]
        self._known = re.compile("|".join([*alternatives, SECRET_VALUE.pattern]))

    def text(self, value: str) -> str:
        return self._known.sub(lambda match: digest(match.group()), value)

    def tree(self, value: Any, name: str = "") -> Any:
        """A JSON value with secrets hidden; `name` is the key it stands under, and what stands below a secret is one."""
        if is_object(value):
            # The headers that an agent's MCP server is called with: any of them may be a key.
            hidden = "authorization" if name == "headers" else name if is_secret(name) else ""
            return {self.text(key): self.tree(each, hidden or key) for key, each in value.items()}
        if is_array(value):
            return [self.tree(each, name) for each in value]
        if is_secret(name) and value not in (None, ""):
            return digest(value if isinstance(value, str) else json.dumps(value))
        return self.text(value) if isinstance(value, str) else value

    def headers(self, call: Call) -> dict[str, str]:
        hidden = {name for name in call.headers if is_secret(name)}
        return {name: digest(value) if name in hidden else self.text(value) for name, value in call.headers.items()}

    def form(self, form: Pairs) -> JsonObject:
        """Name to value; to a list of values where a name stands more than once."""
        values: dict[str, list[str]] = {}
        for name, value in form:
            values.setdefault(name, []).append(value)
        return self.tree({name: each[0] if len(each) == 1 else each for name, each in values.items()})

    def body(self, call: Call) -> Any:
        if not call.body:
            return None
        if call.media == "application/x-www-form-urlencoded":
            return self.form(pairs(call.body))
        text = call.body.decode(errors="replace")
        try:
            return self.tree(json.loads(text))
        except (ValueError, RecursionError):
            # Nobody can say where in a broken body a secret stands: one that speaks of secrets is hidden whole.
            words = re.findall(r"\w[\w-]*", text)
            return digest(text) if any(map(is_secret, words)) else self.text(text)


class Journal:
    def __init__(self, store: Store, known: Iterable[str]) -> None:
        self._connection = store.connection
        self._connection.execute(SCHEMA)
        self._veil = Veil(known)

    def arrive(self, call: Call, vendor: str | None) -> Entry:
        """Logged on arrival, so that a request that never gets an answer shows too (status null)."""
        entry: JsonObject = {
            "time": datetime.now(UTC).isoformat(timespec="microseconds"),
            "vendor": vendor,
            "method": call.method,
            "path": self._veil.text(call.path),
            "query": self._veil.form(call.query),
            "headers": self._veil.headers(call),
            "body": self._veil.body(call),
            "status": None,
            "fault": None,
            "seconds": None,
        }
        cursor = self._connection.execute("INSERT INTO request (entry) VALUES (?)", (json.dumps(entry),))
        return Entry(self, cursor.lastrowid or 0, entry)

    def write(self, id: int, entry: JsonObject) -> None:
        self._connection.execute("UPDATE request SET entry = ? WHERE id = ?", (json.dumps(entry), id))

    def text(self) -> str:
        """The whole log as a JSON array. Rows are JSON already: no need to parse them to print them."""
        rows = self._connection.execute("SELECT entry FROM request ORDER BY id")
        return "[" + ",\n".join(row[0] for row in rows) + "]"

    def clear(self) -> None:
        self._connection.execute("DELETE FROM request")


class Entry:
    """One line of the journal, still open."""

    def __init__(self, journal: Journal, id: int, entry: JsonObject) -> None:
        self._journal, self._id, self._entry = journal, id, entry
        self._start = time.monotonic()

    def close(self, status: int | None, fault: str | None) -> None:
        """`status` is what the client saw; None when the connection was cut."""
        self._entry |= {"status": status, "fault": fault, "seconds": round(time.monotonic() - self._start, 6)}
        self._journal.write(self._id, self._entry)
