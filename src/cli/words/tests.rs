use clap::Parser;

use super::*;
use crate::cli::args::{Command, SortBy};

fn parse(line: &str) -> Result<Cli, clap::Error> {
    Cli::try_parse_from(options_first(line.split(' ').map(OsString::from).collect()))
}

#[test]
fn options_are_options_wherever_they_stand_and_hyphened_words_are_words() {
    for line in [
        "deskline list kind:skyhub -label:spam --json --limit 2 --sort due",
        "deskline list --json --limit=2 kind:skyhub --sort due -label:spam",
        "deskline --config list list --sort due --limit 2 --json -- kind:skyhub -label:spam",
    ] {
        let Ok(Cli { command: Some(Command::List(list)), .. }) = parse(line) else { unreachable!("{line}") };
        assert_eq!(list.query, ["kind:skyhub", "-label:spam"], "{line}");
        assert!(list.json && list.limit == 2 && list.sort == SortBy::Due, "{line}");
    }
    assert!(parse("deskline list status:open --sort zzz").is_err());
    let Ok(Cli { command: Some(Command::List(list)), .. }) = parse("deskline list status:open --nope") else {
        unreachable!("a list command")
    };
    assert!(crate::cli::list::parse(&list.query).is_err(), "an option that is none");
    let Ok(Cli { command: Some(Command::Label(label)), .. }) = parse("deskline label 17 +vip -spam") else {
        unreachable!("a label command")
    };
    assert_eq!(label.labels, ["+vip", "-spam"]);
    let Ok(Cli { command: Some(Command::Reply(reply)), .. }) = parse("deskline reply 17 --text -x --wait")
    else {
        unreachable!("a reply command")
    };
    assert_eq!((reply.text.text.as_deref(), reply.wait.wait), (Some("-x"), Some(60)));
}
