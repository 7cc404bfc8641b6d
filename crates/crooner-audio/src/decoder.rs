//! From a file to mono blocks at the file's own rate, through Symphonia.

use std::fs::File;
use std::io::ErrorKind;
use std::panic::AssertUnwindSafe;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use symphonia::core::audio::{Audio, GenericAudioBufferRef};
use symphonia::core::codecs::audio::{
    AudioCodecParameters, AudioDecoder, AudioDecoderOptions, CODEC_ID_NULL_AUDIO, well_known as codec,
};
use symphonia::core::codecs::registry::CodecRegistry;
use symphonia::core::errors::Error;
use symphonia::core::formats::probe::Hint;
use symphonia::core::formats::well_known::{FORMAT_ID_ADTS, FORMAT_ID_ISOMP4, FORMAT_ID_MP3, FORMAT_ID_OGG};
use symphonia::core::formats::{FormatOptions, FormatReader, Track, TrackType};
use symphonia::core::io::{MediaSourceStream, MediaSourceStreamOptions};
use symphonia::core::meta::{MetadataOptions, RawValue};
use symphonia::core::packet::Packet;
use symphonia::core::units::Duration;

use crate::error::{AudioError, MAX_SAMPLE};
use crate::overlay::{Overlay, OverlayError};
use crate::{mp4, wav};

/// What stays the same throughout a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Spec {
    pub(crate) sample_rate: u32,
    pub(crate) channels: usize,
}

pub(crate) struct Decoder {
    path: PathBuf,
    format: Box<dyn FormatReader>,
    decoder: Box<dyn AudioDecoder>,
    track_id: u32,
    spec: Spec,
    /// What of the decoded samples is to be played.
    cut: Cut,
    /// Samples per channel decoded so far, before the cut.
    decoded: u64,
    /// Those of them that came before the current stream of a chain.
    decoded_before: u64,
    /// The file is shorter than a header states that Symphonia does not see.
    cut_short: bool,
    damaged_packets: u64,
    planes: Vec<Vec<f32>>,
    mono: Vec<f32>,
    /// `mono` was decoded while opening and has not been handed out.
    ahead: bool,
    ended: bool,
}

/// The range of samples that an edit list leaves.
#[derive(Clone, Copy)]
struct Cut {
    start: u64,
    end: u64,
}

impl Decoder {
    /// Opens a file and decodes up to its first samples.
    pub(crate) fn open(path: &Path) -> Result<Self, AudioError> {
        without_panic(|| Self::open_unguarded(path))
            .unwrap_or_else(|reason| Err(AudioError::Defect { path: path.to_owned(), reason }))
    }

    fn open_unguarded(path: &Path) -> Result<Self, AudioError> {
        let source = Overlay::new(open_file(path)?).map_err(|error| match error {
            OverlayError::Io(source) => AudioError::Read { path: path.to_owned(), source },
            OverlayError::Header(reason) => AudioError::BadHeader { path: path.to_owned(), reason },
        })?;
        let cut_short = source.cut_short();
        let source = MediaSourceStream::new(Box::new(source), MediaSourceStreamOptions::default());
        // No hint: names lie, and the content is enough.
        let format = symphonia::default::get_probe()
            .probe(&Hint::new(), source, FormatOptions::default(), MetadataOptions::default())
            .map_err(|error| probe_error(path, error))?;
        let (track_id, params) = audio_track(path, &*format)?;
        let mut decoder = Self {
            path: path.to_owned(),
            decoder: make_decoder(path, &params)?,
            format,
            track_id,
            spec: Spec { sample_rate: 0, channels: 0 },
            cut: Cut { start: 0, end: u64::MAX },
            decoded: 0,
            decoded_before: 0,
            cut_short,
            damaged_packets: 0,
            planes: Vec::new(),
            mono: Vec::new(),
            ahead: true,
            ended: false,
        };
        // Headers do not always know rate and channels; the first packet does.
        if !decoder.decode_packet()? {
            return Err(decoder.no_audio());
        }
        decoder.cut = decoder.find_cut()?;
        decoder.apply_cut();
        if decoder.mono.is_empty() && !decoder.advance()? {
            return Err(decoder.no_audio());
        }
        Ok(decoder)
    }

