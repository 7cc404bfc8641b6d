//! Text made safe to stand in HTML and XML, and measured roughly.

use std::fmt::{self, Write as _};

/// Shows a text with everything escaped that means something in HTML or XML, in content and in attributes.
pub(crate) struct Escaped<'a>(pub(crate) &'a str);

impl fmt::Display for Escaped<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.chars().map(printable).try_for_each(|c| match c {
            '&' => f.write_str("&amp;"),
            '<' => f.write_str("&lt;"),
            '>' => f.write_str("&gt;"),
            '"' => f.write_str("&quot;"),
            '\'' => f.write_str("&#39;"),
            c => f.write_char(c),
        })
    }
}

/// The plural of a column's name: `artist`, `genre` and `class` as `artists`, `genres` and `classes`.
///
/// ```
/// assert_eq!(crooner_report::plural("genre"), "genres");
/// assert_eq!(crooner_report::plural("class"), "classes");
/// assert_eq!(crooner_report::plural("country"), "countries");
/// ```
#[must_use]
pub fn plural(noun: &str) -> String {
    match noun.strip_suffix('y') {
        Some(stem) if !stem.ends_with(['a', 'e', 'i', 'o', 'u']) => format!("{stem}ies"),
        _ if noun.ends_with(['s', 'x', 'z']) || noun.ends_with("ch") => format!("{noun}es"),
        _ => format!("{noun}s"),
    }
}

/// `c`, or the replacement character for one that XML forbids even when escaped.
pub(crate) fn printable(c: char) -> char {
    match c {
        '\t' | '\n' => c,
        '\u{FFFE}' | '\u{FFFF}' => char::REPLACEMENT_CHARACTER,
        c if c.is_control() => char::REPLACEMENT_CHARACTER,
        c => c,
    }
}

/// Width of a text in units of the font size, by the habits of sans-serif fonts: a little generous.
pub(crate) fn width_em(text: &str) -> f64 {
    text.chars().map(char_width_em).sum()
}

fn char_width_em(c: char) -> f64 {
    match c {
        'i' | 'j' | 'l' | '.' | ',' | '\'' | '|' | 'I' => 0.3,
        'm' | 'w' | 'M' | 'W' | '@' | '%' => 0.95,
        'A'..='Z' => 0.7,
        '…' => 1.0,
        // Chinese, Japanese, Korean, emoji: as wide as high.
        '\u{1100}'..='\u{11FF}' | '\u{2E80}'..='\u{FAFF}' | '\u{FF00}'..='\u{FF60}' | '\u{1F000}'.. => 1.05,
        _ => 0.58,
    }
}

/// The text, shortened with an ellipsis so that it is at most `limit` times as wide as its font is high.
pub(crate) fn shortened(text: &str, limit: f64) -> String {
    if width_em(text) <= limit {
        return text.to_owned();
    }
    let mut width = char_width_em('…');
    let kept = text.chars().take_while(|&c| {
        width += char_width_em(c);
        width <= limit
    });
    let mut short: String = kept.collect();
    short.truncate(short.trim_end().len());
    short.push('…');
    short
}

/// A count with a narrow space, which does not break, between groups of three digits.
pub(crate) fn thousands(value: u64) -> String {
    let digits = value.to_string();
    let mut grouped = String::new();
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            grouped.push('\u{202F}');
        }
        grouped.push(digit);
    }
    grouped
}

/// A number with a proper minus sign, and none before what rounds to 0.
pub(crate) fn signed(value: f64, decimals: usize) -> String {
    let size = format!("{:.decimals$}", value.abs());
    let is_zero = size.chars().all(|c| c == '0' || c == '.');
    if value < 0.0 && !is_zero { format!("−{size}") } else { size }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn zero_has_no_sign() {
        assert_eq!(signed(-0.04, 1), "0.0");
        assert_eq!(signed(-0.06, 1), "−0.1");
        assert_eq!(signed(12.0, 0), "12");
    }

    #[test]
    fn thousands_are_grouped_from_the_right() {
        assert_eq!(thousands(0), "0");
        assert_eq!(thousands(394_324), "394\u{202F}324");
        assert_eq!(thousands(1_000_000), "1\u{202F}000\u{202F}000");
    }

    #[test]
    fn escaping_leaves_nothing_that_markup_reads() {
        let escaped = Escaped("<script>alert('AC/DC & \"x\"')</script>\0").to_string();
        assert_eq!(
            escaped,
            "&lt;script&gt;alert(&#39;AC/DC &amp; &quot;x&quot;&#39;)&lt;/script&gt;\u{FFFD}"
        );
    }

    #[test]
    fn short_texts_stay_and_long_ones_end_in_an_ellipsis() {
        assert_eq!(shortened("Queen", 10.0), "Queen");
        let short = shortened("Godspeed You! Black Emperor", 10.0);
        assert!(short.ends_with('…') && width_em(&short) <= 10.0, "{short}");
        // 漢字 are two characters of three bytes each, and as wide as four Latin ones.
        assert_eq!(shortened("漢字漢字漢字", 4.5), "漢字漢…");
    }
}
