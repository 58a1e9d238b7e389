use std::time::Duration;

use chrono::Weekday;
use proptest::prelude::*;

use super::{SKYHUB, bad, good};
use crate::config::{MarketplaceClock, OpenHours, value};

#[test]
fn spans_have_units() {
    for (text, ms) in
        [("50ms", 50), ("0s", 0), ("60s", 60_000), ("15m", 900_000), ("2h", 7_200_000), ("1d", 86_400_000)]
    {
        assert_eq!(value::span(text), Some(Duration::from_millis(ms)), "{text}");
    }
    for text in ["", "60", "s", "-1s", "1.5h", "1 fortnight", "99999999999999999999s", "1y", "９s"] {
        assert_eq!(value::span(text), None, "{text}");
    }
    assert!(bad("[sync]\npoll_interval = \"500ms\"\n").contains("must be 1s or more"));
}

proptest! {
    #[test]
    fn a_span_that_is_shown_reads_back_the_same(ms in 0_u64..10_000_000_000) {
        let span = Duration::from_millis(ms);
        prop_assert_eq!(value::span(&value::written_span(span)), Some(span));
    }
}

#[test]
fn sizes_are_thousands_or_powers() {
    let size = |text: &str| good(&format!("[sync]\nmax_attachment = \"{text}\"\n")).sync.max_attachment_bytes;
    assert_eq!((size("25MB"), size("5 MiB"), size("0B")), (25_000_000, 5_242_880, 0));
    assert!(bad("[sync]\nmax_attachment = \"25 megs\"\n").contains("is not a size such as \"25MB\""));
    assert!(bad("[sync]\nmax_attachment = 25\n").contains("needs a unit"));
}

#[test]
fn marketplace_clocks_are_words_spans_or_business_time() {
    let clock =
        |text: &str| good(&format!("{SKYHUB}marketplace_clock = \"{text}\"\n")).channels[0].marketplace_clock;
    assert_eq!(clock("default"), MarketplaceClock::Default);
    assert_eq!(clock("none"), MarketplaceClock::None);
    assert_eq!(clock("24h"), MarketplaceClock::Running(Duration::from_hours(24)));
    assert_eq!(clock("1 business day"), MarketplaceClock::BusinessDays(1));
    assert_eq!(clock("12 business hours"), MarketplaceClock::BusinessHours(12));
    assert!(bad(&format!("{SKYHUB}marketplace_clock = \"soon\"\n")).contains("\"soon\" is none of"));
}

#[test]
fn calendars_have_several_spans_a_day() {
    let calendar =
        |hours: &str| format!("[[calendar]]\nname = \"x\"\nzone = \"Europe/Berlin\"\nhours = {hours}\n");
    let config =
        good(&calendar("[\"mon-fri 08:00-12:00\", \"sat,mon 13:30-24:00\", \"sun-mon 07:00-08:00\"]"));
    let hours = &config.calendars[0].hours;
    assert_eq!(hours[0].days.len(), 5);
    assert_eq!(
        hours[1],
        OpenHours { days: vec![Weekday::Sat, Weekday::Mon], from_minute: 810, to_minute: 1440 }
    );
    assert_eq!(hours[2].days, [Weekday::Sun, Weekday::Mon]);
    assert!(
        bad(&calendar("[\"mon-fri 08:00-12:00\", \"wed 11:00-13:00\"]"))
            .contains("two spans on Wed that overlap")
    );
    assert!(bad(&calendar("[\"mon-fri 12:00-08:00\"]")).contains("ends before it begins"));
    assert!(bad(&calendar("[\"weekdays 9-5\"]")).contains("is not days and hours such as"));
    assert!(bad("[[calendar]]\nname = \"x\"\nzone = \"Mars\"\nhours = [\"mon 08:00-12:00\"]\nholidays = [\"25/12\"]\n")
        .contains("is not a time zone"));
    let config = good(&(calendar("[\"mon 08:00-12:00\"]") + "holidays = [2026-12-25, \"2027-01-01\"]\n"));
    assert_eq!(config.calendars[0].holidays.len(), 2);
}

#[test]
fn addresses_are_https_or_loopback_or_said_to_be_allowed() {
    let with = |url: &str, more: &str| SKYHUB.replace("https://api.skyhub.com.br", url) + more;
    for url in ["http://127.0.0.1:8080", "http://localhost:1", "http://[::1]:9/x", "https://x.example/v1/"] {
        assert_eq!(good(&with(url, "")).channels[0].settings.text("url"), Some(url), "kept as written");
    }
    assert!(bad(&with("http://api.example", "")).contains("`url` of channel americanas is plain http://"));
    assert!(bad(&with("http://127.0.0.1.evil.example", "")).contains("plain http://"));
    assert!(good(&with("http://api.example", "allow_http = true\n")).channels[0].allow_http);
    assert!(bad(&with("ftp://x", "")).contains("must begin with https://"));
    let error = bad(&with("https://user:hunter2@x.example", ""));
    assert!(error.contains("must not hold a login") && !error.contains("hunter2"), "{error}");
    assert!(bad(&with("https://x.example/?key=hunter2", "")).contains("must not have a ?"));
}

#[test]
fn digits_lose_their_punctuation_and_keep_their_zeros() {
    assert_eq!(good(SKYHUB).channels[0].settings.text("identity_id"), Some("12345678901234"));
    assert!(
        bad(&SKYHUB.replace("\"12.345.678/9012-34\"", "12345678901234")).contains("must stand in quotes")
    );
}

