//! The loop: waits for one message, takes whatever else is waiting, draws once when nothing waits and something changed.
//!
//! It never waits for disk or network: questions and wishes run beside it, in order where order matters (wishes one
//! after the other, as the agent made them; questions as they come).

use std::{
    path::PathBuf,
    sync::Arc,
    time::{Duration, Instant},
};

use async_trait::async_trait;
use crossterm::event::{MouseButton, MouseEvent, MouseEventKind};
use tokio::{
    runtime::Handle,
    sync::{mpsc, watch},
    task::block_in_place,
};

use super::{
    clipboard,
    editor::{self, EditorError, Running},
    guard::{Guard, Modes, Questions, stop_this_process},
    hands::Hands,
    input::{InputEvent, Moment, Reader, TerminalAnswer, Timing},
    line::Line,
    perform::Performer,
    pictures::{self, Protocol},
    screen::{Screen, Stats},
    signals::{Signal as Told, Signals},
    tty::Tty,
};
use crate::{
    app::{Effect, EngineState, Input, Model, Msg, Pointer, Signal, Start, Stroke},
    domain::{Time, lang::tr, time::Clock},
    ui::{self, Pictures, Theme},
};

/// At most one BEL in so much time.
const BELL_EVERY: Duration = Duration::from_mins(1);
/// Reads of the tty that may wait to be looked at.
const READS: usize = 256;

/// What a window is opened with.
#[expect(clippy::struct_excessive_bools, reason = "each is a fact of the terminal or the configuration")]
pub struct Window {
    /// The terminal.
    pub tty: Tty,
    /// Asks and changes the store.
    pub performer: Performer,
    /// How it looks.
    pub theme: Theme,
    /// Whether it looks so without any colour.
    pub mono: bool,
    /// Whether the terminal's background decides the theme, once it is known.
    pub theme_by_background: bool,
    /// Whether UTF-8 is proved.
    pub utf8: bool,
    /// How long an Esc waits.
    pub timing: Timing,
    /// Whether tmux is around it.
    pub in_tmux: bool,
    /// What the terminal may be asked.
    pub asks: Asks,
    /// `$EDITOR`, with its arguments.
    pub editor: Vec<String>,
    /// What opens a file or an address, with its arguments.
    pub opener: Vec<String>,
    /// Where files are saved.
    pub downloads: PathBuf,
    /// Whether the mouse is ours from the start.
    pub mouse: bool,
    /// How an alarm is rung.
    pub bell: Bell,
    /// Whether the window's title says how much waits.
    pub title: bool,
    /// Who runs the engine, as it changes.
    pub engine: watch::Receiver<EngineState>,
    /// The engine of this process.
    pub switch: Arc<dyn EngineSwitch>,
}

/// What a terminal may be asked about itself besides what all of them answer or leave alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Asks {
    /// Whether it draws with 24 bits (a DCS).
    pub colours: bool,
    /// Whether it draws pictures (an APC).
    pub pictures: bool,
}

impl Asks {
    /// What fits the environment. GNU screen hands a DCS through to whatever is around it and shows an APC as a message,
    /// tmux makes an APC its window's title, and old consoles print both.
    pub fn of(term: &str, in_tmux: bool, in_screen: bool) -> Self {
        let old = in_screen || term.starts_with("linux") || term.starts_with("vt");
        let screen = term.starts_with("screen") && !in_tmux;
        Self { colours: !old && !screen, pictures: !old && !screen && !in_tmux && !term.starts_with("tmux") }
    }
}

/// How an alarm is rung.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bell {
    /// BEL.
    Bel,
    /// OSC 9, as iTerm2, kitty and foot show it.
    Osc9,
    /// OSC 777, as urxvt and foot show it.
    Osc777,
    /// Not at all.
    None,
}

impl Bell {
    /// The bell of a name; BEL for one that is not known (the configuration refuses those).
    pub fn named(name: &str) -> Self {
        match name {
            "osc9" => Self::Osc9,
            "osc777" => Self::Osc777,
            "none" => Self::None,
            _ => Self::Bel,
        }
    }

