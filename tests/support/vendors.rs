//! The simulator in this process, and the real program beside it.

#![allow(dead_code, reason = "every test program uses its own part of this")]

use std::{
    fmt::Write as _,
    fs,
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
    process::{Command, Output},
    sync::Arc,
};

use deskline::{
    domain::time::{Clock, Time},
    simulator::{Book, Control, Options, Simulator, Switches},
};

/// João's chat, which can be answered.
pub const JOAO: &str = "Lojas Americanas-200123456789001/CUSTOMER_SELLER";

/// A port for a server that is started later: below those that the system gives to connections and to whoever asks for
/// any.
pub fn free_port() -> u16 {
    let ports = std::iter::repeat_with(|| fastrand::u16(10_000..30_000));
    ports
        .into_iter()
        .find(|port| std::net::TcpListener::bind(("127.0.0.1", *port)).is_ok())
        .expect("one is free")
}

/// The vendors and a folder for the program's files.
pub struct Vendors {
    // Dropped first: it needs the runtime.
    simulator: Simulator,
    _runtime: tokio::runtime::Runtime,
    folder: tempfile::TempDir,
}

struct RealClock;

impl Clock for RealClock {
    fn now(&self) -> Time {
        chrono::Utc::now()
    }

    fn sleep_until(&self, at: Time) -> std::pin::Pin<Box<dyn Future<Output = ()> + Send + '_>> {
        Box::pin(async move {
            let span = (at - self.now()).to_std().unwrap_or_default();
            tokio::time::sleep(span.min(std::time::Duration::from_hours(24))).await;
        })
    }
}

impl Vendors {
    /// Vendors whose customers are silent unless a test speaks for them.
    pub fn start() -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .expect("a runtime");
        let simulator = runtime
            .block_on(Simulator::start(Options {
                listen: ([127, 0, 0, 1], 0).into(),
                seed: 7,
                conversations: 0,
                lang: None,
                live: false,
                clock: Arc::new(RealClock),
                switches: Switches::default(),
            }))
            .expect("a free port");
        let folder = tempfile::tempdir().expect("a folder");
        Self { simulator, _runtime: runtime, folder }
    }

    /// The program's files.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// What exists at the vendors.
    pub fn book(&self) -> &Book {
        self.simulator.book()
    }

    /// Acts as anybody else.
    pub fn control(&self) -> Control {
        self.simulator.control()
    }

    /// Where WhatsApp delivers its webhooks.
    pub fn webhooks_to(&self, address: &str) {
        self.simulator.set_webhooks(Some(format!("http://{address}/webhook/whatsapp")), None);
    }

    /// The `[[channel]]` tables of these accounts; `change` may replace a value.
    pub fn channels(&self, names: &[&str], change: impl Fn(&str, String) -> String) -> String {
        let accounts = self.simulator.accounts();
        let mut text = String::new();
        for account in accounts.iter().filter(|account| names.contains(&account.name.as_str())) {
            let _ = write!(text, "\n[[channel]]\nname = \"{}\"\nkind = \"{}\"\n", account.name, account.kind);
            for (key, value) in &account.settings {
                let _ =
                    writeln!(text, "{key} = {}", change(key, toml::Value::String(value.clone()).to_string()));
            }
        }
        text
    }

    /// A configuration file with literal secrets, for its owner only.
    pub fn config(&self, name: &str, text: &str) -> PathBuf {
        let path = self.folder().join(name);
        fs::write(&path, text).expect("a file");
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).expect("ours");
        path
    }

    /// Runs the program to its end.
    pub fn run(&self, config: &Path, args: &[&str]) -> Output {
        self.program(config, args).output().expect("the program starts")
    }

    /// The program, not started yet.
    pub fn program(&self, config: &Path, args: &[&str]) -> Command {
        let mut program = Command::new(env!("CARGO_BIN_EXE_deskline"));
        program
            .arg("--config")
            .arg(config)
            .args(args)
            .env_clear()
            .env("HOME", self.folder())
            .env("LANG", "C.UTF-8")
            .env("TZ", "UTC")
            .env("PATH", "/usr/bin:/bin")
            .stdin(std::process::Stdio::null());
        program
    }
}
