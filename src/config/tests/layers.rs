use std::time::Duration;

use super::{Desk, SKYHUB, bad, good};
use crate::channels::registry::schemas;
use crate::config::{Argument, Origin, Sources, StoreUrl, load};
use crate::domain::Lang;

#[test]
fn nothing_at_all_is_a_configuration() {
    let desk = Desk::new();
    let config = desk.load().unwrap();
    assert!(config.channels.is_empty() && config.webhook.is_none());
    assert_eq!(config.agent.name, "Ana Souza");
    assert_eq!(config.sync.poll_interval, Duration::from_mins(1));
    assert_eq!(config.sync.max_attachment_bytes, 25_000_000);
    let StoreUrl::Sqlite(path) = &config.store.url else { panic!("not a file") };
    assert_eq!(*path, desk.folder.path().join(".local/share/deskline/deskline.db"));
    assert_eq!(config.store.attachments, desk.folder.path().join(".local/share/deskline/attachments"));
    assert_eq!(config.ui.esc_timeout, Duration::from_millis(50));
    assert_eq!(config.compose.canned[1], desk.folder.path().join(".config/deskline/canned"));
    assert!(config.files.iter().all(|file| !file.found));
}

#[test]
fn a_later_layer_wins_key_by_key() {
    let desk = Desk::with(&[
        ("DESKLINE_UI__LANG", "de"),
        ("DESKLINE_SYNC__MAX_RATE", "2"),
        ("SSH_TTY", "/dev/pts/4"),
    ]);
    desk.system("[sync]\npoll_interval = \"30s\"\nsweep_interval = \"20m\"\n[ui]\nlang = \"en\"\n");
    let user = desk.user("[sync]\n\npoll_interval = \"10s\"\n[ui]\ntheme = \"dark\"\nlang = \"pt-BR\"\n");
    let config = desk.load().unwrap();
    assert_eq!(config.sync.poll_interval, Duration::from_secs(10));
    assert_eq!(config.sync.sweep_interval, Duration::from_mins(20));
    assert_eq!(config.sync.max_rate, 2);
    assert_eq!((config.ui.lang, config.ui.theme.as_str()), (Lang::De, "dark"));
    assert_eq!(config.ui.esc_timeout, Duration::from_millis(150));
    let origin =
        |key: &str| config.effective.iter().find(|value| value.key == key).unwrap().origin.to_string();
    assert_eq!(origin("sync.poll_interval"), format!("{}:3", user.display()));
    assert_eq!(origin("ui.lang"), "environment DESKLINE_UI__LANG");
    assert_eq!(origin("sync.max_attachment"), "default");

    let lang = Argument { key: "ui.lang".into(), value: "en".into(), flag: "--lang".into() };
    let sources = Sources { arguments: vec![lang], ..Sources::new(&desk.environment) };
    let config = load(&sources, &schemas()).unwrap();
    assert_eq!(config.ui.lang, Lang::En);
}

#[test]
fn config_names_the_only_file_and_it_must_be_there() {
    let desk = Desk::new();
    desk.user("[ui]\nlang = \"de\"\n");
    let other = Desk::write(desk.folder.path().join("other.toml"), "[ui]\ntheme = \"mono\"\n", 0o644);
    let sources = Sources { file: Some(other), ..Sources::new(&desk.environment) };
    let config = load(&sources, &schemas()).unwrap();
    assert_eq!((config.ui.lang, config.ui.theme.as_str()), (Lang::En, "mono"));
    assert_eq!(config.files.len(), 1);

    let missing = desk.folder.path().join("missing.toml");
    let sources = Sources { file: Some(missing), ..Sources::new(&desk.environment) };
    let error = load(&sources, &schemas()).unwrap_err().to_string();
    assert!(error.contains("there is no file") && error.contains("missing.toml"), "{error}");
}

