use chrono::{TimeZone, Utc};
use proptest::prelude::*;

use super::find;
use crate::domain::Time;

/// A Tuesday in São Paulo, 11:00 there.
fn now() -> Time {
    Utc.with_ymd_and_hms(2026, 11, 24, 14, 0, 0).unwrap()
}

const ZONE: chrono_tz::Tz = chrono_tz::America::Sao_Paulo;

fn found(text: &str) -> Option<String> {
    find(text, now(), ZONE)
        .map(|(at, words)| format!("{} \"{words}\"", at.with_timezone(&ZONE).format("%a %d %b %H:%M")))
}

#[test]
fn a_date_is_found_in_each_language() {
    for (text, wanted) in [
        ("We will ship it by Friday.", "Fri 27 Nov 18:00 \"by Friday\""),
        ("We'll have news by Friday 14:30, promised", "Fri 27 Nov 14:30 \"by Friday 14:30\""),
        (
            "You will receive the refund within 3 business days.",
            "Fri 27 Nov 18:00 \"within 3 business days\"",
        ),
        ("We answer tomorrow at 10:00.", "Wed 25 Nov 10:00 \"tomorrow at 10:00\""),
        ("I'll call the carrier and be back in 2 hours", "Tue 24 Nov 13:00 \"in 2 hours\""),
        ("We ship by November 27.", "Fri 27 Nov 18:00 \"by November 27\""),
        ("We send it no later than December 1", "Tue 01 Dec 18:00 \"no later than December 1\""),
        ("We will solve this by the end of the day.", "Tue 24 Nov 18:00 \"by the end of the day\""),
        ("Wir senden es bis Freitag.", "Fri 27 Nov 18:00 \"bis Freitag\""),
        ("Ihr Geld kommt spätestens am Montag an", "Mon 30 Nov 18:00 \"spätestens am Montag\""),
        ("Das Paket geht morgen raus.", "Wed 25 Nov 18:00 \"morgen\""),
        ("Wir melden uns in 2 Tagen bei Ihnen.", "Thu 26 Nov 18:00 \"in 2 Tagen\""),
        ("Sie erhalten es bis zum 27.11. per Post", "Fri 27 Nov 18:00 \"bis zum 27.11\""),
        ("Wir liefern bis 27. November.", "Fri 27 Nov 18:00 \"bis 27. November\""),
        ("Antwort kommt bis morgen 14 Uhr", "Wed 25 Nov 14:00 \"bis morgen 14 Uhr\""),
        ("Enviaremos até sexta.", "Fri 27 Nov 18:00 \"até sexta\""),
        ("O reembolso sai até sexta-feira às 12h.", "Fri 27 Nov 12:00 \"até sexta-feira às 12h\""),
        ("Olá João, amanhã enviamos um novo.", "Wed 25 Nov 18:00 \"amanhã\""),
        ("Retornaremos em até 2 dias úteis.", "Thu 26 Nov 18:00 \"em até 2 dias úteis\""),
        ("A entrega será até o dia 27", "Fri 27 Nov 18:00 \"até o dia 27\""),
        ("Entregaremos até 05/01 em sua casa", "Tue 05 Jan 18:00 \"até 05/01\""),
        ("Entregamos até 5 de dezembro", "Sat 05 Dec 18:00 \"até 5 de dezembro\""),
        ("We write by Monday, and we refund by Thursday.", "Thu 26 Nov 18:00 \"by Thursday\""),
    ] {
        assert_eq!(found(text).as_deref(), Some(wanted), "{text}");
    }
}

#[test]
fn what_is_no_promise_of_ours_is_none() {
    for text in [
        "Did it arrive by Friday?",
        "Können Sie bis Freitag warten?",
        "O senhor pode esperar até sexta?",
        "> we will ship it by Friday",
        "If it has not come by Friday, write to us.",
        "Please send us a photo by Friday.",
        "Bitte antworten Sie bis Freitag.",
        "It was delivered by Friday.",
        "Foi entregue até sexta.",
        "Caso não chegue até sexta, avise.",
        "Até amanhã!",
        "Bis morgen!",
        "See you tomorrow",
        "Guten Morgen Herr Meier",
        "Guten Morgen, Ihr Paket ist da",
        "Segue a segunda via da nota",
        "Olá João, pedimos desculpas.",
        "We ship by 3/4 at most",
        "The offer ended in 2020",
        "Wir haben seit 2 Tagen nichts gehört",
        "by 99/99 we know",
        "in 9999999999 days it ends",
        "",
    ] {
        assert_eq!(found(text), None, "{text}");
    }
}

#[test]
fn a_weekday_that_is_today_is_today_until_the_evening() {
    assert_eq!(found("We ship it by Tuesday").as_deref(), Some("Tue 24 Nov 18:00 \"by Tuesday\""));
    let late = now() + chrono::TimeDelta::hours(8);
    assert_eq!(find("We ship it by Tuesday", late, ZONE), None, "it is past: rather none than a wrong one");
}

proptest! {
    #[test]
    fn any_text_is_read_without_harm(text in "\\PC{0,200}") {
        if let Some((at, words)) = find(&text, now(), ZONE) {
            prop_assert!(at > now());
            prop_assert!(text.contains(words.as_str()));
        }
    }

    #[test]
    fn no_question_and_no_quoted_line_is_a_promise(
        words in proptest::collection::vec(prop_oneof![
            Just("we"), Just("ship"), Just("by"), Just("Friday"), Just("bis"), Just("morgen"), Just("até"),
            Just("amanhã"), Just("in"), Just("2"), Just("Tagen"), Just("days"), Just("27.11."), Just("sexta,"),
            Just("wir"), Just("em"), Just("dias"), Just("14:30"),
        ], 1..20),
    ) {
        let text = words.join(" ");
        let asked = format!("{text}?");
        prop_assert_eq!(find(&asked, now(), ZONE), None);
        let quoted = format!("> {text}\n>> {text}");
        prop_assert_eq!(find(&quoted, now(), ZONE), None);
    }
}
