use proptest::prelude::*;
use unicode_segmentation::UnicodeSegmentation;

use super::{class::is_unsafe_in_json, *};

fn no_control(text: &str, newline: bool) -> bool {
    text.chars().all(|ch| !ch.is_control() || (newline && ch == '\n'))
}

/// The characters that reorder or hide, listed by hand so that the test does not lean on the tables it checks.
fn is_trick(ch: char) -> bool {
    matches!(ch,
        '\u{AD}' | '\u{34F}' | '\u{61C}' | '\u{115F}' | '\u{1160}' | '\u{180B}'..='\u{180E}' | '\u{200B}'
        | '\u{200E}' | '\u{200F}' | '\u{2028}'..='\u{202E}' | '\u{2060}'..='\u{206F}' | '\u{3164}' | '\u{FEFF}'
        | '\u{FFA0}' | '\u{FFF9}'..='\u{FFFB}' | '\u{FE00}'..='\u{FE0D}' | '\u{E000}'..='\u{F8FF}'
        | '\u{E0000}'..='\u{E0FFF}' | '\u{F0000}'..='\u{10FFFF}')
}

/// Text of the kind that attackers write, mixed with any text at all.
fn hostile() -> impl Strategy<Value = String> {
    let nasty = prop::sample::select(vec![
        "\u{1b}[31m",
        "\u{9b}2J",
        "\u{202e}",
        "\u{2066}",
        "\u{200b}",
        "\u{200d}",
        "\u{200c}",
        "\u{fe0f}",
        "\u{fe0e}",
        "\u{20e3}",
        "1",
        "👨",
        "👩",
        "🏽",
        "🇧",
        "🇷",
        "❤",
        "é",
        "e\u{301}",
        "\u{300}\u{301}\u{302}\u{303}\u{304}",
        "日本",
        "ｶﾞ",
        "ا",
        "ل",
        "אב",
        "क",
        "\u{94d}",
        "\u{93e}",
        "\u{1100}",
        "\u{1161}",
        "\u{e0041}",
        "\u{e33}",
        "\t",
        "\n",
        "\r\n",
        "\r",
        "\u{2028}",
        "\u{7f}",
        "\0",
        "\u{feff}",
        "a",
        " ",
        "\u{0d4e}",
        "\u{1f1e6}",
        "‹",
    ]);
    prop_oneof![
        3 => prop::collection::vec(nasty, 0..40).prop_map(|parts| parts.concat()),
        2 => any::<String>(),
        2 => prop::collection::vec(any::<char>(), 0..40).prop_map(|chars| chars.into_iter().collect()),
    ]
}

proptest! {
    #[test]
    fn nothing_that_controls_hides_or_reorders_comes_out(text in hostile()) {
        for marks in [Marks::Unicode, Marks::Ascii] {
            let line = SafeText::line_as(&text, marks);
            let block = SafeText::block_as(&text, marks);
            prop_assert!(no_control(&line, false), "{line:?}");
            prop_assert!(no_control(&block, true), "{block:?}");
            prop_assert!(!line.chars().any(is_trick), "{line:?}");
            prop_assert!(!block.chars().any(is_trick), "{block:?}");
        }
    }

    #[test]
    fn every_cluster_that_comes_out_is_seen(text in hostile()) {
        for cluster in SafeText::block(&text).graphemes(true).filter(|cluster| *cluster != "\n") {
            prop_assert!(columns(cluster) > 0, "{cluster:?}");
            prop_assert!(cluster.chars().count() <= 20);
        }
    }

    #[test]
    fn safe_text_stays_as_it_is(text in hostile()) {
        let once = SafeText::block(&text);
        let twice = SafeText::block(&once);
        prop_assert_eq!(&once, &twice);
        let once = SafeText::line(&text);
        let twice = SafeText::line(&once);
        prop_assert_eq!(&once, &twice);
    }

    #[test]
    fn a_fitted_text_is_exactly_as_wide_as_asked(text in hostile(), width in 0_usize..60, ellipsis in "[.]{0,3}|…") {
        let fitted = fit(&text, width, &ellipsis);
        prop_assert_eq!(columns(&fitted), width);
        prop_assert!(no_control(&fitted, false));
        prop_assert!(!fitted.chars().any(|ch| is_trick(ch) || class::is_right_to_left(ch)));
        let risky = fitted.contains([class::ZWJ, class::ZWNJ, class::VS15, class::VS16, class::KEYCAP]);
        prop_assert!(!risky, "{}", fitted);
    }

    #[test]
    fn wrapping_loses_nothing_but_spaces_and_keeps_to_the_width(text in hostile(), width in 2_usize..40) {
        let block = SafeText::block(&text);
        let lines = wrap(&block, width);
        for line in &lines {
            prop_assert!(columns(line) <= width || line.graphemes(true).count() == 1, "{line:?}");
        }
        let bare = |text: &str| text.replace([' ', '\n'], "");
        let joined: String = lines.iter().map(SafeText::as_str).collect();
        prop_assert_eq!(bare(&joined), bare(&block));
    }

    #[test]
    fn a_space_before_a_cluster_of_a_whole_line_is_not_kept_at_its_cost(spaces in 1_usize..4, width in 2_usize..8) {
        // Two leading consonants of Hangul are one cluster of four columns.
        let text = format!("{}\u{1100}\u{1100}", " ".repeat(spaces));
        for line in wrap(&SafeText::block(&text), width) {
            prop_assert!(columns(&line) <= width || line.graphemes(true).count() == 1, "{line:?}");
        }
    }

    #[test]
    fn ascii_keeps_every_column(text in hostile()) {
        let safe = SafeText::line(&text);
        let plain = ascii(&safe);
        prop_assert!(plain.is_ascii());
        prop_assert_eq!(plain.len(), columns(&safe));
    }

    #[test]
    fn json_reads_back_and_holds_nothing_raw(text in hostile()) {
        let line = to_json_line(&text);
        prop_assert!(!line.chars().any(is_unsafe_in_json), "{line:?}");
        prop_assert_eq!(serde_json::from_str::<String>(&line).expect("json"), text);
    }

    #[test]
    fn a_first_line_is_part_of_the_text(text in hostile(), max in 0_usize..90) {
        let line = first_line(&text, max);
        prop_assert!(text.contains(line));
        prop_assert!(line.chars().count() <= max);
        prop_assert!(!line.contains(['\n', '\r']));
    }
}

