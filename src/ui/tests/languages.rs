//! The screens in the other languages, and what is left of English in them.

use super::{Theme, counted, options, picture, render_cells};
use crate::{
    app::tests::fixture::Desk,
    domain::{Gate, GateEvidence, Lang},
};

fn desk(lang: Lang, size: (u16, u16)) -> Desk {
    let mut options = options(size);
    options.lang = lang;
    counted(Desk::with(options))
}

fn opened(lang: Lang, size: (u16, u16)) -> Desk {
    let mut desk = desk(lang, size);
    desk.keys("Enter");
    desk.answer();
    desk.wait(250);
    desk.answer();
    desk
}

fn writing(lang: Lang, size: (u16, u16)) -> Desk {
    let mut desk = opened(lang, size);
    desk.keys("r");
    desk.answer();
    desk.type_in("Olá João, pedimos desculpas");
    desk.wait(200);
    desk.all_done();
    desk
}

#[test]
fn the_main_screens_in_german_and_portuguese() {
    for (name, lang) in [("de", Lang::De), ("pt_br", Lang::PtBr)] {
        let mut shown = desk(lang, (80, 24));
        insta::assert_snapshot!(format!("{name}_list"), picture(&shown, &Theme::mono()));
        shown.keys("?");
        insta::assert_snapshot!(format!("{name}_help"), picture(&shown, &Theme::mono()));
        let mut shown = writing(lang, (80, 24));
        insta::assert_snapshot!(format!("{name}_composer"), picture(&shown, &Theme::mono()));
        shown.keys("Esc");
        insta::assert_snapshot!(format!("{name}_review"), picture(&shown, &Theme::mono()));
    }
}

#[test]
fn the_way_to_all_keys_is_never_cut_off() {
    for lang in [Lang::En, Lang::De, Lang::PtBr] {
        for (width, height) in [(40, 10), (61, 18), (80, 24)] {
            for desk in [desk(lang, (width, height)), opened(lang, (width, height))] {
                let cells = render_cells(&desk, &Theme::mono());
                let footer = cells[cells.len() - usize::from(width)..].concat();
                assert!(footer.contains("  ? "), "{lang:?}: {footer}");
            }
        }
    }
}

#[test]
fn tabs_are_shortened_in_no_language_at_80_columns() {
    for lang in [Lang::En, Lang::De, Lang::PtBr] {
        let tabs = render_cells(&desk(lang, (80, 24)), &Theme::mono())[..80].concat();
        assert!(!tabs.contains('.') && tabs.contains(" 5 "), "{lang:?}: {tabs}");
    }
}

#[test]
fn the_menu_tells_every_help_in_full() {
    for lang in [Lang::En, Lang::De, Lang::PtBr] {
        for size in [(80, 24), (100, 30), (120, 40)] {
            let mut shown = opened(lang, size);
            shown.keys("?");
            let choices = shown.model.picker.as_ref().map_or(0, |picker| picker.choices.len());
            for at in 0..choices {
                let width = usize::from(size.0);
                let text = render_cells(&shown, &Theme::mono());
                let lines: Vec<String> =
                    text.chunks(width).map(|line| line.concat().trim_end().to_owned()).collect();
                let told =
                    lines.iter().position(|line| line.starts_with("> ")).expect("the chosen one is in sight");
                let band = lines.iter().rposition(|line| line.starts_with('─')).expect("a rule");
                let cut = lines[band + 1..lines.len() - 3].iter().find(|line| line.contains('…'));
                assert_eq!(cut, None, "{lang:?} {size:?}");
                let choice = &shown.model.picker.as_ref().expect("it is open").choices[at];
                let help = choice.title.split_once("  ").map_or("", |(_, help)| help);
                let said = lines[told..lines.len() - 3].join(" ");
                let words = |text: &str| text.split_whitespace().map(str::to_owned).collect::<Vec<_>>();
                let said = words(&said);
                let all = words(help).iter().all(|word| said.contains(word));
                assert!(all || !choice.enabled, "{lang:?} {size:?}: {help}");
                shown.keys("Down");
            }
        }
    }
}

