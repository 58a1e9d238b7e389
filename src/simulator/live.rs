//! Customers who live: they write while you watch and answer what you say. All by the agenda, all by the seed.

use chrono::TimeDelta;
use whatlang::Lang;

use super::{
    Scene,
    agenda::Event,
    cast,
    dsco::Side,
    phrases::{LANGS, Texts, pick},
    whatsapp::{Api, Inbound},
};

/// Starts the schedule.
pub(super) fn begin(scene: &mut Scene<'_>) {
    if scene.turn.agenda.live {
        arrival_later(scene);
        let wait = TimeDelta::seconds(scene.turn.rng.i64(90..180));
        scene.turn.agenda.push(scene.turn.now + wait, Event::Mediation);
    }
}

fn arrival_later(scene: &mut Scene<'_>) {
    let wait = TimeDelta::milliseconds(scene.turn.rng.i64(20_000..60_000));
    scene.turn.agenda.push(scene.turn.now + wait, Event::Arrival);
}

/// Lets an event happen.
pub(super) fn happen(scene: &mut Scene<'_>, event: &Event) {
    match event {
        Event::Status { on_premises, id, status } => {
            let api = if *on_premises { Api::OnPremises } else { Api::Cloud };
            scene.whatsapp.status(api, id, status, &mut scene.turn);
        }
        Event::Arrival => {
            arrive(scene);
            arrival_later(scene);
        }
        Event::Answer { vendor, conversation } => answer(scene, vendor, conversation),
        Event::PickUp { discussion } => {
            scene.thg.set_status(discussion, "IN_PROGRESS", &scene.turn);
        }
        Event::Mediation => mediate(scene),
        // Webhooks are delivered by the task that owns the network.
        Event::Deliver { .. } => {}
    }
}

/// The language in which somebody is written to, by what was last said; the demo's where it is fixed.
fn language<'a>(scene: &Scene<'_>, vendor: &str, conversation: &str, fallback: &'a str) -> &'a str {
    if let Some(fixed) = scene.lang {
        return LANGS.iter().find(|lang| lang.eq_ignore_ascii_case(fixed)).copied().unwrap_or(fallback);
    }
    let said: String = scene
        .turn
        .book
        .messages(vendor, conversation)
        .iter()
        .filter(|message| message.writer != super::Writer::Us)
        .fold(String::new(), |all, message| all + &message.text + " ");
    let detector = whatlang::Detector::with_allowlist(vec![Lang::Por, Lang::Eng, Lang::Deu]);
    match detector.detect_lang(&said) {
        Some(Lang::Por) => "pt-BR",
        Some(Lang::Deu) => "de",
        Some(Lang::Eng) => "en",
        _ => fallback,
    }
}

/// A customer's words to a reply: now and then only a thank-you.
fn response(texts: &Texts, roll: usize) -> &str {
    if roll % 4 == 3 { pick(&texts.thanks, roll / 4) } else { pick(&texts.answers, roll / 4 + roll) }
}

fn answer(scene: &mut Scene<'_>, vendor: &str, conversation: &str) {
    let now = scene.turn.now;
    let roll = scene.turn.rng.usize(..1000);
    match vendor {
        "skyhub" => {
            let Some((code, parts)) = conversation.rsplit_once('/') else { return };
            let texts = scene.phrases.of(language(scene, vendor, conversation, "pt-BR"));
            let Some(person) = scene.skyhub.partner(code, parts) else { return };
            let text = if parts == "B2W_SELLER" { pick(&texts.agents, roll) } else { response(texts, roll) };
            scene.skyhub.say(code, parts, &person, text, now, &mut scene.turn);
        }
        "dsco" => {
            let texts = scene.phrases.of(language(scene, vendor, conversation, "en"));
            let Some(side) = scene.dsco.last_writer(conversation).map(Side::other) else { return };
            let closed = scene.dsco.find(conversation).is_some_and(|thread| thread.status == "closed");
            if closed {
                return;
            }
            let text = if side == Side::Retailer { response(texts, roll) } else { pick(&texts.agents, roll) };
            scene.dsco.note(conversation, side, text, now, now, &mut scene.turn);
        }
        "thg" => {
            let texts = scene.phrases.of(language(scene, vendor, conversation, "en"));
            // Some are settled without a word, as the vendor says that they may be.
            if roll % 6 != 5 {
                scene.thg.add(conversation, false, pick(&texts.agents, roll), now, None, &mut scene.turn);
            }
            let status = if roll % 5 == 4 { "PENDING" } else { "COMPLETED" };
            scene.thg.set_status(conversation, status, &scene.turn);
        }
        _ => {
            let api = if vendor == "onprem" { Api::OnPremises } else { Api::Cloud };
            let texts = scene.phrases.of(language(scene, vendor, conversation, "en"));
            let name = scene.whatsapp.name(api, conversation).unwrap_or_default();
            let what = Inbound::Text(response(texts, roll).into());
            scene.whatsapp.receive(api, conversation, &name, &what, now, &mut scene.turn);
        }
    }
}

