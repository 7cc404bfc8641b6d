//! Names as people compare them.

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

/// Words that say which edition of an album it is.
const EDITION: [&str; 20] = [
    "deluxe",
    "edition",
    "remaster",
    "remastered",
    "remasters",
    "expanded",
    "anniversary",
    "bonus",
    "special",
    "limited",
    "collectors",
    "collector",
    "version",
    "reissue",
    "explicit",
    "mono",
    "stereo",
    "tracks",
    "super",
    "digital",
];
/// Words that a year or an ordinal before them belongs to: `2009 Remaster`, `40th Anniversary`.
const DATED: [&str; 5] = ["remaster", "remastered", "remasters", "reissue", "anniversary"];
/// Words after which a number says which part of an album it is.
const PART: [&str; 3] = ["disc", "disk", "cd"];

/// A name without what people write differently: case, accents, compatibility forms, punctuation, `&` for `and`, an
/// article before it or after its comma.
///
/// ```
/// use crooner_audit::folded;
///
/// assert_eq!(folded("Beatles, The"), folded("THE  BEATLES"));
/// assert_eq!(folded("Björk"), "bjork");
/// assert_eq!(folded("Simon & Garfunkel"), folded("Simon_and_Garfunkel"));
/// assert_eq!(folded("The The"), "the the");
/// ```
#[must_use]
pub fn folded(name: &str) -> String {
    let words = words(name);
    match words.as_slice() {
        [article, rest @ ..] | [rest @ .., article] if article == "the" && !rest.is_empty() => {
            // A band that is called nothing else keeps its name.
            if rest.iter().all(|word| word == "the") { words.join(" ") } else { rest.join(" ") }
        }
        _ => words.join(" "),
    }
}

/// An album's name, folded, without the words that say which edition or disc it is.
///
/// ```
/// use crooner_audit::folded_album;
///
/// assert_eq!(folded_album("Homework (Deluxe Edition)"), "homework");
/// assert_eq!(folded_album("The White Album [2009 Remaster] CD 2"), folded_album("White Album"));
/// assert_ne!(folded_album("Greatest Hits Vol. 1"), folded_album("Greatest Hits Vol. 2"));
/// ```
#[must_use]
pub fn folded_album(name: &str) -> String {
    let mut words = words(name);
    let is_number = |word: &String| word.bytes().all(|byte| byte.is_ascii_digit());
    let whole = words.clone();
    let mut is_dated = false;
    while let Some(last) = words.last() {
        let before = words.len().checked_sub(2).map(|place| words[place].as_str());
        if EDITION.contains(&last.as_str()) {
            is_dated = DATED.contains(&last.as_str());
            words.pop();
        } else if is_number(last) && before.is_some_and(|word| PART.contains(&word)) {
            words.truncate(words.len() - 2);
            is_dated = false;
        } else if is_dated && words.len() > 1 && is_year_or_ordinal(last) {
            words.pop();
            is_dated = false;
        } else {
            break;
        }
    }
    let kept = if words.is_empty() { whole } else { words };
    folded(&kept.join(" "))
}

/// `2009` or `40th`: what precedes `remaster` and `anniversary`.
fn is_year_or_ordinal(word: &str) -> bool {
    let number = ["st", "nd", "rd", "th"].iter().find_map(|suffix| word.strip_suffix(suffix));
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    number.is_some_and(digits) || (word.len() == 4 && digits(word))
}

fn words(name: &str) -> Vec<String> {
    let mut text = String::with_capacity(name.len());
    for c in name.nfkd().filter(|c| !is_combining_mark(*c)).flat_map(char::to_lowercase) {
        match c {
            '&' | '+' => text.push_str(" and "),
            // Letters that do not decompose.
            'ø' => text.push('o'),
            'ł' => text.push('l'),
            'đ' | 'ð' => text.push('d'),
            'ß' => text.push_str("ss"),
            'æ' => text.push_str("ae"),
            'œ' => text.push_str("oe"),
            'þ' => text.push_str("th"),
            'ı' => text.push('i'),
            '\'' | '’' | '.' => {}
            c if c.is_alphanumeric() => text.push(c),
            _ => text.push(' '),
        }
    }
    let words: Vec<String> = text.split_whitespace().map(str::to_owned).collect();
    // A name of signs alone (`!!!`, `+/-`) is what it is.
    if words.is_empty() { vec![name.trim().to_owned()] } else { words }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_people_write_differently_is_alike_and_nothing_else() {
        let alike = [
            ("The Beatles", "Beatles, The"),
            ("Sigur Rós", "sigur ros"),
            ("AC/DC", "ac dc"),
            ("R.E.M.", "REM"),
            ("Motörhead", "Moto\u{308}rhead"),
            ("Guns N' Roses", "Guns N’ Roses"),
            ("ＡＢＢＡ", "abba"),
            ("Mø", "MO"),
        ];
        for (one, other) in alike {
            assert_eq!(folded(one), folded(other), "{one} {other}");
        }
        for (one, other) in [("Prince", "Princess"), ("!!!", "+/-"), ("Sum 41", "Sum 42"), ("The", "The The")]
        {
            assert_ne!(folded(one), folded(other), "{one} {other}");
        }
    }

    #[test]
    fn editions_are_of_one_album() {
        for name in [
            "Rumours",
            "Rumours (Deluxe)",
            "Rumours - 2004 Remaster",
            "Rumours (35th Anniversary Deluxe Edition)",
            "rumours [Disc 2]",
            "Rumours (Super Deluxe) [Remastered]",
        ] {
            assert_eq!(folded_album(name), "rumours", "{name}");
        }
        assert_eq!(folded_album("1989 (Deluxe)"), "1989");
        assert_eq!(folded_album("Anthems_2008-2009 (Deluxe Edition)"), "anthems 2008 2009");
        assert_eq!(folded_album("Special Edition"), "special edition");
        assert_ne!(folded_album("Led Zeppelin II"), folded_album("Led Zeppelin III"));
    }
}