#[test]
fn control_codes_are_shown_as_pictures() {
    assert_eq!(SafeText::line("a\u{1b}[31mb"), "a␛[31mb");
    assert_eq!(SafeText::line("a\nb\r\nc\td"), "a␊b␊c d");
    assert_eq!(SafeText::line("\u{7f}\u{9b}m"), "␡‹U+009B›m");
    assert_eq!(SafeText::line_as("\u{1b}c\u{7f}\u{9b}", Marks::Ascii), "^[c^?<U+009B>");
}

#[test]
fn overrides_and_invisible_characters_are_named() {
    assert_eq!(SafeText::line("evil\u{202e}gpj.exe"), "evil‹U+202E›gpj.exe");
    assert_eq!(SafeText::line("a\u{200b}b\u{feff}"), "a‹U+200B›b‹U+FEFF›");
    assert_eq!(SafeText::line("a\u{200b}\u{200b}\u{200b}b"), "a‹U+200B×3›b");
    assert_eq!(SafeText::line("\u{e0041}"), "‹U+E0041›");
    assert_eq!(SafeText::line_as("\u{2066}", Marks::Ascii), "<U+2066>");
}

#[test]
fn honest_joiners_are_kept() {
    for text in ["👨‍👩‍👧", "❤️", "1️⃣", "👍🏽", "🏳️‍🌈", "می‌خواهم", "क्‍ष", "🇧🇷", "Olá! Não é 日本語 ไทย"]
    {
        assert_eq!(SafeText::block(text), text);
    }
}

#[test]
fn joiners_out_of_place_are_named() {
    assert_eq!(SafeText::line("pay\u{200d}pal"), "pay‹U+200D›pal");
    assert_eq!(SafeText::line("pay\u{200c}pal"), "pay‹U+200C›pal");
    assert_eq!(SafeText::line("a\u{fe0f}"), "a‹U+FE0F›");
    assert_eq!(SafeText::line("👨\u{200d}x"), "👨‹U+200D›x");
}

#[test]
fn a_heap_of_accents_is_cut_and_counted() {
    let zalgo = format!("a{}b", "\u{301}".repeat(40));
    assert_eq!(SafeText::line(&zalgo), "a\u{301}\u{301}\u{301}\u{301}‹+36›b");
    assert_eq!(SafeText::line("\u{301}a"), "◌\u{301}a");
    assert_eq!(SafeText::line("\u{202e}\u{301}"), "‹U+202E›◌\u{301}");
}

#[test]
fn a_block_keeps_its_lines_and_expands_tabs() {
    assert_eq!(SafeText::block("a\tb\r\n日\tc\n"), "a       b\n日      c\n");
    let block = SafeText::block("one\ntwo");
    assert_eq!(block.lines().map(SafeText::into_string).collect::<Vec<_>>(), ["one", "two"]);
}

