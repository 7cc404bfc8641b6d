//! A page of pairs: two recordings side by side, and what they have in common.

use super::markup::{Cell, Column, Html};
use super::stylesheet;
use crate::Svg;

/// What a page of pairs says. All of it is plain text and is escaped.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct PairsPage {
    /// What stands in the browser's tab.
    pub title: String,
    /// What stands above all in small letters.
    pub kicker: String,
    /// The main heading: what was found, in one sentence.
    pub heading: String,
    /// What stands below it, in large letters.
    pub lead: String,
    /// The facts: what, and how much.
    pub facts: Vec<(String, String)>,
    /// The sections, in order.
    pub sections: Vec<PairsSection>,
}

/// One section of a [`PairsPage`].
#[derive(Debug, Clone, Default, PartialEq)]
pub struct PairsSection {
    /// Its heading.
    pub heading: String,
    /// What there is to say before anything is shown.
    pub paragraphs: Vec<String>,
    /// A table, where there is one.
    pub table: Option<PlainTable>,
    /// Pairs of recordings.
    pub pairs: Vec<PicturedPair>,
}

/// A table of text.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct PlainTable {
    /// What it shows.
    pub caption: String,
    /// Names of the columns, and whether they hold figures.
    pub columns: Vec<(String, bool)>,
    /// The rows, each with one cell for every column.
    pub rows: Vec<Vec<String>>,
}

/// Two recordings.
#[derive(Debug, Clone, PartialEq)]
pub struct PicturedPair {
    /// What they have in common.
    pub heading: String,
    /// Whether the heading is a warning.
    pub is_warning: bool,
    /// What is known of it, in a sentence or two.
    pub text: String,
    /// The recordings: what is said of each, and its picture where one was drawn.
    pub recordings: [(String, Option<Svg>); 2],
}

/// A page of pairs as one self-contained HTML file, in the looks of [`html`](crate::html()): no script, no request.
#[must_use]
pub fn pairs_html(page: &PairsPage) -> String {
    let mut html = Html::default();
    html.raw("<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n");
    html.raw("<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n");
    html.raw("<meta name=\"color-scheme\" content=\"light dark\">\n<title>");
    html.text(&page.title).raw("</title>\n<style>\n").css(&stylesheet());
    html.raw("</style>\n</head>\n<body>\n<main>\n<p class=\"kicker\">").text(&page.kicker);
    html.raw("</p>\n<h1>")
        .text(&page.heading)
        .raw("</h1>\n<p class=\"lead\">")
        .text(&page.lead)
        .raw("</p>\n<dl>\n");
    for (what, value) in &page.facts {
        html.raw("<div><dt>").text(what).raw("</dt><dd>").text(value).raw("</dd></div>\n");
    }
    html.raw("</dl>\n");
    for section in &page.sections {
        write_section(&mut html, section);
    }
    html.raw("</main>\n</body>\n</html>\n");
    html.finish()
}

fn write_section(html: &mut Html, section: &PairsSection) {
    html.section(&section.heading);
    for paragraph in &section.paragraphs {
        html.paragraph(paragraph);
    }
    if let Some(table) = &section.table {
        let kind = |is_number: bool| if is_number { Column::Number } else { Column::Text };
        let columns: Vec<(&str, Column)> =
            table.columns.iter().map(|(name, is_number)| (name.as_str(), kind(*is_number))).collect();
        html.table(
            &table.caption,
            &columns,
            table.rows.iter().map(|row| row.iter().map(Cell::plain).collect()),
        );
    }
    for PicturedPair { heading, is_warning, text, recordings } in &section.pairs {
        html.raw(if *is_warning { "<h3 class=\"warning\">" } else { "<h3>" }).text(heading).raw("</h3>\n");
        html.paragraph(text);
        let [(first, one), (second, other)] = recordings;
        if let (Some(one), Some(other)) = (one, other) {
            html.figure(&[one, other], &format!("Left: {first}. Right: {second}."));
        } else {
            html.raw("<ul>\n<li>").text(first).raw("</li>\n<li>").text(second).raw("</li>\n</ul>\n");
        }
    }
    html.end_section();
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_shows_everything_and_is_well_formed() {
        let pair = PicturedPair {
            heading: "The same recording, across the split".into(),
            is_warning: true,
            text: "1.0 % faster".into(),
            recordings: [("a <b> & c".into(), None), ("d".into(), None)],
        };
        let page = PairsPage {
            title: "t".into(),
            kicker: "k".into(),
            heading: "h".into(),
            lead: "l".into(),
            facts: vec![("tracks".into(), "4".into())],
            sections: vec![PairsSection {
                heading: "s".into(),
                paragraphs: vec!["p".into()],
                table: Some(PlainTable {
                    caption: "c".into(),
                    columns: vec![("name".into(), false), ("n".into(), true)],
                    rows: vec![vec!["x".into(), "1".into()]],
                }),
                pairs: vec![pair],
            }],
        };
        let html = pairs_html(&page);
        assert!(
            html.contains("<li>a &lt;b&gt; &amp; c</li>") && html.contains("<h3 class=\"warning\">"),
            "{html}"
        );
        let body = &html[html.find("<main>").unwrap()..html.find("</body>").unwrap()];
        let document = roxmltree::Document::parse(body).unwrap();
        let texts: Vec<&str> =
            document.descendants().filter(roxmltree::Node::is_text).filter_map(|n| n.text()).collect();
        for text in ["k", "h", "l", "tracks", "4", "s", "p", "name", "x", "1", "1.0 % faster", "d"] {
            assert!(texts.contains(&text), "{text}: {texts:?}");
        }
    }
}
