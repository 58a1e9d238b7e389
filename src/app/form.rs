//! A new conversation: its fields, then its text in the composer.

use serde_json::{Value, json};
use tui_textarea::{CursorMove, TextArea};

use super::{
    actions::Act,
    composer::{Composer, edit},
    model::{Load, Model, Screen},
    msg::Request,
    preflight::{Finding, Level},
};
use crate::domain::{
    Descriptor, DraftKind, Lang, Outgoing, Reach, channel::Ask, lang::tr, outbox::NewConversation,
};

/// A field of the form.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Field {
    /// Which channel.
    Channel,
    /// The partner or the number.
    To,
    /// The template, where the first message is one.
    Template,
    /// THG's category.
    Category,
    /// Dsco's title.
    Title,
    /// The order.
    Order,
    /// THG: SKUs, with spaces between them.
    Skus,
    /// Dsco: the consumer.
    Consumer,
    /// Dsco: our reference.
    Reference,
    /// The text, in the composer.
    Text,
}

impl Field {
    /// Its key in a draft.
    fn word(self) -> &'static str {
        match self {
            Self::Channel => "channel",
            Self::To => "to",
            Self::Template => "template_name",
            Self::Category => "category",
            Self::Title => "title",
            Self::Order => "order",
            Self::Skus => "skus",
            Self::Consumer => "consumer",
            Self::Reference => "reference",
            Self::Text => "text",
        }
    }

    const ALL: [Self; 10] = [
        Self::Channel,
        Self::To,
        Self::Template,
        Self::Category,
        Self::Title,
        Self::Order,
        Self::Skus,
        Self::Consumer,
        Self::Reference,
        Self::Text,
    ];
}

/// The form.
#[derive(Clone, Debug)]
pub struct Form {
    /// Channels that can start a conversation.
    pub channels: Vec<Descriptor>,
    /// Those that can only answer.
    pub answering: Vec<String>,
    /// Which one, by its place.
    pub channel: usize,
    /// Which field the cursor is in.
    pub field: Field,
    values: Vec<(Field, TextArea<'static>)>,
}

impl Form {
    fn new(channels: Vec<Descriptor>, answering: Vec<String>) -> Self {
        let values = Field::ALL.iter().map(|field| (*field, TextArea::default())).collect();
        Self { channels, answering, channel: 0, field: Field::Channel, values }
    }

    /// The channel.
    pub fn descriptor(&self) -> &Descriptor {
        &self.channels[self.channel]
    }

    /// Whether the channel asks for this.
    pub fn asks(&self, what: Ask) -> bool {
        self.descriptor().manner.asks().contains(&what)
    }

    /// Whether the cursor is in the text.
    pub fn in_text(&self) -> bool {
        self.field == Field::Text
    }

    /// What stands in a field.
    pub fn value(&self, field: Field) -> &str {
        let found = self.values.iter().find(|(it, _)| *it == field);
        found.and_then(|(_, area)| area.lines().first()).map_or("", |line| line.trim())
    }

    /// Where the cursor stands in the field, in characters.
    pub fn cursor(&self) -> usize {
        self.values.iter().find(|(it, _)| *it == self.field).map_or(0, |(_, area)| area.cursor().1)
    }

    /// The fields that this channel has, with their names and what is known of them.
    pub fn fields(&self) -> Vec<(Field, &'static str)> {
        let mut fields = vec![(Field::Channel, "channel")];
        for ask in self.descriptor().manner.asks() {
            fields.push(match ask {
                Ask::Category => (Field::Category, "category"),
                Ask::Order => (Field::Order, "order"),
                Ask::SkusOfOrder if self.value(Field::Order).is_empty() => continue,
                Ask::SkusOfOrder => (Field::Skus, "SKUs"),
                Ask::Partner => (Field::To, "partner"),
                Ask::Number => (Field::To, "number"),
                Ask::Title => (Field::Title, "title"),
                Ask::Consumer => (Field::Consumer, "consumer"),
                Ask::Reference => (Field::Reference, "reference"),
                Ask::Template if !self.descriptor().capabilities.templates => continue,
                Ask::Template => (Field::Template, "template"),
            });
        }
        fields.push((Field::Text, "text"));
        fields
    }

    fn area(&mut self) -> Option<&mut TextArea<'static>> {
        let field = self.field;
        self.values.iter_mut().find(|(it, _)| *it == field).map(|(_, area)| area)
    }

