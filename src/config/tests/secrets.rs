use secrecy::ExposeSecret;

use super::{Desk, SKYHUB};
use crate::config::{Readable, SecretError, SecretRef};

async fn text(secret: &SecretRef, desk: &Desk) -> String {
    secret.resolve(&desk.environment).await.unwrap().expose_secret().to_owned()
}

#[tokio::test]
async fn secrets_come_from_variables_files_and_commands() {
    let desk = Desk::with(&[("TOKEN", "t0p")]);
    assert_eq!(text(&SecretRef::Env("TOKEN".into()), &desk).await, "t0p");
    let file = Desk::write(desk.folder.path().join("secret"), "fi le\r\n", 0o640);
    assert_eq!(text(&SecretRef::File(file), &desk).await, "fi le");
    assert_eq!(text(&SecretRef::Command("echo $TOKEN | tr 0 o".into()), &desk).await, "top");
    // Without a terminal, and the leader of its own session.
    let alone = "set -- $(cat /proc/$$/stat); test $6 = $$ && test ! -t 0 && cat && echo alone";
    assert_eq!(text(&SecretRef::Command(alone.into()), &desk).await, "alone");
}

#[tokio::test]
async fn what_cannot_be_had_says_why_and_nothing_more() {
    let desk = Desk::new();
    let fails = async |secret: SecretRef| secret.resolve(&desk.environment).await.unwrap_err().to_string();
    assert_eq!(fails(SecretRef::Env("NOPE".into())).await, "the environment variable NOPE is not set");
    let open = Desk::write(desk.folder.path().join("open"), "hush", 0o666);
    let error = fails(SecretRef::File(open.clone())).await;
    assert!(
        error.contains("mode 0666") && error.contains(&format!("chmod 600 {}", open.display())),
        "{error}"
    );
    assert!(fails(SecretRef::File(desk.folder.path().to_owned())).await.contains("cannot read"));
    let error =
        fails(SecretRef::Command("echo hush; echo 'no key ring' >&2; echo more >&2; exit 3".into())).await;
    assert!(error.contains("no key ring") && !error.contains("more") && !error.contains("hush"), "{error}");
    assert!(fails(SecretRef::Command("true".into())).await.contains("is empty"));
    assert!(
        fails(SecretRef::Command("head -c 200000 /dev/zero".into())).await.contains("longer than 64 KiB")
    );
}

#[tokio::test(start_paused = true)]
async fn a_command_has_ten_seconds() {
    let desk = Desk::new();
    let began = tokio::time::Instant::now();
    let error = SecretRef::Command("sleep 1000 & wait".into()).resolve(&desk.environment).await.unwrap_err();
    assert!(matches!(error, SecretError::Slow), "{error}");
    assert_eq!(began.elapsed().as_secs(), 10);
}

#[test]
fn who_could_read_a_secret_is_known_without_running_anything() {
    let desk = Desk::with(&[("TOKEN", "t0p")]);
    assert_eq!(SecretRef::Env("TOKEN".into()).can_read(&desk.environment), Readable::Yes);
    assert!(matches!(SecretRef::Env("NOPE".into()).can_read(&desk.environment), Readable::No(_)));
    assert!(matches!(SecretRef::File("/nope".into()).can_read(&desk.environment), Readable::No(_)));
    assert_eq!(SecretRef::Command("exit 1".into()).can_read(&desk.environment), Readable::Perhaps);
}

#[tokio::test]
async fn a_channel_resolves_all_of_its_secrets() {
    let desk = Desk::with(&[("SKYHUB_AM", "am")]);
    desk.user(SKYHUB);
    let config = desk.load().unwrap();
    let settings = &config.channels[0].settings;
    assert_eq!(settings.can_read_secrets(&desk.environment), Readable::Yes);
    let secrets = settings.resolve_secrets(&desk.environment).await.unwrap();
    assert_eq!(secrets["api_key"].expose_secret(), "k3y-in-clear");
    assert_eq!(secrets["account_manager_key"].expose_secret(), "am");
}

