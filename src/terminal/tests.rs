use std::{
    fs::File,
    io::{Read, Write},
    time::{Duration, Instant},
};

use portable_pty::{MasterPty, PtySize, SlavePty, native_pty_system};
use ratatui::{
    buffer::Buffer,
    layout::Rect,
    widgets::{Paragraph, Widget},
};
use rustix::termios::{LocalModes, tcgetattr};
use tokio::sync::mpsc;

use super::{
    clipboard::{Copied, MAX_COPY, copy, osc52},
    editor::{EditorError, Running, edit_file, words_of},
    guard::{Guard, Modes, Questions},
    hands::start,
    input::{InputEvent, Moment, Reader, TerminalAnswer, Timing},
    locale::utf8_proved,
    pictures::{MOST, Protocol, removal},
    run::Asks,
    screen::Screen,
    signals::{Signal, Signals},
    tty::Tty,
};
use crate::{
    domain::Lang,
    ui::{Drawn, Placed},
};

/// A terminal: our side is `tty`, the other end is what a person would look at.
struct Pty {
    tty: Tty,
    shown: Box<dyn Read + Send>,
    typed: Box<dyn Write + Send>,
    master: Box<dyn MasterPty + Send>,
    _slave: Box<dyn SlavePty + Send>,
}

fn pty() -> Pty {
    let size = PtySize { rows: 5, cols: 20, pixel_width: 0, pixel_height: 0 };
    let pair = native_pty_system().openpty(size).expect("a pty");
    let name = pair.master.tty_name().expect("a name");
    let file = File::options().read(true).write(true).open(name).expect("the slave side");
    Pty {
        tty: Tty::from_file(file),
        shown: pair.master.try_clone_reader().expect("a reader"),
        typed: pair.master.take_writer().expect("a writer"),
        master: pair.master,
        _slave: pair.slave,
    }
}

impl Pty {
    /// Reads what was written up to and with `end`.
    fn shown_until(&mut self, end: &str) -> String {
        let mut out = Vec::new();
        let mut byte = [0];
        while !String::from_utf8_lossy(&out).ends_with(end) {
            self.shown.read_exact(&mut byte).expect("more output");
            out.push(byte[0]);
        }
        String::from_utf8_lossy(&out).into_owned()
    }

    fn is_raw(&self) -> bool {
        !tcgetattr(&*self.tty.file()).expect("modes").local_modes.contains(LocalModes::ICANON)
    }
}

fn reader(tty: &Tty) -> (Reader, mpsc::Receiver<(Moment, Vec<InputEvent>)>) {
    let (events, received) = mpsc::channel(64);
    (Reader::start(tty.file(), Timing::LOCAL, Instant::now(), events).expect("a thread"), received)
}

#[test]
fn the_reader_hands_over_keys_and_stops_when_told() {
    let mut pty = pty();
    let guard = Guard::enter(pty.tty.clone(), Modes::default()).expect("a terminal");
    let (reader, mut events) = reader(&pty.tty);
    pty.typed.write_all(b"j\x1b[B").expect("typed");
    let (_, first) = events.blocking_recv().expect("keys");
    assert!(matches!(&first[..], [InputEvent::Keys(keys)] if keys.len() == 2));
    pty.typed.write_all(b"\x1b").expect("typed");
    let (_, escape) = events.blocking_recv().expect("escape");
    assert!(matches!(&escape[..], [InputEvent::Keys(_)]));
    reader.stop();
    assert!(events.blocking_recv().is_none());
    drop(guard);
}

#[test]
fn a_terminal_that_vanishes_hangs_up_once_and_the_thread_ends() {
    let mut pty = pty();
    let guard = Guard::enter(pty.tty.clone(), Modes::default()).expect("a terminal");
    let (_reader, mut events) = reader(&pty.tty);
    pty.shown_until("\x1b[?2004h");
    let Pty { tty, shown, typed, master, _slave } = pty;
    drop((shown, typed, master));
    let all: Vec<InputEvent> =
        std::iter::from_fn(|| events.blocking_recv()).flat_map(|(_, events)| events).collect();
    assert_eq!(all.last(), Some(&InputEvent::Hangup));
    assert_eq!(all.iter().filter(|event| **event == InputEvent::Hangup).count(), 1);
    // Nothing of this may fail or hang now.
    guard.leave();
    assert!(tty.write_all(b"x").is_err());
}

