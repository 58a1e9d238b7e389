//! The tables of a configuration and their keys, but for those that only one kind of channel has.

use super::schema::{
    KeyKind::{
        Address, Choice, Count, Days, Flag, Hours, Languages, List, Marketplace, Path, Paths, Program,
        Programs, Secret, Short, Size, Span, StoreUrl, Text, Words, Zone,
    },
    KeySchema as Key, Shape, TableSchema,
};

/// What the pre-flight looks for.
pub const LINTS: &[&str] = &["contact", "links"];

/// Every table but [`CHANNEL`].
pub const TABLES: &[TableSchema] = &[
    TableSchema {
        name: "agent",
        shape: Shape::One,
        personal: true,
        doc: "Who sits at this terminal. Identity is the Unix account; this is how it is shown.",
        keys: &[
            Key::new(
                "name",
                Text,
                "How colleagues see you. Default: the Unix account's full name, else its login.",
            ),
            Key::new("languages", Languages, "Languages that you answer in."),
        ],
    },
    TableSchema {
        name: "store",
        shape: Shape::One,
        personal: false,
        doc: "Where conversations are kept.",
        keys: &[
            Key::new(
                "url",
                StoreUrl,
                "sqlite:PATH, or postgres://user@host/db for a team on many boxes. Default: \
                 $XDG_DATA_HOME/deskline/deskline.db.",
            ),
            Key::new("password", Secret, "The password of a postgres url."),
            Key::new(
                "group",
                Text,
                "A team on one box: files 0660 and folders 2770 of this group. Default: only you (0600, 0700).",
            ),
            Key::new(
                "owner",
                Text,
                "The account that owns the files; ownership is checked against it. Default: you.",
            ),
        ],
    },
    TableSchema {
        name: "sync",
        shape: Shape::One,
        personal: false,
        doc: "How often vendors are asked. Most of it may be said for one channel too.",
        keys: &[
            Key::new("poll_interval", Span(1000), "Between two looks for news, 1s or more.").or("60s"),
            Key::new(
                "sweep_interval",
                Span(1000),
                "The full look, spread over this time, open conversations first.",
            )
            .or("15m"),
            Key::new(
                "max_rate",
                Count(0, 1000),
                "Requests a second and vendor bucket; 0 = no limit of ours.",
            )
            .or("4"),
            Key::new("max_attachment", Size, "The largest file that is fetched.").or("25MB"),
        ],
    },
    TableSchema {
        name: "webhook",
        shape: Shape::One,
        personal: false,
        doc: "The listener for vendors that call us. Only where a channel receives webhooks.",
        keys: &[Key::new(
            "listen",
            Address,
            "Address and port. deskline speaks plain HTTP: put a TLS proxy in front.",
        )
        .required()],
    },
    TableSchema {
        name: "member",
        shape: Shape::Many("login"),
        personal: false,
        doc: "Who can be assigned. Default: every account that has opened this store.",
        keys: &[
            Key::new("login", Text, "The Unix account (PostgreSQL: the role).").required(),
            Key::new("name", Text, "How it is shown. Default: the login."),
            Key::new("languages", Languages, "Languages that this person answers in."),
            Key::new("teams", List, "Teams to assign to."),
            Key::new(
                "role",
                Choice(&["agent", "lead", "admin"]),
                "lead: settles others' rows, erases; admin: all.",
            )
            .or("agent"),
        ],
    },
    TableSchema {
        name: "view",
        shape: Shape::Many("name"),
        personal: true,
        doc: "Tabs after the built-in ones.",
        keys: &[
            Key::new("name", Text, "What the tab says.").required(),
            Key::new("query", Text, "What it holds, in the query language.").required(),
        ],
    },
    TableSchema {
        name: "hook",
        shape: Shape::Many("name"),
        personal: false,
        doc: "Programs that are told what happens, by one JSON object on standard input. Run by `deskline sync`.",
        keys: &[
            Key::new("name", Text, "What the log calls it.").required(),
            Key::new(
                "on",
                List,
                "message, sent, failed, uncertain, parked, status, assign, note: what it is told of.",
            )
            .required(),
            Key::new("command", Program, "The program and its arguments; no shell, 10 s at most.").required(),
        ],
    },
    TableSchema {
        name: "calendar",
        shape: Shape::Many("name"),
        personal: false,
        doc: "Business hours that channels refer to.",
        keys: &[
            Key::new("name", Text, "What `calendar` in a channel says.").required(),
            Key::new("zone", Zone, "The hours' time zone (IANA).").required(),
            Key::new("hours", Hours, "Days and hours, several spans a day.").required(),
            Key::new("holidays", Days, "Days without business hours."),
        ],
    },
    TableSchema {
        name: "compose",
        shape: Shape::One,
        personal: true,
        doc: "Writing and sending.",
        keys: &[
            Key::new(
                "after_send",
                Choice(&["pending", "keep"]),
                "What a reply does to new and open conversations.",
            )
            .or("pending"),
            Key::new("canned", Paths, "Folders of canned replies, NAME.LANG.md; the later folder wins.")
                .or("/etc/deskline/canned,~/.config/deskline/canned"),
            Key::new("filters", Programs, "Programs that Ctrl-x f sends a text through, by name; no shell."),
            Key::new("editor", Program, "The editor of Ctrl-x e. Default: $VISUAL, else $EDITOR, else vi."),
        ],
    },
    TableSchema {
        name: "products",
        shape: Shape::One,
        personal: false,
        doc: "What SKUs are called.",
        keys: &[Key::new("file", Path, "A CSV file: sku,title,url.")],
    },
    TableSchema {
        name: "ui",
        shape: Shape::One,
        personal: true,
        doc: "The screen.",
        keys: &[
            Key::new("zone", Zone, "Times on the screen (IANA). Default: TZ, else the box's."),
            Key::new("lang", Choice(crate::domain::Lang::NAMES), "The screen's language.").or("en"),
            Key::new("theme", Choice(&["auto", "dark", "light", "mono"]), "Colours; NO_COLOR wins over it.")
                .or("auto"),
            Key::new("mouse", Flag, "Whether the mouse is ours from the start.").or("false"),
            Key::new("bell", Choice(&["bel", "osc9", "osc777", "none"]), "How an alarm is rung.").or("bel"),
            Key::new("title", Flag, "Whether the window's title says how much waits.").or("false"),
            Key::new("pin", Secret, "The word that opens the locked screen. Default: Enter twice."),
            Key::new(
                "esc_timeout",
                Span(1),
                "How long an Esc waits for the rest of a key. Default: 50ms, over SSH 150ms.",
            ),
            Key::new("opener", Program, "What opens an attachment, on your key only.").or("xdg-open"),
        ],
    },
    TableSchema {
        name: "keys",
        shape: Shape::Open,
        personal: true,
        doc: "Keys: action = \"key\" or [\"key\", …] over the preset; \"\" unbinds.",
        keys: &[Key::new(
            "preset",
            Choice(&["default", "gmail", "mutt", "arrows"]),
            "The keys to start from.",
        )
        .or("default")],
    },
];

