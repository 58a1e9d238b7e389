use crate::{
    cli::inbox,
    store::story::{at, page, says},
};

#[tokio::test]
async fn what_happens_once_hooks_are_started_is_told_though_they_had_no_turn_yet() {
    let folder = tempfile::tempdir().expect("a folder");
    let told = folder.path().join("told");
    let hook = format!(
        "[[hook]]\nname = \"pager\"\non = [\"message\"]\ncommand = [\"/bin/sh\", \"-c\", \"cat >> {}\"]\n",
        told.display()
    );
    let desk = inbox::tests::desk(folder.path(), &hook).await;
    let before = page(vec![says("c", "m1", "before", at(8))]);
    desk.store.apply("americanas".into(), before, at(8)).await.expect("applies");
    let hooks = super::start(&desk).await.expect("there is one");
    // Their task has had no turn yet: this one keeps the thread until the store has it.
    let after = page(vec![says("c", "m2", "after", at(9))]);
    futures_util::FutureExt::now_or_never(desk.store.apply("americanas".into(), after, at(9)));
    let until = std::time::Instant::now() + std::time::Duration::from_mins(2);
    let text = loop {
        assert!(std::time::Instant::now() < until, "nothing was told");
        let text = std::fs::read_to_string(&told).unwrap_or_default();
        if text.contains("after") {
            break text;
        }
        tokio::task::yield_now().await;
    };
    assert_eq!(text.matches("\"event\"").count(), 1, "what was before is not told: {text}");
    hooks.abort();
}
