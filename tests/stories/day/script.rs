//! The language of an agent's day: a line is a step. Keys go in one by one, as a hand types them; words of the screen come
//! out; the simulator answers for the vendors. `it` is the conversation that was opened or named last.
//!
//! | line | |
//! |---|---|
//! | `open WORDS` | open the conversation in which this was said |
//! | `about WORDS` | speak of it without opening it |
//! | `keys KEYS` | type: `<Esc>`, `<Enter>`, `<C-x>`, … are keys, the rest is itself |
//! | `burst KEYS` | the same in one read of the tty |
//! | `paste TEXT` | a bracketed paste |
//! | `sees WORDS`, `gone WORDS` | wait, the clock standing still, until the screen shows them, or no longer |
//! | `not WORDS` | the screen does not show them now |
//! | `pass WORDS` | let time run until the screen shows them |
//! | `after 30s` | let time run |
//! | `at N TEXT` | let time run until the vendor has this text in it so often |
//! | `never TEXT` | no vendor has, or was ever asked for, this text |
//! | `status S`, `labels L`, `who W`, `priority P`, `row STATE`, `row -` | let time run until the store says so of it |
//! | `vendor S` | let time run until the vendor's status of it is this |
//! | `says`, `answers`, `elsewhere TEXT` | the customer, the marketplace, a colleague elsewhere writes in it |
//! | `window NAME` | go on in this agent's window, opened where there is none; `ana/2` is another one of ana's |
//! | `hangup`, `quit` | the line drops; the program has left |
//! | `show` | end here, with what the screen shows: while a task is written |
//! | `canned FILE TEXT`, `file NAME TEXT`, `view NAME QUERY`, `bind PLACE KEY ACTION`, … | before the first window opens |

use std::{collections::HashMap, time::Duration};

use deskline::{
    app::{AppOptions, keymap::Binding},
    domain::{ConversationId, time::Clock as _},
    simulator::{Fault, What},
};

use crate::support::{Window, World};

/// A conversation as the vendor and the store name it.
#[derive(Clone)]
struct It {
    vendor: String,
    remote: String,
    id: ConversationId,
}

/// What the configuration says more.
#[derive(Default, Clone)]
struct Config {
    size: Option<(u16, u16)>,
    views: Vec<(String, String)>,
    bindings: Vec<Binding>,
    filters: Vec<(String, Vec<String>)>,
    members: Vec<String>,
    preset: Option<String>,
    pin: Option<String>,
}

struct Script {
    world: World,
    config: Config,
    windows: HashMap<String, Window>,
    me: String,
    it: Option<It>,
    line: String,
}

/// Plays it on a desk with these channels.
pub async fn play(channels: &[&str], script: &str) {
    let world = World::with(channels).await;
    let mut play = Script {
        world,
        config: Config::default(),
        windows: HashMap::new(),
        me: "ana".into(),
        it: None,
        line: String::new(),
    };
    for (number, line) in script.lines().enumerate() {
        let line = line.trim_start();
        if line.is_empty() || line.starts_with("# ") {
            continue;
        }
        play.line = format!("line {number}: {line}");
        let (word, rest) = line.split_once(' ').unwrap_or((line, ""));
        play.step(word, rest).await;
    }
    play.windows.clear();
    play.world.end().await;
}

