//! What Dsco keeps of ours beside the talk: a reference id, the title, a due date. A field each, with what stands there
//! now; what was changed is set.

use chrono::Duration;

use super::{
    model::Model,
    msg::Wish,
    popup::{Choice, PickerKind, plain},
    triage::HOLD_SECONDS,
    undo::Intent,
    words,
};
use crate::domain::{
    Action, Conversation,
    desk::{Commit, Seen},
    lang::tr,
    outbox::SetFields,
    when::parse as parse_time,
};

/// The fields, in their order.
pub(super) const FIELDS: [&str; 3] = ["reference", "title", "due"];

const REFERENCE: usize = 0;
const TITLE: usize = 1;

impl Model {
    /// Whether the vendor of the selected conversation keeps such fields.
    pub(super) fn keeps_fields(&self) -> bool {
        self.target().is_some_and(|row| self.capabilities(&row.channel).max_title.is_some())
    }

    /// What stands there now, as the vendor said it last.
    fn fields_now(&self, row: &Conversation) -> Vec<String> {
        let said = |key: &str| {
            let value = row.remote_status.as_ref().and_then(|facts| facts.get(key));
            value.and_then(|it| it.as_str()).unwrap_or_default()
        };
        let due = chrono::DateTime::parse_from_rfc3339(said("due_date")).map_or_else(
            |_| said("due_date").to_owned(),
            |at| at.with_timezone(&self.options.zone).format("%Y-%m-%d %H:%M").to_string(),
        );
        let reference = said(&self.manner(&row.channel).reference_fact).to_owned();
        vec![reference, row.subject.clone().unwrap_or_default(), due]
    }

    pub(super) fn open_fields(&mut self) {
        let now = self.target().map(|row| self.fields_now(row)).unwrap_or_default();
        let first = now.first().cloned().unwrap_or_default();
        self.open_picker(PickerKind::VendorFields);
        if let Some(picker) = &mut self.picker {
            picker.fields = now;
        }
        self.picker_typed(&first);
    }

    /// What stands in the fields, the one under the cursor as it is typed.
    fn fields_typed(&self) -> Vec<String> {
        let Some(picker) = &self.picker else { return Vec::new() };
        let mut fields = picker.fields.clone();
        if let Some(field) = fields.get_mut(picker.field) {
            picker.text().trim().clone_into(field);
        }
        fields
    }

    /// A row for each field.
    pub(super) fn field_choices(&self) -> Vec<Choice> {
        let rows = FIELDS.iter().zip(self.fields_typed());
        let name = |name| self.lang.word("field", name);
        let wide = FIELDS.iter().map(|it| name(it).chars().count()).max().unwrap_or(0) + 2;
        rows.map(|(field, value)| plain(&format!("{:wide$}{value}", name(field)), "")).collect()
    }

    /// What a field means, and how it reads; the error is a sentence. `None`: it is as it was.
    fn field_of(&self, at: usize, value: &str, now: &str) -> Option<Result<(SetFields, String), String>> {
        if value == now {
            return None;
        }
        let name = self.lang.word("field", FIELDS[at]);
        if value.is_empty() {
            return Some(Err(tr!(self.lang, "{name}: the vendor takes another one, not none", name)));
        }
        if at == REFERENCE {
            let fields = SetFields { reference: Some(value.into()), ..SetFields::default() };
            return Some(Ok((fields, tr!(self.lang, "our reference {value}", value))));
        }
        if at == TITLE {
            let most = self.target().and_then(|row| self.capabilities(&row.channel).max_title);
            let long = value.chars().count();
            if let Some(most) = most.filter(|most| long > *most) {
                return Some(Err(tr!(
                    self.lang,
                    "the title has {long} characters, the vendor takes {most}",
                    long,
                    most
                )));
            }
            let fields = SetFields { title: Some(value.into()), ..SetFields::default() };
            return Some(Ok((fields, tr!(self.lang, "the title {value}", value))));
        }
        Some(match parse_time(value, self.now, self.options.zone) {
            Some(due) => {
                let fields = SetFields { due: Some(due), ..SetFields::default() };
                let at = words::weekday(self.lang, due, self.options.zone);
                Ok((fields, tr!(self.lang, "due {at}", at)))
            }
            None => Err(tr!(self.lang, "\"{value}\" is no time: 3d, 14:30, fri 9, tomorrow", value)),
        })
    }

    /// What the field under the cursor is understood as.
    pub(super) fn fields_note(&self) -> String {
        let (Some(picker), Some(row)) = (&self.picker, self.target()) else { return String::new() };
        let now = self.fields_now(row);
        let value = picker.text().trim();
        let read = now.get(picker.field).and_then(|now| self.field_of(picker.field, value, now));
        match read {
            Some(Ok((_, said))) => tr!(self.lang, "will show {said}", said),
            Some(Err(why)) => why,
            None => self.lang.tr("as it is there   Tab goes on, Enter takes them").to_owned(),
        }
    }

    /// Commits what was changed, held like every change that a vendor sees; what cannot be read leads to its field.
    pub(super) fn set_fields(&mut self) {
        let Some(row) = self.target().cloned() else { return };
        let (now, typed) = (self.fields_now(&row), self.fields_typed());
        let (mut fields, mut said) = (SetFields::default(), Vec::new());
        for (at, (value, now)) in typed.iter().zip(&now).enumerate() {
            match self.field_of(at, value, now) {
                None => {}
                Some(Ok((one, words))) => {
                    fields.reference = fields.reference.or(one.reference);
                    fields.title = fields.title.or(one.title);
                    fields.due = fields.due.or(one.due);
                    said.push(words);
                }
                Some(Err(why)) => {
                    let by = self.picker.as_ref().map_or(0, |it| at.cast_signed() - it.field.cast_signed());
                    self.template_field(by);
                    self.refuse_picked(tr!(self.lang, "nothing was changed: {why}", why));
                    return;
                }
            }
        }
        self.picker = None;
        if said.is_empty() {
            self.say(tr!(self.lang, "as it was: {whom}", whom = self.called(row.id)));
            return;
        }
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
        let (said, whom) = (said.join(", "), self.called(row.id));
        let what = tr!(self.lang, "{vendor} will show {said} on {whom}", vendor, said, whom);
        self.perform_wish(Wish::Commit(Box::new(commit)), Intent::Tell { what, until: Some(until) });
        self.start_count_down(Some(until));
    }
}
