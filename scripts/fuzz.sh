#!/usr/bin/env bash
# Builds the fuzz targets and runs each for a while against its kept corpus. Usage: scripts/fuzz.sh [seconds] (default 60)
# A finding ends with a non-zero exit code and the path of the input that shows it.
set -euo pipefail
cd "$(dirname "$(readlink -f "$0")")/.."
seconds=${1:-60}
[[ $seconds =~ ^[1-9][0-9]*$ ]] || { echo "fuzz: '$seconds' is no number of seconds" >&2; exit 2; }

scripts/install-packages.sh build check
export CCACHE_BASEDIR=$PWD CCACHE_NOHASHDIR=1
cmake --preset fuzz >/dev/null
cmake --build --preset fuzz --parallel "$(nproc)"

export findings=.build/fuzz/findings seconds
mkdir -p "$findings"

fuzz() {
  local target=$1 found log
  local options=("-max_total_time=$seconds" "-timeout=10" "-print_final_stats=1" "-artifact_prefix=$findings/$target-")
  [ ! -f "tests/fuzz/$target.dict" ] || options+=("-dict=tests/fuzz/$target.dict")
  found=$(mktemp -d) # what is interesting and new; only a person adds to the kept corpus
  log=$findings/$target.log
  if ".build/fuzz/tests/fuzz/${target}_fuzz" "${options[@]}" "$found" "tests/fuzz/corpus/$target" >"$log" 2>&1; then
    echo "== $target for $seconds s"
    grep -E '^stat::(number_of_executed_units|new_units_added)' "$log"
    rm -rf "$found"
    return 0
  fi
  tail -n 40 "$log"
  echo "fuzz: $target found a fault; see $log and the input $(sed -n 's/.*Test unit written to //p' "$log" | tail -n 1)" >&2
  rm -rf "$found"
  return 1
}
export -f fuzz

# One on each core.
printf '%s\n' dispatch json_call manifest request | xargs -P "$(nproc)" -I '{}' bash -c 'fuzz {}'