impl Script {
    #[expect(clippy::too_many_lines, reason = "a line a word")]
    async fn step(&mut self, word: &str, rest: &str) {
        match word {
            "size" => {
                let (width, height) = rest.split_once('x').expect("COLSxROWS");
                self.config.size = Some((width.parse().expect("columns"), height.parse().expect("rows")));
            }
            "view" => self.config.views.push(two(rest)),
            "member" => self.config.members.push(rest.into()),
            "preset" => self.config.preset = Some(rest.into()),
            "pin" => self.config.pin = Some(rest.into()),
            "filter" => {
                let (name, command) = two(rest);
                let command = command.split(' ').map(str::to_owned).collect();
                self.config.filters.push((name, command));
            }
            "bind" => {
                let (place, rest) = two(rest);
                let (keys, action) = two(&rest);
                let place = (place != "all").then_some(place);
                self.config.bindings.push(Binding {
                    action,
                    place,
                    keys: vec![keys],
                    source: "the story".into(),
                });
            }
            "canned" => {
                let (name, text) = two(rest);
                self.world.canned(&name, &text.replace("\\n", "\n"));
            }
            "file" => {
                let (name, text) = two(rest);
                self.world.file(&name, text.replace("\\n", "\n").as_bytes());
            }
            "image" => drop(self.world.file(rest, picture())),
            "fault" => {
                let (vendor, rest) = two(rest);
                let (operation, what) = two(&rest);
                self.world.control().fault(Fault::next(&vendor, &operation, fault(&what)));
            }
            "unreachable" => self.world.control().unreachable(rest == "on"),
            "engine" if rest == "off" => self.world.stop_engine().await,
            "engine" => self.world.start_engine(),
            "ticket" => {
                let (name, text) = rest.split_once(": ").expect("NAME: TEXT");
                let code = "Lojas Americanas-200123456799001";
                self.world.control().new_ticket(code, "02-123456799", name, text);
            }
            "mediation" => {
                let code = self.it().remote.split('/').next().expect("a code").to_owned();
                self.world.control().mediation(&code, rest == "on").expect("a ticket");
            }
            "set" => {
                let it = self.it();
                self.world.control().set_status(&it.vendor, &it.remote, rest).expect("a status");
            }
            "about" => self.about(rest).await,
            "open" => {
                self.about(rest).await;
                let (id, it) = (self.it().id, rest.to_owned());
                self.window().await.open(id, &it).await;
            }
            "window" => self.me = rest.into(),
            "editor" => self.window().await.editor = Some(rest.replace("\\n", "\n")),
            "keys" => {
                let keys = keys(rest);
                let window = self.window().await;
                for key in &keys {
                    window.read(key);
                }
            }
            "burst" => {
                let keys = keys(rest).concat();
                self.window().await.read(&keys);
            }
            "paste" => {
                let text = format!("\x1b[200~{}\x1b[201~", rest.replace("\\n", "\n"));
                self.window().await.read(&text);
            }
            "sees" => self.until(rest, false, |it| it.shows(rest)).await,
            "gone" => self.until(rest, false, |it| !it.shows(rest)).await,
            "pass" => self.until(rest, true, |it| it.shows(rest)).await,
            "not" => {
                let line = self.line.clone();
                let window = self.window().await;
                window.step();
                assert!(!window.shows(rest), "{line}\n{}", window.text());
            }
            "after" => {
                let end = self.world.now() + span(rest);
                let clock = self.world.clock.clone();
                self.until(rest, true, |_| clock.now() >= end).await;
            }
            "leap" => {
                self.world.clock.advance(span(rest));
                self.window().await.step();
            }
            "at" => {
                let (count, text) = two(&rest.replace("\\n", "\n"));
                let count: usize = count.parse().expect("a number");
                let (it, book) = (self.it(), self.world.simulator.book().clone());
                self.until(rest, true, |_| book.copies(&it.vendor, &it.remote, &text) == count).await;
            }
            "files" => {
                let count: usize = rest.parse().expect("a number");
                let book = self.world.simulator.book().clone();
                let ours =
                    || book.attachments().iter().filter(|it| it.from_us && it.message.is_some()).count();
                self.until(rest, true, |_| ours() == count).await;
            }
            "posted" => {
                let (vendor, text) = two(rest);
                let (operation, needle) = two(&text);
                let book = self.world.simulator.book().clone();
                self.until(rest, true, |_| book.posts(&vendor, &operation, &needle) == 1).await;
            }
            "never" => {
                let all = self.world.book().all_messages();
                assert!(all.iter().all(|it| !it.text.contains(rest)), "{}: {all:?}", self.line);
            }
            "vendor" => {
                let (it, control) = (self.it(), self.world.control());
                let is = || control.status(&it.vendor, &it.remote);
                self.until(&format!("{rest}, it is {:?}", is()), true, |_| is().as_deref() == Some(rest))
                    .await;
            }
            "status" | "labels" | "who" | "priority" | "snoozed" | "held" | "unread" => {
                self.stored(word, rest).await;
            }
            "row" => self.row(rest).await,
            "says" => {
                let it = self.it();
                self.world.control().customer_says(&it.vendor, &it.remote, rest).expect("a conversation");
            }
            "answers" => {
                let it = self.it();
                self.world.control().agent_answers(&it.vendor, &it.remote, rest).expect("a conversation");
            }
            "elsewhere" => {
                // What was written later than ours, by the vendor's clock of whole seconds.
                self.world.clock.advance(Duration::from_secs(2));
                let it = self.it();
                self.world
                    .control()
                    .we_write_elsewhere(&it.vendor, &it.remote, rest)
                    .expect("a conversation");
            }
            "copied" => {
                let line = self.line.clone();
                let window = self.window().await;
                window.step();
                assert_eq!(window.copied.as_deref(), Some(rest), "{line}");
            }
            "hangup" => {
                let window = self.windows.remove(&self.me).expect("a window");
                window.hang_up().await;
            }
            "quit" => self.until("the end", false, |it| it.quit).await,
            "stays" => assert!(!self.window().await.quit, "{}", self.line),
            "show" => {
                let outbox = self.world.outbox().await;
                let text = self.window().await.text();
                assert!(text.is_empty(), "{text}\n{outbox:#?}");
            }
            _ => assert!(word.is_empty(), "no such word: {}", self.line),
        }
    }

