//! The inbox as plain lines: for screen readers, for terminals that cannot draw, for a pipe. A line is read, what it
//! means is done to the same model, and what changed is printed; nothing is ever printed twice but on request.

use std::{
    io::{self, BufRead, Write},
    path::PathBuf,
    sync::Arc,
    time::Duration,
};

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use tokio::sync::{mpsc, watch};

use super::{
    hands::Hands,
    perform::Performer,
    run::{Ended, EngineSwitch},
    signals::{Signal as Told, Signals},
};
use crate::{
    app::{
        Effect, EngineState, Input, Model, Msg, Screen, Signal, Stroke,
        actions::{ACTIONS, Act, place},
        keymap::{Meaning, sequence},
        popup::PickerKind,
    },
    domain::time::Clock,
    ui::linear::{self, Page},
};

/// It has settled when the store owes no answer, or after so long.
const SETTLED: Duration = Duration::from_secs(2);
/// What an answer may bring about in turn.
const QUIET: Duration = Duration::from_millis(20);

/// What plain lines are opened with.
pub struct Lines {
    /// Asks and changes the store.
    pub performer: Performer,
    /// Whether UTF-8 is proved.
    pub utf8: bool,
    /// What opens a file or an address, with its arguments.
    pub opener: Vec<String>,
    /// Where files are saved.
    pub downloads: PathBuf,
    /// Who runs the engine, as it changes.
    pub engine: watch::Receiver<EngineState>,
    /// The engine of this process.
    pub switch: Arc<dyn EngineSwitch>,
    /// One screenful, then the end.
    pub once: bool,
}

/// Reads lines and prints until the agent quits or the input ends.
///
/// # Errors
/// Standard output is gone.
pub async fn run(lines: Lines, mut model: Model) -> io::Result<Ended> {
    let (hands, inbox) = Hands::new(lines.performer.clone(), lines.opener.clone(), lines.downloads.clone());
    let clock = lines.performer.clock.clone();
    let mut room = Room {
        lines,
        hands,
        clock,
        inbox,
        shown: Page::default(),
        held: String::new(),
        ended: Ended::Quit,
        quitting: false,
    };
    let effects = model.start(room.clock.now());
    room.perform(&mut model, effects);
    let engine = room.lines.engine.borrow().clone();
    room.tell(&mut model, Msg::Engine(engine));
    room.settle(&mut model).await;
    let ended = if room.lines.once {
        room.print(&mut model, true)?;
        Ended::Quit
    } else {
        room.turn(&mut model).await?
    };
    room.hands.rest().await;
    Ok(ended)
}

struct Room {
    lines: Lines,
    hands: Hands,
    clock: Arc<dyn Clock>,
    inbox: mpsc::UnboundedReceiver<Msg>,
    shown: Page,
    /// The safety line that was printed, without its seconds.
    held: String,
    ended: Ended,
    quitting: bool,
}

impl Room {
    async fn turn(&mut self, model: &mut Model) -> io::Result<Ended> {
        let mut signals = Signals::listen()?;
        let mut typed = typed();
        let mut engine = self.lines.engine.clone();
        let mut engine_lives = true;
        self.print(model, true)?;
        self.prompt()?;
        while !self.quitting {
            let timer = self.hands.timers.next();
            let clock = self.clock.clone();
            tokio::select! {
                biased;
                signal = signals.next() => {
                    match signal {
                        Told::Interrupt => {
                            self.ended = Ended::Interrupted;
                            self.tell(model, Msg::Signal(Signal::Terminate));
                        }
                        Told::Terminate | Told::Quit => self.tell(model, Msg::Signal(Signal::Terminate)),
                        Told::Hangup => self.tell(model, Msg::Signal(Signal::Hangup)),
                        Told::Suspend => {
                            self.lines.switch.off().await;
                            super::guard::stop_this_process();
                            self.lines.switch.on().await;
                            self.tell(model, Msg::Signal(Signal::Continue));
                        }
                        Told::Continue | Told::Resize => {}
                    }
                    continue;
                }
                line = typed.recv() => {
                    match line {
                        Some(line) => self.line(model, &line).await?,
                        None => self.tell(model, Msg::Signal(Signal::Hangup)),
                    }
                    if !self.quitting {
                        self.prompt()?;
                    }
                    continue;
                }
                Some(msg) = self.inbox.recv() => self.tell(model, msg),
                changed = engine.changed(), if engine_lives => {
                    engine_lives = changed.is_ok();
                    let state = engine.borrow_and_update().clone();
                    self.tell(model, Msg::Engine(state));
                }
                () = async { clock.sleep_until(timer.unwrap_or_default()).await }, if timer.is_some() => {}
            }
            self.settle(model).await;
            if model.take_dirty() {
                self.print_news(model)?;
            }
        }
        Ok(self.ended)
    }

    fn tell(&mut self, model: &mut Model, msg: Msg) {
        let effects = model.update(self.clock.now(), msg);
        self.perform(model, effects);
    }

