//! The kinds that tests of every room speak of.

use super::ChannelKind;

impl ChannelKind {
    pub(crate) const THG: Self = Self::of("thg");
    pub(crate) const DSCO: Self = Self::of("dsco");
    pub(crate) const SKYHUB: Self = Self::of("skyhub");
    pub(crate) const WHATSAPP: Self = Self::of("whatsapp");
}

#[test]
fn a_kind_that_says_nothing_of_itself_can_be_spoken_of() {
    let manner = super::Manner::default();
    assert_eq!((manner.vendor(), manner.asks().len()), ("the vendor", 2));
}