#[test]
fn where_the_box_sets_a_store_or_a_channel_the_user_may_not() {
    let desk = Desk::new();
    desk.system("[store]\nurl = \"sqlite:/srv/desk.db\"\n[[view]]\nname = \"A\"\nquery = \"is:mine\"\n");
    desk.user(
        "[agent]\nname = \"A\"\n[keys]\nresolve = \"y\"\n[[view]]\nname = \"B\"\nquery = \"is:mine\"\n",
    );
    let config = desk.load().unwrap();
    assert_eq!(config.views.iter().map(|view| view.name.as_str()).collect::<Vec<_>>(), ["A", "B"]);

    desk.user(
        "[sync]\npoll_interval = \"1s\"\n[[calendar]]\nname = \"x\"\n[store]\nurl = \"sqlite:/tmp/x\"\n",
    );
    let errors = desk.errors();
    assert_eq!(errors.lines().count(), 3, "{errors}");
    assert!(
        errors.contains("config.toml:1: [sync] cannot be set here") && errors.contains("etc.toml:1"),
        "{errors}"
    );

    desk.system("[ui]\nlang = \"de\"\n");
    desk.user("[sync]\npoll_interval = \"1s\"\n");
    assert!(desk.load().is_ok());
}

#[test]
fn an_unknown_key_is_named_with_file_line_and_the_nearest() {
    let error = bad("[sync]\nmax_rate = 3\npol_interval = \"60s\"\n");
    assert!(
        error
            .ends_with("config.toml:3: unknown key `pol_interval` in [sync] (did you mean `poll_interval`?)"),
        "{error}"
    );
    let error = bad(&format!("{SKYHUB}apikey = \"hush-hush\"\n"));
    assert!(
        error.contains(":10: unknown key `apikey` in channel americanas (did you mean `api_key`?)"),
        "{error}"
    );
    assert!(!error.contains("hush"), "{error}");
    let error = bad("[snyc]\n");
    assert!(error.contains(":1: unknown key `snyc` (did you mean `sync`?)"), "{error}");
    let error = bad("poll_interval = \"5s\"\n");
    assert!(error.contains("it belongs below [sync]"), "{error}");
    let error = bad("[ui]\nwobble_factor = 1\n");
    assert!(error.contains("nearest is `") && error.contains("known are zone, lang"), "{error}");
}

#[test]
fn every_mistake_is_told_at_once() {
    let errors = bad(
        "[sync]\npoll_interval = 60\nmax_rate = \"4\"\n[ui]\nmouse = \"yes\"\nlang = \"fr\"\n[[channel]]\nname = \"Big\"\nkind = \"tgh\"\n",
    );
    let lines: Vec<&str> = errors.lines().collect();
    assert_eq!(lines.len(), 6, "{errors}");
    assert!(lines[0].contains(":2: ") && lines[5].contains(":9: "), "in the order of the file: {errors}");
    assert!(errors.contains("`poll_interval` of [sync] needs a unit: \"60s\""), "{errors}");
    assert!(errors.contains("must be true or false") && errors.contains("did you mean `thg`?"), "{errors}");
    assert!(errors.contains("\"Big\" is no name for a channel"), "{errors}");
}

#[test]
fn a_syntax_error_does_not_quote_its_line() {
    let error = bad("[agent]\n\nname = s3cret-token\n");
    assert!(error.contains("config.toml:3: not valid TOML") && !error.contains("s3cret"), "{error}");
    let error = bad("[agent]\nname = \"s3cret\n");
    assert!(!error.contains("s3cret"), "{error}");
}

#[test]
fn the_environment_reaches_every_channel_and_misspelled_variables_are_told() {
    let channel = SKYHUB.replace("americanas", "loja-sp");
    let desk = Desk::with(&[
        ("DESKLINE_CHANNEL__LOJA_SP__POLL_INTERVAL", "5s"),
        ("DESKLINE_CHANNEL__LOJA_SP__LANGUAGES", "pt-BR, en"),
        ("DESKLINE_CHANNEL__LOJA_SP__LINT", "{ contact = \"block\" }"),
        ("DESKLINE_CHANNEL__LOJA_SP__API_KEY", "from-outside"),
        ("DESKLINE_LOG", "debug"),
    ]);
    desk.user(&channel);
    let config = desk.load().unwrap();
    let channel = &config.channels[0];
    assert_eq!(channel.poll_interval, Duration::from_secs(5));
    assert_eq!(channel.languages, ["pt-BR", "en"]);
    assert_eq!(channel.lint.contact, crate::config::Lint::Block);
    assert_eq!(
        *channel.settings.origin("api_key"),
        Origin::Environment("DESKLINE_CHANNEL__LOJA_SP__API_KEY".into())
    );

    let desk = Desk::with(&[("DESKLINE_SYNC__POL_INTERVAL", "5s"), ("DESKLINE_CHANNEL__NONE__URL", "x")]);
    let errors = desk.errors();
    assert!(
        errors.contains("environment DESKLINE_SYNC__POL_INTERVAL: unknown key `pol_interval`"),
        "{errors}"
    );
    assert!(errors.contains("names a channel that is not configured"), "{errors}");
}

