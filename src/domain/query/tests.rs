use super::*;

fn whats(text: &str) -> Vec<(bool, What)> {
    Query::parse(text).unwrap().terms.into_iter().map(|term| (term.negated, term.what)).collect()
}

#[test]
fn every_key_of_the_language_is_read() {
    let all = "status:open channel:whatsapp kind:dsco is:unread is:mine is:unassigned is:snoozed is:drift \
        is:uncertain is:breaching is:failed is:held is:parked is:fix turn:us lang:de priority:high waiting:>4h \
        window:<2h assignee:ana label:vip order:02-1234 sku:123 remote:CODE customer:\"João\" before:2026-01-01 after:-7d due:<2h \
        gate:paused has:attachment has:draft -label:spam word \"a phrase\"";
    let query = Query::parse(all).unwrap();
    assert_eq!(query.terms.len(), 34);
    let keys: std::collections::HashSet<_> = query.terms.iter().filter_map(|term| term.what.key()).collect();
    assert_eq!(keys.len(), KEYS.len());
}

#[test]
fn values_may_be_quoted_and_terms_negated() {
    assert_eq!(
        whats("customer:\"João dos Santos\" -label:spam -\"not this\" -word on-hold"),
        vec![
            (false, What::WholeCustomer("João dos Santos".into())),
            (true, What::Label("spam".into())),
            (true, What::Phrase("not this".into())),
            (true, What::Word("word".into())),
            (false, What::Word("on-hold".into())),
        ]
    );
    assert_eq!(whats("status:on-hold"), whats("status:on_hold"));
}

#[test]
fn ages_are_minutes_hours_and_days_only() {
    assert_eq!(whats("waiting:>4h"), vec![(false, What::Waiting(Cmp::More, TimeDelta::hours(4)))]);
    assert_eq!(whats("waiting:30m"), vec![(false, What::Waiting(Cmp::More, TimeDelta::minutes(30)))]);
    assert_eq!(whats("due:<=2d"), vec![(false, What::Due(Cmp::Less, TimeDelta::days(2)))]);
    for wrong in
        ["waiting:>4", "waiting:>4w", "waiting:>", "waiting:>é", "due:<1h30m", "after:-7x", "before:soon"]
    {
        assert!(Query::parse(wrong).is_err(), "{wrong}");
    }
}

#[test]
fn an_unknown_key_names_its_place_and_lists_the_keys() {
    let error = Query::parse("status:open foo:bar").unwrap_err();
    assert_eq!((error.position, error.term.as_str()), (13, "foo:bar"));
    for key in KEYS {
        assert!(error.to_string().contains(key), "{key}");
    }
    assert!(Query::parse("is:nothing").unwrap_err().to_string().contains("unassigned"));
    assert!(Query::parse("a \"b").is_err());
}

#[test]
fn what_only_looks_like_a_key_is_a_word() {
    assert_eq!(
        whats("10:30 :x"),
        vec![(false, What::Word("10:30".into())), (false, What::Word(":x".into()))]
    );
    assert_eq!(whats("\"status:open\""), vec![(false, What::Phrase("status:open".into()))]);
    assert_eq!(whats("-"), vec![(false, What::Word("-".into()))]);
}

#[test]
fn the_built_in_views_can_be_read() {
    for (name, query) in BUILT_IN {
        assert!(Query::parse(query).is_ok(), "{name}");
    }
}
