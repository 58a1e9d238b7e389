//! Texts of a draft that gave way to others: looked at in a pop-up, taken back into the composer.

use super::{
    model::{Load, Model},
    msg::{Request, Wish},
    popup::{Choice, PickerKind, What, fuzzy, plain},
    undo::Intent,
    words,
};
use crate::domain::{Draft, text::first_line};

impl Model {
    pub(super) fn open_versions(&mut self) {
        let Some((of, kind)) = self.composer.as_ref().map(|composer| (composer.to, composer.kind)) else {
            return;
        };
        self.open_picker(PickerKind::Versions(None));
        self.load(Load::Versions, Request::Versions { of, kind });
    }

    pub(super) fn versions_loaded(&mut self, versions: Vec<Draft>) {
        if let Some(picker) = self.picker.as_mut().filter(|it| matches!(it.kind, PickerKind::Versions(_))) {
            picker.kind = PickerKind::Versions(Some(versions));
            self.picker_changed();
            self.picker_has_read();
        }
    }

    pub(super) fn version_choices(&self, text: &str, versions: &[Draft]) -> Vec<Choice> {
        let rows = versions.iter().map(|draft| {
            let files = match draft.files.len() {
                0 => String::new(),
                n => format!(", {}", words::count(self.lang, n, "file", "files")),
            };
            let count = words::count(self.lang, draft.body.split_whitespace().count(), "word", "words");
            Choice {
                what: What::Version(Box::new(draft.clone())),
                ..plain(
                    &format!(
                        "{}  {}",
                        words::moment(self.lang, draft.saved_at, self.options.zone, self.now),
                        first_line(draft.body.trim_start(), 120)
                    ),
                    &format!("{count}{files}"),
                )
            }
        });
        fuzzy(text, rows)
    }

    pub(super) fn versions_note(&self, versions: Option<&[Draft]>) -> String {
        let lang = self.lang;
        let note = match versions {
            None => lang.tr("reading …"),
            Some([]) => lang.tr("no older text: a text thrown away, or another window's, would stand here"),
            Some(_) => lang.tr("Enter takes it; what stands in the composer now becomes a version too"),
        };
        note.to_owned()
    }

    /// Takes an older text back; what stood in the composer is kept as a version in its turn.
    pub(super) fn take_version(&mut self, version: &Draft) {
        if let Some(composer) = &mut self.composer
            && !composer.is_empty()
        {
            composer.dirty = true;
        }
        self.save_draft();
        let empty = self.draft_here().map(|here| Draft {
            body: String::new(),
            cursor: (0, 0),
            files: Vec::new(),
            quote: None,
            form: serde_json::Value::Null,
            ..here
        });
        // A reply's draft that is emptied stays as a version; a new conversation's keeps the fields of its form.
        if let Some(empty) = empty.filter(|empty| empty.conversation.is_some()) {
            self.perform_wish(Wish::SaveDraft(Box::new(empty)), Intent::Quiet);
        }
        if let Some(composer) = &mut self.composer {
            composer.swap(&version.body);
            for file in &version.files {
                if !composer.files.contains(file) {
                    composer.files.push(file.clone());
                }
            }
        }
        self.typed();
        self.say(self.lang.tr("the older text is back"));
    }
}
