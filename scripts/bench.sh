#!/usr/bin/env bash
# Measures what must hold and prints it as a table. Usage: scripts/bench.sh [--only NAME] [--quick] [--json FILE]
# Without --only and --quick it rewrites docs/benchmarks.md.
set -euo pipefail
here=$PWD
cd "$(dirname "$(readlink -f "$0")")/.."
scripts/install-packages.sh build test bench >&2

export CCACHE_BASEDIR=$PWD CCACHE_NOHASHDIR=1
cmake --preset release -DMORTISE_BUILD_BENCHMARKS=ON >/dev/null
cmake --build --preset release --parallel --target mortise plugin-greeter plugin-hello plugin-notes plugin-files zoo boutique benchmarks >&2
repository=$PWD
cd "$here"
exec python3 -B "$repository/tests/bench/driver" "$@"
