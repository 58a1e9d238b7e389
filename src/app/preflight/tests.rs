use super::{contact, sense};

fn contacts(text: &str) -> Vec<&'static str> {
    contact::contacts(text, &["02123456789".into(), "200123456789001".into()], false)
        .into_iter()
        .map(|hit| hit.what)
        .collect()
}

#[test]
fn numbers_of_people_and_money_are_told_by_their_check_digits() {
    assert_eq!(contacts("CPF 529.982.247-25"), ["a CPF, or a phone number"]);
    assert_eq!(contacts("CNPJ 11.222.333/0001-81"), ["a CNPJ"]);
    assert_eq!(contacts("card 4111 1111 1111 1111"), ["a card number"]);
    assert_eq!(contacts("IBAN DE89 3704 0044 0532 0130 00"), ["an IBAN"]);
    assert_eq!(contacts("IBAN DE89 3704 0044 0532 0130 03"), Vec::<&str>::new());
    assert_eq!(contacts("chave 123e4567-e89b-42d3-a456-426614174000"), ["a PIX key"]);
}

#[test]
fn ways_to_reach_each_other_elsewhere_are_found() {
    assert_eq!(contacts("escreva para loja@example.com."), ["an e-mail address"]);
    assert_eq!(contacts("ligue para 11 98765-4321"), ["a number that may be a phone", "another way to talk"]);
    assert_eq!(contacts("+49 151 23456789"), ["a number that may be a phone"]);
    assert_eq!(contacts("(11) 3456-7890"), ["a number that may be a phone"]);
    assert_eq!(contacts("me chama no WhatsApp!"), ["another way to talk", "another way to talk"]);
    assert_eq!(contacts("Kaufen Sie außerhalb der Plattform"), ["outside the platform"]);
    assert_eq!(contacts("please contact us directly"), ["another way to talk"]);
    assert_eq!(contacts("pague por PIX"), ["a way to pay"]);
    assert!(contact::contacts("send it by WhatsApp", &[], true).is_empty(), "there it is where we are");
}

#[test]
fn a_conversations_own_numbers_dates_and_prices_are_no_contact_data() {
    for text in [
        "o pedido 02-123456789 e a entrega 200123456789001",
        "chega em 24.12.2026 14:00 ou 2026-12-24",
        "custa R$ 1234567890 no total",
        "rastreio AA123456789BR",
        "Artikel SKU123456789, 12 Stück zu 19,90",
        "CEP 01310-100",
        "pixel e zapping",
    ] {
        assert_eq!(contacts(text), Vec::<&str>::new(), "{text}");
    }
}

#[test]
fn links_are_found_bare_too() {
    let links = |text: &str| contact::links(text).into_iter().map(|hit| hit.words).collect::<Vec<_>>();
    assert_eq!(
        links("veja https://x.example/a, www.loja.test ou minhaloja.com.br/oferta!"),
        ["https://x.example/a", "www.loja.test", "minhaloja.com.br/oferta"]
    );
    assert_eq!(links("wa.me/5511987654321"), ["wa.me/5511987654321"]);
    assert!(links("Pedido enviado.Me avise. nota.pdf z.B. e.g. 1.234,56 a@b.com").is_empty());
}

#[test]
fn a_promised_file_is_missed() {
    assert_eq!(sense::promised("Segue em anexo a nota"), Some("em anexo"));
    assert_eq!(sense::promised("Die Rechnung finden Sie im Anhang."), Some("im anhang"));
    assert!(sense::promised("The invoice is attached").is_some());
    assert_eq!(sense::promised("> em anexo\nObrigado"), None);
    assert_eq!(sense::promised("we are attached to our customers"), None);
}

#[test]
fn a_greeting_that_names_another_person_is_found() {
    let greets = |text: &str| sense::greets_another(text, &["João dos Santos"]);
    assert_eq!(greets("Olá Maria, tudo bem?").as_deref(), Some("Maria"));
    assert_eq!(greets("Olá, Maria!").as_deref(), Some("Maria"));
    assert_eq!(greets("Olá Maria tudo bem?").as_deref(), Some("Maria"));
    assert_eq!(greets("Boa tarde, Sra. Maria!").as_deref(), Some("Maria"));
    assert_eq!(greets("Sehr geehrter Herr Müller,\n…").as_deref(), Some("Müller"));
    for fine in [
        "Olá João, tudo bem?",
        "Olá Joao dos Santos,",
        "Prezado Sr. Santos,",
        "Olá, tudo bem?",
        "Olá! Seu pedido",
        "Hallo, Ihre Bestellung ist da",
        "Dear Customer,",
        "Olá, Obrigado pelo contato",
        "Hallo, Vielen Dank!",
        "Hallo, Danke!",
        "Olá, Recebemos o seu pedido",
        "Seu pedido chegou, Maria!",
        "> Olá Maria,\nOlá João,",
        "Oi",
    ] {
        assert_eq!(greets(fine), None, "{fine}");
    }
    assert_eq!(sense::greets_another("Olá Maria,", &["12345"]), None, "nobody's name is known");
}

#[test]
fn another_language_is_told_only_where_it_is_sure() {
    let german = "Guten Tag, Ihre Bestellung wurde heute verschickt und kommt übermorgen bei Ihnen an.";
    assert_eq!(sense::other_language(german, "pt-BR"), Some(("German", "Portuguese")));
    assert_eq!(sense::other_language(german, "de"), None);
    assert_eq!(sense::other_language("Danke sehr!", "pt-BR"), None, "too short");
    assert_eq!(sense::other_language(german, "ja"), None, "no language of ours");
}
