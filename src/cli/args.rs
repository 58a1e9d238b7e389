//! The command line, exactly as interface.md has it. `completions` and `man` are made from this.

#![expect(
    clippy::struct_field_names,
    clippy::struct_excessive_bools,
    reason = "fields are named as their flags"
)]

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

/// A helpdesk inbox for the terminal.
#[derive(Debug, Parser)]
#[command(
    name = "deskline",
    version,
    about = "A helpdesk inbox for the terminal",
    long_about = "A helpdesk inbox for the terminal: the customer conversations of THG, Rithum Dsco, SkyHub/Americanas \
                  and WhatsApp Business in one place, by keyboard, online or not.\n\nWithout a command: the inbox. \
                  To try it without any account: deskline demo",
    disable_help_subcommand = true,
    after_help = "Exit codes: 0 done; 1 failed; 2 wrong usage; 3 configuration; 4 a vendor refused our credentials; \
                  5 a vendor refused the request; 6 outcome uncertain; 7 the store is not usable; 8 time up while \
                  waiting; 130 interrupted."
)]
pub struct Cli {
    /// Use only this configuration file
    #[arg(long, global = true, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Only this channel
    #[arg(long, value_name = "NAME")]
    pub channel: Option<String>,
    /// Plain numbered lines instead of a screen: for screen readers and terminals that cannot draw
    #[arg(long)]
    pub linear: bool,
    /// Print one screenful of plain lines and exit
    #[arg(long)]
    pub print: bool,
    /// What to do; without it, the inbox
    #[command(subcommand)]
    pub command: Option<Command>,
}

/// A command.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// The inbox against a built-in simulator: all four channels, live customers, nothing kept
    Demo(Demo),
    /// The keys in ten minutes, in the demo
    Tutor,
    /// The engine without a screen: a service, or one full cycle and exit
    Sync(Sync),
    /// Conversations
    List(List),
    /// One conversation with its messages
    Show(Show),
    /// How each deadline of a conversation came about
    Explain(Explain),
    /// Reply to a conversation (or add a note for the team)
    Reply(Reply),
    /// Start a conversation
    New(New),
    /// Set a conversation's reference id, title, due date or priority
    Set(Set),
    /// No reply needed
    Settle(One),
    /// Set a conversation's status
    Status(Status),
    /// Mark read at the vendor
    Read(One),
    /// Mark unread, at the vendor where it can be told
    Unread(One),
    /// Assign to an account; - for nobody
    Assign(Assign),
    /// Add (+x) and remove (-y) labels
    Label(Label),
    /// Snooze: 3d, 14:30, fri 9, tomorrow; - wakes it
    Snooze(Snooze),
    /// What is promised to the customer, and by when: 3d, fri 14:00, tomorrow; - it is kept
    Promise(Snooze),
    /// My shift ends: all that is mine and open goes to WHO (- is the team), drafts with it
    Handover(Handover),
    /// What is on its way to the vendors
    Outbox(Outbox),
    /// Erase everything of a conversation's customer here; a record that it was done stays
    Erase(Erase),
    /// Attachments
    #[command(subcommand)]
    Attachment(Attachment),
    /// Volume, response, resolution, backlog and breaches, with the formula of each figure
    Report(Report),
    /// Import conversations from JSON Lines; never sends anything
    Import(Import),
    /// Export conversations
    Export(Export),
    /// The simulator alone, for training and tests
    Simulate(Simulate),
    /// Check config, file modes, store, each channel's login and clock, terminal
    Doctor(Json),
    /// The configuration
    #[command(subcommand)]
    Config(ConfigCommand),
    /// Print a shell's completions
    Completions {
        /// The shell
        shell: clap_complete::Shell,
    },
    /// Print the manual page
    Man,
}

/// `demo`.
#[derive(Debug, Args)]
pub struct Demo {
    /// The same number plays the same customers
    #[arg(long, default_value_t = 1)]
    pub seed: u64,
    /// The customers' language: en, pt-BR or de (default: all three)
    #[arg(long, value_parser = ["en", "pt-BR", "de"])]
    pub lang: Option<String>,
    /// Plain numbered lines instead of a screen
    #[arg(long)]
    pub linear: bool,
    /// Print one screenful of plain lines and exit
    #[arg(long)]
    pub print: bool,
}