    /// What is written. No name and no text: a notification may be shown where others look.
    pub fn bytes(self) -> &'static str {
        match self {
            Self::Bel => "\x07",
            Self::Osc9 => "\x1b]9;deskline: something needs you\x1b\\",
            Self::Osc777 => "\x1b]777;notify;deskline;something needs you\x1b\\",
            Self::None => "",
        }
    }
}

/// The engine of this process, around a suspend: a sleeping leader would hold everybody up.
#[async_trait]
pub trait EngineSwitch: Send + Sync {
    /// Stops it, where it runs.
    async fn off(&self);
    /// Starts it, where this account can.
    async fn on(&self);
}

/// How a window ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ended {
    /// The agent quit, or SIGTERM or SIGHUP came, or the terminal is gone.
    Quit,
    /// SIGINT from outside.
    Interrupted,
    /// Something else is to be started.
    Start(Start),
}

/// Runs `model` in a window until it ends. The terminal is restored whatever happens.
///
/// # Errors
/// The terminal cannot be used at all.
pub async fn run(window: Window, mut model: Model) -> std::io::Result<Ended> {
    super::guard::restore_on_panic();
    let (told, signals) = mpsc::unbounded_channel();
    let editor = Running::default();
    let hearing = tokio::spawn(hear(Signals::listen()?, window.tty.clone(), editor.clone(), told));
    let guard = Guard::enter(
        window.tty.clone(),
        Modes { mouse: window.mouse, focus: true, kitty: false, picture: false },
    )?;
    let screen = Screen::new(window.tty.clone(), window.utf8);
    let clock = window.performer.clock.clone();
    let (reads, read) = mpsc::channel(READS);
    let began = Instant::now();
    // The first frame comes from what is known alone; the terminal is asked only after it.
    let (mut hands, inbox) =
        Hands::new(window.performer.clone(), window.opener.clone(), window.downloads.clone());
    hands.lang = model.lang;
    let mut room = Room {
        reader: None,
        guard,
        screen,
        clock,
        began,
        reads,
        hands,
        window,
        ended: Ended::Quit,
        rung: None,
        focused: false,
        titled: String::new(),
        quitting: false,
        gone: false,
        editor,
        resumed: false,
        protocol: None,
        asked_about_pictures: false,
        cell: None,
        line: Line::default(),
        keys: 0,
    };
    let now = room.clock.now();
    for effect in model.start(now) {
        room.effect(effect);
    }
    room.draw(&mut model);
    room.line.asked(Instant::now());
    if room.guard.ask(room.window.theme_by_background).is_err() {
        room.gone = true;
    }
    room.start_reader()?;
    room.turn(&mut model, read, inbox, signals).await;
    let Room { hands, reader, guard, window, ended, .. } = room;
    hands.rest().await;
    hearing.abort();
    if let Some(reader) = reader {
        reader.stop();
    }
    window.tty.leave();
    guard.leave();
    Ok(ended)
}

/// The loop's belongings.
#[expect(clippy::struct_excessive_bools, reason = "each is a fact of its own about the window")]
struct Room {
    window: Window,
    guard: Guard,
    screen: Screen,
    clock: Arc<dyn Clock>,
    began: Instant,
    reads: mpsc::Sender<(Moment, Vec<InputEvent>)>,
    reader: Option<Reader>,
    hands: Hands,
    ended: Ended,
    rung: Option<Instant>,
    /// The terminal said that somebody looks at it.
    focused: bool,
    /// What the window's title says.
    titled: String,
    quitting: bool,
    gone: bool,
    /// The editor that has the terminal.
    editor: Running,
    /// The signal that ended our own suspend is still to be heard.
    resumed: bool,
    /// How the terminal takes pictures, and how large its cells are.
    protocol: Option<Protocol>,
    asked_about_pictures: bool,
    cell: Option<(u16, u16)>,
    line: Line,
    /// How many there were, for what a key costs.
    keys: u64,
}

