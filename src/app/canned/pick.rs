//! `m`: the pop-up of canned replies, macros, templates and products, and what taking one does.

use std::collections::HashSet;

use super::{Canned, Shelf, Values, distance, fill, hole};
use crate::{
    app::{
        actions::place,
        composer::Composer,
        model::{Load, Model, Screen},
        msg::{Request, Wish},
        popup::{Choice, PickerKind, What, fuzzy, plain},
        undo::Intent,
    },
    domain::{
        ChannelName, Conversation, ConversationId, DraftKind, Gate, Lang,
        channel::Template,
        lang::tr,
        outbox::{CatalogItem, LocalChange, TemplateUse},
    },
};

/// Lines of a preview.
const PREVIEW: usize = 6;

impl Model {
    /// For which conversation and channel a reply would be.
    fn canned_for(&self) -> Option<(Option<ConversationId>, ChannelName)> {
        if matches!(self.place_below(), place::COMPOSER | place::FORM) {
            return self.composer.as_ref().map(|composer| (composer.to, composer.channel.clone()));
        }
        self.target().map(|row| (Some(row.id), row.channel.clone()))
    }

    fn canned_row(&self) -> Option<&Conversation> {
        self.canned_for().and_then(|(id, _)| self.known(id?))
    }

    /// Opens the pop-up. The files are read now, so that what an editor saved a moment ago is in it.
    pub(in crate::app) fn open_canned(&mut self) {
        let Some((_, channel)) = self.canned_for() else {
            self.tell(self.lang.tr("No conversation is selected: there is nobody to write to here."));
            return;
        };
        self.shelf = None;
        self.load(Load::Canned, Request::Canned(channel));
        self.open_picker(PickerKind::Canned);
    }

    pub(in crate::app) fn shelf_loaded(&mut self, mut shelf: Shelf) {
        // One use must not move the digits under the fingers: until the program ends they count as at first.
        // What could not be read says nothing of them.
        let read = !shelf.replies.is_empty();
        if let Some((_, channel)) = self.canned_for().filter(|_| read) {
            shelf.uses.clone_from(self.canned_uses.entry(channel).or_insert(shelf.uses.clone()));
        }
        self.shelf = Some(shelf);
        self.picker_changed();
    }

    /// What the pop-up offers; the first nine have a digit each.
    pub(in crate::app) fn canned_choices(&self, text: &str) -> Vec<Choice> {
        let (Some(shelf), Some((id, channel))) = (&self.shelf, self.canned_for()) else { return Vec::new() };
        let descriptor = self.descriptor(&channel);
        let row = self.canned_row();
        let shut = self.templates_only(id, &channel);
        let note = self.composer.as_ref().is_some_and(|it| it.kind == DraftKind::Note);
        let lang = self.canned_lang();
        let offered =
            shelf.offered(&channel, descriptor.map(|it| &it.kind), lang.as_deref(), self.lang.code());
        let mut replies: Vec<Choice> =
            offered.into_iter().map(|reply| choice(self.lang, shelf, reply, shut && !note)).collect();
        let can = self.capabilities(&channel);
        let mut others: Vec<Choice> = Vec::new();
        if can.templates && !note && self.once.is_none() {
            let templates = descriptor.map(|it| it.templates.as_slice()).unwrap_or_default();
            others.extend(templates.iter().map(|it| {
                let title =
                    tr!(self.lang, "template {name} {language}", name = it.name, language = it.language);
                Choice {
                    what: What::Template(it.clone()),
                    ..plain(&title, it.text.as_deref().unwrap_or_default())
                }
            }));
        }
        if can.products && !note && !shut && self.once.is_none() {
            others.extend(self.catalogue(shelf, row));
        }
        if shut {
            others.append(&mut replies);
            replies = others;
        } else {
            replies.append(&mut others);
        }
        let mut choices = fuzzy(text, replies.into_iter());
        choices.sort_by_key(|choice| !choice.enabled);
        choices.extend(shelf.broken.iter().map(|(file, why)| Choice {
            enabled: false,
            ..plain(&format!("{file}: {why}"), self.lang.tr("cannot be used"))
        }));
        // The nine are of his language; where there is nothing in it, of any.
        let near = |what: &What| match what {
            What::Canned(at) => distance(shelf.replies[*at].lang.as_deref(), lang.as_deref()) == 0,
            _ => true,
        };
        // A digit inserts: what acts at once is taken with Enter, after it has been looked at.
        let inserts = |what: &What| match what {
            What::Canned(at) => !shelf.replies[*at].body.is_empty(),
            _ => true,
        };
        let any = choices.iter().any(|it| {
            it.enabled && matches!(it.what, What::Canned(_)) && inserts(&it.what) && near(&it.what)
        });
        let numbered =
            choices.iter_mut().filter(|it| it.enabled && inserts(&it.what) && (!any || near(&it.what)));
        for (digit, choice) in (1..=9).zip(numbered) {
            choice.digit = Some(digit);
        }
        choices
    }

