//! Enter in a pop-up.

use tui_textarea::{CursorMove, TextArea};

use super::{PickerKind, What, choices::number};
use crate::{
    app::{Screen, model::Model, msg::Wish, undo::Intent},
    domain::{
        ConversationId,
        lang::tr,
        outbox::{LocalChange, TemplateUse},
        when::parse as parse_time,
    },
};

impl Model {
    /// Why what stands in the pop-up cannot be taken: it stays then, with every letter.
    pub(super) fn not_taken(&self) -> Option<String> {
        let picker = self.picker.as_ref()?;
        let text = picker.text().trim();
        let empty = text.is_empty();
        let time = || parse_time(text, self.now, self.options.zone).is_none();
        let none = picker.choices.is_empty();
        match &picker.kind {
            PickerKind::Snooze | PickerKind::Hold | PickerKind::Later if empty => {
                Some(self.lang.tr("a time is needed: 3d, 14:30, fri 9, tomorrow; Esc closes").into())
            }
            PickerKind::Promise if empty => None,
            PickerKind::Snooze | PickerKind::Hold | PickerKind::Later | PickerKind::Promise => {
                time().then(|| {
                    tr!(self.lang, "\"{text}\" is no time: 3d, 14:30, fri 9, sex, Fr, tomorrow 10:00", text)
                })
            }
            PickerKind::Team => none.then(|| tr!(self.lang, "no team is called \"{text}\"", text)),
            PickerKind::Agent | PickerKind::HandOver => {
                none.then(|| tr!(self.lang, "nobody is called \"{text}\" here", text))
            }
            PickerKind::Attach => {
                (empty && none).then(|| self.lang.tr("no file was chosen: nothing was attached").into())
            }
            PickerKind::Canned => {
                none.then(|| self.lang.tr("no canned reply is called so: nothing was inserted").into())
            }
            PickerKind::TextFilter => none.then(|| tr!(self.lang, "no filter is called \"{text}\"", text)),
            PickerKind::Files(_) => {
                none.then(|| self.lang.tr("the selected message has no such file").into())
            }
            _ => None,
        }
    }

    /// Says so where it is typed.
    pub(in crate::app) fn refuse_picked(&mut self, why: String) {
        if let Some(picker) = &mut self.picker {
            picker.note = why;
            picker.refused = true;
        }
        self.dirty = true;
    }

