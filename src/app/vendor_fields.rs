//! What Dsco keeps of ours beside the talk: a reference id, the title, a due date.

use chrono::Duration;

use super::{model::Model, msg::Wish, triage::HOLD_SECONDS, undo::Intent, words};
use crate::domain::{
    Action,
    desk::{Commit, Seen},
    outbox::SetFields,
    when::parse as parse_time,
};

impl Model {
    /// Whether the vendor of the selected conversation keeps such fields.
    pub(super) fn keeps_fields(&self) -> bool {
        self.target().is_some_and(|row| self.capabilities(&row.channel).max_title.is_some())
    }

    /// What a line means, and how it reads; the error is a sentence.
    fn fields_of(&self, text: &str) -> Result<(SetFields, String), String> {
        let (key, value) = text.trim().split_once(char::is_whitespace).unwrap_or((text.trim(), ""));
        let value = value.trim();
        match key {
            _ if value.is_empty() => Err("ref ticket-42, title Late order, due fri 12:00".into()),
            "ref" => {
                let fields = SetFields { reference: Some(value.into()), ..SetFields::default() };
                Ok((fields, format!("our reference {value}")))
            }
            "title" => {
                let most = self.target().and_then(|row| self.capabilities(&row.channel).max_title);
                let long = value.chars().count();
                if let Some(most) = most.filter(|most| long > *most) {
                    return Err(format!("the title has {long} characters, the vendor takes {most}"));
                }
                Ok((
                    SetFields { title: Some(value.into()), ..SetFields::default() },
                    format!("the title {value}"),
                ))
            }
            "due" => match parse_time(value, self.now, self.options.zone) {
                Some(at) => {
                    let fields = SetFields { due: Some(at), ..SetFields::default() };
                    Ok((fields, format!("due {}", words::weekday(at, self.options.zone))))
                }
                None => Err(format!("\"{value}\" is no time: 3d, 14:30, fri 9, tomorrow")),
            },
            _ => Err(format!("\"{key}\" is none of ref, title, due")),
        }
    }

    pub(super) fn fields_note(&self, text: &str) -> String {
        match self.fields_of(text) {
            Ok((_, said)) => format!("will show {said}"),
            Err(why) => why,
        }
    }

    /// Commits it, held like every change that a vendor sees.
    pub(super) fn set_fields(&mut self, text: &str) {
        let (fields, said) = match self.fields_of(text) {
            Ok(found) => found,
            Err(why) => return self.say(format!("{why}: nothing was changed")),
        };
        let Some(row) = self.target().cloned() else { return };
        let until = self.now + Duration::seconds(HOLD_SECONDS);
        let commit = Commit {
            conversation: Some(row.id),
            channel: row.channel.clone(),
            kind: row.kind.clone(),
            actions: vec![Action::Set(fields)],
            held_until: Some(until),
            later: None,
            author: self.options.me.clone(),
            author_name: Some(self.options.name.clone()),
            seen: Seen::default(),
            status: None,
            ends_draft: None,
            send_ids: Vec::new(),
        };
        let what = format!("{} will show {said} on {}", self.vendor_name(&row.channel, &row), row.id);
        self.perform_wish(Wish::Commit(Box::new(commit)), Intent::Tell { what, until: Some(until) });
        self.start_count_down(Some(until));
    }
}
