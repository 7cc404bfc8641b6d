//! The commands of `docs/coming-from-librosa.md`.

use std::fs;

use crooner_tests::{Sandbox, wav};

const PAGE: &str = include_str!("../../docs/coming-from-librosa.md");

#[test]
fn every_command_of_the_page_runs() {
    let sandbox = Sandbox::new(env!("CARGO_BIN_EXE_crooner-under-test"));
    wav::write(&sandbox.path("song.wav"), &wav::tone(440.0, 3.0)).unwrap();
    let commands: Vec<&str> =
        PAGE.split("`crooner ").skip(1).filter_map(|rest| rest.split('`').next()).collect();
    assert!(commands.len() > 30, "{commands:?}");
    for command in commands {
        let args: Vec<&str> = command.split(' ').collect();
        sandbox.succeed(&args);
        if let Some(output) = args.iter().skip_while(|arg| **arg != "-o").nth(1) {
            assert!(fs::metadata(sandbox.path(output)).unwrap().len() > 100, "{command}");
        }
    }
}
