use std::time::Duration;

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use proptest::prelude::*;

use super::*;

fn at(ms: u64) -> Moment {
    Duration::from_millis(ms)
}

fn decoder() -> Decoder {
    Decoder::new(Timing::LOCAL)
}

/// The events of one read, and of the waits that follow it.
fn read(bytes: &[u8]) -> Vec<InputEvent> {
    let mut decoder = decoder();
    let mut events = decoder.feed(at(0), bytes);
    events.extend(decoder.timeout(at(5000)));
    events
}

fn keys(events: &[InputEvent]) -> Vec<Key> {
    events
        .iter()
        .flat_map(|event| if let InputEvent::Keys(keys) = event { keys.clone() } else { Vec::new() })
        .collect()
}

fn names(events: &[InputEvent]) -> String {
    let name = |key: Key| {
        let modifiers: String =
            [(KeyModifiers::CONTROL, "C-"), (KeyModifiers::ALT, "A-"), (KeyModifiers::SUPER, "D-")]
                .iter()
                .filter(|(modifier, _)| key.event.modifiers.contains(*modifier))
                .map(|(_, name)| *name)
                .collect();
        let name = match key.event.code {
            KeyCode::Char(ch) => ch.to_string(),
            other => format!("{other:?}"),
        };
        format!("{modifiers}{name}{}", if key.after_escape { "!" } else { "" })
    };
    keys(events).into_iter().map(name).collect::<Vec<_>>().join(" ")
}

#[test]
fn escape_and_a_letter_in_one_read_are_two_keys() {
    assert_eq!(names(&read(b"\x1by")), "Esc y!");
    assert_eq!(names(&read(b"\x1byq")), "Esc y! q");
    assert_eq!(names(&read("\x1bé".as_bytes())), "Esc é!");
    assert_eq!(names(&read(b"\x1b\r")), "Esc Enter!");
    assert_eq!(names(&read(b"\x1b\x1b")), "Esc Esc");
}

#[test]
fn an_escape_that_ends_a_read_waits_and_is_then_a_key() {
    let mut decoder = decoder();
    assert_eq!(decoder.feed(at(100), b"\x1b"), []);
    assert_eq!(decoder.deadline(), Some(at(150)));
    assert_eq!(decoder.timeout(at(149)), []);
    assert_eq!(names(&decoder.timeout(at(150))), "Esc");
    assert_eq!(decoder.deadline(), None);
    assert_eq!(names(&decoder.feed(at(151), b"y")), "y");
}

#[test]
fn over_ssh_an_escape_waits_longer() {
    let mut decoder = Decoder::new(Timing::of(Some("/dev/pts/3"), None));
    decoder.feed(at(0), b"\x1b");
    assert_eq!(decoder.deadline(), Some(at(150)));
}

#[test]
fn the_config_goes_before_the_line() {
    assert_eq!(Timing::of(Some("/dev/pts/3"), Some(at(20))).escape, at(20));
    assert_eq!(Timing::of(Some(""), None), Timing::LOCAL);
}

#[test]
fn a_key_sequence_cut_anywhere_is_that_key() {
    let sequences: [(&[u8], &str); 14] = [
        (b"\x1bOP", "F(1)"),
        (b"\x1b[B", "Down"),
        (b"\x1b[F", "End"),
        (b"\x1bOF", "End"),
        (b"\x1b[4~", "End"),
        (b"\x1b[15~", "F(5)"),
        (b"\x1b[[A", "F(1)"),
        (b"\x1b[1;5C", "C-Right"),
        (b"\x1b[13;5u", "C-Enter"),
        (b"\x1b[27;5;13~", "C-Enter"),
        (b"\x1b[97;5u", "C-a"),
        (b"\x1b[27u", "Esc"),
        (b"\x1b[121;3u", "A-y"),
        (b"\x1bOM", "Enter"),
    ];
    for (sequence, name) in sequences {
        for cut in 1..sequence.len() {
            let mut decoder = decoder();
            let mut events = decoder.feed(at(0), &sequence[..cut]);
            assert_eq!(events, [], "{sequence:?} cut at {cut}");
            events.extend(decoder.timeout(at(40)));
            events.extend(decoder.feed(at(40), &sequence[cut..]));
            assert_eq!(names(&events), name, "{sequence:?} cut at {cut}");
            assert_eq!(decoder.deadline(), None);
        }
    }
}

