//! Whether a copy of a set is whole: what is missing, extra or damaged.

use std::collections::BTreeSet;
use std::fmt;
use std::fs::File;
use std::io::{BufReader, Read};
use std::path::{Path, PathBuf};

use md5::Md5;
use sha1::Sha1;
use sha2::{Digest, Sha256};

use crate::lists::{bad, lines, text};
use crate::{Counts, Dataset, DatasetError, Request, SkipReason};

/// Files of checksums that published sets carry, by name.
const CHECKSUMS: [&str; 5] = ["checksums", "md5sum.txt", "SHA1SUMS", "SHA256SUMS", "checksums.txt"];

/// What [`check`] found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CheckReport {
    /// Artists, albums and tracks found.
    pub found: Counts,
    /// How many there should be, where it is known.
    pub expected: Option<Counts>,
    /// What the set's lists, rules or checksums name and is not there, sorted.
    pub missing: Vec<PathBuf>,
    /// What is there and does not belong to it, with the reason, sorted by path.
    pub extra: Vec<(PathBuf, String)>,
    /// What is empty, unreadable or has another checksum, with the reason, sorted by path.
    pub damaged: Vec<(PathBuf, String)>,
    /// How many files were compared with a published checksum.
    pub verified: usize,
}

impl CheckReport {
    /// Whether everything is there, nothing more, and sound.
    pub fn is_whole(&self) -> bool {
        let counted = self.expected.is_none_or(|expected| expected == self.found);
        counted && self.missing.is_empty() && self.extra.is_empty() && self.damaged.is_empty()
    }
}

impl fmt::Display for CheckReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let counts = |c: Counts| format!("{} artists, {} albums, {} tracks", c.artists, c.albums, c.tracks);
        writeln!(f, "found      {}", counts(self.found))?;
        if let Some(expected) = self.expected {
            writeln!(f, "expected   {}", counts(expected))?;
        }
        for path in &self.missing {
            writeln!(f, "missing    {}", path.display())?;
        }
        for (path, reason) in &self.extra {
            writeln!(f, "extra      {}: {reason}", path.display())?;
        }
        for (path, reason) in &self.damaged {
            writeln!(f, "damaged    {}: {reason}", path.display())?;
        }
        writeln!(f, "checksums  {} compared", self.verified)?;
        let [missing, extra, damaged] = [self.missing.len(), self.extra.len(), self.damaged.len()];
        write!(f, "{missing} missing, {extra} extra, {damaged} damaged")
    }
}

/// Opens a set and compares it with what is known of it: its counts, its own lists, the checksum files in it
/// (`checksums`, `md5sum.txt`, `SHA256SUMS`), and whether every file has any content.
///
/// # Errors
///
/// As [`Dataset::open`], and for a checksum file that cannot be understood.
pub fn check(set: &dyn Dataset, request: &Request) -> Result<CheckReport, DatasetError> {
    let catalogue = set.open(request)?;
    let mut report = CheckReport {
        found: catalogue.counts(),
        expected: set.info().counts,
        missing: set.missing(&catalogue)?,
        extra: Vec::new(),
        damaged: Vec::new(),
        verified: 0,
    };
    for skipped in &catalogue.skipped {
        let (path, reason) = (skipped.path.clone(), skipped.reason.to_string());
        match &skipped.reason {
            SkipReason::Missing { .. } => report.missing.push(path),
            SkipReason::Unreadable { .. } | SkipReason::Lacks { .. } => report.damaged.push((path, reason)),
            SkipReason::NoArtist
            | SkipReason::NoAlbum
            | SkipReason::NoLabel
            | SkipReason::EmptyArtist
            | SkipReason::NotUtf8 { .. }
            | SkipReason::AlreadyRead { .. }
            | SkipReason::ContainsRoot
            | SkipReason::NotAFile
            | SkipReason::Unlisted { .. }
            | SkipReason::Misplaced { .. } => report.extra.push((path, reason)),
        }
    }
    for track in &catalogue.tracks {
        match std::fs::metadata(&track.path) {
            Ok(metadata) if metadata.len() > 0 => {}
            Ok(_) => report.damaged.push((track.path.clone(), "is empty".to_owned())),
            Err(error) => report.damaged.push((track.path.clone(), error.to_string())),
        }
    }
    let folders: BTreeSet<&Path> =
        [Some(catalogue.root.as_path()), request.root.as_deref()].into_iter().flatten().collect();
    for list in folders.into_iter().flat_map(|folder| CHECKSUMS.map(|name| folder.join(name))) {
        if list.is_file() {
            verify(&list, &mut report)?;
        }
    }
    report.missing.sort();
    report.missing.dedup();
    report.extra.sort();
    report.damaged.sort();
    Ok(report)
}

/// Compares every file that a list names (`HEX  PATH`, as md5sum, sha1sum and sha256sum write).
fn verify(list: &Path, report: &mut CheckReport) -> Result<(), DatasetError> {
    let folder = list.parent().unwrap_or(Path::new("."));
    for (number, line) in lines(&text(list)?) {
        let parts = line
            .split_once(char::is_whitespace)
            .map(|(sum, file)| (sum, file.trim_start_matches([' ', '*'])));
        let Some((expected, file)) = parts.filter(|(sum, _)| sum.bytes().all(|b| b.is_ascii_hexdigit()))
        else {
            return Err(bad(list, number, format!("expected a checksum and a file, found {line:?}")));
        };
        let path = folder.join(file);
        if !path.is_file() {
            report.missing.push(path);
            continue;
        }
        let found = match expected.len() {
            32 => digest::<Md5>(&path),
            40 => digest::<Sha1>(&path),
            64 => digest::<Sha256>(&path),
            other => {
                let expected = "expected a checksum of 32, 40 or 64 digits (MD5, SHA-1, SHA-256)";
                return Err(bad(list, number, format!("{expected}, found one of {other}")));
            }
        };
        report.verified += 1;
        match found {
            Ok(found) if found.eq_ignore_ascii_case(expected) => {}
            Ok(found) => report.damaged.push((path, format!("its checksum is {found}, expected {expected}"))),
            Err(error) => report.damaged.push((path, error.to_string())),
        }
    }
    Ok(())
}

fn digest<D: Digest>(path: &Path) -> std::io::Result<String> {
    let mut reader = BufReader::new(File::open(path)?);
    let (mut digest, mut buffer) = (D::new(), vec![0; 1 << 16]);
    loop {
        match reader.read(&mut buffer)? {
            0 => break,
            n => digest.update(&buffer[..n]),
        }
    }
    Ok(digest.finalize().iter().map(|byte| format!("{byte:02x}")).collect())
}