#[test]
fn plain_text_is_borrowed() {
    assert!(matches!(Cow::from(SafeText::line("plain")), Cow::Borrowed("plain")));
}

#[test]
fn risky_clusters_have_stand_ins_in_columns() {
    assert_eq!(steady("🇧🇷 1️⃣ 👍🏽 👨‍👩‍👧 ❤️"), "BR 1 👍 👨 ❤");
    assert_eq!(steady("محمد علي x"), "‹Arabic› x");
    assert_eq!(steady("שלום!"), "‹Hebrew›!");
    assert_eq!(steady("\u{1112}\u{1161}\u{11ab} e\u{301}"), "한 é");
    assert_eq!(steady("João 日本"), "João 日本");
}

#[test]
fn fitting_cuts_between_clusters() {
    assert_eq!(fit("João dos Santos", 8, "…"), "João do…");
    assert_eq!(fit("日本語", 4, "…"), "日… ");
    assert_eq!(fit("abc", 5, "…"), "abc  ");
    assert_eq!(fit("abc", 1, "…"), "a");
    assert_eq!(fit("abc", 0, "…"), "");
}

fn wrapped(text: &str, width: usize) -> Vec<String> {
    wrap(&SafeText::block(text), width).into_iter().map(SafeText::into_string).collect()
}

#[test]
fn wrapping_breaks_at_spaces_between_ideographs_and_in_words_that_are_too_long() {
    assert_eq!(wrapped("Olá João, pedimos desculpas", 10), ["Olá João,", "pedimos", "desculpas"]);
    assert_eq!(wrapped("a\n\nb", 10), ["a", "", "b"]);
    assert_eq!(wrapped("  two spaces here", 8), ["  two", "spaces", "here"]);
    assert_eq!(wrapped("abcdefghij", 4), ["abcd", "efgh", "ij"]);
    assert_eq!(wrapped("日本語の文字", 5), ["日本", "語の", "文字"]);
    assert_eq!(wrapped("see https://a.example/b now", 12), ["see", "https://a.ex", "ample/b now"]);
}

#[test]
fn fitting_a_long_text_gives_what_its_head_gives() {
    for unit in ["Olá ", "日本", "אב ", "👨‍👩‍👧", "a\u{200b}\u{200b}", "e\u{301}"] {
        for width in [0, 1, 7, 20] {
            let long = unit.repeat(5000);
            let safe = SafeText::line(&long);
            assert_eq!(fit(&long, width, "…"), width::cut(&steady(&safe), width, "…"), "{unit} {width}");
        }
    }
}

#[test]
fn ascii_shows_what_it_can() {
    assert_eq!(ascii("João – “oi” 日"), "Jo?o - \"oi\" ??");
    assert_eq!(ascii("┌─┐│═"), "+-+|=");
}

#[test]
fn json_writes_format_characters_as_escapes() {
    assert_eq!(
        to_json_line("a\u{1b}\u{85}\u{202e}\u{e0041}\n\"é"),
        r#""a\u001b\u0085\u202e\udb40\udc41\n\"é""#
    );
    let raw = serde_json::value::RawValue::from_string("{\n \"a\":\t\"\u{200b}\"}".to_owned()).expect("json");
    assert_eq!(to_json_line(&raw), r#"{  "a": "\u200b"}"#);
}

#[test]
fn the_first_line_is_the_first_that_says_something() {
    assert_eq!(first_line("\n  \r\nOlá! Produto\r\nainda", 80), "Olá! Produto");
    assert_eq!(first_line("Olá mundo", 3), "Olá");
    assert_eq!(first_line("", 80), "");
}

#[test]
fn look_alikes_are_said() {
    assert_eq!(SafeText::name("p\u{430}ypal.exe"), "p\u{430}ypal.exe ‹mixed scripts›");
    assert_eq!(SafeText::name("João Страна"), "João Страна");
}

#[test]
fn a_simple_character_stands_alone_in_one_cell_and_is_what_it_looks_like() {
    let simple: Vec<char> = ('\0'..='\u{ffff}').filter(|ch| width::is_simple_char(*ch)).collect();
    assert!(simple.len() > 700);
    for ch in simple {
        let text = format!("a{ch}é{ch}{ch}.");
        assert!(text.graphemes(true).all(|cluster| cluster.chars().count() == 1), "{ch:?}");
        assert!(text.graphemes(true).all(|cluster| width::cluster_columns(cluster) == 1), "{ch:?}");
        assert_eq!(class::class(ch), class::Class::Plain, "{ch:?}");
        // Stand-ins are found by looking at what is not simple: this character in such a text stays as it is.
        assert_eq!(steady(&format!("{ch}日")), format!("{ch}日"), "{ch:?}");
    }
}
