//! Whole tables of an SQLite database, row by row. Queries, indices and writing are not for here, so that neither SQLite's
//! library nor a C compiler is needed. <https://sqlite.org/fileformat2.html> defines every number below.

use std::fs::{self, File};
use std::io::{Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use crate::DatasetError;

const MAGIC: &[u8; 16] = b"SQLite format 3\0";
/// The first page begins with the header of the file.
const HEADER: usize = 100;
/// Types of the pages of a table.
const INNER: u8 = 5;
const LEAF: u8 = 13;
/// The columns of the table of all tables that are needed: type, name, root page, SQL.
const SCHEMA: [usize; 4] = [0, 1, 3, 4];

/// A database that nobody is writing to.
pub(crate) struct Database {
    path: PathBuf,
    file: File,
    page_size: usize,
    /// Bytes of a page without those reserved at its end.
    usable: usize,
    n_pages: u64,
}

/// What is in one column of one row.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Value {
    Null,
    Integer(i64),
    Real(f64),
    Text(String),
    Blob,
}

impl Value {
    /// Text, or a number in digits; nothing for null and bytes.
    pub(crate) fn into_text(self) -> String {
        match self {
            Self::Text(text) => text,
            Self::Integer(number) => number.to_string(),
            Self::Real(number) => number.to_string(),
            Self::Null | Self::Blob => String::new(),
        }
    }
}

impl Database {
    /// # Errors
    ///
    /// [`DatasetError::Io`]; [`DatasetError::BadList`] for a file that is no database in UTF-8, or that is being written.
    pub(crate) fn open(path: &Path) -> Result<Self, DatasetError> {
        for suffix in ["-wal", "-journal"] {
            let mut beside = path.as_os_str().to_owned();
            beside.push(suffix);
            if fs::metadata(&beside).is_ok_and(|metadata| metadata.len() > 0) {
                let reason =
                    format!("{} holds changes to it: close the program that writes it", beside.display());
                return Err(bad(path, reason));
            }
        }
        let mut file = File::open(path).map_err(DatasetError::io("read", path))?;
        let n_bytes = file.metadata().map_err(DatasetError::io("read", path))?.len();
        let mut header = Vec::with_capacity(HEADER);
        (&mut file).take(HEADER as u64).read_to_end(&mut header).map_err(DatasetError::io("read", path))?;
        if header.len() < HEADER || !header.starts_with(MAGIC) {
            return Err(bad(path, "expected an SQLite database, found something else"));
        }
        let page_size = match u16::from_be_bytes([header[16], header[17]]) {
            1 => 65_536,
            size if size >= 512 && size.is_power_of_two() => usize::from(size),
            size => return Err(bad(path, format!("expected pages of 512 to 65536 bytes, found {size}"))),
        };
        let encoding = u32::from_be_bytes([header[56], header[57], header[58], header[59]]);
        if encoding != 1 {
            return Err(bad(path, format!("expected text in UTF-8 (encoding 1), found encoding {encoding}")));
        }
        let usable = page_size - usize::from(header[20]);
        if usable < 480 {
            return Err(bad(path, format!("expected at least 480 usable bytes of a page, found {usable}")));
        }
        let n_pages = n_bytes / page_size as u64;
        let number = |at| be(&header, at, 4).unwrap_or_default();
        // Versions of SQLite before 3.7 leave the number of pages as it was.
        let stated = if number(24) == number(92) { number(28) } else { 0 };
        if n_pages < stated {
            return Err(bad(path, format!("it is cut off: expected {stated} pages, found {n_pages}")));
        }
        Ok(Self { path: path.to_owned(), file, page_size, usable, n_pages })
    }

    /// Gives `visit` these columns of every row of the table, in the order in which the rows were added.
    ///
    /// # Errors
    ///
    /// [`DatasetError::Io`]; [`DatasetError::BadList`] if there is no such table or column or the file is damaged; and what
    /// `visit` returns.
    pub(crate) fn rows<const N: usize>(
        &mut self,
        table: &str,
        columns: [&str; N],
        mut visit: impl FnMut([Value; N]) -> Result<(), DatasetError>,
    ) -> Result<(), DatasetError> {
        let mut found = None;
        let mut known = Vec::new();
        self.scan(1, SCHEMA, &mut |[kind, name, root, sql]| {
            if kind == Value::Text("table".to_owned()) {
                let name = name.into_text();
                if name.eq_ignore_ascii_case(table) {
                    found = Some((root, sql.into_text()));
                }
                known.push(name);
            }
            Ok(())
        })?;
        let Some((root, sql)) = found else {
            return Err(bad(&self.path, format!("it has no table {table:?}: there is {}", known.join(", "))));
        };
        let (Value::Integer(root), Some(known)) = (root, column_names(&sql)) else {
            return Err(bad(&self.path, format!("cannot read how table {table:?} is laid out: {sql:?}")));
        };
        let mut places = [0; N];
        for (place, column) in places.iter_mut().zip(columns) {
            *place = known.iter().position(|name| name.eq_ignore_ascii_case(column)).ok_or_else(|| {
                let known = known.join(", ");
                bad(&self.path, format!("table {table:?} has no column {column:?}: there is {known}"))
            })?;
        }
        self.scan(root, places, &mut visit)
    }

