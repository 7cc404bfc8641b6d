use crooner_report::{Pictures, Report, Training, html};

use crate::{made_up, small};

/// The page, parsed: our pages are well-formed XML but for the doctype and three void tags.
fn parse(page: &str) -> String {
    let xml = page.replace("<!DOCTYPE html>\n", "");
    let mut closed = String::new();
    for line in xml.lines() {
        let void = line.starts_with("<meta");
        let line = match (void, line.split_once("><title")) {
            (true, Some((meta, rest))) => format!("{meta}/><title{rest}"),
            (true, None) => line.replacen('>', "/>", 1),
            (false, _) => line.to_owned(),
        };
        closed += &line;
        closed.push('\n');
    }
    closed
}

/// Checks that everything opened is closed, and that nothing outside the file is asked for.
pub(crate) fn assert_sound(page: &str) {
    let xml = parse(page);
    let document = roxmltree::Document::parse(&xml).unwrap_or_else(|error| panic!("{error}"));
    for node in document.descendants().filter(roxmltree::Node::is_element) {
        assert_ne!(node.tag_name().name(), "script");
        for attribute in node.attributes() {
            assert!(!attribute.name().starts_with("on"), "{attribute:?}");
            if ["src", "href"].contains(&attribute.name()) {
                assert!(attribute.value().starts_with("data:image/png;base64,"), "{attribute:?}");
            }
        }
        match node.tag_name().name() {
            "svg" => assert_eq!(node.attribute("role"), Some("img")),
            "th" => assert!(node.has_attribute("scope")),
            "table" => assert!(node.children().any(|child| child.has_tag_name("caption"))),
            _ => {}
        }
        if node.attribute("role") == Some("img") {
            assert!(node.attribute("aria-label").is_some_and(|label| !label.is_empty()));
        }
    }
    for outside in ["@import", "url(", "http://", "https://"] {
        let inside = page.replace("http://www.w3.org/2000/svg", "");
        assert!(!inside.contains(outside), "the page names {outside}");
    }
}

/// The text a reader sees, with one space between words.
pub(crate) fn text(page: &str) -> String {
    let xml = parse(page);
    let document = roxmltree::Document::parse(&xml).unwrap();
    let body = document.descendants().find(|node| node.has_tag_name("body")).unwrap();
    let texts = body.descendants().filter_map(|node| node.is_text().then(|| node.text()).flatten());
    texts.collect::<Vec<_>>().concat().split_whitespace().collect::<Vec<_>>().join(" ")
}

#[test]
fn the_page_of_a_small_report() {
    insta::assert_snapshot!(html(&small(), &Pictures::default()).unwrap());
}

#[test]
fn pages_of_all_sizes_are_sound() {
    let pictures = made_up::pictures().unwrap();
    for n_classes in [1, 2, 12, 60, 100] {
        assert_sound(&html(&made_up::report(n_classes, 3), &pictures).unwrap());
    }
}

#[test]
fn the_headline_says_it_in_plain_words() {
    let text = text(&html(&small(), &Pictures::default()).unwrap());
    let headline = "On 24 recordings it never heard, the classifier named the right artist for 21 \
                    (88 %, 95 % interval 74–100 %; guessing gives 17 %).";
    assert!(text.contains(headline), "{text}");

    // Whoever guesses may know who plays most.
    let mut report = small();
    let majority = &mut report.chance.majority;
    (majority.value, majority.low, majority.high) = (0.25, 0.2, 0.3);
    let text = self::text(&html(&report, &Pictures::default()).unwrap());
    assert!(text.contains("74–100 %; guessing gives 25 %)."), "{text}");
}

#[test]
fn sections_come_in_the_order_a_reader_wants() {
    let page = html(&small(), &made_up::pictures().unwrap()).unwrap();
    let sections = [
        "What was run",
        "Scores",
        "How to read them",
        "Training",
        "Who is taken for whom",
        "Artist by artist",
        "What the classifier hears",
        "Most confused pairs",
        "Worst recordings",
        "The data",
        "What could not be read",
        "Time",
        "Do it again",
    ];
    let places = sections.map(|heading| {
        page.find(&format!(">{heading}</h")).unwrap_or_else(|| panic!("no section {heading:?}"))
    });
    assert!(places.is_sorted(), "{places:?}");
}