    fn perform(&mut self, model: &mut Model, effects: Vec<Effect>) {
        for effect in effects {
            match self.hands.perform(effect) {
                // There is no clipboard here: what would be copied is printed.
                Some(Effect::Copy(ticket, text)) => {
                    self.tell(model, Msg::Said(ticket, format!("to copy: {text}")));
                }
                Some(Effect::OpenEditor(ticket, ..)) => {
                    let why = "the editor needs the screen: type the text here".to_owned();
                    self.tell(model, Msg::Edited(ticket, Err(why)));
                }
                Some(Effect::Start(start)) => {
                    self.ended = Ended::Start(start);
                    self.quitting = true;
                }
                Some(Effect::Quit) => self.quitting = true,
                _ => {}
            }
        }
    }

    /// Until the store owes no answer.
    async fn settle(&mut self, model: &mut Model) {
        let end = tokio::time::Instant::now() + SETTLED;
        loop {
            let now = self.clock.now();
            for ticket in self.hands.timers.due(now) {
                self.tell(model, Msg::TimerFired(ticket));
            }
            let wait = if model.owed() { end } else { tokio::time::Instant::now() + QUIET };
            match tokio::time::timeout_at(wait, self.inbox.recv()).await {
                Ok(Some(msg)) if tokio::time::Instant::now() < end => self.tell(model, msg),
                Ok(Some(msg)) => {
                    self.tell(model, msg);
                    return;
                }
                _ => return,
            }
        }
    }

    async fn line(&mut self, model: &mut Model, line: &str) -> io::Result<()> {
        let whole = self.read(model, line);
        if self.quitting {
            return Ok(());
        }
        self.settle(model).await;
        match whole {
            Some(Say::Lines(lines)) => lines.iter().try_for_each(|line| write(line)),
            Some(Say::Page) => self.print(model, true),
            None => self.print(model, false),
        }
    }

    /// What a line means where the focus is.
    fn read(&mut self, model: &mut Model, line: &str) -> Option<Say> {
        let at = model.place();
        let command = line.strip_prefix(':').filter(|rest| !rest.starts_with(':'));
        let literal = if line.starts_with("::") { &line[1..] } else { line };
        match at {
            place::COMPOSER | place::FORM if command.is_none() => self.text(model, at, literal),
            place::PICKER if command.is_none() => self.choose(model, literal),
            place::LOCKED => {
                for letter in line.chars() {
                    let key = KeyEvent::new(KeyCode::Char(letter), KeyModifiers::NONE);
                    self.tell(model, Msg::Input(Input::Key(Stroke { key, after_escape: false })));
                }
                self.act(model, Act::Unlock);
            }
            _ => return self.command(model, command.unwrap_or(line).trim()),
        }
        None
    }

    fn text(&mut self, model: &mut Model, at: u16, line: &str) {
        if at == place::COMPOSER {
            match line {
                "." => self.act(model, Act::ReviewBar),
                line => {
                    let first = model.composer.as_ref().is_none_or(|composer| composer.body().is_empty());
                    let line = if first { line.to_owned() } else { format!("\n{line}") };
                    self.tell(model, Msg::Input(Input::Paste(line)));
                }
            }
            return;
        }
        if !line.is_empty() {
            self.act(model, Act::KillHead);
            self.act(model, Act::KillEnd);
            self.tell(model, Msg::Input(Input::Paste(line.to_owned())));
        }
        self.act(model, Act::NextField);
    }

    fn choose(&mut self, model: &mut Model, line: &str) {
        if line.is_empty() {
            return self.act(model, Act::ClosePicker);
        }
        let Some(picker) = &model.picker else { return };
        let listed = !matches!(
            picker.kind,
            PickerKind::Snooze
                | PickerKind::Hold
                | PickerKind::Later
                | PickerKind::Promise
                | PickerKind::Search
        );
        let number = line.parse::<usize>().ok().filter(|n| listed && (1..=picker.choices.len()).contains(n));
        match number {
            Some(number) => (1..number).for_each(|_| self.act(model, Act::ChoiceDown)),
            None => self.tell(model, Msg::Input(Input::Paste(line.to_owned()))),
        }
        self.act(model, Act::Accept);
    }

