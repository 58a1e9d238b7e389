//! What the program is started with.

use std::collections::HashMap;

use chrono_tz::Tz;

use super::{keymap::Binding, preflight::Lint};
use crate::domain::{ChannelName, Descriptor, Lang};

/// What the program is started with.
#[derive(Clone, Debug)]
#[expect(clippy::struct_excessive_bools, reason = "each is a choice of its own")]
pub struct AppOptions {
    /// The Unix account.
    pub me: String,
    /// How it is shown.
    pub name: String,
    /// The channels.
    pub descriptors: Vec<Descriptor>,
    /// Views after the built-in ones: name and query.
    pub views: Vec<(String, String)>,
    /// Only this channel.
    pub channel: Option<ChannelName>,
    /// `compose.after_send = "keep"`: a reply leaves the status as it is.
    pub keep_status: bool,
    /// What contact data of ours in a reply is.
    pub lint: HashMap<ChannelName, Lint>,
    /// Folders of canned replies, for the message where there are none.
    pub canned: Vec<std::path::PathBuf>,
    /// Programs that a text can go through, by name, with their arguments.
    pub filters: Vec<(String, Vec<String>)>,
    /// Keys that lie over the table's: default, gmail, mutt, arrows.
    pub preset: String,
    /// Keys of the configuration.
    pub bindings: Vec<Binding>,
    /// The word that opens a locked screen; `None`: Enter twice.
    pub pin: Option<String>,
    /// Whether the mouse is ours from the start.
    pub mouse: bool,
    /// Accounts that can be assigned, beside those that have opened this store.
    pub members: Vec<String>,
    /// Teams that can be assigned, each with an `@` before its name, so that none is taken for an account.
    pub teams: Vec<String>,
    /// Those of them that I am in: what is theirs stands in my view.
    pub my_teams: Vec<String>,
    /// In which times are shown.
    pub zone: Tz,
    /// The screen's language.
    pub lang: Lang,
    /// The demo: marked everywhere, quits without a question.
    pub demo: bool,
    /// The tutor, in the demo.
    pub tutor: bool,
    /// The agent's own configuration, for who starts without one.
    pub config_file: Option<std::path::PathBuf>,
    /// Columns and rows.
    pub size: (u16, u16),
}

impl AppOptions {
    /// Nothing configured: for benches and stand-ins.
    pub fn plain(me: &str, size: (u16, u16)) -> Self {
        Self {
            me: me.to_owned(),
            name: me.to_owned(),
            descriptors: Vec::new(),
            views: Vec::new(),
            channel: None,
            keep_status: false,
            lint: HashMap::new(),
            canned: Vec::new(),
            filters: Vec::new(),
            preset: "default".to_owned(),
            bindings: Vec::new(),
            pin: None,
            mouse: false,
            members: Vec::new(),
            teams: Vec::new(),
            my_teams: Vec::new(),
            zone: Tz::UTC,
            lang: Lang::default(),
            demo: false,
            tutor: false,
            config_file: None,
            size,
        }
    }
}
