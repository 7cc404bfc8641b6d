//! What a newcomer reads.

use crooner_tests::Sandbox;

const PROGRAM: &str = env!("CARGO_BIN_EXE_crooner-under-test");

#[test]
fn no_arguments_print_help_to_act_on() {
    let outcome = Sandbox::new(PROGRAM).run(&[]);
    assert_eq!(outcome.code, Some(2));
    let text = outcome.stdout + &outcome.stderr;
    for words in ["Usage: crooner", "Start here:", "crooner train ", "predict"] {
        assert!(text.contains(words), "{words}: {text}");
    }
}

#[test]
fn every_sub_command_shows_examples() {
    let sandbox = Sandbox::new(PROGRAM);
    for command in ["prepare-data", "train", "evaluate", "predict", "datasets", "info"] {
        let text = sandbox.succeed(&[command, "--help"]).stdout;
        assert!(text.contains("Example") && text.contains(&format!("crooner {command}")), "{text}");
    }
}

#[test]
fn info_says_what_would_run_where() {
    let text = Sandbox::new(PROGRAM).succeed(&["info"]).stdout;
    for words in ["crooner    0.", "threads    ", "backend    flex", "backend    wgpu"] {
        assert!(text.contains(words), "{words}: {text}");
    }
    assert!(
        text.lines().any(|line| line.starts_with("backend    flex") && line.contains("runs on")),
        "{text}"
    );
}

#[test]
fn data_sets_are_listed_and_shown() {
    let sandbox = Sandbox::new(PROGRAM);
    let list = sandbox.succeed(&["datasets"]).stdout;
    assert!(list.lines().any(|line| line.starts_with("demo")) && list.contains("folder"), "{list}");
    let demo = sandbox.succeed(&["datasets", "demo"]).stdout;
    for words in ["6 artists, 12 albums, 48 tracks", "licence:", "citation:", "layout:"] {
        assert!(demo.contains(words), "{words}: {demo}");
    }
}
