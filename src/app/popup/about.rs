//! Whom a pop-up acts on: it says so in its rule, so that no key is pressed for the wrong customer.

use super::PickerKind;
use crate::{
    app::{
        actions::{Act, Category, place},
        model::Model,
    },
    domain::{ConversationId, lang::tr},
};

impl Model {
    /// `17 João dos Santos`, as sentences name a conversation.
    pub(in crate::app) fn called(&self, id: ConversationId) -> String {
        let name = self.known(id).map_or("", |row| row.counterpart.name.as_str());
        format!("{id} {name}").trim_end().to_owned()
    }

    /// What an action of now is for: `17 João dos Santos`, or how many marked ones.
    fn acts_on(&self) -> Option<String> {
        match self.targets().as_slice() {
            [] => None,
            [only] => Some(self.called(*only)),
            many => Some(tr!(self.lang, "{n} marked conversations", n = many.len())),
        }
    }

    /// For whom the open text is, where it is for a conversation.
    fn writes_to(&self) -> Option<String> {
        self.composer.as_ref().and_then(|composer| composer.to).map(|to| self.called(to))
    }

    /// Whom the keys that may follow a prefix act on.
    pub fn prefix_about(&self) -> Option<String> {
        let at = self.place();
        if matches!(at, place::COMPOSER | place::REVIEW) {
            return self.writes_to();
        }
        // Handing over is for all that is mine, wherever the cursor is.
        let decides = |act: Act| act.row().category == Category::Triage && act != Act::HandOver;
        let follow = self.keymap.following(at, &self.prefix);
        follow.into_iter().any(|(_, act)| decides(act)).then(|| self.acts_on()).flatten()
    }

    /// Whom what is picked or typed acts on.
    pub fn picker_about(&self) -> Option<String> {
        let text = matches!(self.place_below(), place::COMPOSER | place::REVIEW | place::FORM);
        match self.picker.as_ref()?.kind {
            PickerKind::Palette
            | PickerKind::Help
            | PickerKind::HandOver
            | PickerKind::HandNote(_)
            | PickerKind::Search
            | PickerKind::SearchAll
            | PickerKind::Filter
            | PickerKind::MarkQuery => None,
            _ if text => self.writes_to(),
            PickerKind::VendorFields | PickerKind::Files(_) => self.target().map(|row| self.called(row.id)),
            _ => self.acts_on(),
        }
    }
}
