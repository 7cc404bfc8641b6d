#!/usr/bin/env bash
# crooner beside PyTorch and Keras: one training step and one inference of the paper's network, batch 16, in turn on
# the same cores. Prints one table; ratios are to the faster of the two peers.
#
#   crates/crooner/benches/peers/run.sh [THREADS]
#
# PyTorch and TensorFlow are installed in virtual environments under ${PEERS:-target/peers}.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../../../.."
here=crates/crooner/benches/peers
threads=${1:-2}
peers=${PEERS:-target/peers}
export OMP_NUM_THREADS=$threads RAYON_NUM_THREADS=$threads

for peer in torch keras; do
  if [ ! -e "$peers/$peer/installed" ]; then
    python3 -m venv "$peers/$peer"
    packages=$([ $peer = torch ] && echo torch numpy || echo tensorflow keras)
    # shellcheck disable=SC2086 # several packages
    "$peers/$peer/bin/pip" install --quiet $packages
    touch "$peers/$peer/installed"
  fi
done
cargo bench --quiet -p crooner --bench step --no-run
grep -m1 'model name' /proc/cpuinfo || true

measure() {
  local mode=$1 frames=$2 steps=$3
  "$peers/torch/bin/python" "$here/network_torch.py" "$mode" "$frames" "$steps" "$threads"
  "$peers/keras/bin/python" "$here/network_keras.py" "$mode" "$frames" "$steps" "$threads" 2>/dev/null
  for kernels in ${KERNELS:-avx512 avx2}; do
    CROONER_KERNELS=$kernels cargo bench --quiet -p crooner --bench step -- "$mode" "$frames" "$steps" 2>/dev/null |
      sed "s/^RESULT crooner/RESULT $kernels/" || echo "RESULT $kernels $mode $frames - -"
  done
}

{
  measure train 32 20
  measure train 94 10
  measure train 313 5
  measure train 911 5
  measure infer 94 20
} | tee >(cat >&2) | awk '
  $1 == "RESULT" { time[$3 " " $4, $2] = $5; memory[$3 " " $4, $2] = $7; if (!($3 " " $4 in seen)) { seen[$3 " " $4]; order[++n] = $3 " " $4 } ; names[$2] }
  END {
    printf "\n%-12s %14s %14s", "", "torch", "keras"
    for (name in names) if (name != "torch" && name != "keras") printf " %26s", "crooner " name
    print ""
    for (i = 1; i <= n; i++) {
      row = order[i]; best = time[row, "torch"] < time[row, "keras"] ? time[row, "torch"] : time[row, "keras"]
      printf "%-12s %8.1f %5d %8.1f %5d", row, time[row, "torch"], memory[row, "torch"], time[row, "keras"], memory[row, "keras"]
      for (name in names) if (name != "torch" && name != "keras") {
        # A set of kernels that this processor has not.
        if (time[row, name] + 0 == 0) printf " %26s", "-"
        else printf " %12.1f %5d (%.1f x)", time[row, name], memory[row, name], best / time[row, name]
      }
      print ""
    }
    print "milliseconds and megabytes at the most"
  }'
