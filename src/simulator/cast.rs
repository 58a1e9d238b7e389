//! The fixed cast: who has written what before the curtain rises, at every seed the same.

use chrono::TimeDelta;
use serde_json::json;

use super::{
    Scene, ago,
    dsco::{Side, Thread},
    phrases::{PICTURE, Phrases, VOICE, pick},
    skyhub::Person,
    whatsapp::{Api, Inbound},
};
use crate::domain::time::Time;

/// The ticket of João dos Santos.
pub(super) const JOAO: &str = "Lojas Americanas-200123456789001";

/// Brings everybody on.
pub(super) fn enter(scene: &mut Scene<'_>) {
    skyhub(scene);
    dsco(scene);
    thg(scene);
    whatsapp(scene);
}

/// A customer of Americanas.
pub(super) fn customer(code: u64, name: &str) -> Person {
    let address: String = name.split_whitespace().next().unwrap_or("cliente").to_lowercase();
    let address: String = address.chars().filter(char::is_ascii_alphanumeric).collect();
    Person {
        code,
        email: format!("{address}.{code}@exemploskyhub.com.br"),
        name: name.into(),
        role: "CUSTOMER",
    }
}

/// An agent of the marketplace.
pub(super) fn employee() -> Person {
    Person {
        code: 700,
        email: "sac@americanas.example".into(),
        name: "Ajuda Americanas".into(),
        role: "EMPLOYEE",
    }
}

fn seller() -> Person {
    Person { code: 901, email: "loja@example.com".into(), name: "Loja Exemplo".into(), role: "SELLER" }
}

/// What somebody says in the demo's language, or in his own where the demo mixes them.
fn words<'a>(phrases: &'a Phrases, lang: Option<&str>, own: &'a str, opener: usize) -> &'a str {
    lang.map_or(own, |lang| pick(&phrases.of(lang).openers, opener))
}

fn skyhub(scene: &mut Scene<'_>) {
    let now = scene.turn.now;
    let words = |own, opener| words(scene.phrases, scene.lang, own, opener);
    let (store, turn) = (&mut *scene.skyhub, &mut scene.turn);
    let joao = Person {
        code: 12_345_678,
        email: "john@exemploskyhub.com.br".into(),
        ..customer(0, "João dos Santos")
    };
    store.open(JOAO, "02-123456789", &["CUSTOMER_SELLER", "B2W_SELLER", "CUSTOMER_B2W"], ago(now, 1490));
    store.say(JOAO, "CUSTOMER_B2W", &joao, "Bom dia, comprei há duas semanas e nada.", ago(now, 1490), turn);
    store.say(
        JOAO,
        "CUSTOMER_B2W",
        &employee(),
        "Bom dia, João! Vamos falar com a loja.",
        ago(now, 1475),
        turn,
    );
    // The marketplace gives 24 hours: four minutes are left, so that he is the first of the list.
    store.say(
        JOAO,
        "CUSTOMER_SELLER",
        &joao,
        "Olá! Produto ainda não foi entregue.",
        ago(now, 24 * 60 - 4),
        turn,
    );
    store.say(
        JOAO,
        "B2W_SELLER",
        &employee(),
        "Vendedor, favor informar a previsão de entrega ao cliente.",
        ago(now, 60),
        turn,
    );

    let paused = "Lojas Americanas-200123456790001";
    let maria = customer(22_331_144, "Maria Aparecida Lima");
    store.open(paused, "02-123456790", &["CUSTOMER_SELLER", "B2W_SELLER"], ago(now, 1500));
    store.say(
        paused,
        "CUSTOMER_SELLER",
        &maria,
        words("O liquidificador chegou com o copo trincado!", 5),
        ago(now, 1490),
        turn,
    );
    store.say(
        paused,
        "CUSTOMER_SELLER",
        &seller(),
        "Olá, Maria! Sentimos muito. Pode enviar uma foto?",
        ago(now, 1400),
        turn,
    );
    store.say(
        paused,
        "CUSTOMER_SELLER",
        &maria,
        "Já enviei três vezes. Quero meu dinheiro de volta.",
        ago(now, 300),
        turn,
    );
    store.say(
        paused,
        "B2W_SELLER",
        &employee(),
        "Caso em mediação: aguarde nosso retorno.",
        ago(now, 250),
        turn,
    );
    store.mediate(paused, true, ago(now, 245));
    if let Some(ticket) = store.find(paused) {
        ticket.instances.push(json!({
            "id": "90001", "action": {"id": "RETURN", "name": "devolução"},
            "items": [{"id": "158259995-1", "sku_id": "120615464", "product_id": "120615456", "quantity": 1}],
            "cause": {"id": "DEF", "name": "Produto com defeito"},
        }));
    }

    let shoptime = "Shoptime-200123456791001";
    let lucas = customer(33_908_112, "Lucas Ferreira");
    store.open(shoptime, "03-123456791", &["CUSTOMER_SELLER"], ago(now, 700));
    store.say(
        shoptime,
        "CUSTOMER_SELLER",
        &lucas,
        words("Qual a voltagem desse modelo? Moro em região de 220V.", 3),
        ago(now, 690),
        turn,
    );

    let answered = "Submarino-200123456792001";
    let beatriz = customer(41_228_760, "Beatriz Conceição");
    store.open(answered, "01-123456792", &["CUSTOMER_SELLER", "B2W_SELLER"], ago(now, 1300));
    store.say(
        answered,
        "CUSTOMER_SELLER",
        &beatriz,
        words("Podem reenviar a nota fiscal?", 4),
        ago(now, 1290),
        turn,
    );
    store.say(
        answered,
        "CUSTOMER_SELLER",
        &seller(),
        "Claro, Beatriz! Enviamos para o seu e-mail.",
        ago(now, 1200),
        turn,
    );
    store.say(answered, "CUSTOMER_SELLER", &beatriz, "Recebi, obrigada!", ago(now, 1100), turn);
    if let Some(chat) = store.find(answered).and_then(|ticket| ticket.chat("CUSTOMER_SELLER")) {
        chat.seller_status = "READ".into();
    }
}

