-- What views are made of is counted as it is written: channel, status, priority and language too, so that a figure beside
-- a saved view costs a look at a few hundred rows and no scan of the mailbox.
DROP TRIGGER tally_in;
DROP TRIGGER tally_out;
DROP TRIGGER tally_on;
DROP TABLE tally;
CREATE TABLE tally (
    turn TEXT NOT NULL,
    assignee TEXT NOT NULL,
    snoozed INTEGER NOT NULL,
    fix INTEGER NOT NULL,
    channel TEXT NOT NULL,
    status TEXT NOT NULL,
    priority TEXT NOT NULL,
    lang TEXT NOT NULL,
    n INTEGER NOT NULL,
    PRIMARY KEY (turn, assignee, snoozed, fix, channel, status, priority, lang)
) WITHOUT ROWID;
INSERT INTO tally SELECT ifnull(turn, ''), ifnull(assignee, ''), snoozed_until IS NOT NULL, ifnull(outbox IN ('failed', 'uncertain', 'parked'), 0),
        channel, status, ifnull(priority, ''), ifnull(lower(lang), ''), count(*)
    FROM conversation GROUP BY 1, 2, 3, 4, 5, 6, 7, 8;
CREATE TRIGGER tally_in AFTER INSERT ON conversation BEGIN
    INSERT INTO tally VALUES (ifnull(new.turn, ''), ifnull(new.assignee, ''), new.snoozed_until IS NOT NULL, ifnull(new.outbox IN ('failed', 'uncertain', 'parked'), 0),
        new.channel, new.status, ifnull(new.priority, ''), ifnull(lower(new.lang), ''), 1)
    ON CONFLICT DO UPDATE SET n = n + 1;
END;
CREATE TRIGGER tally_out AFTER DELETE ON conversation BEGIN
    UPDATE tally SET n = n - 1 WHERE turn = ifnull(old.turn, '') AND assignee = ifnull(old.assignee, '')
        AND snoozed = (old.snoozed_until IS NOT NULL)
        AND fix = ifnull(old.outbox IN ('failed', 'uncertain', 'parked'), 0) AND channel = old.channel
        AND status = old.status AND priority = ifnull(old.priority, '') AND lang = ifnull(lower(old.lang), '');
END;
CREATE TRIGGER tally_on AFTER UPDATE OF turn, assignee, snoozed_until, outbox, channel, status, priority, lang
ON conversation WHEN old.turn IS NOT new.turn OR old.assignee IS NOT new.assignee OR old.outbox IS NOT new.outbox
    OR (old.snoozed_until IS NULL) <> (new.snoozed_until IS NULL) OR old.channel <> new.channel
    OR old.status <> new.status OR old.priority IS NOT new.priority OR old.lang IS NOT new.lang
BEGIN
    UPDATE tally SET n = n - 1 WHERE turn = ifnull(old.turn, '') AND assignee = ifnull(old.assignee, '')
        AND snoozed = (old.snoozed_until IS NOT NULL)
        AND fix = ifnull(old.outbox IN ('failed', 'uncertain', 'parked'), 0) AND channel = old.channel
        AND status = old.status AND priority = ifnull(old.priority, '') AND lang = ifnull(lower(old.lang), '');
    INSERT INTO tally VALUES (ifnull(new.turn, ''), ifnull(new.assignee, ''), new.snoozed_until IS NOT NULL, ifnull(new.outbox IN ('failed', 'uncertain', 'parked'), 0),
        new.channel, new.status, ifnull(new.priority, ''), ifnull(lower(new.lang), ''), 1)
    ON CONFLICT DO UPDATE SET n = n + 1;
END;

-- What is at risk is counted from this index alone.
DROP INDEX conversation_warned;
CREATE INDEX conversation_warned ON conversation
    (warn_at, turn, assignee, snoozed_until, outbox, channel, status, priority, lang) WHERE warn_at IS NOT NULL;

PRAGMA user_version = 6;
