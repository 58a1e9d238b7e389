//! What a message of each type holds, in words an agent can read (the table of contract B.4). Pure.

use rust_decimal::Decimal;
use serde_json::{Value, json};

use super::{
    error,
    map::{Read, attachment},
    wire::{Card, CardLine, Context, Interactive, Location, Media, Message, Order, OrderItem, Trouble},
};
use crate::{
    channels::lenient,
    domain::{MessageKind, Product},
};

/// Reads a message. A type that nobody knows yet is kept as such, never an error.
pub fn read(message: &Message) -> Read {
    let mut read = payload(message).unwrap_or_else(|| opaque(message));
    if read.context.is_none() {
        (read.context, read.products) = context(message);
    }
    if read.kind == MessageKind::Text && !read.products.is_empty() {
        read.kind = MessageKind::ProductQuestion;
    }
    read
}

fn plain(kind: MessageKind, body: impl Into<String>) -> Read {
    Read { body: body.into(), kind, attachments: Vec::new(), context: None, products: Vec::new() }
}

/// The content by its type; `None` where the type is unknown or its content is missing.
fn payload(message: &Message) -> Option<Read> {
    Some(match message.kind.as_deref().or_else(|| message.text.as_ref().map(|_| "text"))? {
        "text" => plain(MessageKind::Text, message.text.as_ref()?.body.clone()?),
        "image" => media(message, message.image.as_ref()?),
        "video" => media(message, message.video.as_ref()?),
        "audio" => media(message, message.audio.as_ref()?),
        "voice" => media(message, message.voice.as_ref().or(message.audio.as_ref())?),
        "document" => media(message, message.document.as_ref()?),
        "sticker" => media(message, message.sticker.as_ref()?),
        "location" => plain(MessageKind::Location, location(message.location.as_ref()?)),
        "contacts" if !message.contacts.is_empty() => plain(MessageKind::Contacts, cards(message)),
        "interactive" => plain(MessageKind::Text, interactive(message.interactive.as_ref()?)?),
        "button" => {
            let button = message.button.as_ref()?;
            plain(MessageKind::Text, button.text.clone().or_else(|| button.payload.clone())?)
        }
        "order" => order(message.order.as_ref()?),
        "system" => {
            let system = message.system.as_ref()?;
            plain(
                MessageKind::System,
                system.body.clone().or_else(|| system.kind.clone()).unwrap_or_default(),
            )
        }
        _ => return None,
    })
}

fn media(message: &Message, media: &Media) -> Read {
    let mut body = media.caption.clone().unwrap_or_default();
    if body.is_empty() && media.id.is_none() {
        // A file that WhatsApp itself could not fetch (131052): its reason is all there is.
        body = troubles(message);
    }
    Read { attachments: vec![attachment(media)], ..plain(MessageKind::Media, body) }
}

fn location(location: &Location) -> String {
    let mut lines: Vec<String> = [&location.name, &location.address]
        .into_iter()
        .flatten()
        .filter(|it| !it.is_empty())
        .cloned()
        .collect();
    let place = location.latitude.as_deref().zip(location.longitude.as_deref());
    if let Some((latitude, longitude)) = place {
        lines.push(format!("{latitude}, {longitude}"));
        lines.push(format!("https://maps.google.com/?q={latitude},{longitude}"));
    }
    if let Some(url) = location.url.clone().filter(|it| !it.is_empty()) {
        lines.push(url);
    }
    lines.join("\n")
}

fn cards(message: &Message) -> String {
    let mut text = Vec::new();
    for raw in &message.contacts {
        let Ok((card, _)) = lenient::decode::<Card>(raw) else { continue };
        let name = card.name.and_then(|it| it.formatted_name.or(it.first_name)).unwrap_or_default();
        let lines = card.phones.iter().chain(&card.emails).filter_map(|raw| {
            let (line, _) = lenient::decode::<CardLine>(raw).ok()?;
            line.phone.or(line.email)
        });
        let parts: Vec<_> = std::iter::once(name).chain(lines).filter(|it| !it.is_empty()).collect();
        text.push(parts.join(", "));
    }
    text.join("\n")
}