    fn it(&self) -> It {
        self.it.clone().expect("a conversation was opened or named")
    }

    async fn about(&mut self, words: &str) {
        let said = self.world.book().all_messages();
        let said = said.into_iter().find(|it| it.text.contains(words)).expect("somebody said so");
        let names: Vec<String> = self.world.descriptors.iter().map(|it| it.name.to_string()).collect();
        let mut found = None;
        self.world
            .pass(words, async |it: &World| {
                for name in &names {
                    if found.is_none() {
                        found = it.find(name, &said.conversation).await;
                    }
                }
                found.is_some()
            })
            .await;
        let id = found.expect("found above");
        self.it = Some(It { vendor: said.vendor, remote: said.conversation, id });
    }

    async fn window(&mut self) -> &mut Window {
        if !self.windows.contains_key(&self.me) {
            let config = self.config.clone();
            let size = config.size.unwrap_or((80, 24));
            let configure = |options: &mut AppOptions| {
                options.views = config.views;
                options.bindings = config.bindings;
                options.filters = config.filters;
                options.members = config.members;
                options.pin = config.pin;
                options.preset = config.preset.unwrap_or(std::mem::take(&mut options.preset));
            };
            let window =
                self.world.window_with(self.me.split('/').next().unwrap_or_default(), size, configure).await;
            self.windows.insert(self.me.clone(), window);
        }
        self.windows.get_mut(&self.me).expect("put in above")
    }

    async fn until(&mut self, what: &str, moves: bool, holds: impl FnMut(&Window) -> bool) {
        let what = format!("{} ({what})", self.line);
        let window = self.window().await;
        if moves { window.pass(&what, holds).await } else { window.until(&what, holds).await }
    }