    fn set(&mut self, field: Field, text: &str) {
        if let Some((_, area)) = self.values.iter_mut().find(|(it, _)| *it == field) {
            *area = TextArea::new(vec![text.to_owned()]);
            area.move_cursor(CursorMove::End);
        }
    }

    /// The next field, the text being the last one; after it the first again.
    fn step(&mut self, by: isize) {
        if self.channel_missing(Lang::En).is_none() {
            self.set(Field::Channel, "");
        }
        let fields = self.fields();
        let at = fields.iter().position(|(field, _)| *field == self.field).unwrap_or(0);
        let count = fields.len();
        self.field = fields[(at + count).saturating_add_signed(by) % count].0;
    }

    /// The channel that is meant by what was typed.
    fn meant(&self) -> Option<usize> {
        let typed = self.value(Field::Channel).to_lowercase();
        let names = || self.channels.iter().map(|it| it.name.0.to_lowercase());
        let begins = names().position(|name| name.starts_with(&typed));
        begins.or_else(|| names().position(|name| name.contains(&typed))).or_else(|| {
            let of = |it: &Descriptor| format!("{} {}", it.kind.as_str(), it.vendor.as_deref().unwrap_or(""));
            self.channels.iter().position(|it| of(it).to_lowercase().contains(&typed))
        })
    }

    /// Why what was typed is no channel to start at.
    pub fn channel_missing(&self, lang: Lang) -> Option<String> {
        let typed = self.value(Field::Channel).to_lowercase();
        if typed.is_empty() || self.meant().is_some() {
            return None;
        }
        let answers = self.answering.iter().find(|it| it.to_lowercase().contains(&typed));
        Some(answers.map_or_else(
            || tr!(lang, "no channel is called \"{typed}\"", typed),
            |name| tr!(lang, "{name} only answers: its customers write first", name),
        ))
    }
}

impl Model {
    pub(super) fn open_form(&mut self) {
        let channels: Vec<Descriptor> = self
            .options
            .descriptors
            .iter()
            .filter(|it| it.capabilities.create != Reach::Forbidden)
            .cloned()
            .collect();
        if channels.is_empty() {
            self.say(self.lang.tr("none of the channels can start a conversation"));
            return;
        }
        self.park_composer();
        self.details = None;
        let answering = self.options.descriptors.iter();
        let answering = answering.filter(|it| it.capabilities.create == Reach::Forbidden);
        let answering = answering.map(|it| it.name.to_string()).collect();
        let form = Form::new(channels, answering);
        let channel = form.descriptor().name.clone();
        self.form = Some(form);
        self.screen = Screen::Form;
        self.composer = Some(Composer::new(None, channel, DraftKind::Reply));
        self.load(Load::Draft, Request::Draft { of: None, kind: DraftKind::Reply });
    }

    pub(super) fn form_act(&mut self, act: Act) {
        let Some(form) = &mut self.form else { return };
        match act {
            Act::NextField => form.step(1),
            Act::PreviousField => form.step(-1),
            Act::CharBack | Act::CharForward if form.field == Field::Channel => {
                let last = form.channels.len() - 1;
                form.set(Field::Channel, "");
                form.channel = if act == Act::CharForward {
                    (form.channel + 1).min(last)
                } else {
                    form.channel.saturating_sub(1)
                };
                self.channel_chosen();
            }
            Act::ReviewBar => {
                // An empty form has nothing to review: Esc leaves it.
                if self.form_is_empty() {
                    self.form = None;
                    self.composer = None;
                    self.screen = Screen::List;
                } else {
                    self.open_review();
                }
            }
            Act::Attach => self.open_attach(),
            Act::Canned => self.open_canned(),
            other => {
                let edited = form.area().is_some_and(|area| edit(area, other));
                if edited {
                    self.channel_typed();
                } else {
                    self.common_act(other, &[]);
                }
            }
        }
    }

    /// Whether nothing has been filled in or written: Esc closes it then.
    pub fn form_is_empty(&self) -> bool {
        let fields = self
            .form
            .as_ref()
            .is_none_or(|form| Field::ALL.iter().all(|field| form.value(*field).is_empty()));
        fields && self.composer.as_ref().is_none_or(Composer::is_empty)
    }

    pub(super) fn form_typed(&mut self, text: &str) {
        let Some(form) = &mut self.form else { return };
        if form.field == Field::Template {
            // Its name and its values are asked for where templates are listed.
            self.open_canned();
            self.picker_typed(text);
            return;
        }
        if let Some(area) = form.area() {
            area.insert_str(text);
        }
        self.channel_typed();
    }