/// What the fixture's people, shops and channels are called, what keys are called, and what is no language.
const NAMES: &str = "
    João dos Santos Lojas Americanas Produto ainda não foi entregue Olá Consumer consumer Late order complaint on Order
    Kerry Fisher Is it waterproof SKU THG support Sheena Nelson SKYH DSCO WAPP IMP me ana Ana Souza jon
    americanas SkyHub skyhub Dsco dsco supplier WhatsApp thg THG via pedimos desculpas DEMO Enter Esc Tab Space
    Ctrl Shift PgUp PgDn Home End Up Down Left Right BackTab Backspace Delete EDITOR deskline config toml fg
    UNREAD ACTIVE care example com myprotein number delivery status seller carrier says lost offer resend or refund
    CUSTOMER SELLER ARCHIVED auto side wide one ui pin WEBSITE_ISSUES nota pdf application joao Onde etc canned
    Mon-Fri America Sao_Paulo first_response next_response min";

/// The words of a screen that came from no catalogue.
fn english(desk: &Desk) -> Vec<String> {
    let width = usize::from(desk.model.size.0);
    let cells = render_cells(desk, &Theme::mono());
    let names: Vec<&str> = NAMES.split(|it: char| !it.is_alphabetic()).collect();
    let mut found = Vec::new();
    for line in cells.chunks(width).map(<[String]>::concat) {
        for word in line.split(|it: char| !it.is_alphabetic()) {
            let latin = word.chars().count() > 2 && word.is_ascii();
            // The end of a row may be cut within a name.
            let known = names.iter().any(|name| name.starts_with(word));
            if latin && !known {
                found.push(format!("{word}: {}", line.trim()));
            }
        }
    }
    found
}

#[test]
fn no_english_is_left_on_the_main_screens() {
    let size = (120, 40);
    let mut left = Vec::new();
    let mut look = |what: &str, desk: &Desk| {
        left.extend(english(desk).into_iter().map(|it| format!("{what}: {it}")));
    };
    let mut shown = desk(Lang::Marked, size);
    look("list", &shown);
    for keys in [
        "?", ":", "s", "a", "z", "p", "g", "t", "/", "\\", "*", "m", "g o", "g r", "g D", "g p", "g h", "=",
        "x", "d", "c",
    ] {
        let mut shown = desk(Lang::Marked, size);
        shown.keys(keys);
        shown.wait(400);
        shown.answer();
        if keys != ":" {
            look(keys, &shown);
        }
    }
    for keys in ["e", "a m", "z t", "p h", "s p", "u", "Ctrl-r", "M", "U", "v", "9", "Q"] {
        shown.keys(keys);
        shown.all_done();
        look(keys, &shown);
    }
    let mut shown = opened(Lang::Marked, size);
    look("conversation", &shown);
    shown.keys("d");
    look("details", &shown);
    let mut shown = writing(Lang::Marked, size);
    look("composer", &shown);
    shown.keys("Ctrl-x");
    shown.keys("v");
    shown.answer();
    look("older texts", &shown);
    shown.keys("Esc");
    shown.type_in(" joao@example.com");
    shown.keys("Esc");
    look("review", &shown);
    shown.keys("D");
    look("question", &shown);
    let mut shown = desk(Lang::Marked, size);
    shown.keys("x x r");
    shown.answer();
    look("one text for many", &shown);
    shown.type_in("Olá João, pedimos desculpas");
    shown.wait(200);
    shown.all_done();
    shown.keys("Esc");
    shown.all_done();
    look("one text for many, review", &shown);
    for keys in ["y", "Y", "Tab", "x"] {
        shown.keys(keys);
        shown.all_done();
        look(keys, &shown);
    }
    for gate in [Gate::Paused, Gate::RemoteClosed, Gate::ReadOnly, Gate::Unknown] {
        let mut shown = desk(Lang::Marked, size);
        shown.store[0].gate = GateEvidence::said(gate);
        shown.send(crate::app::Msg::StoreChanged);
        shown.answer();
        shown.keys("Enter");
        shown.answer();
        shown.keys("r");
        shown.answer();
        look("gate", &shown);
        shown.type_in("Olá");
        shown.keys("Esc");
        look("gate, review", &shown);
    }
    left.sort();
    left.dedup();
    assert!(left.is_empty(), "{}", left.join("\n"));
}