#[test]
fn the_guard_restores_what_it_entered() {
    let mut pty = pty();
    let modes = Modes { mouse: true, focus: true, kitty: true, picture: false };
    let guard = Guard::enter(pty.tty.clone(), modes).expect("a terminal");
    assert!(pty.is_raw());
    let entered = pty.shown_until("\x1b[>1u");
    assert_eq!(entered, "\x1b[?1049h\x1b[?2004h\x1b[?1004h\x1b[?1000h\x1b[?1006h\x1b[>1u");
    guard.leave();
    guard.leave();
    assert!(!pty.is_raw());
    let left = pty.shown_until("\x1b[?1049l");
    assert_eq!(
        left,
        "\x1b[?2026l\x1b[?1004l\x1b[?1006l\x1b[?1000l\x1b[<u\x1b[?2004l\x1b[m\x1b[H\x1b[J\x1b[?25h\x1b[?1049l"
    );
    guard.reenter().expect("a terminal");
    assert!(pty.is_raw());
    pty.shown_until("\x1b[>1u");
    drop(guard);
    assert!(!pty.is_raw());
}

#[test]
fn modes_change_while_the_terminal_is_ours() {
    let mut pty = pty();
    let guard = Guard::enter(pty.tty.clone(), Modes::default()).expect("a terminal");
    pty.shown_until("\x1b[?2004h");
    guard.set_modes(Modes { mouse: true, ..guard.modes() }).expect("a terminal");
    assert_eq!(pty.shown_until("\x1b[?1006h"), "\x1b[?1000h\x1b[?1006h");
}

#[test]
fn an_answer_that_is_still_out_is_swallowed_on_the_way_out() {
    let mut pty = pty();
    let guard = Guard::enter(pty.tty.clone(), Modes::default()).expect("a terminal");
    guard.ask(true).expect("a terminal");
    let asked = pty.shown_until("\x1b[c");
    assert!(asked.ends_with("\x1b[?2026$p\x1b[?u\x1b]11;?\x1b\\\x1b[c"));
    pty.typed.write_all(b"\x1b[?2026;2$y\x1b]11;rgb:00/00/00\x1b\\\x1b[?62c").expect("answered");
    guard.leave();
    assert!(!pty.tty.readable(Duration::ZERO));
}

#[test]
fn once_all_answers_are_in_leaving_eats_nothing() {
    let mut pty = pty();
    let guard = Guard::enter(pty.tty.clone(), Modes::default()).expect("a terminal");
    guard.ask(false).expect("a terminal");
    guard.answered(TerminalAnswer::Device { sixel: false });
    pty.typed.write_all(b"ls\n").expect("typed ahead");
    guard.leave();
    assert!(pty.tty.readable(Duration::from_secs(5)));
}

/// A picture of a text.
pub(super) fn lines(text: &str, next: &mut Buffer) -> Drawn {
    Paragraph::new(text).render(next.area, next);
    Drawn::default()
}

