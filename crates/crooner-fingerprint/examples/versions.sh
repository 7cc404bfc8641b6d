#!/usr/bin/env bash
# Makes pretended versions of the music in a folder, in another tempo and another key, and scores them:
#
#   crates/crooner-fingerprint/examples/versions.sh MUSIC [WORK]
#
# Needs ffmpeg, for this script alone (Debian: apt-get install ffmpeg). A real cover differs in much more; this measures
# only that key and tempo are dealt with.
set -euo pipefail
here=$(dirname "${BASH_SOURCE[0]}")
music=$(realpath "${1:?usage: versions.sh MUSIC [WORK]}")
work=${2:-$(mktemp -d)}
command -v ffmpeg >/dev/null || { echo "ffmpeg is needed: apt-get install ffmpeg" >&2; exit 1; }

# kind | ffmpeg's filter
kinds=$(cat <<'END'
tempo-plus-8pc|atempo=1.08
tempo-minus-12pc|atempo=0.88
up-2-semitones|aresample=44100,asetrate=49501,aresample=44100,atempo=0.8909
down-3-semitones-slower|aresample=44100,asetrate=37084,aresample=44100,atempo=1.08
END
)
make() {
  local kind filter target
  while IFS='|' read -r kind filter; do
    target=$work/$kind/$1.flac
    [ -e "$target" ] && continue
    mkdir -p "$(dirname "$target")"
    ffmpeg -nostdin -v error -y -i "$music/$1" -vn -map_metadata -1 -af "$filter" -ac 1 -ar 16000 "$target.part.flac"
    mv "$target.part.flac" "$target"
  done <<<"$kinds"
}
export -f make
export music work kinds
find "$music" -type f \( -name '*.mp3' -o -name '*.ogg' -o -name '*.flac' -o -name '*.m4a' -o -name '*.wav' \) -printf '%P\0' |
  sort -z | xargs -0 -P "$(nproc)" -I{} bash -c 'set -euo pipefail; make "$1"' make {}
cargo run --release -p crooner-fingerprint --example versions --manifest-path "$here/../Cargo.toml" -- "$music" "$work"