    /// What stands in the channel's field chooses one as it is typed.
    fn channel_typed(&mut self) {
        if let Some(form) = self.form.as_mut().filter(|form| form.field == Field::Channel)
            && !form.value(Field::Channel).is_empty()
        {
            form.channel = form.meant().unwrap_or(form.channel);
        }
        self.channel_chosen();
    }

    fn channel_chosen(&mut self) {
        if let (Some(form), Some(composer)) = (&self.form, &mut self.composer)
            && composer.channel != form.descriptor().name
        {
            composer.channel = form.descriptor().name.clone();
            // Another channel's templates are not this one's.
            composer.template = None;
        }
        self.typed();
    }

    /// What the field under the cursor can hold, for the lines below it.
    pub fn form_choices(&self) -> Option<String> {
        let form = self.form.as_ref()?;
        match form.field {
            Field::Channel => {
                let names: Vec<String> = form.channels.iter().map(|it| it.name.to_string()).collect();
                let only = form.answering.join(", ");
                let only =
                    if only.is_empty() { only } else { tr!(self.lang, "   (only answer: {only})", only) };
                Some(format!("{}{only}", names.join(", ")))
            }
            Field::Category => Some(form.descriptor().categories.join(" ")).filter(|it| !it.is_empty()),
            _ => None,
        }
    }

    /// `e` in the review bar: to the field that keeps it from being sent, else where the cursor was.
    pub(super) fn form_to_trouble(&mut self) {
        let field = self.form_troubles().first().map(|(field, _)| *field);
        // Fields first, then the text.
        let empty =
            self.composer.as_ref().is_some_and(|it| it.template.is_none() && it.body().trim().is_empty());
        if let (Some(form), Some(field)) = (self.form.as_mut(), field.or(empty.then_some(Field::Text))) {
            form.field = field;
        }
    }

    /// The category that is meant by what stands in the field.
    pub fn form_category(&self) -> Option<String> {
        let form = self.form.as_ref()?;
        let typed = form.value(Field::Category).to_lowercase();
        let categories = &form.descriptor().categories;
        if typed.is_empty() {
            return None;
        }
        let exact = categories.iter().find(|it| it.to_lowercase() == typed);
        let begins = exact.or_else(|| categories.iter().find(|it| it.to_lowercase().starts_with(&typed)));
        begins
            .or_else(|| categories.iter().find(|it| it.to_lowercase().contains(&typed)))
            .cloned()
            .or_else(|| categories.is_empty().then(|| form.value(Field::Category).to_owned()))
    }

    pub(super) fn form_value(&self) -> Value {
        let Some(form) = self.form.as_ref().filter(|_| self.screen == Screen::Form) else {
            return Value::Null;
        };
        let fields: serde_json::Map<String, Value> = Field::ALL
            .iter()
            .filter(|field| !form.value(**field).is_empty())
            .map(|field| (field.word().to_owned(), json!(form.value(*field))))
            .chain([("channel".to_owned(), json!(form.descriptor().name))])
            .collect();
        Value::Object(fields)
    }

    pub(super) fn form_restored(&mut self, value: &Value) {
        let Some(form) = &mut self.form else { return };
        let value = value.get("fields").unwrap_or(value);
        for field in Field::ALL {
            let Some(text) = value.get(field.word()).and_then(Value::as_str) else { continue };
            if field == Field::Channel {
                form.channel = form.channels.iter().position(|it| it.name.0 == text).unwrap_or(0);
            } else if form.value(field).is_empty() {
                form.set(field, text);
            }
        }
        let channel = form.descriptor().name.clone();
        if let Some(composer) = &mut self.composer {
            composer.channel = channel;
        }
    }

    /// The form again, as a refused commit had it.
    pub(super) fn form_reopened(&mut self, composer: &Composer) {
        if self.form.is_none() {
            self.open_form();
            if let Some(form) = &mut self.form {
                form.channel = form.channels.iter().position(|it| it.name == composer.channel).unwrap_or(0);
            }
        }
    }