impl Room {
    async fn turn(
        &mut self,
        model: &mut Model,
        mut read: mpsc::Receiver<(Moment, Vec<InputEvent>)>,
        mut inbox: mpsc::UnboundedReceiver<Msg>,
        mut signals: mpsc::UnboundedReceiver<Told>,
    ) {
        let mut engine = self.window.engine.clone();
        engine.mark_changed();
        let mut engine_lives = true;
        let clock = self.clock.clone();
        while !self.quitting {
            // 1. One message.
            let timer = self.hands.timers.next();
            let (began, full) = (self.began, self.line.full_until(Instant::now()));
            tokio::select! {
                biased;
                Some(signal) = signals.recv() => self.signal(model, signal).await,
                Some((_, events)) = read.recv() => self.events(model, events),
                Some(msg) = inbox.recv() => self.tell(model, msg),
                changed = engine.changed(), if engine_lives => {
                    engine_lives = changed.is_ok();
                    let state = engine.borrow_and_update().clone();
                    self.tell(model, Msg::Engine(state));
                }
                () = async { clock.sleep_until(timer.unwrap_or(Time::MAX_UTC)).await }, if timer.is_some() => {}
                () = async { tokio::time::sleep_until(full.unwrap_or(began).into()).await }, if full.is_some() => {}
            }
            // 2. Whatever else is waiting.
            let now = self.clock.now();
            for ticket in self.hands.timers.due(now) {
                self.tell(model, Msg::TimerFired(ticket));
            }
            while let Ok((_, events)) = read.try_recv() {
                self.events(model, events);
            }
            while let Ok(msg) = inbox.try_recv() {
                self.tell(model, msg);
            }
            // 3. The picture.
            if !self.quitting {
                self.draw(model);
            }
        }
    }

    fn tell(&mut self, model: &mut Model, msg: Msg) {
        let now = self.clock.now();
        for effect in model.update(now, msg) {
            self.effect(effect);
        }
    }

    fn draw(&mut self, model: &mut Model) {
        // What is on its way over a slow line first: this frame is drawn when that has arrived, as things are then.
        if self.gone || self.line.full_until(Instant::now()).is_some() || !model.take_dirty() {
            return;
        }
        if model.preview.is_some() && self.ask_about_pictures().is_err() {
            return self.hang_up(model);
        }
        let now = self.clock.now();
        let theme = &self.window.theme;
        let written = self.screen.stats().bytes;
        let mut drawn = self.screen.draw(|next| ui::paint(model, theme, now, next));
        if self.line.wrote(self.screen.stats().bytes - written) {
            self.line.asked(Instant::now());
            drawn = drawn.and_then(|()| self.guard.ask_again());
        }
        // On the way out it is taken off again.
        let picture = self.screen.shows_picture();
        let modes = self.guard.modes();
        if picture && !modes.picture && self.protocol == Some(Protocol::Kitty) {
            drawn = drawn.and_then(|()| self.guard.set_modes(Modes { picture, ..modes }));
        }
        if drawn.is_err() {
            return self.hang_up(model);
        }
        if self.window.title {
            let title = ui::window_title(model);
            if title != self.titled && self.guard.title(&title).is_ok() {
                self.titled = title;
            }
        }
        for effect in model.drawn(now) {
            self.effect(effect);
        }
    }

