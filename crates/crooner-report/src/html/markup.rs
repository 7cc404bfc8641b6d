//! HTML that cannot be broken by the text in it: what is known when compiling goes in as it is, everything
//! else is escaped on the way in.

use crate::Svg;
use crate::text::Escaped;

/// Width of the column of text; wider pictures may use the rest of the screen.
const COLUMN_PX: u32 = 720;

/// A page in the making.
#[derive(Default)]
pub(super) struct Html {
    out: String,
    figures: usize,
    tables: usize,
}

/// How the cells of a table column are set.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Column {
    /// A name or a text.
    Text,
    /// A figure.
    Number,
}

impl Html {
    /// Appends markup. Only literals have this lifetime, so nothing computed can get in unescaped.
    pub(super) fn raw(&mut self, markup: &'static str) -> &mut Self {
        self.out.push_str(markup);
        self
    }

    /// Appends a text, escaped.
    pub(super) fn text(&mut self, text: &str) -> &mut Self {
        self.out += &Escaped(text).to_string();
        self
    }

    /// Appends our own stylesheet, which is made of colours and literals.
    pub(super) fn css(&mut self, css: &str) -> &mut Self {
        self.out.push_str(css);
        self
    }

    /// A paragraph.
    pub(super) fn paragraph(&mut self, text: &str) -> &mut Self {
        self.raw("<p>").text(text).raw("</p>\n")
    }

    /// Opens a section with its heading; [`Html::end_section`] closes it.
    pub(super) fn section(&mut self, heading: &str) -> &mut Self {
        self.raw("<section>\n<h2>").text(heading).raw("</h2>\n")
    }

    /// Closes a section.
    pub(super) fn end_section(&mut self) -> &mut Self {
        self.raw("</section>\n")
    }

    /// A numbered figure of one or more pictures with its caption; pictures side by side where there is room.
    pub(super) fn figure(&mut self, pictures: &[&Svg], caption: &str) -> &mut Self {
        self.figures += 1;
        let name = format!("Figure {}", self.figures);
        let wide = pictures.iter().any(|picture| picture.width() > COLUMN_PX);
        self.raw(if wide { "<figure class=\"wide\">\n" } else { "<figure>\n" });
        self.raw(if pictures.len() > 1 { "<div class=\"pair\">\n" } else { "<div>\n" });
        for picture in pictures {
            // Wide pictures scroll within themselves, which a keyboard must reach.
            self.raw("<div class=\"scroll\" role=\"group\" tabindex=\"0\" aria-label=\"");
            self.text(&name).raw("\">\n");
            self.out += &picture.inline();
            self.raw("</div>\n");
        }
        self.raw("</div>\n<figcaption><b>").text(&name).raw(".</b> ").text(caption);
        self.raw("</figcaption>\n</figure>\n")
    }

    /// A numbered table. The first cell of each row is the row's heading.
    pub(super) fn table(
        &mut self,
        caption: &str,
        columns: &[(&str, Column)],
        rows: impl IntoIterator<Item = Vec<Cell>>,
    ) -> &mut Self {
        self.tables += 1;
        let name = format!("Table {}", self.tables);
        self.raw("<div class=\"scroll\" role=\"group\" tabindex=\"0\" aria-label=\"");
        self.text(&name).raw("\">\n<table>\n<caption><span><b>").text(&name).raw(".</b> ").text(caption);
        self.raw("</span></caption>\n<thead>\n<tr>");
        for (heading, column) in columns {
            self.raw("<th scope=\"col\"").raw(class(*column)).raw(">").text(heading).raw("</th>");
        }
        self.raw("</tr>\n</thead>\n<tbody>\n");
        for row in rows {
            self.raw("<tr>");
            for (i, (cell, (_, column))) in row.iter().zip(columns).enumerate() {
                let (open, close) = if i == 0 { ("<th scope=\"row\"", "</th>") } else { ("<td", "</td>") };
                self.raw(open).raw(class(*column)).raw(">");
                cell.write(self);
                self.raw(close);
            }
            self.raw("</tr>\n");
        }
        self.raw("</tbody>\n</table>\n</div>\n")
    }

    /// The page so far.
    pub(super) fn finish(self) -> String {
        self.out
    }
}

fn class(column: Column) -> &'static str {
    match column {
        Column::Text => "",
        Column::Number => " class=\"number\"",
    }
}

/// What stands in a cell of a table.
pub(super) enum Cell {
    /// A text or a figure.
    Plain(String),
    /// A figure with a quieter one under it.
    WithInterval(String, String),
    /// A share from 0 to 1 as a figure with a bar, if it is defined.
    Bar(Option<f64>),
    /// Nothing: what the column says does not exist for this row.
    Undefined,
}

impl Cell {
    /// A text or anything that shows itself as one.
    pub(super) fn plain(text: impl std::fmt::Display) -> Self {
        Self::Plain(text.to_string())
    }

    /// A share from 0 to 1, if it is defined.
    pub(super) fn share(value: Option<f64>) -> Self {
        value.map_or(Self::Undefined, |value| Self::Plain(format!("{value:.3}")))
    }

    fn write(&self, page: &mut Html) {
        match self {
            Self::Plain(text) => page.text(text),
            Self::WithInterval(value, interval) => {
                page.text(value).raw("<small>").text(interval).raw("</small>")
            }
            Self::Bar(Some(value)) => {
                let width = format!("{:.1}%", 100.0 * value.clamp(0.0, 1.0));
                page.text(&format!("{value:.3}"));
                page.raw("<span class=\"bar\" aria-hidden=\"true\"><i style=\"width:")
                    .text(&width)
                    .raw("\"></i></span>")
            }
            Self::Bar(None) | Self::Undefined => page.raw("<abbr title=\"undefined\">–</abbr>"),
        };
    }
}
