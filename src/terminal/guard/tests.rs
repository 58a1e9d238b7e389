use super::*;

#[test]
fn leaving_waits_for_answers_over_the_worst_line_and_never_for_a_terminal_that_gives_none() {
    let since = Instant::now();
    let after = |millis| since + Duration::from_millis(millis);
    let asked = |answers, haste| Asked { since: Some(since), due: 1, answers, haste };
    // Quit right after the start: over a line of 300 ms and worse the answers are still on their way.
    assert!(asked(false, false).patience(after(10)) >= Duration::from_millis(1400));
    // A terminal that has not answered so far will not.
    assert_eq!(asked(false, false).patience(after(60_000)), LAST_LOOK);
    // One that has is asked again on a slow line only.
    assert_eq!(asked(true, false).patience(after(60_000)), LAST_ANSWER);
    assert!(asked(true, true).patience(after(10)) <= Duration::from_millis(300));
    assert_eq!(Asked::default().patience(after(10)), Duration::ZERO);
}
