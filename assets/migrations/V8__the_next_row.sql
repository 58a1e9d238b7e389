-- Which row goes next is read off these alone, in the rows' order, without the rows themselves and however many were sent.
CREATE INDEX outbox_waiting ON outbox (channel, n, conversation, state, word, message, not_before, after_row, epoch, claimed_at)
    WHERE state IN ('held', 'later', 'queued');
CREATE INDEX outbox_under_way ON outbox (channel, conversation, n, state, epoch, claimed_at, look_at)
    WHERE state = 'sending' OR epoch IS NOT NULL OR look_at IS NOT NULL;
DROP INDEX outbox_conversation;
CREATE INDEX outbox_conversation ON outbox (conversation, n, state, word, message) WHERE state <> 'sent';

PRAGMA user_version = 8;