    /// Who the form would write to, in the words of the borders; the number comes with the conversation.
    pub fn form_recipient(&self) -> String {
        let Some(form) = &self.form else { return self.lang.tr("a new conversation").into() };
        let descriptor = form.descriptor();
        let via = self.via(&descriptor.name);
        let name = match form.value(Field::To) {
            "" => self.lang.tr("nobody yet"),
            to => to,
        };
        let number = form.value(Field::Consumer);
        let reader = match (&descriptor.manner.addressee, descriptor.manner.partner.as_str()) {
            (Some(addressee), _) => self.lang.tr(addressee).to_owned(),
            (None, "SUPPLIER") if !number.is_empty() => {
                tr!(self.lang, "SUPPLIER {name} as consumer {number}'s words", name, number)
            }
            (None, "SUPPLIER") => tr!(self.lang, "SUPPLIER {name}", name),
            (None, "RETAILER") => tr!(self.lang, "RETAILER {name}", name),
            _ => tr!(self.lang, "CUSTOMER {name}", name),
        };
        let account = descriptor.account.as_deref();
        let account = account.map_or_else(String::new, |name| tr!(self.lang, " as {name}", name));
        format!("{reader} ({}){account} via {via}", self.lang.word("number", "new"))
    }

    pub(super) fn form_findings(&self) -> Vec<Finding> {
        let configured = self.form.as_ref().is_some_and(|form| !form.descriptor().templates.is_empty());
        // That one is missing is found for every first message; only why there is none is to be added.
        let troubles = self.form_troubles().into_iter();
        let told = troubles.filter(|(field, _)| *field != Field::Template || !configured);
        told.map(|(_, finding)| finding).collect()
    }

    /// What is still missing, field by field.
    fn form_troubles(&self) -> Vec<(Field, Finding)> {
        let Some(form) = &self.form else { return Vec::new() };
        let red = |text: String| Finding { level: Level::Red, detail: text.clone(), text };
        let mut found: Vec<(Field, Finding)> = Vec::new();
        if let Some(missing) = form.channel_missing(self.lang) {
            found.push((Field::Channel, red(missing)));
        }
        if form.asks(Ask::Category) && self.form_category().is_none() {
            found.push((Field::Category, red(self.lang.tr("a category is needed").into())));
        }
        if form.asks(Ask::Partner) && form.value(Field::To).is_empty() {
            found.push((Field::To, red(self.lang.tr("a partner is needed").into())));
        }
        if form.asks(Ask::Title) {
            let most = form.descriptor().capabilities.max_title.unwrap_or(50);
            let length = form.value(Field::Title).chars().count();
            if length > most {
                let words = tr!(self.lang, "the title has {length} characters; {most} fit", length, most);
                found.push((Field::Title, red(words)));
            }
        }
        if form.asks(Ask::Number) {
            let number = form.value(Field::To);
            let digits = number.chars().filter(char::is_ascii_digit).count();
            let dialled = number.chars().all(|it| it.is_ascii_digit() || "+ -().".contains(it));
            if !dialled || !(7..=15).contains(&digits) {
                let words = self.lang.tr("a number with its country is needed: 5511987654321").to_owned();
                found.push((Field::To, red(words)));
            }
        }
        let template = self.composer.as_ref().is_some_and(|composer| composer.template.is_some());
        if form.asks(Ask::Template) && !template && form.descriptor().capabilities.templates {
            found.push((Field::Template, red(self.template_missing(form.descriptor()))));
        }
        found
    }

    /// How a template is had where none has been chosen.
    pub fn template_missing(&self, of: &Descriptor) -> String {
        if of.templates.is_empty() {
            tr!(
                self.lang,
                "no template is configured: templates = FILE in [[channel]] {name}",
                name = of.name
            )
        } else {
            let key = self.key(super::actions::place::FORM, Act::Canned).replace("Ctrl-x", "^X");
            tr!(self.lang, "the first message is a template: {key} picks one", key)
        }
    }

    pub(super) fn form_conversation(&self, first: Outgoing) -> NewConversation {
        let Some(form) = &self.form else { return NewConversation { first, ..NewConversation::default() } };
        let text = |field: Field| Some(form.value(field).to_owned()).filter(|it| !it.is_empty());
        let order = text(Field::Order);
        NewConversation {
            to: text(Field::To),
            consumer: text(Field::Consumer),
            category: self.form_category(),
            title: text(Field::Title),
            skus: match order {
                Some(_) => form
                    .value(Field::Skus)
                    .split([' ', ','])
                    .filter(|it| !it.is_empty())
                    .map(str::to_owned)
                    .collect(),
                None => Vec::new(),
            },
            order,
            reference: text(Field::Reference),
            due: None,
            is_test: false,
            first,
        }
    }
}