    /// The rows of the table whose tree begins at page `root`. No page belongs to two places of a tree, so that a sound
    /// one is done after as many pages as the file has.
    fn scan<const N: usize>(
        &mut self,
        root: i64,
        places: [usize; N],
        visit: &mut dyn FnMut([Value; N]) -> Result<(), DatasetError>,
    ) -> Result<(), DatasetError> {
        let mut left = self.n_pages;
        let mut pending = vec![root];
        let mut payload = Vec::new();
        while let Some(number) = pending.pop() {
            let page = self.page(number, &mut left)?;
            let damaged = || bad(&self.path, format!("it is damaged: page {number} cannot be understood"));
            let head = if number == 1 { HEADER } else { 0 };
            let n_cells = be(&page, head + 3, 2).ok_or_else(damaged)? as usize;
            let cells_at = match page[head] {
                LEAF => head + 8,
                INNER => head + 12,
                _ => return Err(damaged()),
            };
            let cell_at = |cell| be(&page, cells_at + 2 * cell, 2).map(|at| at as usize);
            if page[head] == INNER {
                pending.push(be(&page, head + 8, 4).ok_or_else(damaged)? as i64);
                // The first comes off first.
                for cell in (0..n_cells).rev() {
                    let child = cell_at(cell).and_then(|at| be(&page, at, 4));
                    pending.push(child.ok_or_else(damaged)? as i64);
                }
                continue;
            }
            let mut on_page = 0;
            for cell in 0..n_cells {
                let at = cell_at(cell).ok_or_else(damaged)?;
                let mut rest = page.get(at..self.usable).ok_or_else(damaged)?;
                let size = varint(&mut rest).ok_or_else(damaged)?;
                varint(&mut rest).ok_or_else(damaged)?;
                let local = self.local(size).ok_or_else(damaged)?;
                // Cells do not overlap.
                on_page += local;
                if on_page > self.usable {
                    return Err(damaged());
                }
                payload.clear();
                payload.extend_from_slice(rest.get(..local).ok_or_else(damaged)?);
                if (local as u64) < size {
                    let next = be(rest, local, 4).ok_or_else(damaged)?;
                    self.overflow(next as i64, size, &mut payload, &mut left)?;
                }
                let values = record(&payload, places)
                    .map_err(|reason| bad(&self.path, format!("page {number}, row {cell}: {reason}")))?;
                visit(values)?;
            }
        }
        Ok(())
    }

    /// How much of a row of `size` bytes is on its own page; none if it is larger than the file.
    fn local(&self, size: u64) -> Option<usize> {
        let size = usize::try_from(size).ok().filter(|_| size / self.page_size as u64 <= self.n_pages)?;
        let (most, least) = (self.usable - 35, (self.usable - 12) * 32 / 255 - 23);
        if size <= most {
            return Some(size);
        }
        let local = least + (size - least) % (self.usable - 4);
        Some(if local <= most { local } else { least })
    }

    /// What a row has on pages of its own, from `next` on.
    fn overflow(
        &self,
        mut next: i64,
        size: u64,
        payload: &mut Vec<u8>,
        left: &mut u64,
    ) -> Result<(), DatasetError> {
        while (payload.len() as u64) < size {
            let page = self.page(next, left)?;
            let more = (size - payload.len() as u64).min(self.usable as u64 - 4) as usize;
            payload.extend_from_slice(&page[4..4 + more]);
            next = i64::from(u32::from_be_bytes([page[0], page[1], page[2], page[3]]));
        }
        Ok(())
    }

    fn page(&self, number: i64, left: &mut u64) -> Result<Vec<u8>, DatasetError> {
        let of = self.n_pages;
        let index =
            number.checked_sub(1).and_then(|index| u64::try_from(index).ok()).filter(|index| *index < of);
        let index = index.ok_or_else(|| {
            bad(&self.path, format!("it is damaged or cut off: expected a page of 1 to {of}, found {number}"))
        })?;
        *left = left.checked_sub(1).ok_or_else(|| {
            bad(&self.path, format!("it is damaged: a table has more than the {of} pages of the file"))
        })?;
        let mut page = vec![0; self.page_size];
        let mut file = &self.file;
        file.seek(SeekFrom::Start(index * self.page_size as u64))
            .and_then(|_| file.read_exact(&mut page))
            .map_err(DatasetError::io("read", &self.path))?;
        Ok(page)
    }
}

