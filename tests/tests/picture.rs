//! `crooner picture`: files that a browser and a viewer show, and sentences where there is nothing to show.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails, and names the line")]

use std::fs;

use crooner_tests::{Sandbox, wav};

const PROGRAM: &str = env!("CARGO_BIN_EXE_crooner-under-test");

fn sandbox() -> Sandbox {
    let sandbox = Sandbox::new(PROGRAM);
    wav::write(&sandbox.path("a.wav"), &wav::tone(440.0, 3.0)).unwrap();
    sandbox
}

/// Width and height in the header of a PNG.
fn size(png: &[u8]) -> (u32, u32) {
    assert!(png.starts_with(b"\x89PNG\r\n\x1a\n"));
    let number = |at: usize| u32::from_be_bytes(png[at..at + 4].try_into().unwrap());
    (number(16), number(20))
}

#[test]
fn everything_can_be_drawn_as_png_and_svg() {
    let sandbox = sandbox();
    let kinds = [
        ("waveform", &["seconds", "Waveform"][..]),
        ("spectrogram", &["Spectrogram", "Hz", "1\u{202F}000", "−20 dB"]),
        ("mel", &["Mel spectrogram", "Hz", "500", "0 dB"]),
        ("cqt", &["Constant-Q transform", "C4", "note"]),
        ("chroma", &["Chromagram", "A", "F♯", "pitch class"]),
        ("tempogram", &["Tempogram", "BPM", "120"]),
        ("self-similarity", &["Self-similarity", "a.wav, chroma-cqt"]),
    ];
    for (kind, texts) in kinds {
        sandbox.succeed(&["picture", "a.wav", "--of", kind, "-o", "a.png"]);
        let (width, height) = size(&fs::read(sandbox.path("a.png")).unwrap());
        assert_eq!(width, 1600, "{kind}");
        assert!((400..1600).contains(&height), "{kind}: {height}");
        sandbox.succeed(&["picture", "a.wav", "--of", kind, "-o", "a.svg"]);
        let svg = fs::read_to_string(sandbox.path("a.svg")).unwrap();
        assert!(svg.contains(" width=\"800\"") && svg.contains("prefers-color-scheme:dark"), "{kind}");
        for text in texts {
            assert!(svg.contains(&format!(">\n{text}</text>")), "{kind}: no {text}");
        }
    }
}

#[test]
fn an_excerpt_has_its_own_times_and_settings_are_heeded() {
    let sandbox = sandbox();
    let args = ["picture", "a.wav", "--of", "mel", "--start", "1", "--seconds", "1.5", "-o", "a.svg"];
    sandbox.succeed(&[&args[..], &["--set", "n_mels=20", "--theme", "dark", "--width", "1000"]].concat());
    let svg = fs::read_to_string(sandbox.path("a.svg")).unwrap();
    assert!(svg.contains("Mel spectrogram of 1.5 seconds in 20 bands"), "{svg}");
    for text in ["1.0", "2.4", "a.wav, n_mels=20"] {
        assert!(svg.contains(&format!(">\n{text}</text>")), "no {text}");
    }
    assert!(svg.contains(" width=\"1000\"") && !svg.contains("prefers-color-scheme"));
    let linear = ["picture", "a.wav", "--of", "spectrogram", "--axis", "linear", "-o", "b.svg"];
    sandbox.succeed(&linear);
    let svg = fs::read_to_string(sandbox.path("b.svg")).unwrap();
    assert!(svg.contains(">\n0</text>") && svg.contains("8\u{202F}000</text>"));
}

#[test]
fn the_same_command_gives_the_same_bytes() {
    let sandbox = sandbox();
    for output in ["a.png", "b.png"] {
        sandbox.succeed(&["picture", "a.wav", "--of", "cqt", "--theme", "dark", "-o", output]);
    }
    assert_eq!(fs::read(sandbox.path("a.png")).unwrap(), fs::read(sandbox.path("b.png")).unwrap());
}

#[test]
fn what_cannot_be_drawn_is_said_in_a_sentence() {
    let sandbox = sandbox();
    let refuse = |args: &[&str]| sandbox.refuse(&[&["picture", "a.wav", "-o", "a.png"], args].concat());
    assert_eq!(
        refuse(&["--of", "mel", "--start", "30"]),
        "a.wav lasts 3.000 s, and --start 30 is not before its end"
    );
    assert_eq!(
        refuse(&["--of", "mel", "--start", "2", "--seconds", "5"]),
        "a.wav lasts 3.000 s, and --start 2 --seconds 5 is more than that: without --seconds, all is drawn"
    );
    assert_eq!(
        refuse(&["--of", "waveform", "--set", "n_fft=512"]),
        "--set n_fft=512: a waveform has no settings"
    );
    assert_eq!(
        refuse(&["--of", "mel", "--axis", "log"]),
        "--axis is of a spectrogram: other pictures have the axis of what they show"
    );
    assert_eq!(
        refuse(&["--of", "mel", "--feature", "mfcc"]),
        "--feature is of a self-similarity: other pictures are each of one feature"
    );
    assert_eq!(refuse(&["--of", "mel", "--width", "5"]), "width must be from 100 to 20000 pixels, found 5");
    assert_eq!(
        refuse(&["--of", "spectrogram", "--set", "power=2"]),
        "--set power=2: a spectrogram is drawn in dB, which are the same for any power"
    );
    let message = refuse(&["--of", "mel", "--set", "bands=3"]);
    assert!(message.starts_with("log-mel has no setting `bands`: it has sample_rate, "), "{message}");
    let message = sandbox.refuse(&["picture", "a.wav", "--of", "mel", "-o", "a.jpg"]);
    assert_eq!(message, "a.jpg: the name must end in .png or .svg, which says how to write it");
    let message = sandbox.refuse(&["picture", ".", "--of", "mel", "-o", "a.png"]);
    assert_eq!(message, ". is a folder: a picture is of one file");
    let message = sandbox.refuse(&["picture", "none.wav", "--of", "mel", "-o", "a.png"]);
    assert!(message.contains("none.wav"), "{message}");
    assert!(!sandbox.path("a.png").exists());
    // What clap refuses, it lists, with an exit code of its own.
    let outcome = sandbox.run(&["picture", "a.wav", "--of", "mels", "-o", "a.png"]);
    assert_eq!(outcome.code, Some(2));
    assert!(outcome.stderr.contains("waveform, spectrogram, mel, cqt, chroma, tempogram, self-similarity"));
}