#[test]
fn the_late_tail_of_a_key_never_becomes_letters() {
    for tail in [&b"[B"[..], b"OP", b"[F", b"[4~", b"[1;5C"] {
        let mut decoder = decoder();
        decoder.feed(at(0), b"\x1b");
        assert_eq!(names(&decoder.timeout(at(50))), "Esc");
        assert_eq!(decoder.feed(at(300), tail), [], "{tail:?}");
        assert_eq!(names(&decoder.feed(at(301), b"[")), "[");
    }
    let mut decoder = decoder();
    decoder.feed(at(0), b"\x1b");
    decoder.timeout(at(50));
    assert_eq!(names(&decoder.feed(at(200), b"y")), "y");
    assert_eq!(names(&decoder.feed(at(210), b"[B")), "[ B");
}

#[test]
fn a_sequence_that_never_ends_is_dropped_whole() {
    for sequence in [&b"\x1b[1;"[..], b"\x1bO", b"\x1b[", b"\x1b]11;rgb:", b"\x1bP1$r", b"\x1b[M a"] {
        let mut decoder = decoder();
        assert_eq!(decoder.feed(at(0), sequence), []);
        assert_eq!(decoder.timeout(at(999)), []);
        assert_eq!(decoder.timeout(at(1000)), [], "{sequence:?}");
        assert_eq!(names(&decoder.feed(at(1001), b"j")), "j");
    }
}

#[test]
fn nonsense_is_dropped_whole() {
    let sequences =
        [&b"\x1b[;5A"[..], b"\x1b[;A", b"\x1b[!p", b"\x1b[=c", b"\x1b[9999z", b"\x1b[999;999;999~"];
    for sequence in sequences {
        assert_eq!(keys(&read(sequence)), [], "{sequence:?}");
    }
    let long = [b"\x1b[".as_slice(), &b"1;".repeat(9000), b"A"].concat();
    assert_eq!(read(&long), []);
    assert_eq!(names(&read(&[long.as_slice(), b"j"].concat())), "j");
    assert_eq!(names(&read(b"\xff\xfe\xc3(")), "(");
}

#[test]
fn answers_never_become_keys() {
    use TerminalAnswer::*;
    let answers: [(&[u8], TerminalAnswer); 16] = [
        (b"\x1b[?62;22c", Device { sixel: false }),
        (b"\x1b[?62;4;22c", Device { sixel: true }),
        // The first number is the class, not what it can.
        (b"\x1b[?4;6c", Device { sixel: false }),
        (b"\x1b[?2026;2$y", Mode { mode: 2026, state: 2 }),
        (b"\x1b[?1016;0$y", Mode { mode: 1016, state: 0 }),
        (b"\x1b[?15u", KittyFlags(15)),
        (b"\x1b]11;rgb:2828/2828/2828\x1b\\", Background(40, 40, 40)),
        (b"\x1b]10;rgb:ffff/ffff/ffff\x07", Foreground(255, 255, 255)),
        (b"\x1b[12;40R", Cursor(12, 40)),
        (b"\x1bP>|XTerm(379)\x1b\\", Other),
        (b"\x1b_Gi=31;OK\x1b\\", KittyPictures),
        (b"\x1b_Gi=31;ENOTSUP:no\x1b\\", Other),
        (b"\x1bP1$r0;38:2::17:34:51m\x1b\\", Truecolor),
        // It took the next of its 256.
        (b"\x1bP1$r38;5;235m\x1b\\", Other),
        (b"\x1b[6;18;9t", Cell { width: 9, height: 18 }),
        (b"\x1b[?997;1n", Other),
    ];
    for (bytes, answer) in answers {
        for cut in 0..=bytes.len() {
            let mut decoder = decoder();
            let mut events = decoder.feed(at(0), &bytes[..cut]);
            events.extend(decoder.timeout(at(40)));
            events.extend(decoder.feed(at(40), &bytes[cut..]));
            assert_eq!(events, [InputEvent::Answer(answer)], "{bytes:?} cut at {cut}");
        }
    }
    assert_eq!(keys(&read(b"\x1b]4;1;rgb:00/00/00\x07\x1b]52;c;aGk=\x1b\\")), []);
    assert!(Mode { mode: 2026, state: 2 }.proves_synchronized_output());
    assert!(!Mode { mode: 2026, state: 0 }.proves_synchronized_output());
}

#[test]
fn escape_and_a_bracket_or_a_capital_are_keys_where_no_answer_begins() {
    assert_eq!(names(&read(b"\x1b]")), "Esc ]!");
    assert_eq!(names(&read(b"\x1b_j")), "Esc _! j");
    assert_eq!(names(&read(b"\x1b]2j")), "Esc ]! 2 j");
    assert_eq!(names(&read(b"\x1bPx")), "Esc P! x");
    assert_eq!(names(&read(b"\x1bXy")), "Esc X! y");
    assert_eq!(names(&read(b"\x1bOz")), "Esc O! z");
}