#[test]
fn moments_are_read_quoted_or_not() {
    let dsco = |start: &str| {
        format!(
            "[[channel]]\nname = \"d\"\nkind = \"dsco\"\nrole = \"retailer\"\nurl = \"https://api.dsco.io/api/v3\"\nclient_id = \"x\"\nclient_secret = {{ env = \"X\" }}\nstart = {start}\n"
        )
    };
    for start in ["\"2026-01-01T00:00:00Z\"", "2026-01-01T00:00:00Z", "\"2025-12-31T21:00:00-03:00\""] {
        let config = good(&dsco(start));
        assert_eq!(config.channels[0].settings.moment("start").unwrap().timestamp(), 1_767_225_600);
    }
    assert!(bad(&dsco("\"yesterday\"")).contains("is not a moment with its zone"));
    assert!(bad(&dsco("2026-01-01")).contains("is not a moment with its zone"));
}

#[test]
fn a_hostile_value_cannot_write_to_the_terminal() {
    let error = bad("[ui]\nlang = \"\\u001b]0;x\\u0007\\u202e\"\n\"\\u001b[2J\" = 1\n");
    assert!(error.chars().all(|c| c == '\n' || !c.is_control()) && !error.contains('\u{202e}'), "{error:?}");
}

#[test]
fn stores_are_files_or_postgres() {
    let url = |text: &str| format!("[store]\nurl = \"{text}\"\n");
    assert_eq!(good(&url("sqlite:///srv/d.db")).store.file().unwrap().to_str(), Some("/srv/d.db"));
    assert_eq!(good(&url("sqlite:/srv/d.db")).store.attachments.to_str(), Some("/srv/attachments"));
    assert!(good(&url("sqlite:~/d.db")).store.file().unwrap().is_absolute());
    assert!(good(&url("sqlite:d.db")).store.file().unwrap().ends_with(".config/deskline/d.db"));
    assert!(good(&url("postgres://ana@db/desk")).store.file().is_none());
    let error = bad(&url("mysql://u:hunter2@x"));
    assert!(error.contains("must be \"sqlite:PATH\" or") && !error.contains("hunter2"), "{error}");
    assert!(
        bad("[store]\ngroup = \"no-such-group-here\"\n").contains("this box knows no \"no-such-group-here\"")
    );
}

#[test]
fn lints_name_what_they_block() {
    let config = good(&format!("{SKYHUB}lint = {{ contact = \"block\", links = \"off\" }}\n"));
    let lint = config.channels[0].lint;
    assert_eq!((lint.contact, lint.links), (super::super::Lint::Block, super::super::Lint::Off));
    assert!(bad(&format!("{SKYHUB}lint = {{ contacts = \"block\" }}\n")).contains("did you mean `contact`?"));
    assert!(
        bad(&format!("{SKYHUB}lint = {{ contact = \"stop\" }}\n"))
            .contains("must be one of block, warn, off")
    );
}

#[test]
fn templates_are_read_with_the_configuration() {
    let desk = super::Desk::new();
    let with = |text: &str| {
        super::Desk::write(desk.folder.path().join(".config/deskline/templates.toml"), text, 0o644);
        desk.user(
            "[webhook]\nlisten = \"127.0.0.1:0\"\n[[channel]]\nname = \"wa\"\nkind = \"whatsapp\"\n\
             url = \"https://graph.facebook.com/v24.0\"\nphone_number_id = \"1\"\naccess_token = { env = \"A\" }\n\
             app_secret = { env = \"B\" }\nverify_token = { env = \"C\" }\ntemplates = \"templates.toml\"\n",
        );
        desk.load()
    };
    let config = with("[[template]]\nname = \"a\"\nlanguage = \"pt_BR\"\nparameters = [\"name\"]\n").unwrap();
    let templates = config.channels[0].settings.templates("templates");
    assert_eq!((templates[0].language.as_str(), templates[0].parameters.len()), ("pt_BR", 1));
    assert_eq!(config.channels[0].settings.text("webhook_path"), Some("/webhook/whatsapp"));
    let error = with("[[template]]\nname = \"a\"\nlang = \"pt_BR\"\n").unwrap_err().to_string();
    assert!(error.contains("templates.toml:3: unknown field `lang`"), "{error}");
    let one = "[[template]]\nname = \"a\"\nlanguage = \"en\"\n";
    assert!(with(&format!("{one}{one}")).unwrap_err().to_string().contains("two templates a in en"));
}

#[test]
fn the_screen_is_in_tz() {
    for (zone, expected) in [
        ("America/Sao_Paulo", chrono_tz::America::Sao_Paulo),
        (":/usr/share/zoneinfo/Europe/Berlin", chrono_tz::Europe::Berlin),
        ("nonsense", chrono_tz::UTC),
    ] {
        assert_eq!(super::Desk::with(&[("TZ", zone)]).load().unwrap().ui.zone, expected);
    }
}

#[test]
fn a_language_that_the_screen_does_not_speak_names_the_nearest() {
    let error = bad("[ui]\nlang = \"pt-PT\"\n");
    assert!(error.contains("must be one of en, de, pt-BR, pt, not \"pt-PT\""), "{error}");
    assert!(error.contains("did you mean `pt-BR`?"), "{error}");
}
