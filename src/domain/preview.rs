//! The line that a list shows of a message: its first words, or what an order adds up to.

use rust_decimal::Decimal;
use serde_json::Value;

use super::Lang;
use super::lang::tr;

/// The line of an order, `ORDER 3 items, sum 819.70 BRL`; without the sum where it cannot be added up. `None`: no order.
pub fn order_line(context: &Value) -> Option<String> {
    let items = context.get("items")?.as_array().filter(|items| !items.is_empty())?;
    let word = |item: &Value, key: &str| match item.get(key) {
        Some(Value::String(text)) => text.clone(),
        Some(other) => other.to_string(),
        None => String::new(),
    };
    let code = word(&items[0], "currency");
    let mut count = Some(Decimal::ZERO);
    let mut sum = Some(Decimal::ZERO);
    for item in items {
        let quantity = word(item, "quantity").parse::<Decimal>().ok();
        let price = word(item, "price").parse::<Decimal>().ok();
        let price = price.filter(|_| word(item, "currency") == code);
        count = count.zip(quantity).and_then(|(all, more)| all.checked_add(more));
        let line = quantity.zip(price).and_then(|(quantity, price)| quantity.checked_mul(price));
        sum = sum.zip(line).and_then(|(all, more)| all.checked_add(more));
    }
    let count = count.map_or_else(|| items.len().to_string(), |count| count.normalize().to_string());
    let item = if count == "1" { "item" } else { "items" };
    let sum = sum.map_or_else(String::new, |mut sum| {
        // Half a price reads badly: 819.7 is 819.70.
        if sum.scale() == 1 {
            sum.rescale(2);
        }
        format!(", sum {sum} {code}").trim_end().to_owned()
    });
    Some(format!("ORDER {count} {item}{sum}"))
}

/// Such a line in the screen's language; any other line as it is.
pub fn shown(lang: Lang, line: &str) -> String {
    let told = line.strip_prefix("ORDER ").and_then(|rest| {
        let (count, rest) = rest.split_once(' ')?;
        let sum = rest.strip_prefix("items").or_else(|| rest.strip_prefix("item"))?;
        count.parse::<Decimal>().ok()?;
        let what = if count == "1" {
            lang.tr("ORDER 1 item").to_owned()
        } else {
            tr!(lang, "ORDER {count} items", count)
        };
        match sum.strip_prefix(", sum ") {
            Some(sum) => Some(tr!(lang, "{what}, sum {sum}", what, sum)),
            None => sum.is_empty().then_some(what),
        }
    });
    told.unwrap_or_else(|| line.to_owned())
}

#[cfg(test)]
mod tests;
