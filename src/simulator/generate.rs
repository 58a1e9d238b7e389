//! More of everything: generated conversations, so that both levels of paging have something to do.

use serde_json::json;

use super::{
    Scene, ago, cast,
    dsco::{Side, Thread},
    phrases::{LANGS, pick},
    thg::{CATEGORIES, ORDERS},
    whatsapp::{Api, Inbound},
};

/// Adds `count` conversations to each vendor. Every seventh is long enough to have pages of its own.
pub(super) fn more(scene: &mut Scene<'_>, count: usize) {
    for number in 0..count {
        let lang = scene.lang.unwrap_or(LANGS[number % LANGS.len()]).to_owned();
        let age = 200 + i64::try_from(number).unwrap_or(0) * 7 % 30_000;
        let age = age + scene.turn.rng.i64(0..5);
        let follow_ups = if number % 7 == 6 { 14 } else { scene.turn.rng.usize(0..3) };
        skyhub(scene, number, age, follow_ups);
        dsco(scene, number, age, follow_ups, &lang);
        thg(scene, number, age, follow_ups);
        whatsapp(scene, number, age, follow_ups, &lang);
    }
}

fn skyhub(scene: &mut Scene<'_>, number: usize, age: i64, follow_ups: usize) {
    let now = scene.turn.now;
    let texts = scene.phrases.of(scene.lang.unwrap_or("pt-BR"));
    let shop = ["Lojas Americanas", "Submarino", "Shoptime"][number % 3];
    let code = format!("{shop}-{}", 300_000_000_001 + number as u64 * 1000);
    let person = cast::customer(50_000_000 + number as u64, pick(&texts.names, number));
    let (store, turn) = (&mut *scene.skyhub, &mut scene.turn);
    store.open(
        &code,
        &format!("02-{}", 300_000_000 + number),
        &["CUSTOMER_SELLER", "B2W_SELLER"],
        ago(now, age),
    );
    store.say(&code, "CUSTOMER_SELLER", &person, pick(&texts.openers, number), ago(now, age), turn);
    for step in 0..follow_ups {
        let at = ago(now, age) + chrono::TimeDelta::seconds(40 + 50 * i64::try_from(step).unwrap_or(0));
        store.say(&code, "CUSTOMER_SELLER", &person, pick(&texts.follow_ups, step), at, turn);
    }
}

fn dsco(scene: &mut Scene<'_>, number: usize, age: i64, follow_ups: usize, lang: &str) {
    let now = scene.turn.now;
    let texts = scene.phrases.of(lang);
    let consumer = (number % 5 != 4).then(|| (70_000 + number).to_string());
    let first = pick(&texts.openers, number + 3);
    let mut title: String = first.chars().take(40).collect();
    title.push('…');
    let at = ago(now, age);
    let thread = cast::thread(&title, consumer.as_deref(), Side::Retailer, first, at);
    let context = json!({"type": "order", "poNumber": "987-654-321", "dscoOrderId": "9900005"});
    let id = scene.dsco.begin(Thread { context, ..thread }, &mut scene.turn);
    for step in 0..follow_ups {
        let at = at + chrono::TimeDelta::seconds(60 + 60 * i64::try_from(step).unwrap_or(0));
        let side = if step % 2 == 0 { Side::Retailer } else { Side::Supplier };
        let text =
            if side == Side::Retailer { pick(&texts.follow_ups, step) } else { pick(&texts.agents, step) };
        scene.dsco.note(&id, side, text, at, at, &mut scene.turn);
    }
}

fn thg(scene: &mut Scene<'_>, number: usize, age: i64, follow_ups: usize) {
    let now = scene.turn.now;
    let texts = scene.phrases.of(scene.lang.unwrap_or("en"));
    let at = ago(now, age);
    let order = &ORDERS[number % ORDERS.len()];
    let selection = (!number.is_multiple_of(3)).then(|| (order.0.to_owned(), order.1[..1].to_vec()));
    let id = scene.thg.open(CATEGORIES[number % CATEGORIES.len()], selection, at);
    scene.thg.add(&id, true, pick(&texts.openers, number + 5), at, None, &mut scene.turn);
    for step in 0..follow_ups {
        let at = at + chrono::TimeDelta::seconds(60 + 60 * i64::try_from(step).unwrap_or(0));
        let ours = step % 2 == 1;
        let text = if ours { pick(&texts.follow_ups, step) } else { pick(&texts.agents, step) };
        scene.thg.add(&id, ours, text, at, None, &mut scene.turn);
    }
}

fn whatsapp(scene: &mut Scene<'_>, number: usize, age: i64, follow_ups: usize, lang: &str) {
    let now = scene.turn.now;
    let texts = scene.phrases.of(lang);
    let person = format!("1555{:07}", 1_000_000 + number);
    let name = pick(&texts.names, number + 1);
    let api = if number % 10 == 9 { Api::OnPremises } else { Api::Cloud };
    let at = ago(now, age);
    let text = |text: &str| Inbound::Text(text.into());
    scene.whatsapp.receive(api, &person, name, &text(pick(&texts.openers, number + 7)), at, &mut scene.turn);
    for step in 0..follow_ups {
        let at = at + chrono::TimeDelta::seconds(30 + 30 * i64::try_from(step).unwrap_or(0));
        scene.whatsapp.receive(api, &person, name, &text(pick(&texts.follow_ups, step)), at, &mut scene.turn);
    }
}