/// `sync`.
#[derive(Debug, Args)]
pub struct Sync {
    /// One full cycle of every channel, then exit
    #[arg(long)]
    pub once: bool,
    /// Only this channel
    #[arg(long, value_name = "NAME")]
    pub channel: Option<String>,
    /// With --once: one line of JSON per channel at the end
    #[arg(long)]
    pub json: bool,
}

/// How a list is sorted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum SortBy {
    /// Newest activity first
    Updated,
    /// Earliest consequence first
    Due,
    /// Oldest unanswered first
    Waiting,
}

/// `list`.
#[derive(Debug, Args)]
pub struct List {
    /// Terms such as status:open channel:whatsapp is:unread waiting:>4h -label:spam, and words
    #[arg(allow_hyphen_values = true, value_name = "QUERY")]
    pub query: Vec<String>,
    /// The order
    #[arg(long, value_enum, default_value = "updated")]
    pub sort: SortBy,
    /// At most so many
    #[arg(long, default_value_t = 50, value_name = "N")]
    pub limit: usize,
    /// One JSON object a line
    #[arg(long)]
    pub json: bool,
}

/// `explain`.
#[derive(Debug, Args)]
pub struct Explain {
    /// The short number, or CHANNEL:REMOTE-ID
    pub id: String,
}

/// `show`.
#[derive(Debug, Args)]
pub struct Show {
    /// The short number, or CHANNEL:REMOTE-ID
    pub id: String,
    /// What happened, besides the messages
    #[arg(long)]
    pub history: bool,
    /// One JSON object
    #[arg(long)]
    pub json: bool,
}

/// Where a text comes from.
#[derive(Debug, Args)]
#[group(multiple = false)]
pub struct Text {
    /// The text
    #[arg(long, value_name = "T", allow_hyphen_values = true)]
    pub text: Option<String>,
    /// The text, from a file
    #[arg(long, value_name = "F")]
    pub file: Option<PathBuf>,
    /// The text, from standard input
    #[arg(value_name = "-", value_parser = ["-"], allow_hyphen_values = true)]
    pub stdin: Option<String>,
}

/// A template and its parameters.
#[derive(Debug, Args)]
pub struct TemplateArgs {
    /// A template message (WhatsApp)
    #[arg(long, value_name = "NAME")]
    pub template: Option<String>,
    /// One of its parameters
    #[arg(long = "param", value_name = "K=V")]
    pub params: Vec<String>,
}

/// Waiting for the outcome.
#[derive(Debug, Args)]
pub struct Wait {
    /// Wait until the outcome is known, delivering it here where no engine runs (60 s unless said)
    #[arg(long, value_name = "SECONDS", num_args = 0..=1, default_missing_value = "60")]
    pub wait: Option<u64>,
}

/// `reply`.
#[derive(Debug, Args)]
pub struct Reply {
    /// The short number, or CHANNEL:REMOTE-ID
    pub id: String,
    /// The text
    #[command(flatten)]
    pub text: Text,
    /// Attach a file (repeatable)
    #[arg(long, value_name = "F")]
    pub attach: Vec<PathBuf>,
    /// A note for the team; never leaves
    #[arg(long)]
    pub note: bool,
    /// Quote this message (its id in show)
    #[arg(long, value_name = "N")]
    pub quote: Option<i64>,
    /// A template
    #[command(flatten)]
    pub template: TemplateArgs,
    /// Show a product of a catalogue (WhatsApp, repeatable)
    #[arg(long, value_name = "CATALOG/SKU")]
    pub product: Vec<String>,
    /// Reopen the vendor's closed conversation first (Dsco)
    #[arg(long)]
    pub reopen: bool,
    /// Findings that only warn refuse too
    #[arg(long)]
    pub strict: bool,
    /// Refuse if the conversation has changed since this rev
    #[arg(long, value_name = "REV")]
    pub seen: Option<i64>,
    /// Waiting
    #[command(flatten)]
    pub wait: Wait,
    /// Print the message as JSON
    #[arg(long)]
    pub json: bool,
}

