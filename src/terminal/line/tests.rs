use std::time::{Duration, Instant};

use super::Line;

fn after(began: Instant, millis: u64) -> Instant {
    began + Duration::from_millis(millis)
}

#[test]
fn a_quick_line_is_asked_once_and_never_held_up() {
    let began = Instant::now();
    let mut line = Line::default();
    line.asked(began);
    line.answered(after(began, 3));
    assert!(!line.is_slow() && !line.wrote(1 << 20));
    assert_eq!((line.full_until(after(began, 4)), line.round_trip()), (None, Some(Duration::from_millis(3))));
}

#[test]
fn a_terminal_that_never_answers_is_taken_for_a_quick_one() {
    let began = Instant::now();
    let mut line = Line::default();
    line.asked(began);
    assert!(!line.wrote(1 << 20));
    assert_eq!(line.full_until(after(began, 1)), None);
}

#[test]
fn frames_wait_while_much_is_on_its_way_over_a_slow_line_and_go_on_with_the_answer() {
    let began = Instant::now();
    let mut line = Line::default();
    line.asked(began);
    line.answered(after(began, 300));
    assert!(line.is_slow() && line.wrote(3000), "a question goes out behind it");
    line.asked(after(began, 400));
    assert_eq!(line.full_until(after(began, 401)), None);
    assert!(line.wrote(3000), "and behind each further one");
    line.asked(after(began, 450));
    assert!(line.full_until(after(began, 451)).is_some());
    line.answered(after(began, 700));
    assert_eq!(line.full_until(after(began, 701)), None, "3000 bytes are left before the next answer");
    assert!(line.wrote(3000) && line.full_until(after(began, 702)).is_some());
    line.answered(after(began, 750));
    assert_eq!(
        (line.full_until(after(began, 751)), line.round_trip()),
        (None, Some(Duration::from_millis(300)))
    );
}

#[test]
fn an_answer_that_is_lost_holds_nothing_up_for_ever() {
    let began = Instant::now();
    let mut line = Line::default();
    line.asked(began);
    line.answered(after(began, 300));
    line.wrote(9000);
    line.asked(after(began, 400));
    let until = line.full_until(after(began, 500)).unwrap();
    assert_eq!(line.full_until(until), None);
}