/// Somebody new writes, or somebody who waits writes again.
fn arrive(scene: &mut Scene<'_>) {
    let now = scene.turn.now;
    let roll = scene.turn.rng.usize(..10_000);
    let lang = scene.lang.unwrap_or(LANGS[roll % LANGS.len()]).to_owned();
    match scene.turn.rng.usize(..10) {
        0..3 => {
            let texts = scene.phrases.of(scene.lang.unwrap_or("pt-BR"));
            let number = scene.turn.rng.u64(400_000_000..499_999_999);
            let code = format!("Lojas Americanas-{number}001");
            let person = cast::customer(number, pick(&texts.names, roll));
            let (store, turn) = (&mut *scene.skyhub, &mut scene.turn);
            store.open(&code, &format!("02-{number}"), &["CUSTOMER_SELLER"], now);
            store.say(&code, "CUSTOMER_SELLER", &person, pick(&texts.openers, roll), now, turn);
        }
        3..5 => {
            let texts = scene.phrases.of(&lang);
            let first = pick(&texts.openers, roll);
            let title: String = first.chars().take(48).collect();
            let consumer = (80_000 + roll).to_string();
            let mut thread = cast::thread(&title, Some(&consumer), Side::Retailer, first, now);
            thread.context =
                serde_json::json!({"type": "order", "poNumber": "123-456-792", "dscoOrderId": "9900004"});
            scene.dsco.begin(thread, &mut scene.turn);
        }
        5..7 => {
            // THG's agents answer what has waited longest.
            let waiting = scene
                .thg
                .discussions
                .iter()
                .filter(|one| matches!(one.status, "OUTSTANDING" | "IN_PROGRESS" | "PENDING"))
                .min_by_key(|one| one.updated_at)
                .map(|one| one.id.clone());
            if let Some(id) = waiting {
                answer(scene, "thg", &id);
            } else if let Some(first) = scene.thg.discussions.first().map(|one| one.id.clone()) {
                let text = pick(&scene.phrases.of(scene.lang.unwrap_or("en")).agents, roll);
                scene.thg.add(&first, false, text, now, None, &mut scene.turn);
            }
        }
        7..9 => {
            let texts = scene.phrases.of(&lang);
            let person = format!("1555{:07}", 5_000_000 + roll);
            let (name, text) = (pick(&texts.names, roll), pick(&texts.openers, roll / 3));
            let what = if roll.is_multiple_of(4) {
                Inbound::Question { text: text.into(), product: "A1".into() }
            } else {
                Inbound::Text(text.into())
            };
            scene.whatsapp.receive(Api::Cloud, &person, name, &what, now, &mut scene.turn);
        }
        _ => {
            let api = if roll.is_multiple_of(3) { Api::OnPremises } else { Api::Cloud };
            let people = scene.whatsapp.people(api);
            let Some(person) = people.get(roll % people.len().max(1)) else { return };
            let texts = scene.phrases.of(language(scene, api.vendor(), person, "en"));
            let name = scene.whatsapp.name(api, person).unwrap_or_default();
            let what = Inbound::Text(pick(&texts.follow_ups, roll).into());
            scene.whatsapp.receive(api, person, &name, &what, now, &mut scene.turn);
        }
    }
}

/// The marketplace takes a ticket over or hands one back, but never João's: his is the demo's first lesson.
fn mediate(scene: &mut Scene<'_>) {
    let now = scene.turn.now;
    let roll = scene.turn.rng.usize(..1000);
    let codes: Vec<(String, bool)> = scene
        .skyhub
        .tickets
        .iter()
        .filter(|ticket| ticket.code != cast::JOAO)
        .map(|ticket| (ticket.code.clone(), ticket.mediation))
        .collect();
    if let Some((code, on)) = codes.get(roll % codes.len().max(1)) {
        scene.skyhub.mediate(code, !on, now);
    }
    let wait = TimeDelta::seconds(scene.turn.rng.i64(90..180));
    scene.turn.agenda.push(now + wait, Event::Mediation);
}