#[test]
fn a_frame_is_one_write_wrapped_once_proved_and_counted() {
    let mut pty = pty();
    let _guard = Guard::enter(pty.tty.clone(), Modes::default()).expect("a terminal");
    pty.shown_until("\x1b[?2004h");
    let mut screen = Screen::new(pty.tty.clone(), true);
    assert_eq!(screen.size(), (20, 5));
    let draw = |screen: &mut Screen, text: &str| {
        screen.draw(|next| lines(text, next)).expect("drawn");
        screen.stats()
    };
    let first = draw(&mut screen, "one");
    assert_eq!(first.frames, 1);
    let shown = pty.shown_until("\x1b[?25l");
    assert!(shown.contains("\x1b[2J") && !shown.contains("2026"), "{shown:?}");
    screen.synchronize();
    let second = draw(&mut screen, "two");
    assert_eq!(pty.shown_until("\x1b[?2026l"), "\x1b[?2026h\rtwo\x1b[?2026l");
    assert_eq!(second.bytes, first.bytes + second.last_frame_bytes as u64);
    assert_eq!(draw(&mut screen, "two"), second);

    screen.repaint();
    draw(&mut screen, "two");
    assert!(pty.shown_until("\x1b[?2026l").contains("\x1b[2J"));

    pty.master.resize(PtySize { rows: 6, cols: 30, pixel_width: 0, pixel_height: 0 }).expect("resized");
    assert_eq!(screen.resize(), (30, 6));
    draw(&mut screen, "two");
    assert_eq!(screen.size(), (30, 6));
}

/// A photo over two lines of five cells.
fn placed() -> Placed {
    Placed { area: Rect::new(2, 1, 5, 2), width: 30, height: 20, points: vec![90; 30 * 20 * 3].into() }
}

#[test]
fn a_kitty_picture_comes_with_its_frame_and_goes_with_it() {
    let mut pty = pty();
    let guard = Guard::enter(pty.tty.clone(), Modes::default()).expect("a terminal");
    let mut screen = Screen::new(pty.tty.clone(), true);
    screen.synchronize();
    screen.draw_pictures(Protocol::Kitty, (8, 16), MOST);
    let shown = placed();
    let draw = |screen: &mut Screen, picture: Option<&Placed>| {
        let drawn = Drawn { cursor: None, picture: picture.cloned() };
        screen.draw(|_| drawn).expect("drawn");
    };
    draw(&mut screen, None);
    pty.shown_until("\x1b[?2026l");
    draw(&mut screen, Some(&shown));
    let frame = pty.shown_until("\x1b[?2026l");
    // Where it belongs, inside the one synchronized write.
    assert!(frame.starts_with("\x1b[?2026h\x1b[2;3H\x1b_Ga=d"), "{frame:?}");
    assert!(frame.contains("a=T") && frame.contains("c=5,r=2"), "{frame:?}");
    let before = screen.stats();
    draw(&mut screen, Some(&shown));
    assert_eq!(screen.stats(), before, "the same picture is not sent again");
    draw(&mut screen, None);
    assert_eq!(pty.shown_until("\x1b[?2026l"), format!("\x1b[?2026h{}\x1b[?2026l", removal()));
    // On the way out it is taken off the screen below, too.
    guard.set_modes(Modes { picture: true, ..guard.modes() }).expect("a terminal");
    guard.leave();
    assert!(pty.shown_until("\x1b[?1049l").contains(&removal()));
}

#[test]
fn a_sixel_leaves_no_point_behind() {
    let mut pty = pty();
    let _guard = Guard::enter(pty.tty.clone(), Modes::default()).expect("a terminal");
    let mut screen = Screen::new(pty.tty.clone(), true);
    screen.synchronize();
    screen.draw_pictures(Protocol::Sixel, (8, 16), MOST);
    let mut draw = |picture: Option<Placed>| {
        screen.draw(|_| Drawn { cursor: None, picture }).expect("drawn");
        pty.shown_until("\x1b[?2026l")
    };
    draw(None);
    assert!(draw(Some(placed())).contains("\x1b[2;3H\x1bP"));
    let mut terminal = vt100::Parser::new(5.try_into().unwrap(), 20.try_into().unwrap(), 0);
    terminal.process("x".repeat(100).as_bytes());
    terminal.process(draw(None).as_bytes());
    let rows: Vec<String> = terminal.screen().rows(0, 20).collect();
    // Each of its cells has been written; the rest of a line may have been erased with them.
    for row in &rows[1..3] {
        assert!(row.chars().skip(2).take(5).all(|it| it == ' '), "{rows:?}");
    }
    assert_eq!(rows[0], "x".repeat(20));
}