/// `new`.
#[derive(Debug, Args)]
pub struct New {
    /// By which channel
    #[arg(long, value_name = "NAME")]
    pub channel: String,
    /// The category (THG)
    #[arg(long, value_name = "C")]
    pub category: Option<String>,
    /// The order it is about. Dsco: its poNumber, or dscoOrderId:N, supplierOrderNumber:N, consumerOrderNumber:N
    #[arg(long, value_name = "N")]
    pub order: Option<String>,
    /// A product of that order (THG, repeatable; Dsco, one)
    #[arg(long, value_name = "S")]
    pub sku: Vec<String>,
    /// The trading partner (Dsco; or dscoAccountId:N) or the number (WhatsApp)
    #[arg(long, value_name = "WHO")]
    pub to: Option<String>,
    /// The consumer (Dsco customer care, retailers)
    #[arg(long, value_name = "ID")]
    pub consumer: Option<String>,
    /// The title (Dsco, 50 characters)
    #[arg(long, value_name = "T")]
    pub title: Option<String>,
    /// Our reference id (Dsco)
    #[arg(long = "ref", value_name = "ID")]
    pub reference: Option<String>,
    /// The due date (Dsco), RFC 3339 or a date
    #[arg(long, value_name = "D")]
    pub due: Option<String>,
    /// Only a test: hidden at the vendor, notifies nobody (Dsco)
    #[arg(long)]
    pub test: bool,
    /// Attach a file (repeatable)
    #[arg(long, value_name = "F")]
    pub attach: Vec<PathBuf>,
    /// A template
    #[command(flatten)]
    pub template: TemplateArgs,
    /// The text
    #[command(flatten)]
    pub text: Text,
    /// Findings that only warn refuse too
    #[arg(long)]
    pub strict: bool,
    /// Waiting
    #[command(flatten)]
    pub wait: Wait,
    /// Print the message as JSON
    #[arg(long)]
    pub json: bool,
}

/// `set`.
#[derive(Debug, Args)]
pub struct Set {
    /// The short number, or CHANNEL:REMOTE-ID
    pub id: String,
    /// Our reference id at the vendor (Dsco)
    #[arg(long = "ref", value_name = "X")]
    pub reference: Option<String>,
    /// The title at the vendor (Dsco)
    #[arg(long, value_name = "T")]
    pub title: Option<String>,
    /// The due date at the vendor (Dsco)
    #[arg(long, value_name = "D")]
    pub due: Option<String>,
    /// The team's priority; - for none
    #[arg(long, value_name = "P", value_parser = ["low", "normal", "high", "urgent", "-"], allow_hyphen_values = true)]
    pub priority: Option<String>,
}

/// One conversation.
#[derive(Debug, Args)]
pub struct One {
    /// The short number, or CHANNEL:REMOTE-ID
    pub id: String,
    /// Waiting
    #[command(flatten)]
    pub wait: Wait,
}

/// `status`.
#[derive(Debug, Args)]
pub struct Status {
    /// The short number, or CHANNEL:REMOTE-ID
    pub id: String,
    /// The new status
    #[arg(value_parser = ["new", "open", "pending", "on-hold", "on_hold", "resolved"])]
    pub status: String,
    /// Refuse if the conversation has changed since this rev
    #[arg(long, value_name = "REV")]
    pub seen: Option<i64>,
    /// Refuse where anything was found, not only where it is certain
    #[arg(long)]
    pub strict: bool,
    /// Waiting
    #[command(flatten)]
    pub wait: Wait,
    /// Print the conversation as JSON
    #[arg(long)]
    pub json: bool,
}

/// `assign`.
#[derive(Debug, Args)]
pub struct Assign {
    /// The short number, or CHANNEL:REMOTE-ID
    pub id: String,
    /// The account; me, @TEAM, or - for nobody
    #[arg(allow_hyphen_values = true)]
    pub who: String,
}

/// `label`.
#[derive(Debug, Args)]
pub struct Label {
    /// The short number, or CHANNEL:REMOTE-ID
    pub id: String,
    /// +x adds, -y removes
    #[arg(allow_hyphen_values = true, required = true)]
    pub labels: Vec<String>,
}

/// `snooze`.
#[derive(Debug, Args)]
pub struct Snooze {
    /// The short number, or CHANNEL:REMOTE-ID
    pub id: String,
    /// When: 3d, 14:30, fri 9, tomorrow, an RFC 3339 time; - for no time any more
    #[arg(allow_hyphen_values = true, required = true)]
    pub when: Vec<String>,
}

/// `handover`.
#[derive(Debug, Args)]
pub struct Handover {
    /// An account, or - for the team; without it: what would be handed over
    #[arg(allow_hyphen_values = true)]
    pub who: Option<String>,
    /// A word for them, in each conversation
    #[arg(long, requires = "who")]
    pub note: Option<String>,
}

/// `outbox`.
#[derive(Debug, Args)]
pub struct Outbox {
    /// One JSON object a line
    #[arg(long)]
    pub json: bool,
    /// What to do with a row
    #[command(subcommand)]
    pub command: Option<OutboxCommand>,
}