#[test]
fn control_letters_are_letters_with_control() {
    assert_eq!(names(&read(b"\x01\x0a\x0d\x09\x7f\x00\x1f\x1d")), "C-a C-j Enter Tab Backspace C-  C-_ C-]");
    let upper = keys(&read(b"G"));
    assert_eq!(upper[0].event, KeyEvent::new(KeyCode::Char('G'), KeyModifiers::SHIFT));
}

#[test]
fn a_character_cut_between_reads_is_put_together() {
    let mut decoder = decoder();
    assert_eq!(decoder.feed(at(0), &"日".as_bytes()[..1]), []);
    assert_eq!(names(&decoder.feed(at(0), &"日".as_bytes()[1..])), "日");
}

#[test]
fn a_bracketed_paste_is_one_event_and_never_keys() {
    let paste = InputEvent::Paste { text: "a\nb\x1by\nc".to_owned(), truncated: false };
    let bytes = b"j\x1b[200~a\r\nb\x1by\rc\x1b[201~k";
    let events = read(bytes);
    assert_eq!(events[1], paste);
    assert_eq!(names(&events), "j k");
    for cut in 0..bytes.len() {
        let mut decoder = decoder();
        let mut events = decoder.feed(at(0), &bytes[..cut]);
        events.extend(decoder.feed(at(40), &bytes[cut..]));
        assert!(events.contains(&paste), "cut at {cut}: {events:?}");
        assert_eq!(names(&events), "j k");
    }
}

#[test]
fn a_paste_without_an_end_is_handed_over_in_time() {
    let mut decoder = decoder();
    assert_eq!(decoder.feed(at(0), b"\x1b[200~abc"), []);
    assert_eq!(decoder.timeout(at(2000)), [InputEvent::Paste { text: "abc".to_owned(), truncated: false }]);
    assert_eq!(names(&decoder.feed(at(2001), b"j")), "j");
}

#[test]
fn a_huge_paste_in_small_pieces_is_bounded_and_linear() {
    let mut decoder = decoder();
    decoder.feed(at(0), b"\x1b[200~");
    let piece = vec![b'x'; 1000];
    for _ in 0..10_000 {
        assert_eq!(decoder.feed(at(0), &piece), []);
    }
    let events = decoder.feed(at(0), b"\x1b[201~j");
    let InputEvent::Paste { text, truncated } = &events[0] else { unreachable!("a paste") };
    assert_eq!((text.len(), *truncated), (Decoder::MAX_PASTE, true));
    assert_eq!(names(&events), "j");
}

#[test]
fn focus_and_mouse_are_events() {
    assert_eq!(read(b"\x1b[I\x1b[O"), [InputEvent::FocusGained, InputEvent::FocusLost]);
    assert!(
        matches!(read(b"\x1b[<0;10;5M")[..], [InputEvent::Mouse(mouse)] if mouse.column == 9 && mouse.row == 4)
    );
    assert!(matches!(read(b"\x1b[M !!")[..], [InputEvent::Mouse(_)]));
}

#[test]
fn keys_released_and_unknown_keys_are_nothing() {
    assert_eq!(keys(&read(b"\x1b[97;1:3u\x1b[57441;2u\x1b[57500u")), []);
}

fn burst(text_field: bool, bytes: &[u8]) -> Option<String> {
    classify_burst(text_field, &keys(&read(bytes)))
}

#[test]
fn a_burst_outside_a_text_field_is_a_paste() {
    assert_eq!(burst(false, b"e\n"), Some("e\n".to_owned()));
    assert_eq!(burst(false, b"rm -rf"), Some("rm -rf".to_owned()));
    assert_eq!(burst(false, b"please send"), Some("please send".to_owned()));
    assert_eq!(burst(true, b"please send\r"), None);
}

#[test]
fn a_run_of_one_key_or_of_motions_is_typing() {
    assert_eq!(burst(false, &[b'j'; 200]), None);
    assert_eq!(burst(false, b"jjkkggGlh5j"), None);
    assert_eq!(burst(false, b"\x1b[B\x1b[B\x1b[A"), None);
    assert_eq!(burst(false, b"sor"), None);
    assert_eq!(burst(false, b"\x1by"), None);
    assert_eq!(burst(false, b"\r\r"), None);
}

