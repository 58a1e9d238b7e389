-- The full-text index is written once at the end of a transaction, up to a mark: SQLite writes out what FTS5 holds back
-- before every statement that has a trigger, so that an index kept by the triggers of each row makes a segment of each row.
-- Numbers only grow (AUTOINCREMENT): what lies above the mark is not in the index yet, what lies below it is.

CREATE TABLE text_mark (
    one INTEGER PRIMARY KEY CHECK (one = 1),
    message INTEGER NOT NULL,
    conversation INTEGER NOT NULL
);
INSERT INTO text_mark SELECT 1, ifnull((SELECT seq FROM sqlite_sequence WHERE name = 'message'), 0),
    ifnull((SELECT seq FROM sqlite_sequence WHERE name = 'conversation'), 0);

-- A single letter has an index of its own too: without it the first key of a search looks at every word.
DROP TABLE message_text;
CREATE VIRTUAL TABLE message_text USING fts5 (
    body, content = 'message', content_rowid = 'id', columnsize = 0,
    tokenize = "unicode61 remove_diacritics 2", prefix = '1 2 3'
);
DROP TABLE conversation_text;
CREATE VIRTUAL TABLE conversation_text USING fts5 (
    subject, customer_name, customer_email, counterpart, content = 'conversation', content_rowid = 'id',
    columnsize = 0, tokenize = "unicode61 remove_diacritics 2", prefix = '1 2 3'
);
-- Fewer and larger segments: what is held back takes memory only where that much is written at once.
INSERT INTO message_text (message_text, rank) VALUES ('hashsize', 4194304);
INSERT INTO message_text (message_text, rank) VALUES ('automerge', 8);
INSERT INTO message_text (message_text) VALUES ('rebuild');
INSERT INTO conversation_text (conversation_text) VALUES ('rebuild');

DROP TRIGGER message_text_in;
DROP TRIGGER message_text_out;
DROP TRIGGER message_text_on;
CREATE TRIGGER message_text_out AFTER DELETE ON message
WHEN old.body <> '' AND old.id <= (SELECT message FROM text_mark) BEGIN
    INSERT INTO message_text (message_text, rowid, body) VALUES ('delete', old.id, old.body);
END;
CREATE TRIGGER message_text_on AFTER UPDATE OF body ON message
WHEN old.body <> new.body AND old.id <= (SELECT message FROM text_mark) BEGIN
    INSERT INTO message_text (message_text, rowid, body) SELECT 'delete', old.id, old.body WHERE old.body <> '';
    INSERT INTO message_text (rowid, body) SELECT new.id, new.body WHERE new.body <> '';
END;

DROP TRIGGER conversation_text_in;
DROP TRIGGER conversation_text_out;
DROP TRIGGER conversation_text_on;
CREATE TRIGGER conversation_text_out AFTER DELETE ON conversation
WHEN old.id <= (SELECT conversation FROM text_mark) BEGIN
    INSERT INTO conversation_text (conversation_text, rowid, subject, customer_name, customer_email, counterpart)
    VALUES ('delete', old.id, old.subject, old.customer_name, old.customer_email, old.counterpart);
END;
CREATE TRIGGER conversation_text_on AFTER UPDATE OF subject, customer_name, customer_email, counterpart
ON conversation WHEN old.id <= (SELECT conversation FROM text_mark) AND (old.subject IS NOT new.subject
    OR old.customer_name IS NOT new.customer_name OR old.customer_email IS NOT new.customer_email
    OR old.counterpart IS NOT new.counterpart)
BEGIN
    INSERT INTO conversation_text (conversation_text, rowid, subject, customer_name, customer_email, counterpart)
    VALUES ('delete', old.id, old.subject, old.customer_name, old.customer_email, old.counterpart);
    INSERT INTO conversation_text (rowid, subject, customer_name, customer_email, counterpart)
    VALUES (new.id, new.subject, new.customer_name, new.customer_email, new.counterpart);
END;

-- Stand-ins are few and looked for at each message.
CREATE INDEX message_provisional ON message (conversation, direction, at) WHERE provisional;

PRAGMA user_version = 3;