    fn events(&mut self, model: &mut Model, events: Vec<InputEvent>) {
        for event in events {
            let input = match event {
                InputEvent::Keys(keys) => {
                    self.keys += keys.len() as u64;
                    let mut strokes: Vec<Stroke> = keys
                        .into_iter()
                        .map(|key| Stroke { key: key.event, after_escape: key.after_escape })
                        .collect();
                    match strokes.len() {
                        0 => continue,
                        1 => Input::Key(strokes.remove(0)),
                        _ => Input::Burst(strokes),
                    }
                }
                InputEvent::Paste { text, .. } => Input::Paste(text),
                InputEvent::FocusGained | InputEvent::FocusLost => {
                    self.focused = event == InputEvent::FocusGained;
                    Input::Focus(self.focused)
                }
                InputEvent::Mouse(mouse) => match pointer(mouse) {
                    Some(Pointer::Click { column, row: 0 }) => {
                        let view = ui::tab_at(model, model.now, column);
                        Input::Point(view.map_or(Pointer::Click { column, row: 0 }, Pointer::Tab))
                    }
                    Some(pointer) => Input::Point(pointer),
                    None => continue,
                },
                InputEvent::Answer(answer) => {
                    self.answered(model, answer);
                    continue;
                }
                InputEvent::Hangup => {
                    self.hang_up(model);
                    continue;
                }
            };
            self.tell(model, Msg::Input(input));
        }
    }

    fn answered(&mut self, model: &mut Model, answer: TerminalAnswer) {
        self.guard.answered(answer);
        if matches!(answer, TerminalAnswer::Device { .. }) {
            self.line.answered(Instant::now());
            // What a picture may cost depends on it.
            self.draw_pictures(model);
            // A file that was opened before the first answer.
            if model.preview.is_some() && !self.asked_about_pictures {
                self.look_again(model);
            }
            if self.line.is_slow() != model.slow_line {
                self.tell(model, Msg::SlowLine(self.line.is_slow()));
            }
        }
        if answer.proves_synchronized_output() {
            self.screen.synchronize();
        }
        match answer {
            TerminalAnswer::KittyFlags(_) => {
                let modes = Modes { kitty: true, ..self.guard.modes() };
                if self.guard.set_modes(modes).is_err() {
                    self.hang_up(model);
                }
            }
            TerminalAnswer::Background(red, green, blue) if self.window.theme_by_background => {
                let light = 299 * u32::from(red) + 587 * u32::from(green) + 114 * u32::from(blue) > 127_500;
                if light {
                    let Theme { utf8, truecolor, pictures, .. } = self.window.theme;
                    self.window.theme = Theme { utf8, truecolor, pictures, ..Theme::light() };
                    self.look_again(model);
                }
            }
            TerminalAnswer::Truecolor if !self.window.mono => {
                self.window.theme.truecolor = true;
                self.look_again(model);
            }
            TerminalAnswer::Cell { width, height } => {
                self.cell = Some((width, height));
                self.draw_pictures(model);
            }
            TerminalAnswer::KittyPictures => {
                self.protocol = Some(Protocol::Kitty);
                self.draw_pictures(model);
            }
            // Inside tmux a sixel is tmux's own business: half blocks it is.
            TerminalAnswer::Device { sixel: true }
                if self.protocol.is_none() && self.window.asks.pictures =>
            {
                self.protocol = Some(Protocol::Sixel);
                self.draw_pictures(model);
            }
            _ => {}
        }
    }

    /// The first time that a file is looked at, on a terminal that answers at all.
    fn ask_about_pictures(&mut self) -> std::io::Result<()> {
        let Asks { colours, pictures } = self.window.asks;
        let colours = colours && !self.window.theme.truecolor && !self.window.mono;
        if self.asked_about_pictures || !self.guard.answers() || !(colours || pictures) {
            return Ok(());
        }
        self.asked_about_pictures = true;
        self.screen.forget_lines(2);
        self.guard.ask_about_pictures(Questions { colours, pictures })
    }

    /// How pictures are drawn, as far as that is known now; a sixel needs the size of a cell.
    fn draw_pictures(&mut self, model: &mut Model) {
        let Some(protocol) = self.protocol else { return };
        let Some(cell) = self.screen.cell().or(self.cell) else {
            return;
        };
        let most = if self.line.is_slow() { pictures::MOST_SLOWLY } else { pictures::MOST };
        self.screen.draw_pictures(protocol, cell, most);
        if self.window.theme.pictures != (Pictures::Terminal { cell }) {
            self.window.theme.pictures = Pictures::Terminal { cell };
            self.look_again(model);
        }
    }

