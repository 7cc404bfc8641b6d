//! What an audit found, as plain data: the contents of `audit.json`.

use crooner_fingerprint::{Match, Verdict, versions::Likeness};
use crooner_split::Side;
use serde::Serialize;

use crate::LabelPair;

/// The version of the layout of [`Audit`] as JSON.
pub const FORMAT: u32 = 1;

/// Everything that an audit found. The same catalogue and split give the same, whatever the number of threads.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Audit {
    /// The layout of this data: [`FORMAT`].
    pub format: u32,
    /// Name of the data set.
    pub dataset: String,
    /// What the classes are: the name of a column.
    pub label: String,
    /// How many tracks were looked at.
    pub tracks: usize,
    /// How many of them were listened to.
    pub listened: usize,
    /// Seconds of audio that were listened to, files with the same bytes once.
    pub seconds: f64,
    /// Fingerprint of the split whose sides are given; `None` without a split.
    pub split: Option<String>,
    /// Recordings that are, or may be, the same: surest kind first, then by name.
    pub pairs: Vec<Pair>,
    /// Albums of one artist that may be one.
    pub albums: Vec<AlbumPair>,
    /// Labels that look alike.
    pub labels: Vec<LabelPair>,
    /// Tracks that could not be listened to.
    pub unreadable: Vec<Unreadable>,
}

impl Audit {
    /// The pairs that are proven to be one recording and lie on two sides of the split.
    pub fn leaks(&self) -> impl Iterator<Item = &Pair> {
        self.pairs.iter().filter(|pair| pair.found.is_proven() && pair.crosses())
    }
}

/// Two tracks that have something in common.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Pair {
    /// What they have in common.
    #[serde(flatten)]
    pub found: Found,
    /// Id of one.
    pub first: String,
    /// Id of the other.
    pub second: String,
    /// Class of each.
    pub labels: [String; 2],
    /// Side of each, `None` for a track that the split leaves out.
    pub sides: [Option<Side>; 2],
}

impl Pair {
    /// Whether the two are on different sides of the split.
    #[must_use]
    pub fn crosses(&self) -> bool {
        matches!(self.sides, [Some(first), Some(second)] if first != second)
    }
}

/// What two tracks have in common.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case", tag = "kind")]
pub enum Found {
    /// The files are equal, byte by byte.
    IdenticalFile,
    /// One recording: encoded, cut, amplified, resampled or sped up in two ways. Proven.
    SameRecording(Alike),
    /// A passage of both is the same audio (a sample, a jingle, a medley), but less than half of the shorter one. Proven,
    /// but no duplicate.
    SharedPassage(Alike),
    /// Probably the same song in another performance, key or tempo: a guess.
    ProbableVersion(Version),
}

impl Found {
    /// Whether it is proven that the two are one recording.
    #[must_use]
    pub fn is_proven(&self) -> bool {
        matches!(self, Self::IdenticalFile | Self::SameRecording(_))
    }
}

/// How two recordings are alike: see [`Match`].
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Alike {
    /// Logarithm to base 10 of a bound on how many such matches chance would give.
    pub log10_chance: f64,
    /// The share of the shorter recording that is alike.
    pub coverage: f64,
    /// How much faster the second runs: 1.01 for a percent.
    pub speed: f64,
    /// How much higher the second sounds, in cents.
    pub cents: f64,
    /// Where the part that is alike begins and ends in the first, in seconds.
    pub first_seconds: [f64; 2],
    /// And in the second.
    pub second_seconds: [f64; 2],
    /// Spectral peaks of the second in that part.
    pub peaks: usize,
    /// Those that coincide with one of the first.
    pub agreeing: usize,
    /// The share of them that would coincide by chance.
    pub chance: f64,
}

/// How two recordings resemble each other in harmony: see [`crooner_fingerprint::versions`].
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Version {
    /// The longest run of like harmonies, as a share of the shorter recording.
    pub score: f64,
    /// How many semitones the second sounds above the first.
    pub semitones: i32,
    /// Where that run lies in the first, in seconds.
    pub first_seconds: [f64; 2],
    /// And in the second.
    pub second_seconds: [f64; 2],
}

impl Found {
    /// `second`, of `second_seconds`, was looked up and `first` found. None where nothing is proven.
    pub(crate) fn of(found: &Match, second_seconds: f64, first_seconds: f64) -> Option<Self> {
        let alike = Alike {
            log10_chance: found.log10_chance,
            coverage: found.coverage(second_seconds, first_seconds),
            speed: found.speed,
            cents: found.cents,
            first_seconds: [found.track_seconds.start, found.track_seconds.end],
            second_seconds: [found.query_seconds.start, found.query_seconds.end],
            peaks: found.peaks,
            agreeing: found.agreeing,
            chance: found.chance,
        };
        Some(match found.verdict(second_seconds, first_seconds)? {
            Verdict::SameRecording => Self::SameRecording(alike),
            Verdict::SharedPassage => Self::SharedPassage(alike),
        })
    }

    pub(crate) fn version(likeness: &Likeness) -> Self {
        Self::ProbableVersion(Version {
            score: likeness.score,
            semitones: likeness.semitones,
            first_seconds: [likeness.first.start, likeness.first.end],
            second_seconds: [likeness.second.start, likeness.second.end],
        })
    }

    /// In the order in which they are listed.
    pub(crate) fn rank(&self) -> u8 {
        match self {
            Self::IdenticalFile => 0,
            Self::SameRecording(_) => 1,
            Self::SharedPassage(_) => 2,
            Self::ProbableVersion(_) => 3,
        }
    }
}

/// Two albums of one artist that may be one.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct AlbumPair {
    /// Whose, as written with each: the two differ in spelling at most.
    pub artists: [String; 2],
    /// One.
    pub first: String,
    /// The other.
    pub second: String,
    /// Tracks on the first.
    pub first_tracks: usize,
    /// Tracks on the second.
    pub second_tracks: usize,
    /// Recordings that are proven to be on both.
    pub shared: usize,
    /// Whether the names are the same but for the edition, the disc and the spelling.
    pub names_alike: bool,
    /// Whether a track of one and a track of the other are on different sides.
    pub crosses: bool,
}

/// A track that could not be listened to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Unreadable {
    /// Id of the track.
    pub track: String,
    /// What went wrong.
    pub error: String,
}