/// A conversation as the cast and the generator begin it.
pub(super) fn thread(title: &str, consumer: Option<&str>, begun_by: Side, text: &str, at: Time) -> Thread {
    Thread {
        id: String::new(),
        title: title.into(),
        consumer: consumer.map(str::to_owned),
        begun_by,
        status: "new",
        references: [None, None],
        context: json!({"type": "account"}),
        initial: Some(text.into()),
        due: None,
        is_test: false,
        closed_at: None,
        created_at: at,
        updated_at: at,
        visible_at: at,
    }
}

fn dsco(scene: &mut Scene<'_>) {
    let now = scene.turn.now;
    let words = |own, opener| words(scene.phrases, scene.lang, own, opener);
    let (platform, turn) = (&mut *scene.dsco, &mut scene.turn);
    let order = |number: &str, id: &str| json!({"type": "order", "poNumber": number, "dscoOrderId": id});
    let late = thread(
        "Late order complaint from consumer on Order 123",
        Some("12345"),
        Side::Retailer,
        "Why is my order late?",
        ago(now, 75),
    );
    platform.begin(
        Thread {
            id: "sfs09fsf09s8fsfs9009".into(),
            references: [Some("case-7781".into()), None],
            context: order("123-456-789", "9900001"),
            due: Some(now + TimeDelta::hours(8)),
            ..late
        },
        turn,
    );
    let jacket = thread(
        "Torn seam on jacket",
        Some("67890"),
        Side::Retailer,
        words("Der Saum der Jacke ist nach einer Woche gerissen.", 5),
        ago(now, 400),
    );
    let jacket = platform.begin(Thread { context: order("123-456-790", "9900002"), ..jacket }, turn);
    platform.note(
        &jacket,
        Side::Supplier,
        "Es tut uns leid. Bitte senden Sie uns ein Foto der Naht.",
        ago(now, 350),
        ago(now, 350),
        turn,
    );
    platform.note(
        &jacket,
        Side::Retailer,
        "Foto ist unterwegs. Wann bekomme ich Ersatz?",
        ago(now, 110),
        ago(now, 110),
        turn,
    );
    let stock = thread(
        "Inventory feed for spring line",
        None,
        Side::Retailer,
        "Could you confirm the quantities for the spring line by Thursday?",
        ago(now, 900),
    );
    platform.begin(Thread { context: json!({"type": "inventory", "sku": "ALP-2201"}), ..stock }, turn);
    let mine = thread(
        "Packing slip layout",
        None,
        Side::Supplier,
        "We would like to change the layout of the packing slip.",
        ago(now, 1300),
    );
    platform.begin(mine, turn);
    let test = thread(
        "Integration test, please ignore",
        Some("99999"),
        Side::Retailer,
        "This is a test conversation.",
        ago(now, 600),
    );
    platform.begin(Thread { is_test: true, context: order("PO-1001", "9900006"), ..test }, turn);
    let done = thread(
        "Wrong colour received",
        Some("55512"),
        Side::Retailer,
        "I ordered green and got grey.",
        ago(now, 2600),
    );
    let done = platform.begin(Thread { context: order("123-456-791", "9900003"), ..done }, turn);
    platform.note(
        &done,
        Side::Supplier,
        "We have shipped the green one with express delivery.",
        ago(now, 2500),
        ago(now, 2500),
        turn,
    );
    platform.set_status(&done, "closed", turn);
    if let Some(thread) = platform.find(&done) {
        thread.closed_at = Some(ago(now, 2400));
        thread.updated_at = ago(now, 2400);
    }
}