    pub(in crate::app) fn accept(&mut self) {
        if self.picker.as_ref().is_some_and(|it| it.kind == PickerKind::VendorFields) {
            self.set_fields();
            return;
        }
        let Some(mut picker) = self.picker.take() else { return };
        let text = picker.text().trim().to_owned();
        let choice = picker.choices.get(picker.chosen).cloned();
        match picker.kind {
            PickerKind::Palette | PickerKind::Help => {
                if let Some(n) = number(&text) {
                    self.open_conversation(ConversationId(n));
                } else if let Some(choice) = choice {
                    match choice.what {
                        What::Act(act) if choice.enabled => self.run(act),
                        What::Act(act) => {
                            let why = choice.beside;
                            self.say(tr!(
                                self.lang,
                                "{name} does not work here   {why}",
                                name = act.row().name,
                                why
                            ));
                        }
                        _ => {}
                    }
                } else {
                    self.say(tr!(self.lang, "no action is called \"{text}\"", text));
                }
            }
            PickerKind::Agent => {
                if let Some(choice) = choice {
                    let label = tr!(self.lang, "assigned to {title}", title = choice.title);
                    self.change(&label, &LocalChange::Assign(Some(choice.title)));
                }
            }
            PickerKind::Team => {
                if let Some(choice) = choice {
                    self.assign_to_team(choice.title);
                }
            }
            PickerKind::HandOver => {
                if let Some(choice) = choice {
                    self.handover_to(&choice.title);
                }
            }
            PickerKind::HandNote(handover) => self.handover_ask(handover, &text),
            PickerKind::Promise => self.promise_typed(&text),
            PickerKind::Labels => self.labels(&choice.map_or(text, |it| it.title)),
            PickerKind::Snooze => {
                if let Some(at) = parse_time(&text, self.now, self.options.zone) {
                    self.snooze(at);
                }
            }
            PickerKind::Hold => {
                if let Some(at) = parse_time(&text, self.now, self.options.zone) {
                    self.hold_until(at);
                }
            }
            PickerKind::Later => {
                if let Some(at) = parse_time(&text, self.now, self.options.zone) {
                    self.send_later(at);
                }
            }
            // What stood there while it was typed was made of the newest hits; taken, it is all of them.
            PickerKind::Search | PickerKind::SearchAll
                if self.screen == Screen::List && self.list.narrowed.search.is_some() =>
            {
                self.reload_list();
            }
            // The list or the thread is narrowed already; the vendor's fields were taken above.
            PickerKind::VendorFields | PickerKind::Search | PickerKind::SearchAll | PickerKind::Filter => {}
            PickerKind::Attach => {
                // What is lit is taken, unless what was typed is a path of its own.
                let typed = picker.choices.iter().any(|it| it.title == text);
                let lit = choice.map(|it| it.title).filter(|it| !typed && it.starts_with(&text));
                let path = lit.unwrap_or(text);
                if path.ends_with('/') {
                    // A folder is gone into.
                    picker.input = TextArea::new(vec![path]);
                    picker.input.move_cursor(CursorMove::End);
                    picker.chosen = 0;
                    self.picker = Some(picker);
                    self.picker_changed();
                } else if let Some(channel) = self.composer.as_ref().map(|it| it.channel.clone()) {
                    let max_bytes = self.largest_file(&channel);
                    self.perform_wish(Wish::AddFile { path, max_bytes }, Intent::File);
                }
            }
            PickerKind::Canned => {
                if let Some(choice) = choice {
                    self.take_canned(choice);
                }
            }
            PickerKind::Variables(template) => {
                let mut parameters = picker.fields;
                if let Some(field) = parameters.get_mut(picker.field) {
                    text.clone_into(field);
                }
                self.use_template(TemplateUse {
                    name: template.name,
                    language: template.language,
                    parameters,
                });
            }
            PickerKind::Versions(_) => match choice.map(|choice| choice.what) {
                Some(What::Version(version)) => self.take_version(&version),
                _ => self.say(self.lang.tr("no older text is there: nothing was changed")),
            },
            PickerKind::TextFilter => {
                if let Some(choice) = choice {
                    self.filter_text(&choice.title);
                }
            }
            PickerKind::MarkQuery => self.mark_query(&text),
            PickerKind::Files(act) => {
                if let Some(choice) = choice {
                    self.file_chosen(act, &choice.title);
                }
            }
        }
    }

    pub(in crate::app) fn use_template(&mut self, template: TemplateUse) {
        if let Some(composer) = &mut self.composer {
            composer.template = Some(template);
        }
        self.typed();
    }

    fn labels(&mut self, text: &str) {
        let now = self.target().map(|row| row.labels.clone()).unwrap_or_default();
        let (mut add, mut remove) = (Vec::new(), Vec::new());
        for word in text.split_whitespace() {
            if let Some(label) = word.strip_prefix('-') {
                remove.push(label.to_owned());
            } else {
                let label = word.strip_prefix('+');
                // A bare word switches.
                if label.is_none() && now.iter().any(|it| it == word) {
                    remove.push(word.to_owned());
                } else {
                    add.push(label.unwrap_or(word).to_owned());
                }
            }
        }
        if add.is_empty() && remove.is_empty() {
            return;
        }
        self.change(
            &tr!(self.lang, "labelled {labels}", labels = text.trim()),
            &LocalChange::Label { add, remove },
        );
    }
}