/// What to do with a row.
#[derive(Debug, Subcommand)]
pub enum OutboxCommand {
    /// Send it now (after you looked: an uncertain one too)
    Retry {
        /// The row
        n: i64,
    },
    /// It is there, I looked
    MarkSent {
        /// The row
        n: i64,
    },
    /// Take it back: its text becomes the draft
    TakeBack {
        /// The row
        n: i64,
    },
    /// Drop it
    Discard {
        /// The row
        n: i64,
    },
}

/// `erase`.
#[derive(Debug, Args)]
pub struct Erase {
    /// The short number, or CHANNEL:REMOTE-ID
    pub id: String,
    /// All conversations of its customer in that channel: messages, notes, files, drafts, the words in the log
    #[arg(long)]
    pub customer: bool,
    /// Do not ask
    #[arg(long)]
    pub yes: bool,
}

/// What the lines of a report are by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum ReportBy {
    /// A line for each channel
    Channel,
    /// A line for each person
    Agent,
    /// A line for each label
    Label,
}

/// `report`.
#[derive(Debug, Args)]
pub struct Report {
    /// From then on: a date, today, yesterday, -7d, or an RFC 3339 time (default: seven days before --to)
    #[arg(long, value_name = "D", allow_hyphen_values = true)]
    pub from: Option<String>,
    /// Up to then, the whole day where it is a date (default: now); states are those of that moment
    #[arg(long, value_name = "D", allow_hyphen_values = true)]
    pub to: Option<String>,
    /// What the lines are by
    #[arg(long, value_enum)]
    pub by: Option<ReportBy>,
    /// List what a figure is made of: conversations, messages and events
    #[arg(long, value_name = "FIGURE")]
    pub events: Option<String>,
    /// The mean too
    #[arg(long)]
    pub mean: bool,
    /// One JSON object a line
    #[arg(long, conflicts_with = "csv")]
    pub json: bool,
    /// Comma-separated values
    #[arg(long)]
    pub csv: bool,
}

/// `attachment`.
#[derive(Debug, Subcommand)]
pub enum Attachment {
    /// Save a file of a message
    Save {
        /// The conversation: the short number, or CHANNEL:REMOTE-ID
        id: String,
        /// The file's number within the conversation, as show numbers them
        n: u32,
        /// Where to: a folder or a file that does not exist yet
        #[arg(long, value_name = "PATH")]
        to: Option<PathBuf>,
    },
}

/// `import`.
#[derive(Debug, Args)]
pub struct Import {
    /// JSON Lines, one conversation a line
    pub file: PathBuf,
}

/// The form of an export.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// JSON Lines, as import reads it
    Jsonl,
    /// Markdown, to read
    Markdown,
}

/// `export`.
#[derive(Debug, Args)]
pub struct Export {
    /// Which conversations; all without it
    #[arg(allow_hyphen_values = true, value_name = "QUERY")]
    pub query: Vec<String>,
    /// The form
    #[arg(long, value_enum, default_value = "jsonl")]
    pub format: Format,
}

/// `simulate`.
#[derive(Debug, Args)]
pub struct Simulate {
    /// Where to listen
    #[arg(long, default_value = "127.0.0.1:0", value_name = "ADDR")]
    pub listen: std::net::SocketAddr,
    /// The same number plays the same customers
    #[arg(long, default_value_t = 1)]
    pub seed: u64,
    /// Generated conversations per vendor, besides the fixed cast
    #[arg(long, default_value_t = 0, value_name = "N")]
    pub conversations: usize,
    /// Faults to play, from a JSON file
    #[arg(long, value_name = "FILE")]
    pub faults: Option<PathBuf>,
    /// Customers write by themselves and answer
    #[arg(long)]
    pub live: bool,
    /// Write a configuration for it to this file
    #[arg(long, value_name = "FILE")]
    pub write_config: Option<PathBuf>,
}

/// `--json`.
#[derive(Debug, Args)]
pub struct Json {
    /// One JSON object
    #[arg(long)]
    pub json: bool,
}

/// `config`.
#[derive(Debug, Subcommand)]
pub enum ConfigCommand {
    /// Print which files are read
    Path,
    /// Check them
    Check,
    /// Print every effective value and where it came from, secrets masked
    Show {
        /// One JSON object
        #[arg(long)]
        json: bool,
    },
    /// Print the JSON schema
    Schema,
}
