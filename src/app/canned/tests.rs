use std::collections::HashMap;

use super::{Canned, Macro, ProductName, Shelf, Values, fill, hole, name_of, parse};
use crate::{
    app::tests::fixture::{descriptor, now, rows},
    domain::{Priority, Product, Status, outbox::LocalChange},
};

#[test]
fn a_file_is_named_by_its_name_and_its_language() {
    assert_eq!(name_of("late.pt-BR.md"), Some(("late".into(), Some("pt-BR".into()))));
    assert_eq!(name_of("late.delivery.de.md"), Some(("late.delivery".into(), Some("de".into()))));
    assert_eq!(name_of("hours.md"), Some(("hours".into(), None)));
    assert_eq!(name_of("v1.20.md"), Some(("v1.20".into(), None)));
    assert_eq!(name_of(".hidden.md"), None);
    assert_eq!(name_of("late.pt-BR.txt"), None);
}

#[test]
fn a_head_makes_a_macro() {
    let text = "---\ntitle: Waiting for the carrier\nchannels: [skyhub, wa-br]\ntags: delay, carrier\nstatus: on-hold\n\
                labels: +shipping -new\nassign: me\nsnooze: 3d\npriority: high\n---\n\nOlá {{customer.first_name}}!\n";
    let reply = parse("carrier", Some("pt-BR"), text).unwrap();
    assert_eq!(reply.title, "Waiting for the carrier");
    assert_eq!(reply.channels, ["skyhub", "wa-br"]);
    assert_eq!(reply.tags, ["delay", "carrier"]);
    assert_eq!(reply.body, "Olá {{customer.first_name}}!");
    assert_eq!(reply.then.status, Some(Status::OnHold));
    assert_eq!(reply.then.priority, Some(Priority::High));
    let changes = reply.then.changes("ana", now(), chrono_tz::UTC);
    assert!(
        matches!(&changes[0], LocalChange::Label { add, remove } if add == &["shipping"] && remove == &["new"])
    );
    assert_eq!(changes[1], LocalChange::Assign(Some("ana".into())));
    assert_eq!(changes.len(), 4);
    assert_eq!(
        reply.then.sentence(crate::domain::Lang::En, now(), chrono_tz::UTC),
        "on hold, +shipping, -new, to me, asleep until Sat 10 Jun 00:52, priority high"
    );
}

#[test]
fn a_plain_file_is_a_text_and_nothing_else() {
    let reply = parse("hours", None, "\u{FEFF}We are open from 9 to 5.\r\n--- not a head\r\n").unwrap();
    assert_eq!(reply.body, "We are open from 9 to 5.\n--- not a head");
    assert!(reply.then.is_empty());
    assert_eq!(reply.title, "hours");
}

#[test]
fn what_cannot_be_read_says_where() {
    let wrong = |text: &str| parse("x", None, text).unwrap_err();
    assert!(wrong("---\ntitle: A\nstatsu: open\n---\nb").starts_with("line 3: there is no key \"statsu\""));
    assert!(wrong("---\nstatus: closed\n---\nb").contains("status closed"));
    assert!(wrong("---\ntitle: A\nb").contains("not closed"));
    assert!(wrong("Hi {{custmer.name}}").contains("{{custmer.name}} is no variable"));
    assert!(wrong("---\ntitle: A\n---\n").contains("neither a text nor an action"));
    assert!(wrong("---\nsnooze: soon\n---\n").contains("snooze soon"));
}

#[test]
fn variables_come_from_conversation_order_and_agent() {
    let mut row = rows().remove(0);
    row.customer.name = Some("JOÃO DOS SANTOS".into());
    row.products = vec![Product { sku: "B000123".into(), quantity: Some(2), ..Product::default() }];
    let channel = descriptor("americanas", "skyhub", "SKYH", None);
    let products =
        HashMap::from([("B000123".into(), ProductName { title: "Boné".into(), url: String::new() })]);
    let values =
        Values { conversation: Some(&row), channel: Some(&channel), agent: "Ana Souza", products: &products };
    let text = "{{customer.first_name}}|{{ order.number }}|{{order.delivery}}|{{product.title}}|{{product.quantity}}|\
                {{agent.first_name}}|{{conversation.number}}|{{channel.name}}";
    assert_eq!(fill(text, &values), "João|02-123456789|200123456789001|Boné|2|Ana|17|americanas");
    // What has no value stays, and is found.
    let filled = fill("see {{product.url}} or {{order.tracking}}", &values);
    assert_eq!(filled, "see {{product.url}} or {{order.tracking}}");
    assert_eq!(hole(&filled), Some("{{product.url}}"));
}

#[test]
fn a_customers_name_is_a_line_and_no_variable() {
    let mut row = rows().remove(0);
    row.customer.name = Some("Eve\n{{agent.name}}\u{202E}".into());
    let values = Values { conversation: Some(&row), channel: None, agent: "Ana", products: &HashMap::new() };
    let filled = fill("{{customer.name}}", &values);
    assert!(!filled.contains('\n') && !filled.contains("Ana") && !filled.contains('\u{202E}'), "{filled}");
}

#[test]
fn a_hole_in_a_quoted_line_is_the_customers() {
    assert_eq!(hole("> dear {{name}}\nOlá"), None);
    assert_eq!(hole("Olá { } {1} {nome}"), Some("{nome}"));
    assert_eq!(hole("a { b"), None);
}

#[test]
fn his_language_comes_first_and_then_what_is_used_most() {
    let reply = |name: &str, lang: Option<&str>, channels: &[&str]| Canned {
        name: name.into(),
        lang: lang.map(str::to_owned),
        channels: channels.iter().map(|it| (*it).to_owned()).collect(),
        body: "x".into(),
        then: Macro::default(),
        ..Canned::default()
    };
    let shelf = Shelf {
        replies: vec![
            reply("a", Some("en"), &[]),
            reply("b", Some("pt-BR"), &[]),
            reply("c", Some("pt"), &["skyhub"]),
            reply("d", None, &["americanas"]),
            reply("e", Some("pt"), &["whatsapp"]),
        ],
        uses: HashMap::from([(("c".into(), "pt".into()), 4), (("a".into(), "en".into()), 90)]),
        ..Shelf::default()
    };
    let channel = descriptor("americanas", "skyhub", "SKYH", None);
    let names: Vec<&str> = shelf
        .offered(&channel.name, Some(&channel.kind), Some("pt-BR"), "en")
        .into_iter()
        .map(|it| it.name.as_str())
        .collect();
    assert_eq!(names, ["c", "b", "d", "a"]);
    let unknown = Shelf { uses: HashMap::new(), ..shelf };
    let first = |own| unknown.offered(&channel.name, Some(&channel.kind), None, own)[0].name.clone();
    assert_eq!([first("en"), first("pt-BR")], ["a", "b"], "where his language is not known, the agent's own");
}
