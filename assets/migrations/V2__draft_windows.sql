-- Which window writes a draft, and the texts that gave way to another one.
ALTER TABLE draft ADD COLUMN window TEXT;                       -- NULL: nobody's, it was put back by the store
ALTER TABLE draft ADD COLUMN place TEXT;                        -- the window's terminal
ALTER TABLE draft ADD COLUMN until INTEGER NOT NULL DEFAULT 0;  -- its lease; 0: it was closed

CREATE TABLE draft_version (
    n INTEGER PRIMARY KEY AUTOINCREMENT,
    conversation INTEGER NOT NULL,
    agent TEXT NOT NULL,
    kind TEXT NOT NULL,
    body TEXT NOT NULL,
    files TEXT NOT NULL,
    saved_at INTEGER NOT NULL,
    place TEXT
);
CREATE INDEX draft_version_of ON draft_version (conversation, agent, kind, n);

PRAGMA user_version = 2;