#[test]
fn no_way_of_printing_shows_a_secret() {
    let desk = Desk::with(&[("SKYHUB_AM", "hush-env"), ("DESKLINE_CHANNEL__OTHER__API_KEY", "hush-outside")]);
    let other = SKYHUB
        .replace("americanas", "other")
        .replace("{ env = \"SKYHUB_AM\" }", "{ command = \"echo hush-cmd\" }");
    desk.user(&format!("[store]\nurl = \"postgres://ana:hush-pg@db/x\"\n{SKYHUB}{other}"));
    let config = desk.load().unwrap();
    let shown: Vec<String> =
        config.effective.iter().map(|value| format!("{} = {}", value.key, value.value)).collect();
    let shown = shown.join("\n");
    let all = format!("{shown}{config:?}{:?}", desk.environment);
    for secret in ["k3y-in-clear", "hush"] {
        assert!(!all.contains(secret), "{secret} in {all}");
    }
    assert!(shown.contains("channel.americanas.api_key = ***"), "{shown}");
    assert!(shown.contains("channel.americanas.account_manager_key = { env = \"SKYHUB_AM\" }"), "{shown}");
    assert!(
        shown.contains("{ command = \"echo …\" }") && shown.contains("postgres://ana:***@db/x"),
        "{shown}"
    );
}

#[test]
fn a_secret_webhook_path_is_masked() {
    let desk = Desk::new();
    desk.user("[webhook]\nlisten = \"127.0.0.1:0\"\n[[channel]]\nname = \"wa\"\nkind = \"whatsapp\"\napi = \"on-premises\"\nurl = \"https://wa.example\"\nusername = \"admin\"\npassword = { env = \"X\" }\nwebhook_path = \"/wa/hush-hush\"\nwebhook_url = \"https://desk.example/wa/hush-hush\"\n");
    let config = desk.load().unwrap();
    assert_eq!(config.channels[0].settings.text("webhook_path"), Some("/wa/hush-hush"));
    let shown = config.effective.iter().find(|value| value.key == "channel.wa.webhook_path").unwrap();
    assert_eq!(shown.value, "\"/wa/***\"");
    let shown = config.effective.iter().find(|value| value.key == "channel.wa.webhook_url").unwrap();
    assert_eq!(shown.value, "\"https://desk.example/***\"");
}

#[test]
fn a_secret_names_one_place() {
    let with = |secret: &str| super::bad(&SKYHUB.replace("\"k3y-in-clear\"", secret));
    assert!(with("{ env = \"A\", file = \"B\" }").contains("exactly one of env, file, command"));
    assert!(with("{ environment = \"hush\" }").contains("has no `environment`: did you mean `env`?"));
    assert!(with("42").contains("not a number"));
    assert!(with("\"\"").contains("must not be empty"));
    assert!(!with("{ environment = \"hush\" }").contains("hush"));
}

#[test]
fn a_secret_webhook_path_is_one_channels_own() {
    let desk = Desk::with(&[("X", "pw")]);
    let channel = |name: &str, path: &str| {
        format!(
            "[[channel]]\nname = \"{name}\"\nkind = \"whatsapp\"\napi = \"on-premises\"\nurl = \"https://wa.example\"\nusername = \"admin\"\npassword = {{ env = \"X\" }}\nwebhook_path = \"{path}\"\n"
        )
    };
    let two = |other: &str| {
        format!("[webhook]\nlisten = \"127.0.0.1:0\"\n{}{}", channel("wa", "/wa/one"), channel("wb", other))
    };
    desk.user(&two("/wa/two"));
    desk.load().unwrap();
    desk.user(&two("/wa/one"));
    let said = desk.errors();
    assert!(said.contains("`webhook_path` of channel wb is that of channel wa too"), "{said}");
}
