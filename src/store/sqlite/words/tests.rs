use super::language;

#[test]
fn a_short_question_is_told_by_its_small_words() {
    let tags = ["pt-BR", "en", "de"].map(str::to_owned);
    for (text, lang) in [
        ("Is it waterproof?", Some("en")),
        ("Could you ship by Friday?", Some("en")),
        ("A caixa chegou assim 😕", Some("pt-BR")),
        ("Onde está meu pedido?", Some("pt-BR")),
        ("Wann kommt das?", Some("de")),
        ("ok", None),
        ("Order 4711", None),
        ("waar is mijn bestelling", None),
        ("ABC-123 XYZ", None),
    ] {
        assert_eq!(language(text, &[]).as_deref(), lang.map(|it| it.get(..2).unwrap()), "{text}");
        assert_eq!(language(text, &tags).as_deref(), lang, "{text}");
    }
    assert_eq!(language("Is it waterproof?", &["de".into()]), None, "not one of the channel's");
}
