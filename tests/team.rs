//! The README's team on one box: a service account that alone reads the vendors' secrets, agents who only reach the
//! store. Needs root, for only root can be two other people; elsewhere it says so and does nothing.

#[path = "support/pty.rs"]
mod pty;
#[path = "support/vendors.rs"]
mod vendors;

use std::{
    fs,
    io::Write as _,
    os::unix::fs::{MetadataExt as _, PermissionsExt as _, chown},
    path::{Path, PathBuf},
    process::{Child, Command, Output, Stdio},
    time::{Duration, Instant},
};

use pty::Pty;
use rustix::process::{Pid, Signal, kill_process};
use vendors::{JOAO, Vendors};

/// Accounts that every Debian has: `daemon` serves, `games` is an agent, `users` is the team.
const SERVICE: (&str, u32) = ("daemon", 1);
const AGENT: (&str, u32) = ("games", 5);
const TEAM: u32 = 100;

struct TeamBox {
    folder: PathBuf,
    program: PathBuf,
    config: PathBuf,
}

impl TeamBox {
    fn furnish(vendors: &Vendors) -> Self {
        let folder = vendors.folder().to_owned();
        set(&folder, 0o755, None);
        let program = folder.join("deskline");
        fs::hard_link(env!("CARGO_BIN_EXE_deskline"), &program)
            .or_else(|_| fs::copy(env!("CARGO_BIN_EXE_deskline"), &program).map(drop))
            .expect("a copy that others can run");
        set(&program, 0o755, None);
        for (name, owner, mode) in
            [("store", SERVICE, 0o2770), ("home-service", SERVICE, 0o700), ("home-agent", AGENT, 0o700)]
        {
            let home = folder.join(name);
            fs::create_dir(&home).expect("a folder");
            let group = if name == "store" { TEAM } else { owner.1 };
            set(&home, mode, Some((owner.1, group)));
        }
        let secrets = folder.join("secrets");
        fs::create_dir(&secrets).expect("a folder");
        set(&secrets, 0o755, None);
        let channels = vendors.channels(&["americanas"], |key, value| {
            if !matches!(key, "api_key" | "account_manager_key") {
                return value;
            }
            let file = secrets.join(key);
            fs::write(&file, value.trim_matches('"')).expect("a secret");
            set(&file, 0o600, Some((SERVICE.1, SERVICE.1)));
            format!("{{ file = \"{}\" }}", file.display())
        });
        let config = folder.join("config.toml");
        let store = folder.join("store/deskline.db");
        let text = format!(
            "[store]\nurl = \"sqlite:{}\"\ngroup = \"users\"\nowner = \"{}\"\n\n[sync]\npoll_interval = \"1s\"\n{channels}",
            store.display(),
            SERVICE.0,
        );
        fs::write(&config, text).expect("a file");
        set(&config, 0o644, None);
        Self { folder, program, config }
    }

    /// The program as another account, in the order that `setpriv` wants it.
    fn words(&self, who: (&str, u32), args: &[&str]) -> Vec<String> {
        let (user, config) = (who.1.to_string(), self.config.display().to_string());
        let groups = if who == SERVICE { format!("--regid={TEAM}") } else { format!("--regid={}", who.1) };
        let program = self.program.display().to_string();
        let more = format!("--groups={TEAM}");
        let mut words = vec![format!("--reuid={user}"), groups, more, program, "--config".into(), config];
        words.extend(args.iter().map(|&arg| arg.to_owned()));
        words
    }

    fn home(&self, who: (&str, u32)) -> PathBuf {
        self.folder.join(if who == SERVICE { "home-service" } else { "home-agent" })
    }

    fn command(&self, who: (&str, u32), args: &[&str]) -> Command {
        let mut command = Command::new("setpriv");
        command
            .args(self.words(who, args))
            .env_clear()
            .env("HOME", self.home(who))
            .env("PATH", "/usr/bin:/bin");
        command.env("LANG", "C.UTF-8").env("TZ", "UTC").current_dir(self.home(who)).stdin(Stdio::null());
        command
    }