    fn command(&mut self, model: &mut Model, line: &str) -> Option<Say> {
        let at = model.place();
        match line {
            "" if at & (place::LIST | place::THREAD | place::OUTBOX) != 0 => {
                self.act(model, Act::PageDown);
                return Some(Say::Page);
            }
            "" => return None,
            "look" => return Some(Say::Page),
            "help" | "?" => return Some(Say::Lines(linear::help(model))),
            "quit" | "exit" => {
                if at & (place::THREAD | place::OUTBOX | place::COMPOSER) != 0 {
                    self.act(model, Act::GoInbox);
                }
                self.act(model, Act::Quit);
                return None;
            }
            _ => {}
        }
        if let Ok(number) = line.parse::<usize>() {
            self.number(model, at, number);
            return None;
        }
        let name = line.split_whitespace().collect::<Vec<_>>().join("-");
        if let Some(act) = Act::named(&name) {
            self.act(model, act);
            return None;
        }
        // `s p` is two keys; so is `sp`, as it would be typed.
        let spaced: String = line.chars().flat_map(|letter| [letter, ' ']).collect();
        for keys in [line, spaced.trim()] {
            if let Some(Meaning::Do(act)) = sequence(keys).map(|keys| model.keymap.meaning(at, &keys)) {
                self.act(model, act);
                return None;
            }
        }
        let like: Vec<&str> = ACTIONS
            .iter()
            .filter(|row| row.places() & at != 0 && row.name.contains(&name))
            .map(|row| row.name)
            .collect();
        let like = if like.is_empty() {
            "help lists what works here".to_owned()
        } else {
            format!("there is {}", like.join(", "))
        };
        Some(Say::Lines(vec![format!("No action is called {line}: {like}.")]))
    }

    /// A conversation of the list, a message of the thread, a row of the outbox.
    fn number(&mut self, model: &mut Model, at: u16, number: usize) {
        let steps = match at {
            place::THREAD => Some(number.saturating_sub(1)),
            place::OUTBOX => model.outbox.rows.iter().position(|row| usize::try_from(row.n.0) == Ok(number)),
            _ => None,
        };
        if let Some(steps) = steps {
            self.act(model, Act::Top);
            for _ in 0..steps.min(1000) {
                self.act(model, Act::Next);
            }
        } else {
            self.act(model, Act::Palette);
            if model.place() == place::PICKER {
                self.tell(model, Msg::Input(Input::Paste(number.to_string())));
                self.act(model, Act::Accept);
            }
        }
    }

    fn act(&mut self, model: &mut Model, act: Act) {
        self.tell(model, Msg::Input(Input::Act(act)));
    }

    /// The page where it is another one, else what of it is new; then what was said.
    fn print(&mut self, model: &mut Model, whole: bool) -> io::Result<()> {
        let now = self.clock.now();
        let page = linear::page(model, now, self.lines.utf8);
        let effects = model.drawn(now);
        let before = std::mem::replace(&mut self.shown, page);
        let page = self.shown.clone();
        let known: Vec<&str> = match (whole, before.head == page.head) {
            (true, _) => Vec::new(),
            (false, true) => before.lines().collect(),
            // Another place: what was read out there is not read again.
            (false, false) => before.news.iter().map(String::as_str).collect(),
        };
        for line in page.lines().filter(|line| !known.contains(line)) {
            write(line)?;
        }
        let held = model.safety().map(|line| linear::safe(&line, self.lines.utf8)).unwrap_or_default();
        let label = held.replace(|letter: char| letter.is_ascii_digit(), "");
        let held =
            if std::mem::replace(&mut self.held, label.clone()) == label { String::new() } else { held };
        let notice = model.notice.as_ref().map(|said| linear::safe(said, self.lines.utf8));
        for said in notice.into_iter().chain([held]).filter(|said| !said.is_empty()) {
            write(&said)?;
        }
        self.perform(model, effects);
        model.take_dirty();
        Ok(())
    }

    /// What came by itself.
    fn print_news(&mut self, model: &mut Model) -> io::Result<()> {
        let now = self.clock.now();
        let page = linear::page(model, now, self.lines.utf8);
        let text = model.place() & (place::COMPOSER | place::FORM | place::PICKER) != 0;
        let came: Vec<String> =
            page.news.iter().filter(|line| !self.shown.news.contains(line)).cloned().collect();
        if came.is_empty() || page.head != self.shown.head && model.screen == Screen::Thread && !text {
            return Ok(());
        }
        write("")?;
        for line in &came {
            write(line)?;
        }
        self.shown.news = page.news;
        let effects = model.drawn(now);
        self.perform(model, effects);
        self.prompt()
    }

    fn prompt(&self) -> io::Result<()> {
        let mut out = io::stdout().lock();
        write!(out, "[{}] ", self.shown.prompt)?;
        out.flush()
    }
}

fn write(line: &str) -> io::Result<()> {
    writeln!(io::stdout().lock(), "{line}")
}

/// What a line is answered with beside what changed.
enum Say {
    /// The whole page.
    Page,
    /// These lines.
    Lines(Vec<String>),
}

/// The lines of standard input, read on a thread of their own: it may wait for ever.
fn typed() -> mpsc::Receiver<String> {
    let (sender, receiver) = mpsc::channel(16);
    std::thread::spawn(move || {
        for line in io::stdin().lock().lines() {
            // What is no text is read as well as it can be, not as the end.
            let line = match line {
                Ok(line) => line,
                Err(error) if error.kind() == io::ErrorKind::InvalidData => continue,
                Err(_) => return,
            };
            if sender.blocking_send(line).is_err() {
                return;
            }
        }
    });
    receiver
}