/// The report with every text replaced by one that tries to break out of it.
fn hostile(text: &str) -> Report {
    let mut report = small();
    let run = &mut report.run;
    let texts = [&mut run.name, &mut run.dataset, &mut run.preset, &mut run.backend, &mut run.device];
    texts.into_iter().for_each(|place| text.clone_into(place));
    let texts = [&mut run.version, &mut run.command, &mut run.config_toml];
    texts.into_iter().for_each(|place| text.clone_into(place));
    run.revision = Some(text.to_owned());
    let texts = [&mut report.split.kind, &mut report.split.fingerprint, &mut report.training.stopped];
    texts.into_iter().for_each(|place| text.clone_into(place));
    report.split.notes = vec![text.to_owned()];
    for level in [&mut report.test.track, &mut report.test.slice] {
        level.classes.iter_mut().for_each(|class| text.clone_into(&mut class.name));
    }
    for example in &mut report.examples {
        text.clone_into(&mut example.artist);
    }
    for pair in &mut report.confused {
        (pair.truth, pair.predicted) = (text.to_owned(), text.to_owned());
    }
    for track in &mut report.worst_tracks {
        (track.id, track.truth, track.predicted) = (text.to_owned(), text.to_owned(), text.to_owned());
    }
    for failure in &mut report.failures {
        (failure.track, failure.error) = (text.to_owned(), text.to_owned());
    }
    report
}

#[test]
fn no_text_breaks_out_of_its_place() {
    let pictures = made_up::pictures().unwrap();
    for attack in [
        "<script>alert(1)</script>",
        "\"><img src=x onerror=alert(1)>",
        "AC/DC & \"x\"",
        "</style></svg></title><!--",
        "]]>",
        "&amp;",
        "nul \0, escape \u{1b}, \u{FFFE}",
    ] {
        let report = hostile(attack);
        let page = html(&report, &pictures).unwrap();
        assert_sound(&page);
        assert_eq!(page.matches("<h1>").count(), 1);
        // What the reader sees is the text itself; control characters are replaced.
        let seen: String =
            attack.chars().map(|c| if c.is_control() || c == '\u{FFFE}' { '\u{FFFD}' } else { c }).collect();
        assert!(text(&page).contains(&seen), "{seen}");
    }
}

#[test]
fn names_that_markup_would_read_are_shown_as_they_are() {
    let page = html(&small(), &Pictures::default()).unwrap();
    assert!(!page.contains("<script"));
    let text = text(&page);
    assert!(text.contains("<script>alert(1)</script>") && text.contains("AC/DC & \"x\""));
}

#[test]
fn what_did_not_happen_is_said_in_words() {
    let mut report = small();
    report.confused.clear();
    report.worst_tracks.clear();
    report.failures.clear();
    report.examples.clear();
    report.split.notes.clear();
    report.run.revision = None;
    report.training =
        Training { epochs: Vec::new(), best_epoch: None, stopped: "Nothing was trained.".to_owned() };
    let page = html(&report, &Pictures::default()).unwrap();
    assert_sound(&page);
    let text = text(&page);
    for sentence in [
        "No artist was taken for another.",
        "No test recording was given to the wrong artist.",
        "Every recording could be read.",
        "No epoch was trained, so there are no learning curves.",
    ] {
        assert!(text.contains(sentence), "{sentence}");
    }
    assert!(!text.contains("What the classifier hears") && !text.contains("Revision"));
}

#[test]
fn a_run_that_diverged_still_has_a_report() {
    let mut report = small();
    for epoch in &mut report.training.epochs {
        (epoch.train_loss, epoch.validation_loss, epoch.validation_f1) = (None, None, None);
    }
    report.training.best_epoch = None;
    let text = text(&html(&report, &Pictures::default()).unwrap());
    assert!(text.contains("no finite value"));
    assert!(text.contains("The gaps are 3 epochs without a finite loss."));
    assert!(text.contains("No epoch’s weights were kept."));
}

#[test]
fn the_same_report_gives_the_same_bytes() {
    let page = || html(&made_up::report(12, 4), &made_up::pictures().unwrap()).unwrap();
    assert_eq!(page(), page());
}