#[test]
fn a_terminal_is_asked_only_what_it_takes_in_silence() {
    let asked = |term, in_tmux, in_screen| {
        let asks = Asks::of(term, in_tmux, in_screen);
        (asks.colours, asks.pictures)
    };
    assert_eq!(asked("xterm-256color", false, false), (true, true));
    assert_eq!(asked("xterm-kitty", false, false), (true, true));
    assert_eq!(asked("tmux-256color", true, false), (true, false));
    assert_eq!(asked("screen-256color", true, false), (true, false));
    assert_eq!(asked("screen.xterm-256color", false, true), (false, false));
    // Over SSH from inside one of them nothing says so but the name.
    assert_eq!(asked("screen-256color", false, false), (false, false));
    assert_eq!(asked("tmux-256color", false, false), (true, false));
    assert_eq!(asked("linux", false, false), (false, false));
}

#[test]
fn the_questions_about_pictures_are_one_batch_on_a_line_that_is_written_again() {
    let mut pty = pty();
    let guard = Guard::enter(pty.tty.clone(), Modes::default()).expect("a terminal");
    let mut screen = Screen::new(pty.tty.clone(), true);
    screen.draw(|next| lines("one", next)).expect("drawn");
    pty.shown_until("\x1b[?25l");
    assert!(!guard.answers());
    guard.answered(TerminalAnswer::Device { sixel: false });
    assert!(guard.answers());
    screen.forget_lines(2);
    guard.ask_about_pictures(Questions { colours: true, pictures: true }).expect("a terminal");
    let asked = pty.shown_until("\x1b[c");
    assert_eq!(
        asked,
        "\x1b[H\x1b[38;2;17;34;51m\x1bP$qm\x1b\\\x1b[m\x1b_Gi=31,s=1,v=1,a=q,t=d,f=24;AAAA\x1b\\\x1b[16t\x1b[c"
    );
    screen.draw(|next| lines("one", next)).expect("drawn");
    assert_eq!(pty.shown_until("\r\n\x1b[K"), "\x1b[H\x1b[mone\x1b[K\r\n\x1b[K");
}

#[test]
fn a_write_that_nobody_takes_ends_when_the_program_leaves() {
    let mut pty = pty();
    let flags = rustix::fs::fcntl_getfl(&*pty.tty.file()).expect("flags");
    rustix::fs::fcntl_setfl(&*pty.tty.file(), flags | rustix::fs::OFlags::NONBLOCK).expect("flags");
    pty.tty.leave();
    assert!(pty.tty.write_all(&vec![b'x'; 1 << 20]).is_err());
    pty.typed.flush().expect("the other end is still there");
}

#[test]
fn two_that_write_at_a_time_do_not_write_into_each_other() {
    let Pty { tty, shown: mut theirs, typed: _typed, master: _master, _slave } = pty();
    let flags = rustix::fs::fcntl_getfl(&*tty.file()).expect("flags");
    rustix::fs::fcntl_setfl(&*tty.file(), flags | rustix::fs::OFlags::NONBLOCK).expect("flags");
    let count = 100_000;
    let both = ["a", "b"].map(|letter| {
        let tty = tty.clone();
        std::thread::spawn(move || tty.write_all(letter.repeat(count).as_bytes()))
    });
    let mut all = vec![0; 2 * count];
    theirs.read_exact(&mut all).expect("both");
    let turns = all.windows(2).filter(|two| two[0] != two[1]).count();
    assert_eq!(turns, 1);
    for one in both {
        one.join().expect("no panic").expect("written");
    }
}

#[tokio::test]
async fn what_opens_a_file_gets_no_key_of_the_terminal() {
    let folder = tempfile::tempdir().expect("a folder");
    let told = folder.path().join("told");
    let opener = ["sh", "-c", "cut -d ' ' -f 5 /proc/$$/stat > \"$0\""].map(str::to_owned);
    start(Lang::default(), &opener, told.as_os_str()).unwrap();
    let limit = Instant::now() + Duration::from_secs(30);
    let group = loop {
        let said = std::fs::read_to_string(&told).unwrap_or_default();
        if said.ends_with('\n') {
            break said;
        }
        assert!(Instant::now() < limit, "it says nothing");
        tokio::task::yield_now().await;
    };
    assert_ne!(group.trim(), rustix::process::getpgrp().as_raw_nonzero().to_string());
}