    fn agent(&self, args: &[&str]) -> Output {
        self.command(AGENT, args).output().expect("the program starts")
    }
}

struct Service(Child);

impl Drop for Service {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn set(path: &Path, mode: u32, owner: Option<(u32, u32)>) {
    if let Some((user, group)) = owner {
        chown(path, Some(user), Some(group)).expect("root may");
    }
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).expect("root may");
}

fn said(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

#[test]
fn a_service_holds_the_secrets_and_agents_reach_the_customers_all_the_same() {
    if !rustix::process::geteuid().is_root() {
        let _ = writeln!(std::io::stderr(), "team: skipped, for only root can be two accounts");
        return;
    }
    let vendors = Vendors::start();
    let team = TeamBox::furnish(&vendors);
    let mut service = Service(team.command(SERVICE, &["sync"]).spawn().expect("the service starts"));

    // The agent has what the service reads. Each look is a command of its own; nothing sleeps in between.
    let end = Instant::now() + Duration::from_mins(3);
    let name = format!("americanas:{JOAO}");
    loop {
        let shown = team.agent(&["show", &name, "--json"]);
        if shown.status.success() {
            break;
        }
        assert!(Instant::now() < end, "the agent never saw João: {}", said(&shown));
        assert!(service.0.try_wait().expect("it can be asked").is_none(), "the service has ended");
    }
    let store = team.folder.join("store");
    let about = fs::metadata(store.join("deskline.db")).expect("a store");
    assert_eq!((about.mode() & 0o7777, about.gid(), about.uid()), (0o660, TEAM, SERVICE.1));
    for entry in fs::read_dir(&store).expect("a folder") {
        let entry = entry.expect("an entry");
        let about = entry.metadata().expect("an entry");
        assert_eq!(about.gid(), TEAM, "{}", entry.path().display());
        assert_eq!(about.mode() & 0o007, 0, "{} is open to everybody", entry.path().display());
        if about.is_dir() {
            assert_eq!(about.mode() & 0o7777, 0o2770, "{}", entry.path().display());
        }
    }

    let mut cat = Command::new("setpriv");
    cat.args([format!("--reuid={}", AGENT.1), format!("--regid={}", AGENT.1), format!("--groups={TEAM}")]);
    let read = cat.arg("cat").arg(team.folder.join("secrets/api_key")).output().expect("cat starts");
    assert!(!read.status.success() && read.stdout.is_empty(), "the agent can read a secret");

    let replied = team.agent(&["reply", &name, "--text", "O serviço entrega.", "--wait", "50", "--json"]);
    assert_eq!(replied.status.code(), Some(0), "{}", said(&replied));
    assert_eq!(vendors.book().copies("skyhub", JOAO, "O serviço entrega."), 1);

    let setpriv = team.words(AGENT, &[]);
    let setpriv: Vec<&str> = setpriv.iter().map(String::as_str).collect();
    let mut window = Pty::start_program("setpriv", &setpriv, (120, 40), &team.home(AGENT));
    window.wait_for("sync by daemon@");

    let id = Pid::from_raw(service.0.id().cast_signed()).expect("a process id");
    kill_process(id, Signal::TERM).expect("the service is told");
    assert_eq!(service.0.wait().expect("it ends").code(), Some(0));
    window.wait_for("NO ENGINE since");
    window.keys("\x03\x03");
    assert!(window.wait_exit().success());
    assert!(window.is_restored());

    let alone = team.agent(&["reply", &name, "--text", "Depois."]);
    assert_eq!(alone.status.code(), Some(0), "{}", said(&alone));
    assert!(said(&alone).contains("no engine runs on this store"), "{}", said(&alone));
    assert_eq!(vendors.book().copies("skyhub", JOAO, "Depois."), 0);
    assert_eq!(vendors.book().breaches(), Vec::<String>::new());
}