fn bad(path: &Path, reason: impl Into<String>) -> DatasetError {
    DatasetError::BadList { path: path.to_owned(), line: None, reason: reason.into() }
}

/// `n` bytes at `at` as a number.
fn be(bytes: &[u8], at: usize, n: usize) -> Option<u64> {
    let bytes = bytes.get(at..at.checked_add(n)?)?;
    Some(bytes.iter().fold(0, |number, byte| number << 8 | u64::from(*byte)))
}

/// Seven bits a byte, the highest first, while the eighth is set; a ninth byte has eight.
fn varint(bytes: &mut &[u8]) -> Option<u64> {
    let mut number = 0;
    for n in 1..=9 {
        let (&byte, rest) = bytes.split_first()?;
        *bytes = rest;
        if n == 9 {
            return Some(number << 8 | u64::from(byte));
        }
        number = number << 7 | u64::from(byte & 127);
        if byte < 128 {
            break;
        }
    }
    Some(number)
}

/// The columns of a row that are at `places`. Those that were added to the table after the row are null.
fn record<const N: usize>(payload: &[u8], places: [usize; N]) -> Result<[Value; N], String> {
    let cut = || "it is cut off".to_owned();
    let mut rest = payload;
    let head = varint(&mut rest).and_then(|head| usize::try_from(head).ok()).ok_or_else(cut)?;
    let n_read = payload.len() - rest.len();
    let mut types = payload.get(n_read..head).ok_or_else(cut)?;
    let mut body = &payload[head..];
    let mut values = [const { Value::Null }; N];
    let mut column = 0;
    while !types.is_empty() {
        let kind = varint(&mut types).ok_or_else(cut)?;
        let n_bytes = match kind {
            0 | 8 | 9 => 0,
            1..=4 => kind,
            5 => 6,
            6 | 7 => 8,
            10 | 11 => return Err(format!("column {column} is of the unknown type {kind}")),
            _ => (kind - 12) / 2,
        };
        let n_bytes = usize::try_from(n_bytes).ok().filter(|n| *n <= body.len()).ok_or_else(cut)?;
        let (bytes, others) = body.split_at(n_bytes);
        body = others;
        for (value, _) in values.iter_mut().zip(places).filter(|(_, place)| *place == column) {
            *value = read(kind, bytes).ok_or_else(|| format!("column {column} is not UTF-8"))?;
        }
        column += 1;
    }
    Ok(values)
}

fn read(kind: u64, bytes: &[u8]) -> Option<Value> {
    let number = || bytes.iter().fold(0_u64, |number, byte| number << 8 | u64::from(*byte));
    Some(match kind {
        0 => Value::Null,
        8 => Value::Integer(0),
        9 => Value::Integer(1),
        7 => Value::Real(f64::from_bits(number())),
        1..=6 => {
            // The highest bit of the bytes is the sign.
            let unused = 64 - 8 * bytes.len() as u32;
            Value::Integer((number() << unused).cast_signed() >> unused)
        }
        _ if kind.is_multiple_of(2) => Value::Blob,
        _ => Value::Text(str::from_utf8(bytes).ok()?.to_owned()),
    })
}

/// The columns that `CREATE TABLE name (column type, ..., constraint)` names, in their order.
fn column_names(sql: &str) -> Option<Vec<String>> {
    const CONSTRAINTS: [&str; 5] = ["CONSTRAINT", "PRIMARY", "UNIQUE", "CHECK", "FOREIGN"];
    let (_, definitions) = sql.split_once('(')?;
    let (definitions, options) = definitions.rsplit_once(')')?;
    // Rows of a table WITHOUT ROWID are kept otherwise.
    if !options.trim().is_empty() {
        return None;
    }
    let mut depth = 0_i32;
    let parts = definitions.split(|c| {
        depth += i32::from(c == '(') - i32::from(c == ')');
        c == ',' && depth == 0
    });
    let names = parts.filter_map(|part| {
        let quotes: [char; 5] = ['"', '\'', '`', '[', ']'];
        let name = part.split_whitespace().next()?.split('(').next()?;
        let is_column = !CONSTRAINTS.iter().any(|constraint| name.eq_ignore_ascii_case(constraint));
        is_column.then(|| name.trim_matches(quotes).to_owned())
    });
    Some(names.collect())
}