#[test]
fn an_editor_changes_the_text_in_a_private_file() {
    let edit = |text, command| edit_file(text, &words_of(command), &Running::default(), &|| {});
    assert_eq!(edit("olá\nmundo", "sed -i s/mundo/João/").expect("edited"), "olá\nJoão");
    assert_eq!(edit("olá", "sed -i $afim").expect("edited"), "olá\nfim");
    assert_eq!(edit("olá mundo", "sed -i 's/olá mundo/oi/'").expect("edited"), "oi");
    assert!(matches!(edit("olá", "false"), Err(EditorError::Refused { .. })));
    assert!(matches!(edit("olá", "  "), Err(EditorError::Unnamed)));
    assert!(matches!(edit("olá", "/no/such/editor"), Err(EditorError::Start { .. })));
}

#[test]
fn an_editors_line_is_read_as_a_shell_reads_it() {
    assert_eq!(
        words_of("'/opt/my editor/vim' -c \"set ft=mail\""),
        ["/opt/my editor/vim", "-c", "set ft=mail"]
    );
    assert_eq!(words_of("it's -n"), ["it's", "-n"], "a quote that does not end is a letter");
}

#[test]
fn a_key_of_the_editors_time_is_the_editors_from_its_first_moment_until_it_has_been_heard() {
    let running = Running::default();
    assert!(!running.has_terminal());
    let away = running.gives_away();
    assert!(running.has_terminal(), "before it is started, too");
    edit_file("olá", &words_of("true"), &running, &|| {}).expect("edited");
    assert!(running.has_terminal(), "until the terminal is raw again");
    running.heard_resize();
    assert!(running.has_terminal(), "that was the window's own size");
    drop(away);
    assert!(running.has_terminal(), "its keys may be heard late");
    running.heard_resize();
    assert!(!running.has_terminal());
}

#[tokio::test]
async fn an_editor_that_starts_after_the_program_was_told_to_end_does_not_hold_it_up() {
    let running = Running::default();
    running.end().await;
    let refused = edit_file("olá", &words_of("tail -n0 -f"), &running, &|| {});
    assert!(matches!(refused, Err(EditorError::Refused { .. })), "{refused:?}");
}

#[test]
fn copying_says_what_it_did() {
    let mut pty = pty();
    let _guard = Guard::enter(pty.tty.clone(), Modes::default()).expect("a terminal");
    assert_eq!(copy("hi", false, &pty.tty).expect("copied"), Copied::Terminal { bytes: 2 });
    assert!(pty.shown_until("\x07").ends_with("\x1b]52;c;aGk=\x07"));
    let long = "x".repeat(MAX_COPY + 1);
    assert_eq!(copy(&long, false, &pty.tty).expect("refused"), Copied::TooLong { bytes: MAX_COPY + 1 });
    assert!(osc52(&"x".repeat(MAX_COPY)).len() < 100_000);
}

#[test]
fn utf8_is_proved_by_the_first_locale_that_is_set() {
    assert!(utf8_proved(None, None, Some("pt_BR.UTF-8")));
    assert!(utf8_proved(Some(""), Some("C.utf8"), Some("C")));
    assert!(utf8_proved(None, None, Some("de_DE.UTF-8@euro")));
    assert!(!utf8_proved(Some("C"), None, Some("pt_BR.UTF-8")));
    assert!(!utf8_proved(None, None, Some("pt_BR")));
    assert!(!utf8_proved(None, None, None));
}

#[tokio::test]
async fn a_signal_is_an_event() {
    let mut signals = Signals::listen().expect("handlers");
    rustix::process::kill_process(rustix::process::getpid(), rustix::process::Signal::WINCH).expect("sent");
    assert_eq!(signals.next().await, Signal::Resize);
}
