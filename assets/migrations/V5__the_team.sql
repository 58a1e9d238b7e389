-- Who has a conversation open, a row for each window; and what was promised to a customer.
CREATE TABLE presence (
    window TEXT PRIMARY KEY,
    agent TEXT NOT NULL,
    place TEXT NOT NULL,                  -- the window's terminal
    conversation INTEGER NOT NULL,
    since INTEGER NOT NULL,
    until INTEGER NOT NULL                -- its lease, for windows on other boxes
) WITHOUT ROWID;
CREATE INDEX presence_of ON presence (conversation);

ALTER TABLE conversation ADD COLUMN promised_at INTEGER;  -- by when; NULL: nothing is promised
ALTER TABLE conversation ADD COLUMN promise TEXT;         -- in the words of the reply
ALTER TABLE conversation ADD COLUMN promised_by TEXT;
CREATE INDEX conversation_promised ON conversation (promised_at) WHERE promised_at IS NOT NULL;
ALTER TABLE outbox ADD COLUMN promise_before TEXT;        -- what was promised before this reply took its place

PRAGMA user_version = 5;