fn thg(scene: &mut Scene<'_>) {
    let now = scene.turn.now;
    let (shop, turn) = (&mut *scene.thg, &mut scene.turn);
    shop.prepare(turn.rng);
    let order = |number: &str, skus: &[u64]| Some((number.to_owned(), skus.to_vec()));
    // The seed's own discussion: an answer that nobody has read.
    let login = shop.open("WEBSITE_ISSUES", None, ago(now, 180));
    shop.add(&login, true, "Hi, I cannot log in on site, please help.", ago(now, 180), None, turn);
    shop.add(
        &login,
        false,
        "Please try again now. If it still fails, tell us which browser you use.",
        ago(now, 50),
        None,
        turn,
    );
    status(shop, &login, "COMPLETED");
    let parcel = shop.open("WHERE_IS_MY_ORDER", order("152050629", &[10_530_943]), ago(now, 130));
    shop.add(
        &parcel,
        true,
        "The parcel was due on Monday and has not moved since.",
        ago(now, 130),
        None,
        turn,
    );
    let pouch = shop.open("PROBLEM_WITH_MY_ORDER", order("152050774", &[10_852_500]), ago(now, 2100));
    shop.add(
        &pouch,
        true,
        "The pouch was open on arrival, powder everywhere. Can you replace it?",
        ago(now, 2100),
        None,
        turn,
    );
    shop.add(&pouch, false, "We're sorry! Could you send a photo of the pouch?", ago(now, 2000), None, turn);
    shop.add(&pouch, true, "Photo attached.", ago(now, 1900), None, turn);
    status(shop, &pouch, "PENDING");
    let refund = shop.open("RETURNS_AND_REFUNDS", order("152051190", &[12_000_001]), ago(now, 520));
    shop.add(
        &refund,
        true,
        "I returned one item two weeks ago. Where is the refund?",
        ago(now, 520),
        None,
        turn,
    );
    status(shop, &refund, "IN_PROGRESS");
    // Completed by an agent who saw no need to answer.
    let silent = shop.open("FEEDBACK", None, ago(now, 3000));
    shop.add(
        &silent,
        true,
        "The new app is lovely, but the order history is hard to find.",
        ago(now, 3000),
        None,
        turn,
    );
    status(shop, &silent, "COMPLETED");
    for discussion in [&pouch, &refund, &silent, &parcel] {
        if let Some(one) = shop.find(discussion) {
            one.read = true;
        }
    }
}

fn status(shop: &mut super::thg::Shop, id: &str, status: &'static str) {
    if let Some(one) = shop.find(id) {
        one.status = status;
    }
}

fn whatsapp(scene: &mut Scene<'_>) {
    let now = scene.turn.now;
    let (business, turn) = (&mut *scene.whatsapp, &mut scene.turn);
    let german = scene.phrases.of("de");
    let words = |own, opener| words(scene.phrases, scene.lang, own, opener);
    let cloud = Api::Cloud;
    let question = |text: &str| Inbound::Question { text: text.into(), product: "di9ozbzfi4".into() };
    business.receive(
        cloud,
        "16315551234",
        "Kerry",
        &question(words("Is it waterproof?", 3)),
        ago(now, 25),
        turn,
    );
    let items = [("A1", 1, "599.9", "BRL"), ("A2", 2, "7.99", "BRL"), ("nqryix03ez", 3, "2399", "BRL")];
    let items = items.map(|(product, count, price, currency)| {
        (product.to_owned(), count, price.to_owned(), currency.to_owned())
    });
    let order = Inbound::Order { note: Some("Could you ship by Friday?".into()), items: items.to_vec() };
    business.receive(cloud, "16505551234", "Sheena Nelson", &order, ago(now, 64), turn);
    let picture = Inbound::File {
        kind: "image".into(),
        bytes: PICTURE.to_vec(),
        mime: "image/png".into(),
        caption: Some(words("A caixa chegou assim 😕", 1).into()),
        name: None,
    };
    business.receive(cloud, "5511987654321", "Paulo Araújo", &picture, ago(now, 150), turn);
    let voice = Inbound::File {
        kind: "voice".into(),
        bytes: VOICE.to_vec(),
        mime: "audio/ogg; codecs=opus".into(),
        caption: None,
        name: None,
    };
    business.receive(cloud, "5521998877665", "Renata Nogueira", &voice, ago(now, 210), turn);
    let place = Inbound::Location {
        latitude: 52.5208,
        longitude: 13.4094,
        name: "Alexanderplatz".into(),
        address: "Alexanderplatz 1, 10178 Berlin".into(),
    };
    business.receive(
        cloud,
        "4915112345678",
        &german.names[0].clone(),
        &Inbound::Text(words(pick(&german.openers, 6), 6).into()),
        ago(now, 92),
        turn,
    );
    business.receive(cloud, "4915112345678", &german.names[0].clone(), &place, ago(now, 90), turn);
    // More than a day ago: only a template may answer.
    business.receive(
        cloud,
        "447700900123",
        "Amelia Clark",
        &Inbound::Text(words("Do you deliver to Jersey?", 9).into()),
        ago(now, 60 * 30),
        turn,
    );
    // The old number, still in use behind a relay.
    let old = Api::OnPremises;
    business.receive(
        old,
        "250788123123",
        "Aline Uwase",
        &Inbound::Text(words("Is the red one still available?", 9).into()),
        ago(now, 35),
        turn,
    );
    let order = Inbound::Order { note: None, items: vec![("SKU-1".into(), 1, "599.9".into(), "BRL".into())] };
    business.receive(old, "16315555555", "Dana Kim", &order, ago(now, 48), turn);
    business.know(cloud, "491701112233", "Frieda Groß");
}