    /// Lets time run until the store says so of it, the window going on beside.
    async fn stored(&mut self, word: &str, wanted: &str) {
        let id = self.it().id;
        let end = std::time::Instant::now() + crate::support::PATIENCE;
        loop {
            let now = self.world.now();
            let row = self.world.store.conversation(id, "ana".into(), now).await.expect("works");
            let row = row.expect("it is there");
            let is = match word {
                "status" => row.status.as_str().to_owned(),
                "labels" => row.labels.join(","),
                "who" => row.assignee.clone().unwrap_or_else(|| "-".into()),
                "priority" => row.priority.map_or_else(|| "-".into(), |it| it.as_str().to_owned()),
                "unread" => row.unread.to_string(),
                "held" => row.held_until.map_or_else(|| "-".into(), day),
                _ => row.snoozed_until.map_or_else(|| "-".into(), day),
            };
            if is == wanted {
                return;
            }
            let line = format!("{}: it is {is}", self.line);
            let window = self.window().await;
            assert!(std::time::Instant::now() < end, "{line}\n{}", window.text());
            window.wait(true).await;
        }
    }

    async fn row(&mut self, wanted: &str) {
        let end = std::time::Instant::now() + crate::support::PATIENCE;
        loop {
            let rows = self.world.outbox().await;
            let states: Vec<&str> = rows.iter().map(|row| row.state.as_str()).collect();
            if if wanted == "-" { rows.is_empty() } else { states.contains(&wanted) } {
                return;
            }
            let line = format!("{}: {states:?}", self.line);
            let window = self.window().await;
            assert!(std::time::Instant::now() < end, "{line}\n{}", window.text());
            window.wait(true).await;
        }
    }
}

/// `Fri 06 Mar 14:30`.
fn day(at: deskline::domain::Time) -> String {
    at.format("%a %d %b %H:%M").to_string()
}

fn two(text: &str) -> (String, String) {
    let (one, other) = text.split_once(' ').unwrap_or((text, ""));
    (one.into(), other.into())
}

/// `30s`, `5m`, `26h`.
fn span(text: &str) -> Duration {
    let (count, unit) = text.split_at(text.len() - 1);
    let count: u64 = count.parse().expect("a number");
    match unit {
        "s" => Duration::from_secs(count),
        "m" => Duration::from_mins(count),
        "h" => Duration::from_hours(count),
        _ => unreachable!("no unit of time: {text}"),
    }
}

/// A picture as far as anybody here looks at it.
fn picture() -> &'static [u8] {
    b"\x89PNG\r\n\x1a\n a photo"
}

fn fault(name: &str) -> What {
    match name {
        "ResetAfter" => What::ResetAfter,
        "HangAfter" => What::HangAfter,
        "ResetBefore" => What::ResetBefore,
        code => What::Status {
            code: code.parse().expect("a fault's name or a status"),
            body: r#"{"error":"the vendor says no"}"#.into(),
            content_type: String::new(),
            retry_after: None,
        },
    }
}

/// The bytes of each key.
fn keys(text: &str) -> Vec<String> {
    let mut keys = Vec::new();
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let named = rest.strip_prefix('<').and_then(|it| it.split_once('>'));
        let bytes = named.and_then(|(name, _)| match name {
            "Esc" => Some("\x1b".to_owned()),
            "Enter" => Some("\r".into()),
            "Tab" => Some("\t".into()),
            "BackTab" => Some("\x1b[Z".into()),
            "Up" => Some("\x1b[A".into()),
            "Down" => Some("\x1b[B".into()),
            "Right" => Some("\x1b[C".into()),
            "Left" => Some("\x1b[D".into()),
            "PgUp" => Some("\x1b[5~".into()),
            "PgDn" => Some("\x1b[6~".into()),
            "BS" => Some("\x7f".into()),
            "F1" => Some("\x1bOP".into()),
            "F2" => Some("\x1bOQ".into()),
            _ => {
                let letter = name.strip_prefix("C-")?.bytes().next()?;
                Some(char::from(letter.to_ascii_uppercase() & 0x1f).to_string())
            }
        });
        if let (Some(bytes), Some((_, after))) = (bytes, named) {
            keys.push(bytes);
            rest = after;
        } else {
            keys.push(first.to_string());
            rest = &rest[first.len_utf8()..];
        }
    }
    keys
}