    /// The same picture with another theme.
    fn look_again(&mut self, model: &mut Model) {
        let (columns, rows) = self.screen.size();
        self.tell(model, Msg::Input(Input::Resize(columns, rows)));
    }

    /// What the window has cost so far, in a sentence.
    fn stats(&self) -> String {
        let Stats { frames, bytes, last_frame_bytes } = self.screen.stats();
        let round_trip = match self.line.round_trip() {
            Some(it) if self.line.is_slow() => {
                format!("{} ms: a slow line, frames wait for it", it.as_millis())
            }
            Some(it) => format!("{:.1} ms", it.as_secs_f64() * 1000.0),
            None => "unknown, the terminal does not answer".to_owned(),
        };
        format!(
            "{} bytes a key ({} keys, {frames} frames, {bytes} bytes, the last {last_frame_bytes})   round trip {round_trip}",
            bytes / self.keys.max(1),
            self.keys,
        )
    }

    fn hang_up(&mut self, model: &mut Model) {
        if !self.gone {
            self.gone = true;
            self.guard.hurry();
            self.tell(model, Msg::Signal(Signal::Hangup));
        }
    }

    async fn signal(&mut self, model: &mut Model, signal: Told) {
        match signal {
            Told::Terminate | Told::Quit => {
                self.guard.hurry();
                self.tell(model, Msg::Signal(Signal::Terminate));
            }
            Told::Interrupt => {
                self.guard.hurry();
                self.ended = Ended::Interrupted;
                self.tell(model, Msg::Signal(Signal::Terminate));
            }
            Told::Hangup => self.hang_up(model),
            Told::Resize => {
                let (columns, rows) = self.screen.resize();
                // Signals of a storm are given as one: the size may be the old one while the picture is gone.
                self.screen.repaint();
                // The letters may be larger now.
                self.draw_pictures(model);
                self.tell(model, Msg::Input(Input::Resize(columns, rows)));
            }
            Told::Suspend => self.suspend(model).await,
            // The end of our own suspend, which has done all this.
            Told::Continue if std::mem::take(&mut self.resumed) => {}
            Told::Continue => {
                // Perhaps after a SIGSTOP that nobody could tell us of: the terminal may have been anybody's.
                if self.guard.reenter().is_err() {
                    return self.hang_up(model);
                }
                self.screen.repaint();
                self.tell(model, Msg::Signal(Signal::Continue));
            }
        }
    }

    async fn suspend(&mut self, model: &mut Model) {
        self.window.switch.off().await;
        self.hand_over(model, Guard::suspend);
        self.resumed = true;
        let switch = self.window.switch.clone();
        tokio::spawn(async move { switch.on().await });
        self.tell(model, Msg::Signal(Signal::Continue));
    }

    /// Stops reading, lets somebody else have the terminal, takes it back and repaints.
    fn hand_over(&mut self, model: &mut Model, with: impl FnOnce(&Guard) -> std::io::Result<()>) {
        if let Some(reader) = self.reader.take() {
            reader.stop();
        }
        let back = with(&self.guard).and_then(|()| self.start_reader());
        let (columns, rows) = self.screen.resize();
        self.screen.repaint();
        self.titled.clear();
        if back.is_err() {
            return self.hang_up(model);
        }
        self.tell(model, Msg::Input(Input::Resize(columns, rows)));
    }

    fn start_reader(&mut self) -> std::io::Result<()> {
        let file = self.window.tty.file();
        self.reader = Some(Reader::start(file, self.window.timing, self.began, self.reads.clone())?);
        Ok(())
    }

