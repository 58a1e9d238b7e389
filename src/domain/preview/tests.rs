use serde_json::json;

use super::{order_line, shown};
use crate::domain::Lang;

#[test]
fn an_order_is_a_line_with_its_sum() {
    let item = |quantity: u32, price: &str, currency: &str| json!({ "product_id": "A", "quantity": quantity, "price": price, "currency": currency });
    let line = |items: &[serde_json::Value]| order_line(&json!({ "items": items }));
    assert_eq!(
        line(&[item(2, "399.90", "BRL"), item(1, "19.9", "BRL")]).as_deref(),
        Some("ORDER 3 items, sum 819.70 BRL")
    );
    assert_eq!(line(&[item(1, "599.9", "BRL")]).as_deref(), Some("ORDER 1 item, sum 599.90 BRL"));
    assert_eq!(line(&[item(1, "5", "BRL"), item(1, "5", "EUR")]).as_deref(), Some("ORDER 2 items"));
    assert_eq!(line(&[item(1, "free", "BRL")]).as_deref(), Some("ORDER 1 item"));
    assert_eq!((line(&[]), order_line(&json!({ "product_id": "A" }))), (None, None));
}

#[test]
fn it_speaks_the_screens_language_and_words_stay() {
    assert_eq!(shown(Lang::En, "ORDER 3 items, sum 819.70 BRL"), "ORDER 3 items, sum 819.70 BRL");
    assert_eq!(shown(Lang::De, "ORDER 3 items, sum 819.70 BRL"), "BESTELLUNG 3 Artikel, Summe 819.70 BRL");
    assert_eq!(shown(Lang::De, "ORDER 1 item"), "BESTELLUNG 1 Artikel");
    assert_eq!(shown(Lang::De, "ORDER two items please"), "ORDER two items please");
}