    /// Products that can be shown: those of the catalogue that the customer wrote from.
    fn catalogue(&self, shelf: &Shelf, row: Option<&Conversation>) -> Vec<Choice> {
        let Some(thread) = self.thread.as_ref().filter(|it| row.is_some_and(|row| row.id == it.id)) else {
            return Vec::new();
        };
        let named =
            |sku: &str| shelf.products.get(sku).map_or("", |product| product.title.as_str()).to_owned();
        let mut contexts = thread.messages.iter().rev().filter_map(|message| message.context.as_ref());
        let Some(catalog) = contexts.find_map(|it| it.get("catalog_id")?.as_str()).map(str::to_owned) else {
            return Vec::new();
        };
        let asked = thread.messages.iter().rev().filter_map(|message| message.context.as_ref());
        let asked = asked.filter_map(|it| it.get("product_id")?.as_str().map(str::to_owned));
        let mut listed: Vec<&String> = shelf.products.keys().collect();
        listed.sort();
        let mut seen = HashSet::new();
        asked
            .chain(listed.into_iter().cloned())
            .filter(|sku| seen.insert(sku.clone()))
            .take(500)
            .map(|sku| Choice {
                what: What::Product(CatalogItem { catalog_id: catalog.clone(), product_id: sku.clone() }),
                ..plain(
                    &tr!(self.lang, "product {sku} {name}", sku, name = named(&sku)),
                    self.lang.tr("shown from the catalogue"),
                )
            })
            .collect()
    }

    /// Whether nothing but a template can be sent.
    fn templates_only(&self, id: Option<ConversationId>, channel: &ChannelName) -> bool {
        let can = self.capabilities(channel);
        if self.once.is_some() {
            return false;
        }
        match id.and_then(|id| self.known(id)) {
            Some(row) => row.gate.at(self.now) == Gate::TemplateOnly,
            None => can.templates,
        }
    }

    /// The language to answer in: the customer's, else the one that the channel's customers write.
    fn canned_lang(&self) -> Option<String> {
        let (id, channel) = self.canned_for()?;
        let row = id.and_then(|id| self.known(id));
        row.and_then(|row| row.lang.clone())
            .or_else(|| self.descriptor(&channel).and_then(|it| it.languages.first().cloned()))
    }

    pub(in crate::app) fn canned_note(&self) -> String {
        // Where only a template can go, replies are no comfort.
        if let Some((id, channel)) = self.canned_for()
            && self.shelf.is_some()
            && let Some(descriptor) = self.descriptor(&channel)
            && descriptor.templates.is_empty()
            && self.templates_only(id, &channel)
        {
            return self.template_missing(descriptor);
        }
        match &self.shelf {
            None => self.lang.tr("reading …").into(),
            Some(shelf) if shelf.replies.is_empty() && shelf.broken.is_empty() => {
                let folders: Vec<String> =
                    self.options.canned.iter().map(|it| it.display().to_string()).collect();
                tr!(self.lang, "no canned replies (NAME.LANG.md) in {folders}", folders = folders.join(", "))
            }
            Some(_) => tr!(
                self.lang,
                "1-9 takes one; most used here first, in {language}",
                language = self.canned_lang().as_deref().unwrap_or_else(|| self.lang.tr("any language"))
            ),
        }
    }

    /// The chosen reply as it would be inserted, with what a macro does beside it.
    pub fn picker_preview(&self) -> Vec<String> {
        let Some(picker) = &self.picker else { return Vec::new() };
        let text = match (&picker.kind, picker.choices.get(picker.chosen).map(|choice| &choice.what)) {
            (PickerKind::Canned, Some(What::Canned(at))) => {
                let Some(reply) = self.shelf.as_ref().and_then(|shelf| shelf.replies.get(*at)) else {
                    return Vec::new();
                };
                let then = reply.then.sentence(self.lang, self.now, self.options.zone);
                let then = if then.is_empty() { then } else { format!("-> {then}\n") };
                format!("{then}{}", self.filled(&reply.body))
            }
            (PickerKind::Canned, Some(What::Template(template))) => template.text.clone().unwrap_or_default(),
            (PickerKind::Versions(_), Some(What::Version(draft))) => draft.body.clone(),
            (PickerKind::Variables(template), _) => {
                let mut values = picker.fields.clone();
                if let Some(value) = values.get_mut(picker.field) {
                    picker.text().clone_into(value);
                }
                template_text(template, &values)
            }
            _ => return Vec::new(),
        };
        let width = usize::from(self.size.0).saturating_sub(4).max(10);
        let filled = text.lines().filter(|line| !line.trim().is_empty());
        let wrapped = filled.flat_map(|line| textwrap::wrap(line, width)).map(std::borrow::Cow::into_owned);
        let mut lines: Vec<String> = wrapped.take(PREVIEW + 1).collect();
        if lines.len() > PREVIEW {
            lines.truncate(PREVIEW - 1);
            lines.push("…".into());
        }
        lines
    }

