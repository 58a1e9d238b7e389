use std::{collections::BTreeSet, rc::Rc};

use chrono::{Duration, TimeZone, Utc};
use chrono_tz::Tz;

use super::Kept;
use crate::{
    app::{
        tests::fixture::{Desk, now, thread},
        thread_lines::{Folds, Frame, lines},
    },
    domain::{Lang, Message},
};

#[test]
fn keys_that_change_nothing_of_a_conversation_make_none_of_its_lines_anew() {
    let mut desk = Desk::opened((80, 24));
    let lines = desk.model.thread_lines();
    for keys in ["k", "j", "Ctrl-u", "d", "Esc"] {
        desk.keys(keys);
        desk.draw();
        assert!(Rc::ptr_eq(&lines, &desk.model.thread_lines()), "{keys}");
    }
    desk.keys("+");
    assert_eq!(*desk.model.thread_lines(), *lines);
}

#[test]
fn lines_are_made_anew_where_anything_changed_that_they_are_made_of() {
    let messages: Rc<[Message]> = thread(1).into();
    let id = messages[0].id;
    let (nothing, new) = (BTreeSet::new(), BTreeSet::from([id]));
    let next_year = Utc.with_ymd_and_hms(2031, 1, 1, 12, 0, 0).unwrap();
    let frame = Frame {
        lang: Lang::default(),
        width: 60,
        zone: Tz::UTC,
        now: now(),
        new: &nothing,
        folds: Folds::default(),
        name: "Maria",
        held: &[],
        undo: "u",
    };
    let held = [(id, now() + Duration::seconds(9))];
    let kept = Kept::default();
    for frame in [
        frame,
        Frame { width: 20, ..frame },
        Frame { lang: Lang::De, ..frame },
        Frame { zone: Tz::Asia__Tokyo, ..frame },
        Frame { now: next_year, ..frame },
        Frame { new: &new, ..frame },
        Frame { folds: Folds { old: true, ..Folds::default() }, ..frame },
        Frame { name: "João", ..frame },
        Frame { held: &held, ..frame },
        Frame { held: &held, now: now() + Duration::seconds(1), ..frame },
        Frame { held: &held, undo: "z", ..frame },
    ] {
        assert_eq!(*kept.lines(&messages, &frame), *lines(&messages, &frame), "{frame:?}");
    }
    let fewer: Rc<[Message]> = messages[..1].into();
    assert_eq!(*kept.lines(&fewer, &frame), *lines(&fewer, &frame));
}
