"""The sandbox's memory: one SQLite database, in a file or in memory."""

import sqlite3
import time
import unicodedata
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

SCHEMA = """
CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE contact (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    firstname TEXT NOT NULL, lastname TEXT NOT NULL,
    mobile_code TEXT NOT NULL, mobile TEXT NOT NULL,
    number TEXT GENERATED ALWAYS AS (mobile_code || mobile) VIRTUAL,
    image TEXT, is_blocked INTEGER NOT NULL DEFAULT 0,
    city TEXT NOT NULL DEFAULT '', state TEXT NOT NULL DEFAULT '',
    post_code TEXT NOT NULL DEFAULT '', address TEXT NOT NULL DEFAULT '',
    created_at TEXT NOT NULL, updated_at TEXT NOT NULL,
    UNIQUE (mobile_code, mobile)
);
CREATE INDEX contact_number ON contact (number);
-- Case and accents are folded as MySQL's unicode collation does; the trigrams make LIKE '%…%' fast.
CREATE VIRTUAL TABLE contact_search USING fts5 (folded, tokenize = 'trigram');
CREATE TABLE tag (id INTEGER PRIMARY KEY, name TEXT NOT NULL);
CREATE TABLE list (id INTEGER PRIMARY KEY, name TEXT NOT NULL);
CREATE TABLE contact_tag (contact_id INTEGER, tag_id INTEGER, PRIMARY KEY (contact_id, tag_id));
CREATE TABLE contact_list (contact_id INTEGER, list_id INTEGER, PRIMARY KEY (contact_id, list_id));
CREATE TABLE conversation (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    contact_id INTEGER,
    mobile_code TEXT NOT NULL, mobile TEXT NOT NULL,
    status INTEGER NOT NULL DEFAULT 0,
    last_message_at TEXT,
    whatsapp_account_id INTEGER NOT NULL,
    needs_human_reply INTEGER NOT NULL DEFAULT 0,
    created_at TEXT NOT NULL, updated_at TEXT NOT NULL
);
CREATE INDEX conversation_contact ON conversation (contact_id, mobile_code, mobile);
CREATE INDEX conversation_newest ON conversation (last_message_at DESC, id DESC);
CREATE INDEX conversation_status ON conversation (status, last_message_at DESC, id DESC);
CREATE TABLE note (
    id INTEGER PRIMARY KEY, conversation_id INTEGER NOT NULL, note TEXT NOT NULL,
    created_at TEXT NOT NULL
);
CREATE INDEX note_conversation ON note (conversation_id);
CREATE TABLE template (
    id INTEGER PRIMARY KEY, name TEXT NOT NULL, status INTEGER NOT NULL,
    category_id INTEGER NOT NULL, header_format TEXT, header TEXT, body TEXT NOT NULL,
    footer TEXT, buttons TEXT, rejected_reason TEXT, created_at TEXT NOT NULL
);
CREATE TABLE whatsapp_account (id INTEGER PRIMARY KEY, name TEXT NOT NULL, number TEXT NOT NULL);
CREATE TABLE cta_url (id INTEGER PRIMARY KEY, name TEXT NOT NULL, url TEXT NOT NULL);
CREATE TABLE interactive_list (id INTEGER PRIMARY KEY, name TEXT NOT NULL, options TEXT NOT NULL);
-- Everything that reached a phone (outgoing) or was written on one. Seeded rows are the past.
CREATE TABLE message (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    seeded INTEGER NOT NULL DEFAULT 0, outgoing INTEGER NOT NULL,
    conversation_id INTEGER NOT NULL,
    mobile_code TEXT NOT NULL, mobile TEXT NOT NULL, number TEXT NOT NULL,
    kind TEXT NOT NULL, text TEXT, template_id INTEGER,
    body_variables TEXT, header_variables TEXT, file TEXT, location TEXT,
    cta_url_id INTEGER, interactive_list_id INTEGER, from_number TEXT,
    started REAL NOT NULL, finished REAL NOT NULL
);
CREATE INDEX message_number ON message (number, id);
CREATE INDEX message_conversation ON message (conversation_id, id);
"""


# So that a file of something else is refused, and one of another version begun anew.
APPLICATION_ID = 0x57615369
SCHEMA_VERSION = zlib.crc32(SCHEMA.encode()) & 0x7FFFFFFF


class Store:
    """The database and the data set it returns to.

    path: a file that survives restarts, or None for memory. contacts: how many the data set has
    at least. Raises sqlite3.DatabaseError when the file holds something else.
    """

    def __init__(self, path: Path | None, contacts: int) -> None:
        self.contacts = contacts
        self.db = connect(str(path) if path else ":memory:")
        empty = self._pragma("page_count") == 0
        if not empty and self._pragma("application_id") != APPLICATION_ID:
            raise sqlite3.DatabaseError("it is not a file of the sandbox")
        self.db.execute("PRAGMA journal_mode = WAL")
        # A demo need not survive a power cut.
        self.db.execute("PRAGMA synchronous = OFF")
        self._data_set: sqlite3.Connection | None = None
        if self._pragma("user_version") != SCHEMA_VERSION:
            self.reset()

    def reset(self) -> None:
        """Back to the data set, its times included."""
        if self._data_set is None:
            self._data_set = build_data_set(self._born(), self.contacts)
        self._data_set.backup(self.db)

    def _born(self) -> float:
        if self._pragma("user_version") != SCHEMA_VERSION:
            return time.time()
        return float(self.db.execute("SELECT value FROM meta WHERE key = 'born'").fetchone()[0])

    def _pragma(self, name: str) -> int:
        return int(self.db.execute(f"PRAGMA {name}").fetchone()[0])

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """One request's writes, all or none."""
        self.db.execute("BEGIN IMMEDIATE")
        try:
            yield self.db
        except BaseException:
            self.db.execute("ROLLBACK")
            raise
        self.db.execute("COMMIT")

    def close(self) -> None:
        self.db.close()


def connect(name: str) -> sqlite3.Connection:
    db = sqlite3.connect(name, isolation_level=None, timeout=1)
    db.row_factory = sqlite3.Row
    return db


def build_data_set(born: float, contacts: int) -> sqlite3.Connection:
    """A database in memory with the data set; `born` (epoch) is its now."""
    from sandbox.dataset import fill

    db = connect(":memory:")
    db.executescript(SCHEMA)
    db.execute(f"PRAGMA application_id = {APPLICATION_ID}")
    db.execute(f"PRAGMA user_version = {SCHEMA_VERSION}")
    db.execute("BEGIN")
    db.execute("INSERT INTO meta VALUES ('born', ?)", (str(born),))
    fill(db, born, contacts)
    used = db.execute("SELECT count(*) FROM contact").fetchone()[0]
    db.execute("INSERT INTO meta VALUES ('contacts_used', ?)", (str(used),))
    db.execute("COMMIT")
    return db


def timestamp(moment: float) -> str:
    """An epoch as the API writes it: 2026-07-01T12:00:00.000000Z. Sorts as time does."""
    return datetime.fromtimestamp(moment, UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def fold(text: str) -> str:
    """Without case and accents."""
    decomposed = unicodedata.normalize("NFD", text.casefold())
    return "".join(c for c in decomposed if not unicodedata.combining(c))


def search_text(firstname: str, lastname: str, mobile: str) -> str:
    """What a contact is found by. The line breaks keep one field's end from another's beginning."""
    return fold(f"{firstname}\n{lastname}\n{mobile}")
