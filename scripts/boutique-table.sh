#!/usr/bin/env bash
# Measures the boutique (plugins/boutique) in three deployments and prints the table: all plugins inline in one host, each
# isolated, one host for each over HTTP. Usage: scripts/boutique-table.sh [--quick]
# Without --quick it rewrites that section of docs/benchmarks.md.
set -euo pipefail
here=$PWD
cd "$(dirname "$(readlink -f "$0")")/.."
scripts/install-packages.sh build test bench >&2

export CCACHE_BASEDIR=$PWD CCACHE_NOHASHDIR=1
cmake --preset release -DMORTISE_BUILD_BENCHMARKS=ON >/dev/null
cmake --build --preset release --parallel --target mortise boutique benchmarks >&2
repository=$PWD
cd "$here"
exec python3 -B "$repository/tests/bench/driver" --boutique-table "$@"
