-- How often each canned reply was inserted on a channel: what `m` puts first.
CREATE TABLE canned_use (
    channel TEXT NOT NULL,
    name TEXT NOT NULL,
    lang TEXT NOT NULL,                   -- '': for every language
    uses INTEGER NOT NULL,
    PRIMARY KEY (channel, name, lang)
) WITHOUT ROWID;

PRAGMA user_version = 4;
