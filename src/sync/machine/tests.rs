use std::time::Duration;

use super::*;
use crate::domain::time::from_millis;

const START: i64 = 1_767_225_600_000;

fn at(seconds: i64) -> Time {
    from_millis(START + seconds * 1000)
}

fn machine() -> Machine {
    Machine::new(
        Pace { fast: Duration::from_mins(1), sweep: Duration::from_mins(15) },
        // 0.5: every spread at its middle.
        Chance::fixed(0.5),
    )
}

fn fault(kind: ErrorKind) -> Fault {
    Fault { kind, after: None }
}

fn nothing() -> Input {
    Input::Looked { due: None, files: None, wanted: false }
}

fn ended(sweep: Sweep) -> Input {
    Input::Scanned { sweep, end: Ok(()) }
}

fn failed(sweep: Sweep, kind: ErrorKind) -> Input {
    Input::Scanned { sweep, end: Err(fault(kind)) }
}

/// One row: when (s), what happened, what is to be done, and when (s) the machine wants to wake up.
type Row = (i64, Input, &'static [Do], Option<i64>);

fn play(machine: &mut Machine, table: &[Row]) {
    for (n, (when, input, todo, wake)) in table.iter().enumerate() {
        let done = machine.step(at(*when), *input);
        assert_eq!(done, *todo, "row {n}: {input:?}");
        assert_eq!(
            machine.next_wake().map(|it| (it - at(0)).num_seconds()),
            *wake,
            "row {n}: {input:?}, wake"
        );
    }
}

/// Leads since 0; the first sweep ended at 10.
fn leading() -> Machine {
    let mut machine = machine();
    play(
        &mut machine,
        &[
            (0, Input::Led { swept: false }, &[Do::Look, Do::Scan(Sweep::Full)], Some(300)),
            (0, nothing(), &[Do::Claim], Some(300)),
            (0, Input::Claimed { found: false }, &[], Some(1)),
            (1, Input::Woke, &[Do::Look], Some(300)),
            (1, nothing(), &[], Some(300)),
            (10, ended(Sweep::Full), &[Do::Look], Some(70)),
            (10, nothing(), &[], Some(70)),
        ],
    );
    machine
}

#[test]
fn sweeps_at_the_start_then_polls_fast_and_sweeps_now_and_then() {
    let mut machine = leading();
    play(
        &mut machine,
        &[
            (70, Input::Woke, &[Do::Scan(Sweep::Fast)], Some(300)),
            (72, ended(Sweep::Fast), &[Do::Look], Some(132)),
            (72, nothing(), &[], Some(132)),
            (300, Input::Woke, &[Do::Renew, Do::Scan(Sweep::Fast)], Some(910)),
            (301, Input::Renewed(true), &[], Some(601)),
            (601, Input::Woke, &[Do::Renew], Some(910)),
            (910, Input::Woke, &[Do::Scan(Sweep::Full)], None),
        ],
    );
}

#[test]
fn a_long_sweep_does_not_hold_up_the_fast_loop_but_the_first_does() {
    let mut first = machine();
    play(
        &mut first,
        &[
            (0, Input::Led { swept: false }, &[Do::Look, Do::Scan(Sweep::Full)], Some(300)),
            (300, Input::Woke, &[Do::Renew], None),
        ],
    );
    let mut later = machine();
    play(
        &mut later,
        &[
            (0, Input::Led { swept: true }, &[Do::Look, Do::Scan(Sweep::Full)], Some(60)),
            (60, Input::Woke, &[Do::Scan(Sweep::Fast)], Some(300)),
        ],
    );
}

#[test]
fn faults_are_backed_off_from_twice_as_long_each_time_and_forgotten_on_success() {
    let mut machine = leading();
    play(
        &mut machine,
        &[
            (70, Input::Woke, &[Do::Scan(Sweep::Fast)], Some(300)),
            (70, failed(Sweep::Fast, ErrorKind::Outage), &[Do::Look], Some(75)),
            (75, Input::Woke, &[Do::Scan(Sweep::Fast)], Some(300)),
            (75, failed(Sweep::Fast, ErrorKind::Outage), &[], Some(85)),
            (85, Input::Woke, &[Do::Scan(Sweep::Fast)], Some(300)),
            (85, failed(Sweep::Fast, ErrorKind::NoAnswer), &[], Some(105)),
            (105, Input::Woke, &[Do::Scan(Sweep::Fast)], Some(300)),
            (106, ended(Sweep::Fast), &[], Some(166)),
        ],
    );
}

#[test]
fn a_retry_after_is_obeyed_and_refused_credentials_are_left_alone_for_long() {
    let mut machine = leading();
    let limited = Fault { kind: ErrorKind::RateLimited, after: Some(Duration::from_secs(100)) };
    play(
        &mut machine,
        &[
            (70, Input::Woke, &[Do::Scan(Sweep::Fast)], Some(300)),
            // 100 s and the middle of a tenth.
            (70, Input::Scanned { sweep: Sweep::Fast, end: Err(limited) }, &[Do::Look], Some(175)),
            (175, Input::Woke, &[Do::Scan(Sweep::Fast)], Some(300)),
            (175, failed(Sweep::Fast, ErrorKind::Credentials), &[], Some(300)),
        ],
    );
}

#[test]
fn whoever_asks_gets_both_loops_whatever_was_held_back() {
    let mut machine = leading();
    play(
        &mut machine,
        &[
            (70, Input::Woke, &[Do::Scan(Sweep::Fast)], Some(300)),
            (70, failed(Sweep::Fast, ErrorKind::Credentials), &[Do::Look], Some(300)),
            (80, Input::Asked, &[Do::Scan(Sweep::Fast)], Some(300)),
            (81, Input::Asked, &[], Some(300)),
            (82, ended(Sweep::Fast), &[Do::Scan(Sweep::Full)], Some(300)),
            // Asked while it ran: once more, for what it may have missed.
            (90, ended(Sweep::Full), &[Do::CycleEnded, Do::Scan(Sweep::Fast)], Some(300)),
            (91, failed(Sweep::Fast, ErrorKind::Outage), &[Do::CycleEnded], Some(96)),
        ],
    );
}

#[test]
fn rows_are_claimed_when_due_and_at_most_four_are_under_way() {
    let mut machine = leading();
    let due = |seconds| Input::Looked { due: Some(at(seconds)), files: None, wanted: false };
    play(
        &mut machine,
        &[
            (20, Input::Rung, &[Do::Look], Some(70)),
            (20, due(25), &[], Some(25)),
            (25, Input::Woke, &[Do::Claim], Some(70)),
            (25, Input::Claimed { found: true }, &[Do::Claim], Some(70)),
            (25, Input::Claimed { found: true }, &[Do::Claim], Some(70)),
            (25, Input::Claimed { found: true }, &[Do::Claim], Some(70)),
            (25, Input::Claimed { found: true }, &[], Some(70)),
            (26, Input::Settled { fault: None }, &[Do::Look, Do::Claim], Some(70)),
        ],
    );
}

#[test]
fn a_row_that_cannot_be_had_yet_is_not_asked_for_in_circles() {
    let mut machine = leading();
    let due = Input::Looked { due: Some(at(1)), files: None, wanted: false };
    play(
        &mut machine,
        &[
            (20, Input::Rung, &[Do::Look], Some(70)),
            (20, due, &[Do::Claim], Some(70)),
            (20, Input::Claimed { found: false }, &[], Some(21)),
            (21, Input::Woke, &[Do::Look], Some(70)),
            (21, due, &[Do::Claim], Some(70)),
            (21, Input::Claimed { found: false }, &[], Some(23)),
        ],
    );
}

#[test]
fn a_row_that_is_committed_while_a_claim_is_on_its_way_is_not_missed() {
    let mut machine = leading();
    let due = Input::Looked { due: Some(at(20)), files: None, wanted: false };
    play(
        &mut machine,
        &[
            (20, Input::Rung, &[Do::Look], Some(70)),
            (20, due, &[Do::Claim], Some(70)),
            (20, Input::Rung, &[Do::Look], Some(70)),
            (20, due, &[], Some(70)),
            // The claim looked before the row was there.
            (20, Input::Claimed { found: false }, &[Do::Look], Some(70)),
            (20, due, &[Do::Claim], Some(70)),
        ],
    );
}

#[test]
fn a_dead_line_holds_all_sends_back_until_the_vendor_answers_again() {
    let mut machine = leading();
    let due = Input::Looked { due: Some(at(20)), files: None, wanted: false };
    play(
        &mut machine,
        &[
            (20, Input::Rung, &[Do::Look], Some(70)),
            (20, due, &[Do::Claim], Some(70)),
            (20, Input::Claimed { found: true }, &[Do::Claim], Some(70)),
            (20, Input::Claimed { found: false }, &[], Some(21)),
            (20, Input::Settled { fault: Some(fault(ErrorKind::Unreachable)) }, &[Do::Look], Some(70)),
            (20, due, &[], Some(25)),
        ],
    );
    assert_eq!(machine.step(at(21), ended(Sweep::Fast)), [Do::Look, Do::Claim]);
}

#[test]
fn files_are_fetched_when_there_are_any() {
    let mut machine = leading();
    let files = |seconds| Input::Looked { due: None, files: Some(at(seconds)), wanted: false };
    play(
        &mut machine,
        &[
            (20, Input::Rung, &[Do::Look], Some(70)),
            (20, files(20), &[Do::Fetch], Some(70)),
            (22, Input::Fetched, &[Do::Look], Some(70)),
            (22, files(27), &[], Some(27)),
        ],
    );
}

#[test]
fn a_window_makes_way_for_a_service_once_nothing_is_under_way() {
    let mut machine = leading();
    let wanted = Input::Looked { due: Some(at(1)), files: None, wanted: true };
    play(
        &mut machine,
        &[
            (20, Input::Rung, &[Do::Look], Some(70)),
            (20, Input::Looked { due: Some(at(1)), files: None, wanted: false }, &[Do::Claim], Some(70)),
            (20, Input::Claimed { found: true }, &[Do::Claim], Some(70)),
            (20, Input::Rung, &[Do::Look], Some(70)),
            (20, wanted, &[], None),
            (20, Input::Claimed { found: false }, &[Do::Look], None),
            (21, Input::Settled { fault: None }, &[Do::StepDown], None),
        ],
    );
}

#[test]
fn the_lease_is_renewed_at_half_its_time_and_its_loss_ends_everything() {
    let mut machine = leading();
    let _ = machine.step(at(300), Input::Woke);
    assert_eq!(machine.step(at(300), Input::Renewed(true)), []);
    assert_eq!(machine.step(at(301), Input::Renewed(false)), [Do::StepDown]);
    play(&mut machine, &[(302, Input::Rung, &[], None), (303, Input::Woke, &[], None)]);
}

#[test]
fn a_clock_set_back_by_an_hour_holds_nothing_up() {
    let mut machine = leading();
    play(
        &mut machine,
        &[
            (-3600, Input::Woke, &[Do::Look], Some(-3540)),
            (-3540, Input::Woke, &[Do::Scan(Sweep::Fast)], Some(-3310)),
        ],
    );
}

#[test]
fn after_any_events_the_machine_never_wants_to_wake_in_the_past() {
    let mut random = fastrand::Rng::with_seed(11);
    for round in 0..300 {
        let mut machine = Machine::new(Pace::default(), Chance::seeded(round));
        let mut now = 0;
        let mut out: Vec<Do> = machine.step(at(0), Input::Led { swept: random.bool() });
        for _ in 0..200 {
            let end = if random.bool() { Ok(()) } else { Err(fault(ErrorKind::Outage)) };
            let some = |random: &mut fastrand::Rng| random.bool().then(|| at(now + random.i64(-5..100)));
            let input = if out.is_empty() || random.u8(..) < 60 {
                match random.u8(..4) {
                    0 => Input::Rung,
                    1 => Input::Asked,
                    _ => {
                        now += random.i64(0..200);
                        Input::Woke
                    }
                }
            } else {
                match out.swap_remove(random.usize(..out.len())) {
                    Do::Scan(sweep) => Input::Scanned { sweep, end },
                    Do::Look => {
                        Input::Looked { due: some(&mut random), files: some(&mut random), wanted: false }
                    }
                    Do::Claim if random.bool() => {
                        let _ = machine.step(at(now), Input::Claimed { found: true });
                        Input::Settled { fault: None }
                    }
                    Do::Claim => Input::Claimed { found: false },
                    Do::Fetch => Input::Fetched,
                    Do::Renew => Input::Renewed(true),
                    Do::CycleEnded | Do::StepDown => continue,
                }
            };
            out.extend(machine.step(at(now), input));
            if let Some(wake) = machine.next_wake() {
                assert!(wake > at(now), "{input:?} left a deadline in the past");
            }
        }
    }
}
