//! What Dsco keeps of ours beside the talk: a reference id, the title, a due date.

use chrono::Duration;

use super::{model::Model, msg::Wish, triage::HOLD_SECONDS, undo::Intent, words};
use crate::domain::{
    Action,
    desk::{Commit, Seen},
    lang::tr,
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
            _ if value.is_empty() => {
                Err(self.lang.tr("ref ticket-42, title Late order, due fri 12:00").into())
            }
            "ref" => {
                let fields = SetFields { reference: Some(value.into()), ..SetFields::default() };
                Ok((fields, tr!(self.lang, "our reference {value}", value)))
            }
            "title" => {
                let most = self.target().and_then(|row| self.capabilities(&row.channel).max_title);
                let long = value.chars().count();
                if let Some(most) = most.filter(|most| long > *most) {
                    return Err(tr!(
                        self.lang,
                        "the title has {long} characters, the vendor takes {most}",
                        long,
                        most
                    ));
                }
                Ok((
                    SetFields { title: Some(value.into()), ..SetFields::default() },
                    tr!(self.lang, "the title {value}", value),
                ))
            }
            "due" => match parse_time(value, self.now, self.options.zone) {
                Some(at) => {
                    let fields = SetFields { due: Some(at), ..SetFields::default() };
                    Ok((
                        fields,
                        tr!(self.lang, "due {at}", at = words::weekday(self.lang, at, self.options.zone)),
                    ))
                }
                None => Err(tr!(self.lang, "\"{value}\" is no time: 3d, 14:30, fri 9, tomorrow", value)),
            },
            _ => Err(tr!(self.lang, "\"{key}\" is none of ref, title, due", key)),
        }
    }

    pub(super) fn fields_note(&self, text: &str) -> String {
        match self.fields_of(text) {
            Ok((_, said)) => tr!(self.lang, "will show {said}", said),
            Err(why) => why,
        }
    }

    /// Commits it, held like every change that a vendor sees.
    pub(super) fn set_fields(&mut self, text: &str) {
        let (fields, said) = match self.fields_of(text) {
            Ok(found) => found,
            Err(why) => return self.say(tr!(self.lang, "nothing was changed: {why}", why)),
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
        let vendor = self.vendor_name(&row.channel, &row);
        let what = tr!(self.lang, "{vendor} will show {said} on {id}", vendor, said, id = row.id);
        self.perform_wish(Wish::Commit(Box::new(commit)), Intent::Tell { what, until: Some(until) });
        self.start_count_down(Some(until));
    }
}