    fn effect(&mut self, effect: Effect) {
        let Some(effect) = self.hands.perform(effect) else { return };
        match effect {
            Effect::Copy(ticket, text) => {
                let (in_tmux, tty, messages) =
                    (self.window.in_tmux, self.window.tty.clone(), self.hands.messages.clone());
                let lang = self.hands.lang;
                tokio::task::spawn_blocking(move || {
                    let said = match clipboard::copy(&text, in_tmux, &tty) {
                        Ok(copied) => copied.said(lang),
                        Err(error) => tr!(lang, "not copied: {why}", why = error),
                    };
                    let _ = messages.send(Msg::Said(ticket, said));
                });
            }
            Effect::OpenEditor(ticket, text, _line) => {
                let command = self.window.editor.clone();
                let edited = self.edit(&text, &command);
                let _ = self.hands.messages.send(Msg::Edited(ticket, edited));
            }
            Effect::Bell => {
                let quiet = self.rung.is_some_and(|at| at.elapsed() < BELL_EVERY);
                if self.window.bell != Bell::None && !quiet && !self.focused && !self.gone {
                    self.rung = Some(Instant::now());
                    // A terminal that is gone is noticed by whoever reads it.
                    let _ = self.screen.say(self.window.bell.bytes());
                }
            }
            Effect::Mouse(mouse) => {
                // The same.
                let _ = self.guard.set_modes(Modes { mouse, ..self.guard.modes() });
            }
            Effect::Suspend => {
                // The signal handler does it, so that Ctrl-z and SIGTSTP are one path.
                let _ =
                    rustix::process::kill_process(rustix::process::getpid(), rustix::process::Signal::TSTP);
            }
            Effect::Repaint => self.screen.repaint(),
            Effect::Stats(ticket) => {
                let _ = self.hands.messages.send(Msg::Said(ticket, self.stats()));
            }
            Effect::Start(start) => {
                self.ended = Ended::Start(start);
                self.quitting = true;
            }
            Effect::Quit => self.quitting = true,
            // The hands have done all others.
            _ => {}
        }
    }

    /// The editor was suspended: its terminal is the shell's, and a sleeping leader would hold everybody up here too.
    fn suspend_in_the_editor(&self) {
        let (switch, runtime) = (self.window.switch.clone(), Handle::current());
        block_in_place(|| runtime.block_on(switch.off()));
        stop_this_process();
        runtime.spawn(async move { switch.on().await });
    }

    fn edit(&mut self, text: &str, command: &[String]) -> Result<String, String> {
        let Some(reader) = self.reader.take() else {
            return Err(self.hands.lang.tr("the terminal is gone").to_owned());
        };
        let lang = self.hands.lang;
        let suspend = || self.suspend_in_the_editor();
        let edited = editor::edit(text, command, &self.guard, reader, &self.editor, &suspend)
            .map_err(|error: EditorError| error.said(lang));
        self.screen.resize();
        self.screen.repaint();
        if self.start_reader().is_err() {
            self.gone = true;
        }
        edited
    }
}

/// What of the mouse means anything here.
fn pointer(mouse: MouseEvent) -> Option<Pointer> {
    let MouseEvent { column, row, .. } = mouse;
    match mouse.kind {
        MouseEventKind::Down(MouseButton::Left) => Some(Pointer::Click { column, row }),
        MouseEventKind::ScrollDown => Some(Pointer::Wheel { column, down: true }),
        MouseEventKind::ScrollUp => Some(Pointer::Wheel { column, down: false }),
        _ => None,
    }
}

/// Takes signals on a thread of its own: a line that takes no bytes must not hold up leaving. Nor may the signals before
/// it, so none waits for room: a window that is dragged about while its line stands still sends hundreds.
async fn hear(mut signals: Signals, tty: Tty, editor: Running, told: mpsc::UnboundedSender<Told>) {
    loop {
        let signal = signals.next().await;
        let by_key = matches!(signal, Told::Interrupt | Told::Quit);
        let away = editor.has_terminal();
        // While it has the terminal it is the one to be suspended, and we with it.
        if away && (by_key || signal == Told::Suspend) {
            continue;
        }
        if signal == Told::Resize {
            editor.heard_resize();
        }
        if by_key || matches!(signal, Told::Terminate | Told::Hangup) {
            tty.leave();
            editor.end().await;
        }
        if told.send(signal).is_err() {
            return;
        }
    }
}
