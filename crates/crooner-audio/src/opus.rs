//! Opus for Symphonia, which reads its containers but has no decoder of its own: ropus, in Rust, gives libopus's samples.
//!
//! RFC 7845 (Ogg encapsulation) says what the header holds; ropus's multistream decoder takes every layout of it.

use ropus::OpusMSDecoder;
use symphonia::core::audio::{
    AsGenericAudioBufferRef, AudioBuffer, AudioMut, AudioSpec, GenericAudioBufferRef,
};
use symphonia::core::codecs::CodecInfo;
use symphonia::core::codecs::audio::well_known::CODEC_ID_OPUS;
use symphonia::core::codecs::audio::{
    AudioCodecParameters, AudioDecoder, AudioDecoderOptions, FinalizeResult,
};
use symphonia::core::codecs::registry::{RegisterableAudioDecoder, SupportedAudioCodec};
use symphonia::core::errors::{Error, Result, decode_error, unsupported_error};
use symphonia::core::packet::PacketRef;

/// Opus is decoded at this rate, whatever the rate of what was encoded.
const SAMPLE_RATE: u32 = 48_000;
/// A packet holds at most 120 ms.
const MAX_FRAMES: usize = SAMPLE_RATE as usize * 120 / 1000;

pub(crate) struct OpusDecoder {
    params: AudioCodecParameters,
    header: Header,
    decoder: OpusMSDecoder,
    /// Samples per channel that are still to be dropped: what the encoder looked ahead.
    skip: usize,
    interleaved: Vec<i16>,
    scaled: Vec<f32>,
    buffer: AudioBuffer<f32>,
}

/// What the identification header says, beyond what Symphonia reads.
struct Header {
    channels: usize,
    pre_skip: usize,
    gain: f32,
    streams: u8,
    coupled: u8,
    mapping: Vec<u8>,
}

impl Header {
    fn read(bytes: &[u8]) -> Result<Self> {
        let Some((fixed, rest)) =
            bytes.split_first_chunk::<19>().filter(|(head, _)| head.starts_with(b"OpusHead"))
        else {
            return decode_error("opus: the identification header is missing or too short");
        };
        let channels = fixed[9];
        let word = |at: usize| u16::from_le_bytes([fixed[at], fixed[at + 1]]);
        let (streams, coupled, mapping) = match (fixed[18], rest) {
            (0, _) if matches!(channels, 1 | 2) => (1, channels - 1, vec![0, 1][..channels.into()].to_vec()),
            (1, [streams, coupled, mapping @ ..]) if mapping.len() >= channels.into() => {
                (*streams, *coupled, mapping[..channels.into()].to_vec())
            }
            _ => return unsupported_error("opus: expected channel mapping family 0 or 1"),
        };
        // Q7.8 decibels, to be applied by every player.
        let gain_db = f32::from(word(16).cast_signed()) / 256.0;
        Ok(Self {
            channels: channels.into(),
            pre_skip: word(10).into(),
            gain: 10f32.powf(gain_db / 20.0),
            streams,
            coupled,
            mapping,
        })
    }

    fn decoder(&self) -> Result<OpusMSDecoder> {
        let rate = SAMPLE_RATE.cast_signed();
        OpusMSDecoder::new(
            rate,
            self.mapping.len() as i32,
            self.streams.into(),
            self.coupled.into(),
            &self.mapping,
        )
        .map_err(|_| Error::DecodeError("opus: the header's channel mapping contradicts itself"))
    }
}

impl RegisterableAudioDecoder for OpusDecoder {
    fn try_registry_new(
        params: &AudioCodecParameters,
        _: &AudioDecoderOptions,
    ) -> Result<Box<dyn AudioDecoder>> {
        let header = Header::read(params.extra_data.as_deref().unwrap_or_default())?;
        let channels = match &params.channels {
            Some(channels) if channels.count() == header.channels => channels.clone(),
            _ => return decode_error("opus: container and header disagree on the number of channels"),
        };
        let decoder = header.decoder()?;
        Ok(Box::new(Self {
            params: params.clone(),
            decoder,
            skip: header.pre_skip,
            interleaved: vec![0; MAX_FRAMES * header.channels],
            scaled: Vec::new(),
            buffer: AudioBuffer::new(AudioSpec::new(SAMPLE_RATE, channels), MAX_FRAMES),
            header,
        }))
    }

    fn supported_codecs() -> &'static [SupportedAudioCodec] {
        const OPUS: SupportedAudioCodec = SupportedAudioCodec {
            id: CODEC_ID_OPUS,
            info: CodecInfo { short_name: "opus", long_name: "Opus", profiles: &[] },
        };
        &[OPUS]
    }
}

impl AudioDecoder for OpusDecoder {
    fn reset(&mut self) {
        if let Ok(decoder) = self.header.decoder() {
            self.decoder = decoder;
        }
    }

    fn codec_info(&self) -> &CodecInfo {
        &Self::supported_codecs()[0].info
    }

    fn codec_params(&self) -> &AudioCodecParameters {
        &self.params
    }

    fn decode_ref(&mut self, packet: &PacketRef<'_>) -> Result<GenericAudioBufferRef<'_>> {
        self.buffer.clear();
        let length = i32::try_from(packet.data.len()).unwrap_or(i32::MAX);
        // To ropus an empty packet is a lost one, to be made up; to us it is damage.
        if length == 0 {
            return decode_error("opus: empty packet");
        }
        let frames = self
            .decoder
            .decode(Some(packet.data), length, &mut self.interleaved, MAX_FRAMES as i32, false)
            .map_err(|_| Error::DecodeError("opus: invalid packet"))?;
        let frames = usize::try_from(frames).unwrap_or_default();
        let scale = self.header.gain / 32_768.0;
        let samples = &self.interleaved[..frames * self.header.channels];
        self.scaled.clear();
        self.scaled.extend(samples.iter().map(|&sample| f32::from(sample) * scale));
        self.buffer.render_uninit(Some(frames));
        self.buffer.copy_from_slice_interleaved(&self.scaled);

        let trim = |duration: symphonia::core::units::Duration| {
            usize::try_from(duration.get()).unwrap_or(usize::MAX)
        };
        let kept = frames.saturating_sub(trim(packet.trim_end));
        let skipped = self.skip.min(kept);
        self.skip -= skipped;
        self.buffer.trim(skipped, frames - kept);
        Ok(self.buffer.as_generic_audio_buffer_ref())
    }

    fn finalize(&mut self) -> FinalizeResult {
        FinalizeResult::default()
    }

    fn last_decoded(&self) -> GenericAudioBufferRef<'_> {
        self.buffer.as_generic_audio_buffer_ref()
    }
}