#[test]
fn letters_are_by_kind_and_only_equal_written_ones_are_refused() {
    let two = SKYHUB.replace("americanas", "second");
    let config = good(&format!("{SKYHUB}{two}"));
    let shorts: Vec<&str> = config.channels.iter().map(|channel| channel.short.as_str()).collect();
    assert_eq!(shorts, ["SKYH", "SKY2"]);

    let config = good(&format!("{SKYHUB}{two}short = \"skyh\"\n"));
    let shorts: Vec<&str> = config.channels.iter().map(|channel| channel.short.as_str()).collect();
    assert_eq!(shorts, ["SKY2", "SKYH"]);

    let error = bad(&format!("{SKYHUB}short = \"AME\"\n{two}short = \"ame\"\n"));
    assert!(error.contains("channels americanas and second both have short = \"AME\""), "{error}");
}

#[test]
fn tables_must_have_their_brackets_and_their_names() {
    assert!(bad("[channel]\nname = \"a\"\n").contains("must be written [[channel]]"));
    assert!(bad("[[sync]]\nmax_rate = 1\n").contains("must be written [sync]"));
    assert!(bad("[[channel]]\nkind = \"thg\"\n").contains("[[channel]] lacks `name`"));
    let kinds: Vec<_> = crate::channels::registry::schemas().iter().map(|it| it.kind).collect();
    assert!(
        bad("[[channel]]\nname = \"a\"\n").contains(&format!("lacks `kind` (one of {})", kinds.join(", ")))
    );
    assert!(
        bad(&format!("{SKYHUB}{SKYHUB}")).contains("there are two [[channel]] with name = \"americanas\"")
    );
    assert!(bad("[webhook]\n").contains("[webhook] lacks `listen`"));
}

#[test]
fn what_a_kind_needs_depends_on_its_api() {
    let cloud =
        "[[channel]]\nname = \"wa\"\nkind = \"whatsapp\"\nurl = \"https://graph.facebook.com/v24.0\"\n";
    let errors = bad(cloud);
    for key in ["phone_number_id", "access_token", "app_secret", "verify_token"] {
        assert!(errors.contains(&format!("channel wa lacks `{key}`")), "{errors}");
    }
    assert!(!errors.contains("username"), "{errors}");
    let errors = bad(&format!("{cloud}api = \"on-premises\"\n"));
    for key in ["username", "password", "webhook_path"] {
        assert!(errors.contains(&format!("channel wa lacks `{key}`")), "{errors}");
    }
    assert!(!errors.contains("phone_number_id"), "{errors}");
}

#[test]
fn keys_are_bound_and_unbound_with_their_places() {
    let config = good(
        "[keys]\npreset = \"mutt\"\nresolve = [\"e\", \"y\"]\nsnooze = \"\"\n[keys.composer]\nattach = \"ctrl-x f\"\n",
    );
    assert_eq!(config.keys.preset, "mutt");
    let bindings: Vec<(&str, usize)> =
        config.keys.bindings.iter().map(|binding| (binding.action.as_str(), binding.keys.len())).collect();
    assert_eq!(bindings, [("resolve", 2), ("snooze", 0), ("composer.attach", 1)]);
    assert!(config.keys.bindings[2].origin.to_string().ends_with(":6"));
    assert!(bad("[keys]\nresolve = 1\n").contains("must be a text or a list of texts"));
}

#[test]
fn an_unknown_calendar_is_refused_with_the_nearest() {
    let calendar =
        "[[calendar]]\nname = \"sp\"\nzone = \"America/Sao_Paulo\"\nhours = [\"mon-fri 08:00-12:00\"]\n";
    let config = good(&format!("{SKYHUB}calendar = \"sp\"\n{calendar}"));
    assert_eq!(config.calendar_of(&config.channels[0]).unwrap().zone, chrono_tz::America::Sao_Paulo);
    let error = bad(&format!("{SKYHUB}calendar = \"spp\"\n{calendar}"));
    assert!(error.contains("no [[calendar]] is called \"spp\" (did you mean `sp`?)"), "{error}");
}
