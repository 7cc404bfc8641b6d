//! Any text, read as a split.

#![no_main]

use crooner_split::Split;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let json = serde_json::from_str::<Split>(text);
    if let Ok(split) = &json {
        // What is accepted is whole, and says so again.
        assert!(Split::side_of(split, &split.test()[0].id).is_some());
        let again = serde_json::to_string(split).expect("a split is JSON");
        assert_eq!(&serde_json::from_str::<Split>(&again).expect("our own JSON"), split);
    }
    if let Ok(split) = toml::from_str::<Split>(text) {
        assert_eq!(split.rows().count(), split.train().len() + split.validation().len() + split.test().len());
        let again = toml::to_string(&split).expect("a split is TOML");
        assert_eq!(toml::from_str::<Split>(&again).expect("our own TOML"), split);
    }
});