    fn filled(&self, body: &str) -> String {
        let Some(shelf) = &self.shelf else { return body.to_owned() };
        let channel = self.canned_for().map(|(_, channel)| channel);
        fill(
            body,
            &Values {
                conversation: self.canned_row(),
                channel: channel.as_ref().and_then(|it| self.descriptor(it)),
                agent: &self.options.name,
                products: &shelf.products,
            },
        )
    }

    /// A digit in the pop-up. Answers whether it was one of its keys.
    pub(in crate::app) fn canned_digit(&mut self, digit: u32) -> bool {
        let Some(picker) = self.picker.as_mut().filter(|it| it.kind == PickerKind::Canned) else {
            return false;
        };
        match picker.choices.iter().position(|choice| choice.digit == Some(digit)) {
            Some(at) => {
                picker.chosen = at;
                self.accept();
            }
            // What is typed on, as after a text that came, must not act on the customer.
            None => self.tell(tr!(self.lang, "There is no reply {digit} here: nothing was inserted.", digit)),
        }
        true
    }

    pub(in crate::app) fn take_canned(&mut self, choice: Choice) {
        if !choice.enabled {
            self.say(format!("{}: {}", choice.title, choice.beside));
            return;
        }
        match choice.what {
            What::Canned(at) => {
                if let Some(reply) = self.shelf.as_ref().and_then(|shelf| shelf.replies.get(at)).cloned() {
                    self.use_canned(&reply);
                }
            }
            What::Template(template) if self.composing() => self.ask_values(template),
            What::Product(item) if self.composing() => {
                let name = item.product_id.clone();
                if let Some(composer) = &mut self.composer {
                    composer.products.push(item);
                }
                self.typed();
                self.say(tr!(self.lang, "product {name} goes with it", name));
            }
            _ => {}
        }
    }

    /// A composer for a reply to the target, open already or from now on.
    fn composing(&mut self) -> bool {
        if matches!(self.place_below(), place::COMPOSER | place::FORM) {
            return self.composer.is_some();
        }
        if self.screen == Screen::List && !self.list.marks.is_empty() {
            self.tell(self.lang.tr(
                "Macros that write nothing work on marks; a text for all of them begins with the reply key.",
            ));
            return false;
        }
        let Some((id, channel, gate)) =
            self.target().map(|row| (row.id, row.channel.clone(), row.gate.at(self.now)))
        else {
            self.tell(self.lang.tr("No conversation is selected: there is nobody to write to here."));
            return false;
        };
        if gate == Gate::ReadOnly {
            self.tell(self.lang.tr("We may only read here: nothing was inserted."));
            return false;
        }
        if self.screen != Screen::Thread {
            self.open_conversation(id);
        }
        self.open_composer(id, channel, DraftKind::Reply);
        true
    }

    fn use_canned(&mut self, reply: &Canned) {
        let channel = self.canned_for().map(|(_, channel)| channel);
        if reply.body.is_empty() {
            if matches!(self.place_below(), place::COMPOSER | place::FORM) {
                self.say(
                    self.lang.tr("this macro has no text: it works in the list and in the conversation"),
                );
                return;
            }
            self.run_macro(reply);
        } else {
            // For many each row fills them in with its own.
            let text = if self.once.is_some() { reply.body.clone() } else { self.filled(&reply.body) };
            if !self.composing() {
                return;
            }
            if let Some(composer) = &mut self.composer {
                composer.text.insert_str(&text);
                if composer.kind == DraftKind::Reply && !reply.then.is_empty() {
                    composer.then = reply.then.clone();
                }
                composer.go_to(hole(&text).filter(|_| composer.kind != DraftKind::Once));
            }
            self.typed();
        }
        if let Some(channel) = channel {
            let (name, lang) = (reply.name.clone(), reply.lang.clone().unwrap_or_default());
            self.perform_wish(Wish::CountCanned { channel, name, lang }, Intent::Quiet);
        }
    }

