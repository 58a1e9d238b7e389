//! A new conversation: its fields, the way between them, what is missing.

use super::fixture::{Desk, options};
use crate::{
    app::{Screen, actions::place, form::Field, popup::PickerKind},
    domain::{Action, outbox::TemplateUse},
};

const SIZE: (u16, u16) = (80, 24);

fn form(channel: &str) -> Desk {
    let mut desk = Desk::open(SIZE);
    desk.keys("c");
    desk.answer();
    desk.type_in(channel);
    desk.keys("Tab");
    desk
}

fn field(desk: &Desk) -> Field {
    desk.model.form.as_ref().unwrap().field
}

#[test]
fn what_is_typed_in_the_channels_field_chooses_one_and_stays_in_sight() {
    let mut desk = Desk::open(SIZE);
    desk.keys("c");
    desk.type_in("hello");
    let form = desk.model.form.as_ref().unwrap();
    assert_eq!(form.value(Field::Channel), "hello");
    assert_eq!(form.channel_missing(crate::domain::Lang::En).unwrap(), "no channel is called \"hello\"");
    desk.keys("Ctrl-u");
    desk.type_in("thg");
    assert_eq!(desk.model.composer.as_ref().unwrap().channel.0, "myprotein");
    desk.keys("Ctrl-u");
    desk.type_in("ameri");
    let form = desk.model.form.as_ref().unwrap();
    assert_eq!(
        form.channel_missing(crate::domain::Lang::En).unwrap(),
        "americanas only answers: its customers write first"
    );
    assert!(desk.model.form_choices().unwrap().contains("(only answer: americanas)"));
    desk.keys("Esc");
    assert!(desk.model.findings().iter().any(|it| it.text.contains("only answers")));
}

#[test]
fn tab_leads_from_the_text_back_to_the_fields() {
    let mut desk = form("myprotein");
    desk.keys("Shift-Tab Shift-Tab");
    assert_eq!(field(&desk), Field::Text);
    desk.type_in("hi");
    desk.keys("Shift-Tab");
    assert_eq!(field(&desk), Field::Order);
    desk.keys("Tab Tab");
    assert_eq!(field(&desk), Field::Channel);
    assert_eq!(desk.body(), "hi");
}

#[test]
fn a_number_without_a_plus_is_taken_and_editing_leads_to_what_is_missing() {
    let mut desk = form("wa-br");
    desk.type_in("12");
    desk.keys("Tab Tab");
    desk.type_in("hi");
    desk.keys("Esc");
    assert!(
        desk.model.findings()[0].text.starts_with("a number")
            || desk.model.findings()[1].text.starts_with("a number")
    );
    desk.keys("e");
    assert_eq!((desk.model.place(), field(&desk)), (place::FORM, Field::To));
    desk.keys("Ctrl-u");
    desk.type_in("5511987654321");
    assert_eq!(desk.model.form_recipient(), "CUSTOMER 5511987654321 (new) via wa-br");
    desk.keys("Tab");
    desk.type_in("ord");
    assert!(matches!(desk.model.picker.as_ref().unwrap().kind, PickerKind::Canned));
    desk.answer();
    desk.keys("Enter");
    desk.type_in("17");
    desk.keys("Enter");
    let template = desk.model.composer.as_ref().unwrap().template.clone();
    assert_eq!(
        template,
        Some(TemplateUse {
            name: "order_update".into(),
            language: "en_US".into(),
            parameters: vec!["17".into()],
        })
    );
    desk.keys("Esc y");
    let Action::Create(new) = &desk.commits()[0].actions[0] else { unreachable!("a create") };
    assert_eq!(new.to.as_deref(), Some("5511987654321"));
    assert_eq!(desk.model.screen, Screen::List);
}

#[test]
fn a_channel_without_templates_says_where_they_are_configured() {
    let mut options = options(SIZE);
    options.descriptors[2].templates.clear();
    let mut desk = Desk::with(options);
    desk.keys("c");
    desk.answer();
    desk.type_in("wa");
    desk.keys("Tab");
    desk.type_in("5511987654321");
    desk.keys("Esc");
    let said = "no template is configured: templates = FILE in [[channel]] wa-br";
    assert!(desk.model.findings().iter().any(|it| it.text == said));
    desk.keys("e");
    desk.keys("Ctrl-x m");
    desk.answer();
    assert_eq!(desk.model.picker.as_ref().unwrap().note, said);
}

#[test]
fn a_reply_has_no_fields_and_says_so() {
    let mut desk = Desk::opened(SIZE);
    desk.keys("r Tab");
    assert_eq!(desk.notice(), "only a new conversation has fields");
}

#[test]
fn what_was_to_begin_a_conversation_stands_in_its_form_again_after_undo() {
    let mut desk = form("myprotein");
    desk.type_in("WEBSITE_ISSUES");
    desk.keys("Tab Tab");
    desk.type_in("We cannot log in.");
    let draft = desk.model.draft_here().unwrap();
    desk.keys("Esc y");
    desk.all_done();
    assert_eq!(desk.model.screen, Screen::List);
    desk.keys("u");
    desk.done(crate::app::Outcome::TakenBack(Some(Box::new(draft))));
    assert_eq!(desk.model.screen, Screen::Form);
    assert_eq!(desk.body(), "We cannot log in.");
    assert_eq!(desk.model.form.as_ref().unwrap().value(Field::Category), "WEBSITE_ISSUES");
}
