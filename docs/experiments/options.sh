#!/usr/bin/env bash
# Which options of training help? Trains the demo network on slices of 3 s, with the album split, at several seeds: once as
# it is and once with each file of options/, then prints the table of docs/experiments.md.
#
#   docs/experiments/options.sh DATA [SEEDS]     DATA is a folder ARTIST/ALBUM/TRACK.ext, SEEDS as in `crooner train --seeds`
#
# Stop it whenever you like: the same again goes on. CROONER names the program, OUT the folder of the runs.
set -euo pipefail

data=${1:?usage: docs/experiments/options.sh DATA [SEEDS]}
seeds=${2:-5}
crooner=${CROONER:-crooner}
out=${OUT:-runs/options}
options=$(cd "$(dirname "$0")" && pwd)/options

names=(base)
for file in "$options"/*.toml; do
    name=$(basename "$file" .toml)
    [ "$name" = base ] || names+=("$name")
done
for name in "${names[@]}"; do
    echo "== $name" >&2
    "$crooner" train --data "$data" --split album --slice-seconds 3 --config "$options/$name.toml" \
        --seeds "$seeds" --out "$out/$name" >&2
done
"$crooner" compare "${names[@]/#/$out/}"
