//! The first start: no channel, nothing stored. What to write, and the demo on a key.

use std::path::PathBuf;

use super::{
    actions::Act,
    model::{Model, Screen},
    msg::{Effect, Start},
};
use crate::domain::lang::tr;

impl Model {
    /// Whether there is nothing at all to work on yet: no channel is configured and nothing is stored.
    pub fn is_first_start(&self) -> bool {
        self.screen == Screen::List
            && self.options.descriptors.is_empty()
            && self.list.rows.is_empty()
            && !self.list.loading
            && self.list.special.is_none()
            && self.list.views.iter().all(|view| view.count.is_some_and(|count| count.total == 0))
    }

    pub(super) fn welcome_act(&mut self, act: Act) {
        match act {
            Act::StartDemo => self.fx.push(Effect::Start(Start::Demo)),
            Act::StartTutor => self.fx.push(Effect::Start(Start::Tutor)),
            Act::WriteExample => match self.options.config_file.clone() {
                Some(file) => {
                    let ticket = self.ticket();
                    self.fx.push(Effect::WriteExample(ticket, file));
                }
                None => self.say(self.lang.tr("there is no file to write here")),
            },
            _ => self.common_act(act, &[]),
        }
    }

    /// The lines of the first start.
    pub fn welcome_lines(&self) -> Vec<String> {
        let key = |act| self.key(super::actions::place::WELCOME, act);
        let file = self.options.config_file.clone().unwrap_or_else(|| PathBuf::from("config.toml"));
        vec![
            self.lang
                .tr("Welcome to deskline. No channel is configured yet, so there is nothing to show.")
                .into(),
            String::new(),
            tr!(
                self.lang,
                "{key}  the demo: four vendors, live customers, nothing is kept",
                key = key(Act::StartDemo)
            ),
            tr!(
                self.lang,
                "{key}  the tutor: the keys in ten minutes, in the demo",
                key = key(Act::StartTutor)
            ),
            tr!(
                self.lang,
                "{key}  write an example to {file}",
                key = key(Act::WriteExample),
                file = file.display()
            ),
            tr!(self.lang, "{key}  leave", key = key(Act::Quit)),
            String::new(),
            self.lang.tr("A channel is a few lines in that file, for example:").into(),
            String::new(),
            "    [[channel]]".into(),
            "    name = \"americanas\"".into(),
            "    kind = \"skyhub\"                # thg, dsco, skyhub or whatsapp".into(),
            "    url = \"https://api.skyhub.com.br\"".into(),
            "    user_email = \"loja@example.com\"".into(),
            "    api_key = { file = \"~/.secrets/skyhub\" }".into(),
            String::new(),
            self.lang
                .tr("deskline config check names what is wrong with it; deskline doctor tries each login.")
                .into(),
        ]
    }
}

/// The example that is written: every line of it a comment, so that nothing runs before somebody has chosen.
pub fn example() -> String {
    let mut out = String::from("# Take away the # of what you need; deskline config check reads it.\n");
    for line in include_str!("../../config.example.toml").lines() {
        if !line.is_empty() && !line.starts_with('#') {
            out.push_str("# ");
        }
        out.push_str(line);
        out.push('\n');
    }
    out
}