/// `[[channel]]`: the keys that every kind has.
pub const CHANNEL: TableSchema = TableSchema {
    name: "channel",
    shape: Shape::Many("name"),
    personal: false,
    doc: "An account at a vendor.",
    keys: &[
        Key::new("name", Text, "What it is called here: [a-z][a-z0-9-]*.").required(),
        Key::new("kind", Text, "Which vendor's protocol.").required(),
        Key::new(
            "short",
            Short,
            "Two to four letters for the list. Default: by kind, numbered from the second.",
        ),
        Key::new("languages", Languages, "Languages of its customers, a limit for language detection."),
        Key::new("calendar", Text, "The business hours of its company clock. Default: every hour."),
        Key::new(
            "first_response",
            Span(1000),
            "The company's target for the first answer, in business hours.",
        ),
        Key::new("next_response", Span(1000), "The same for every later answer."),
        Key::new("marketplace_clock", Marketplace, "The vendor's own deadline.").or("default"),
        Key::new(
            "undo_window",
            Span(0),
            "How long a reply is held for undo. Default: marketplaces 10s, whatsapp 3s.",
        ),
        Key::new(
            "lint",
            Words(LINTS, &["block", "warn", "off"]),
            "What the pre-flight does about findings in a reply; what is not named warns.",
        ),
        Key::new("poll_interval", Span(1000), "Over [sync] poll_interval."),
        Key::new("sweep_interval", Span(1000), "Over [sync] sweep_interval."),
        Key::new("max_rate", Count(0, 1000), "Over [sync] max_rate."),
        Key::new("max_attachment", Size, "Over [sync] max_attachment."),
        Key::new("allow_http", Flag, "Whether plain http:// is taken beyond loopback.").or("false"),
    ],
};