    pub(crate) fn spec(&self) -> Spec {
        self.spec
    }

    pub(crate) fn codec(&self) -> &'static str {
        self.decoder.codec_info().short_name
    }

    pub(crate) fn damaged_packets(&self) -> u64 {
        self.damaged_packets
    }

    /// The next mono samples, at least one; `None` at the end, and after an error.
    pub(crate) fn next_block(&mut self) -> Result<Option<&[f32]>, AudioError> {
        if std::mem::take(&mut self.ahead) || self.advance()? { Ok(Some(&self.mono)) } else { Ok(None) }
    }

    /// Fills `mono` with the next samples to be played; false at the end.
    fn advance(&mut self) -> Result<bool, AudioError> {
        while !self.ended {
            // Until told otherwise: an error or a panic ends the stream too.
            self.ended = true;
            if self.decoded >= self.cut.end {
                return Ok(false);
            }
            let more = without_panic(|| self.decode_packet())
                .unwrap_or_else(|reason| Err(AudioError::Defect { path: self.path.clone(), reason }))?;
            if !more {
                return Ok(false);
            }
            self.ended = false;
            self.apply_cut();
            if !self.mono.is_empty() {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Fills `mono` with the next samples there are; false at the end.
    fn decode_packet(&mut self) -> Result<bool, AudioError> {
        loop {
            let mut packet = match self.format.next_packet() {
                Ok(Some(packet)) => packet,
                Ok(None) => {
                    // A loss that nothing else has told of.
                    if self.damaged_packets == 0 && self.ends_early() {
                        self.damaged_packets = 1;
                    }
                    return Ok(false);
                }
                // The next stream of a chain. It has to sound like the first one.
                Err(Error::ResetRequired) => {
                    let (track_id, params) = audio_track(&self.path, &*self.format)?;
                    self.track_id = track_id;
                    self.decoded_before = self.decoded;
                    self.decoder = make_decoder(&self.path, &params)?;
                    continue;
                }
                // The file ends within a packet, or is so broken that no further packet can be found.
                Err(Error::DecodeError(_)) => return Ok(self.damaged_end()),
                Err(Error::IoError(error)) if error.kind() == ErrorKind::UnexpectedEof => {
                    return Ok(self.damaged_end());
                }
                Err(Error::IoError(source)) => {
                    return Err(AudioError::Read { path: self.path.clone(), source });
                }
                Err(error) => return Err(self.decoder_error(&error)),
            };
            if packet.track_id != self.track_id {
                continue;
            }
            self.restore(&mut packet);
            match self.decoder.decode(&packet) {
                Ok(buffer) if buffer.frames() == 0 => {}
                Ok(buffer) => {
                    let spec = Spec { sample_rate: buffer.spec().rate(), channels: buffer.num_planes() };
                    mix(&buffer, &mut self.planes, &mut self.mono);
                    self.check(spec)?;
                    self.decoded += self.mono.len() as u64;
                    return Ok(true);
                }
                Err(Error::DecodeError(_) | Error::IoError(_)) => self.damaged_packets += 1,
                Err(Error::ResetRequired) => self.decoder.reset(),
                Err(error) => return Err(self.decoder_error(&error)),
            }
        }
    }

    /// Counts the packet that ended the stream too early; always false.
    fn damaged_end(&mut self) -> bool {
        self.damaged_packets += 1;
        false
    }

    /// Has a packet of Ogg cut only where its stream ends.
    ///
    /// The demuxer cuts wherever a page claims to end. Only the last page's claim is meant so: on the others,
    /// writers (ffmpeg for one) are at times some samples off. What the last one leaves is counted from the
    /// beginning of the stream.
    fn restore(&self, packet: &mut Packet) {
        if packet.trim_end == Duration::ZERO || self.format.format_info().format != FORMAT_ID_OGG {
            return;
        }
        let Some(stated) = self.stated() else { return };
        let frames = packet.dur.saturating_add(packet.trim_end);
        let is_last_page = self
            .current_track()
            .and_then(|track| i64::try_from(track.num_frames?).ok())
            .is_some_and(|end| packet.pts.saturating_add(packet.dur).get() >= end);
        let excess = if is_last_page {
            (self.decoded - self.decoded_before).saturating_add(frames.get()).saturating_sub(stated)
        } else {
            0
        };
        packet.trim_end = Duration::new(excess).min(frames);
        packet.dur = frames.saturating_sub(packet.trim_end);
    }

    /// Whether the headers promise more than was there.
    fn ends_early(&self) -> bool {
        self.cut_short || self.stated().is_some_and(|stated| self.decoded - self.decoded_before < stated)
    }

    fn current_track(&self) -> Option<&Track> {
        self.format.tracks().iter().find(|track| track.id == self.track_id)
    }

    /// Samples per channel that the current stream is to give, where its headers know.
    fn stated(&self) -> Option<u64> {
        let track = self.current_track()?;
        match self.format.format_info().format {
            // Where there is no table of contents, the length is an estimate.
            FORMAT_ID_MP3 if track.delay.is_none() => None,
            FORMAT_ID_ADTS => None,
            // What is stated is the position of the end.
            FORMAT_ID_OGG => {
                let first = track.start_ts.get().checked_add(track.delay.unwrap_or_default().into())?;
                let length = i64::try_from(track.num_frames?).ok()?.checked_sub(first)?;
                u64::try_from(length).ok().filter(|&length| length > 0)
            }
            _ => track.num_frames,
        }
    }

    /// Compares a block with the first one, and looks for samples that are no numbers.
    fn check(&mut self, found: Spec) -> Result<(), AudioError> {
        if self.decoded == 0 {
            if found.sample_rate == 0 || found.channels == 0 {
                let Spec { sample_rate, channels } = found;
                return Err(AudioError::BadHeader {
                    path: self.path.clone(),
                    reason: format!(
                        "expected at least one channel at 1 Hz or more, found {channels} at {sample_rate} Hz"
                    ),
                });
            }
            self.spec = found;
        } else if found != self.spec {
            return Err(AudioError::FormatChanged {
                path: self.path.clone(),
                codec: self.codec().to_owned(),
                samples: self.decoded,
                expected_channels: self.spec.channels,
                expected_hz: self.spec.sample_rate,
                found_channels: found.channels,
                found_hz: found.sample_rate,
            });
        }
        // All at once first: a search that may stop anywhere takes samples one by one.
        let is_good = |sample: f32| sample.abs() <= MAX_SAMPLE;
        if self.mono.iter().fold(true, |all, &sample| all & is_good(sample)) {
            return Ok(());
        }
        match self.mono.iter().position(|&sample| !is_good(sample)) {
            None => Ok(()),
            Some(position) => Err(AudioError::BadSample {
                path: self.path.clone(),
                codec: self.codec().to_owned(),
                index: self.decoded + position as u64,
                value: self.mono[position],
            }),
        }
    }

    /// What the container says is to be played, beyond what the demuxer has already seen to.
    fn find_cut(&mut self) -> Result<Cut, AudioError> {
        let all = Cut { start: 0, end: u64::MAX };
        if self.format.format_info().format != FORMAT_ID_ISOMP4 {
            return Ok(all);
        }
        let edit = open_file(&self.path).and_then(|mut file| {
            mp4::track_edit(&mut file, self.track_id)
                .map_err(|source| AudioError::Read { path: self.path.clone(), source })
        })?;
        let Some(edit) = edit else {
            return Ok(self
                .itunes_gapless()
                .map_or(all, |(start, length)| Cut { start, end: start.saturating_add(length) }));
        };
        // The media's clock is nearly always the sample rate.
        let samples = |units: u64| {
            let exact = u128::from(units) * u128::from(self.spec.sample_rate) / u128::from(edit.timescale);
            u64::try_from(exact).unwrap_or(u64::MAX)
        };
        let start = samples(edit.start);
        Ok(Cut { start, end: edit.length.map_or(u64::MAX, |length| start.saturating_add(samples(length))) })
    }

    fn itunes_gapless(&mut self) -> Option<(u64, u64)> {
        let metadata = self.format.metadata();
        let tags = &metadata.current()?.media.tags;
        let tag = tags.iter().find(|tag| tag.raw.key.ends_with(":iTunSMPB"))?;
        match &tag.raw.value {
            RawValue::String(value) => mp4::itunes_gapless(value),
            _ => None,
        }
    }

    /// Removes from the block just decoded what lies outside the cut.
    fn apply_cut(&mut self) {
        let first = self.decoded - self.mono.len() as u64;
        let within = |at: u64| at.saturating_sub(first).min(self.mono.len() as u64) as usize;
        let (start, end) = (within(self.cut.start), within(self.cut.end));
        self.mono.truncate(end);
        self.mono.drain(..start.min(end));
    }

    fn no_audio(&self) -> AudioError {
        AudioError::NoAudio {
            path: self.path.clone(),
            codec: self.codec().to_owned(),
            damaged_packets: self.damaged_packets,
        }
    }

    fn decoder_error(&self, error: &Error) -> AudioError {
        AudioError::Decoder {
            path: self.path.clone(),
            codec: self.codec().to_owned(),
            samples: self.decoded,
            reason: error.to_string(),
        }
    }
}

/// Runs Symphonia; its panics (some of its parsers overflow on damaged headers) become messages.
///
/// What `decode` borrows must not be used again after a panic.
fn without_panic<T>(decode: impl FnOnce() -> T) -> Result<T, String> {
    std::panic::catch_unwind(AssertUnwindSafe(decode)).map_err(|payload| {
        let formatted = payload.downcast_ref::<String>().map(String::as_str);
        formatted.or_else(|| payload.downcast_ref::<&str>().copied()).unwrap_or("it panicked").to_owned()
    })
}

/// Opens a regular file that has bytes in it.
fn open_file(path: &Path) -> Result<File, AudioError> {
    let open_error = |source| AudioError::Open { path: path.to_owned(), source };
    // Before opening: opening a pipe would wait for somebody to write into it.
    let metadata = std::fs::metadata(path).map_err(open_error)?;
    if !metadata.is_file() {
        return Err(AudioError::NotAFile { path: path.to_owned() });
    }
    if metadata.len() == 0 {
        return Err(AudioError::EmptyFile { path: path.to_owned() });
    }
    File::open(path).map_err(open_error)
}

fn probe_error(path: &Path, error: Error) -> AudioError {
    let path = path.to_owned();
    match error {
        Error::IoError(source) if source.kind() != ErrorKind::UnexpectedEof => {
            AudioError::Read { path, source }
        }
        // The probe has looked at everything and recognised nothing, which it reports in either of these ways.
        Error::IoError(_) => AudioError::UnknownFormat { path },
        Error::Unsupported(reason) if reason.starts_with("core (probe)") => {
            AudioError::UnknownFormat { path }
        }
        // All that Symphonia says of a WAV file whose codec it does not know.
        Error::Unsupported("wav: unsupported wave format") => match wav::codec(&path) {
            Ok(Some(codec)) => AudioError::UnsupportedCodec { path, codec },
            Ok(None) => AudioError::BadHeader { path, reason: error.to_string() },
            Err(source) => AudioError::Read { path, source },
        },
        error => AudioError::BadHeader { path, reason: error.to_string() },
    }
}

fn audio_track(path: &Path, format: &dyn FormatReader) -> Result<(u32, AudioCodecParameters), AudioError> {
    format
        .default_track(TrackType::Audio)
        .and_then(|track| Some((track.id, track.codec_params.as_ref()?.audio()?.clone())))
        .ok_or_else(|| AudioError::NoAudioTrack {
            path: path.to_owned(),
            container: format.format_info().short_name,
        })
}

fn make_decoder(path: &Path, params: &AudioCodecParameters) -> Result<Box<dyn AudioDecoder>, AudioError> {
    let codecs = codecs();
    if codecs.get_audio_decoder(params.codec).is_none() {
        return Err(AudioError::UnsupportedCodec { path: path.to_owned(), codec: codec_name(params) });
    }
    codecs
        .make_audio_decoder(params, &AudioDecoderOptions::default())
        .map_err(|error| AudioError::BadHeader { path: path.to_owned(), reason: error.to_string() })
}

/// Symphonia's decoders, and ours.
fn codecs() -> &'static CodecRegistry {
    static CODECS: LazyLock<CodecRegistry> = LazyLock::new(|| {
        let mut codecs = CodecRegistry::new();
        symphonia::default::register_enabled_codecs(&mut codecs);
        #[cfg(feature = "opus")]
        codecs.register_audio_decoder::<crate::opus::OpusDecoder>();
        codecs
    });
    &CODECS
}

/// Names the codecs without a decoder that turn up most.
fn codec_name(params: &AudioCodecParameters) -> String {
    let name = match params.codec {
        codec::CODEC_ID_OPUS => "Opus",
        codec::CODEC_ID_SPEEX => "Speex",
        codec::CODEC_ID_MP1 => "MPEG layer 1",
        codec::CODEC_ID_MP2 => "MPEG layer 2",
        codec::CODEC_ID_AC3 | codec::CODEC_ID_EAC3 => "AC-3",
        codec::CODEC_ID_ADPCM_MS | codec::CODEC_ID_ADPCM_IMA_WAV | codec::CODEC_ID_ADPCM_IMA_QT => "ADPCM",
        CODEC_ID_NULL_AUDIO => "in an unnamed codec",
        other => return format!("in the codec of number {other}"),
    };
    name.to_owned()
}

/// The mean over channels, in single precision and in the order of the channels.
fn mix(buffer: &GenericAudioBufferRef<'_>, planes: &mut Vec<Vec<f32>>, mono: &mut Vec<f32>) {
    mono.clear();
    if let GenericAudioBufferRef::F32(buffer) = buffer {
        mix_planes(buffer.iter_planes(), buffer.num_planes(), mono);
    } else {
        buffer.copy_to_vecs_planar(planes);
        mix_planes(planes.iter().map(Vec::as_slice), planes.len(), mono);
    }
}

fn mix_planes<'a>(mut planes: impl Iterator<Item = &'a [f32]>, n_planes: usize, mono: &mut Vec<f32>) {
    let Some(first) = planes.next() else { return };
    let Some(second) = planes.next() else { return mono.extend_from_slice(first) };
    let n_channels = n_planes as f32;
    if n_planes == 2 {
        // What nearly every file has, in one pass.
        return mono.extend(first.iter().zip(second).map(|(left, right)| (left + right) / n_channels));
    }
    mono.extend(first.iter().zip(second).map(|(left, right)| left + right));
    for plane in planes {
        for (sum, sample) in mono.iter_mut().zip(plane) {
            *sum += sample;
        }
    }
    for sum in mono {
        *sum /= n_channels;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn panics_become_messages() {
        let n = 7;
        assert_eq!(without_panic(|| n), Ok(7));
        assert_eq!(without_panic(|| panic!("constant")), Err::<(), _>("constant".to_owned()));
        assert_eq!(without_panic(|| panic!("formatted {n}")), Err::<(), _>("formatted 7".to_owned()));
    }
}
