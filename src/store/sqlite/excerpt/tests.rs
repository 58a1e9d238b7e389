use super::*;

fn shown(text: &str, sought: &str, open: bool) -> Option<String> {
    Sought::new([(sought, open)].into_iter()).first(text).map(|at| around(text, at))
}

#[test]
fn a_hit_stands_near_the_beginning_of_its_line() {
    let text = "Hello,\n\nplease tell me where the \"Päckchen\" is, and when it will be here at last, for my mother waits for it";
    let line = shown(text, "pack", true).unwrap();
    assert_eq!(line, "…where the \"Päckchen\" is, and when it will be here at last, for my mother waits…");
    assert_eq!(shown("The parcel", "parcel", false).unwrap(), "The parcel");
    assert_eq!(shown("parcel", "PARC", true).unwrap(), "parcel");
    assert_eq!(shown("parcel", "parc", false), None, "a phrase's last word is whole");
    assert_eq!(shown("parcel", "", true), None);
}

#[test]
fn words_are_cut_and_folded_as_the_index_does_it() {
    assert_eq!(shown("id AB-12/x", "ab-12", true).unwrap(), "id AB-12/x");
    assert_eq!(shown("a naïve Ação", "acao", true).unwrap(), "a naïve Ação");
    assert_eq!(shown("e\u{301}te\u{301}", "été", true).unwrap(), "e\u{301}te\u{301}");
    assert_eq!(shown("not in order", "in order", false).unwrap(), "not in order");
    assert_eq!(shown("in disorder", "in order", false), None);
    assert_eq!(shown("商品がまだ届いていません", "商品", true).unwrap(), "商品がまだ届いていません");
}