fn interactive(interactive: &Interactive) -> Option<String> {
    if let Some(choice) = interactive.button_reply.as_ref().or(interactive.list_reply.as_ref()) {
        let parts: Vec<_> = [&choice.title, &choice.description].into_iter().flatten().cloned().collect();
        return Some(parts.join("\n"));
    }
    if let Some(form) = &interactive.nfm_reply {
        let parts: Vec<_> = [&form.body, &form.response_json].into_iter().flatten().cloned().collect();
        return Some(parts.join("\n"));
    }
    None
}

fn order(order: &Order) -> Read {
    let raws = if order.product_items.is_empty() { &order.product_item } else { &order.product_items };
    let mut items = Vec::new();
    let mut products = Vec::new();
    for raw in raws {
        let Ok((item, _)) = lenient::decode::<OrderItem>(raw) else { continue };
        let quantity = item.quantity.as_deref().and_then(|it| it.trim().parse::<i64>().ok());
        let price = item.item_price.as_deref().map(decimal);
        items.push(json!({
            "product_id": item.product_retailer_id,
            "quantity": quantity.map_or_else(|| json!(item.quantity), |it| json!(it)),
            "price": price,
            "currency": item.currency,
        }));
        products.push(Product {
            sku: item.product_retailer_id.unwrap_or_default(),
            title: None,
            quantity,
            price,
            currency: item.currency,
        });
    }
    let context = json!({ "catalog_id": order.catalog_id, "items": items, "text": order.text });
    products.retain(|it| !it.sku.is_empty());
    Read {
        context: Some(context),
        products,
        ..plain(MessageKind::Order, order.text.clone().unwrap_or_default())
    }
}

/// A price as decimal text, straight from the vendor's digits. What is no decimal stays as it came.
fn decimal(text: &str) -> String {
    let text = text.trim();
    match text.parse::<Decimal>() {
        Ok(_) => text.to_owned(),
        Err(_) => {
            Decimal::from_scientific(text).map_or_else(|_| text.to_owned(), |it| it.normalize().to_string())
        }
    }
}

fn context(message: &Message) -> (Option<Value>, Vec<Product>) {
    let context = message.context.as_ref();
    if let Some(product) = context.and_then(|it| it.referred_product.as_ref()) {
        let seen = json!({ "catalog_id": product.catalog_id, "product_id": product.product_retailer_id });
        let products =
            product.product_retailer_id.iter().map(|sku| Product { sku: sku.clone(), ..Product::default() });
        return (Some(seen), products.collect());
    }
    let quoted = context.and_then(|Context { id, .. }| id.as_deref()).filter(|it| !it.is_empty());
    let seen = match (quoted, &message.referral) {
        (Some(id), None) => Some(json!({ "reply_to": id })),
        (Some(id), Some(referral)) => Some(json!({ "reply_to": id, "referral": referral })),
        (None, Some(referral)) => Some(json!({ "referral": referral })),
        (None, None) => None,
    };
    (seen, Vec::new())
}

/// What cannot be shown here, with what is known of it.
fn opaque(message: &Message) -> Read {
    let inner = message.unsupported.as_ref().and_then(|it| it.kind.as_deref());
    let interactive = message.interactive.as_ref().and_then(|it| it.kind.as_deref());
    let kind = inner.or(interactive).or(message.kind.as_deref()).unwrap_or("unknown");
    let mut body = format!("[{kind}] cannot be shown here: open it on the phone");
    let why = troubles(message);
    if !why.is_empty() {
        body = format!("{body} ({why})");
    }
    plain(MessageKind::Unsupported, body)
}

fn troubles(message: &Message) -> String {
    let words = message.errors.iter().filter_map(|raw| lenient::decode::<Trouble>(raw).ok());
    words
        .map(|(trouble, _)| error::words(&trouble))
        .filter(|it| !it.is_empty())
        .collect::<Vec<_>>()
        .join("; ")
}
