#!/usr/bin/env bash
# Injects duplicates of all kinds into a folder of music and counts which are found:
#
#   crates/crooner-fingerprint/examples/injected.sh MUSIC [WORK]
#
# MUSIC is a folder of audio files, at any depth; nothing is written to it. WORK (default: a new temporary folder)
# gets one folder a kind, and what is there already is not made again. Needs ffmpeg with libmp3lame and libvorbis, for
# this script alone (Debian: apt-get install ffmpeg).
set -euo pipefail
here=$(dirname "${BASH_SOURCE[0]}")
music=$(realpath "${1:?usage: injected.sh MUSIC [WORK]}")
work=${2:-$(mktemp -d)}
command -v ffmpeg >/dev/null || { echo "ffmpeg is needed: apt-get install ffmpeg" >&2; exit 1; }

# kind | extension | ffmpeg's options; asetrate changes speed and pitch together, as a turntable does.
kinds=$(cat <<'END'
mp3-32k|mp3|-c:a libmp3lame -b:a 32k
mp3-128k|mp3|-c:a libmp3lame -b:a 128k
vorbis-q0|ogg|-c:a libvorbis -q:a 0
aac-64k|m4a|-c:a aac -b:a 64k
gain-minus-20dB|flac|-af volume=-20dB
gain-plus-6dB-clipped|flac|-af volume=6dB
crop-10s|flac|-ss 6.37 -t 10
offset-7.3s|flac|-ss 7.3
pad-3.7s|flac|-af adelay=3700:all=1,apad=pad_dur=2.1
resample-22k|flac|-ar 22050
resample-16k|flac|-ar 22050 -af aresample=22050,aresample=16000 -ar 16000
slower-1pc|flac|-af aresample=44100,asetrate=43659,aresample=44100
faster-1pc|flac|-af aresample=44100,asetrate=44541,aresample=44100
mp3-32k+crop-10s+gain|mp3|-ss 8.21 -t 10 -af volume=-9dB -c:a libmp3lame -b:a 32k
mp3-32k+faster-1pc|mp3|-af aresample=44100,asetrate=44541,aresample=44100 -c:a libmp3lame -b:a 32k
vorbis+slower-1pc+crop-15s|ogg|-ss 4.9 -t 15 -af aresample=44100,asetrate=43659,aresample=44100 -c:a libvorbis -q:a 1
aac+16k+pad+gain|m4a|-af volume=-6dB,adelay=2900:all=1,apad=pad_dur=1 -ar 16000 -c:a aac -b:a 48k
END
)

make() {
  local track=$1 kind extension options target
  while IFS='|' read -r kind extension options; do
    target=$work/$kind/$track.$extension
    [ -e "$target" ] && continue
    mkdir -p "$(dirname "$target")"
    # shellcheck disable=SC2086 # options are words
    ffmpeg -nostdin -v error -y -i "$music/$track" -vn -map_metadata -1 $options "$target.part.$extension"
    mv "$target.part.$extension" "$target"
  done <<<"$kinds"
  mkdir -p "$(dirname "$work/copy/$track")"
  cp -n "$music/$track" "$work/copy/$track"
}
export -f make
export music work kinds

find "$music" -type f \( -name '*.mp3' -o -name '*.ogg' -o -name '*.flac' -o -name '*.m4a' -o -name '*.wav' \) -printf '%P\0' |
  sort -z | xargs -0 -P "${JOBS:-1}" -I{} bash -c 'set -euo pipefail; make "$1"' make {}
if [ -z "${ONLY_MAKE:-}" ]; then
  cargo run --release -p crooner-fingerprint --example injected --manifest-path "$here/../Cargo.toml" -- "$music" "$work"
fi
