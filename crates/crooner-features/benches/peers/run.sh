#!/usr/bin/env bash
# crooner-features beside librosa, torchaudio, essentia and two Rust crates: seconds of audio per second of processor
# time, one thread, the same samples, in turn in one run. Prints one table.
#
#   crates/crooner-features/benches/peers/run.sh
#
# The peers are installed under ${PEERS:-target/peers}: some 6 GB, nearly all of them torch. A Python peer that cannot be
# installed is left out, and said to be.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../../../.."
here=crates/crooner-features/benches/peers
peers=${PEERS:-target/peers}
# Settings of a machine that would slow NumPy down.
unset OPENBLAS_CORETYPE OPENBLAS_L2_SIZE

declare -A packages=(
  [librosa]="librosa==0.11.0"
  [torchaudio]="torchaudio==2.11.0 torch==2.11.0 numpy"
  [essentia]="essentia numpy"
)
mkdir -p "$peers"
for peer in librosa torchaudio essentia; do
  if [ ! -e "$peers/$peer/installed" ]; then
    python3 -m venv "$peers/$peer"
    # shellcheck disable=SC2086 # several packages
    if "$peers/$peer/bin/pip" install --quiet ${packages[$peer]}; then
      touch "$peers/$peer/installed"
    else
      echo "$peer could not be installed and is left out" >&2
      rm -r "${peers:?}/$peer"
    fi
  fi
done
target=$(cargo metadata --format-version 1 --no-deps | python3 -c 'import json, sys; print(json.load(sys.stdin)["target_directory"])')
cargo build --quiet --release -p crooner-features --example feature_speed
CARGO_TARGET_DIR=$peers/rust cargo build --quiet --release --locked --manifest-path $here/rust/Cargo.toml

grep -m1 'model name' /proc/cpuinfo || true
scratch=$(mktemp -d)
trap 'rm -r "$scratch"' EXIT
"$peers/librosa/bin/python" $here/race.py "$target/release/examples/feature_speed" "$peers/rust/release/peers" "$peers" "$scratch" .