    /// A macro without a reply, on the target or the marked ones: one undo for all of it.
    fn run_macro(&mut self, reply: &Canned) {
        let mut changes: Vec<LocalChange> = reply.then.status.map(LocalChange::Status).into_iter().collect();
        changes.extend(reply.then.changes(&self.options.me, self.now, self.options.zone));
        let label = reply.then.sentence(self.lang, self.now, self.options.zone);
        self.change_with(&label, &changes);
    }

    /// A template's values, a field each; what the conversation tells is there already.
    fn ask_values(&mut self, template: Template) {
        if template.parameters.is_empty() {
            self.use_template(TemplateUse {
                name: template.name,
                language: template.language,
                parameters: Vec::new(),
            });
            return;
        }
        let fields: Vec<String> = template.parameters.iter().map(|name| self.likely(name)).collect();
        let first = fields.first().cloned().unwrap_or_default();
        self.open_picker(PickerKind::Variables(template));
        if let Some(picker) = &mut self.picker {
            picker.fields = fields;
        }
        self.picker_typed(&first);
    }

    /// What a parameter of this name most likely wants.
    fn likely(&self, parameter: &str) -> String {
        let name = parameter.to_lowercase().replace(['_', '-', ' '], ".");
        let variable = match name.as_str() {
            "name" | "customer" | "first.name" | "customer.first.name" => "customer.first_name",
            "order" | "order.id" => "order.number",
            "product" => "product.title",
            "agent" => "agent.first_name",
            other => other,
        };
        let hole = format!("{{{{{variable}}}}}");
        let value = self.filled(&hole);
        if value == hole { String::new() } else { value }
    }

    /// A template as its reader sees it, where the configuration knows its text.
    pub(in crate::app) fn template_words(&self, composer: &Composer, used: &TemplateUse) -> Option<String> {
        let templates = &self.descriptor(&composer.channel)?.templates;
        let known = templates.iter().find(|it| it.name == used.name && it.language == used.language)?;
        known.text.as_ref().map(|_| template_text(known, &used.parameters))
    }

    /// Tab in a template's form.
    pub(in crate::app) fn template_field(&mut self, by: isize) {
        let Some(picker) = &mut self.picker else { return };
        let text = picker.text().to_owned();
        if let Some(field) = picker.fields.get_mut(picker.field) {
            *field = text;
        }
        let last = picker.fields.len().saturating_sub(1);
        picker.field = picker.field.saturating_add_signed(by).min(last);
        let value = picker.fields.get(picker.field).cloned().unwrap_or_default();
        picker.input = tui_textarea::TextArea::default();
        self.picker_typed(&value);
    }
}

fn choice(lang: Lang, shelf: &Shelf, reply: &Canned, shut: bool) -> Choice {
    let at = shelf.replies.iter().position(|it| std::ptr::eq(it, reply)).unwrap_or(0);
    let tags = if reply.tags.is_empty() { String::new() } else { format!(" #{}", reply.tags.join(" #")) };
    let called = if reply.title == reply.name { String::new() } else { format!("  {}", reply.name) };
    let theirs = reply.lang.as_deref().unwrap_or_else(|| lang.word("language", "any"));
    let kind = match (reply.body.is_empty(), reply.then.is_empty()) {
        (true, _) => lang.tr("does, writes nothing  "),
        (false, false) => lang.tr("writes and does  "),
        (false, true) => "",
    };
    let no = shut && !reply.body.is_empty();
    let beside =
        if no { lang.tr("the window is shut: template only").to_owned() } else { format!("{kind}{theirs}") };
    Choice {
        enabled: !no,
        what: What::Canned(at),
        ..plain(&format!("{}{called}{tags}", reply.title), &beside)
    }
}

/// A template's text with its values in; a value that is not there yet shows its name.
fn template_text(template: &Template, values: &[String]) -> String {
    let mut text = template.text.clone().unwrap_or_else(|| {
        (1..=template.parameters.len()).map(|n| format!("{{{n}}}")).collect::<Vec<_>>().join(" | ")
    });
    for (n, (value, name)) in values.iter().zip(&template.parameters).enumerate() {
        let shown = if value.is_empty() { format!("[{name}]") } else { value.clone() };
        // Both of the vendor's ways to write a placeholder.
        text = text.replace(&format!("{{{{{}}}}}", n + 1), &shown).replace(&format!("{{{}}}", n + 1), &shown);
    }
    text
}