#[test]
fn the_tail_of_a_paste_in_a_later_read_is_paste_too() {
    let mut guard = PasteGuard::default();
    assert!(guard.pasted(at(0), false, &keys(&read(b"some words\n"))).is_some());
    assert_eq!(guard.pasted(at(20), false, &keys(&read(b"e"))), Some("e".to_owned()));
    assert_eq!(guard.pasted(at(500), false, &keys(&read(b"e"))), None);
}

/// Bytes that mean something, cut and mixed with any bytes at all.
fn stream() -> impl Strategy<Value = Vec<u8>> {
    let piece = prop::sample::select(vec![
        &b"\x1b"[..],
        b"\x1b[",
        b"\x1bO",
        b"[",
        b"O",
        b"A",
        b"~",
        b";",
        b"1",
        b"200~",
        b"\x1b[200~",
        b"\x1b[201~",
        b"\x1b]",
        b"11;rgb:00/00/00",
        b"\x07",
        b"\x1b\\",
        b"\x1bP",
        b"\x1b_Gi=",
        b"M",
        b"<",
        b"?",
        b"c",
        b"u",
        b"$y",
        b"\r",
        b"\n",
        b"\xc3",
        b"\xa9",
        b"\xe6\x97\xa5",
        b"\xff",
        b"y",
        b"q",
        b"\x1b[27;5;13~",
        b"\x1b[97;5u",
        b":",
    ]);
    prop::collection::vec(
        prop_oneof![
            4 => piece.prop_map(<[u8]>::to_vec),
            1 => prop::collection::vec(any::<u8>(), 1..4),
        ],
        0..30,
    )
    .prop_map(|pieces| pieces.concat())
}

/// The events with the runs of keys joined: where a read ends must not matter.
fn joined(events: Vec<InputEvent>) -> Vec<InputEvent> {
    let mut out: Vec<InputEvent> = Vec::new();
    for event in events {
        match (out.last_mut(), event) {
            (Some(InputEvent::Keys(run)), InputEvent::Keys(more)) => run.extend(more),
            (_, event) => out.push(event),
        }
    }
    out
}

/// What a reader of this file says until it has ended.
fn reads(file: std::fs::File, then: impl FnOnce()) -> Vec<InputEvent> {
    let (send, mut events) = tokio::sync::mpsc::channel(16);
    let reader = Reader::start(std::sync::Arc::new(file), Timing::LOCAL, std::time::Instant::now(), send);
    let reader = reader.expect("a thread");
    then();
    // The thread lets go of its sender when it ends: one that spins would hold this up for ever.
    let all = std::iter::from_fn(|| events.blocking_recv()).flat_map(|(_, batch)| batch).collect();
    reader.stop();
    all
}

#[test]
fn the_end_of_the_input_is_one_hang_up_and_ends_the_reader() {
    let empty = std::fs::File::open("/dev/null").expect("it is everywhere");
    assert_eq!(reads(empty, || ()), [InputEvent::Hangup]);
}

#[test]
fn an_input_error_of_a_dropped_line_is_one_hang_up_and_ends_the_reader() {
    let size = portable_pty::PtySize { rows: 5, cols: 40, pixel_width: 0, pixel_height: 0 };
    let pair = portable_pty::native_pty_system().openpty(size).expect("a pty");
    let line = std::fs::File::open(pair.master.tty_name().expect("a name")).expect("a line");
    let probe = line.try_clone().expect("a line");
    assert_eq!(reads(line, move || drop(pair)), [InputEvent::Hangup]);
    let error = std::io::Read::read(&mut &probe, &mut [0]).err().and_then(|error| error.raw_os_error());
    assert!(matches!(error, None | Some(5)), "the line is gone: {error:?}");
}

proptest! {
    #[test]
    fn where_the_reads_are_cut_does_not_matter(bytes in stream(), cuts in prop::collection::vec(1_usize..6, 0..60)) {
        let mut whole = decoder();
        let mut expected = whole.feed(at(0), &bytes);
        expected.extend(whole.timeout(at(10_000)));

        let mut pieces = decoder();
        let mut events = Vec::new();
        let mut rest = bytes.as_slice();
        for cut in cuts {
            let (piece, after) = rest.split_at(cut.min(rest.len()));
            events.extend(pieces.feed(at(0), piece));
            rest = after;
        }
        events.extend(pieces.feed(at(0), rest));
        events.extend(pieces.timeout(at(10_000)));

        prop_assert_eq!(joined(events), joined(expected));
        prop_assert_eq!(pieces.deadline(), None);
    }

    #[test]
    fn no_byte_stream_makes_a_control_character_a_letter(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        for key in keys(&read(&bytes)) {
            prop_assert!(!matches!(key.event.code, KeyCode::Char(ch) if ch.is_control()));
        }
    }
}
