#!/usr/bin/env bash
# Installs what is missing, builds, and runs every test through ctest. Usage: scripts/test.sh [preset]
# Presets: release (default), debug, asan, tsan.
set -euo pipefail
cd "$(dirname "$(readlink -f "$0")")/.."
preset=${1:-release}

scripts/install-packages.sh build test browser
export CCACHE_BASEDIR=$PWD CCACHE_NOHASHDIR=1
jobs=$(nproc)
cmake --preset "$preset" >/dev/null
cmake --build --preset "$preset" --parallel "$jobs"
ctest --preset "$preset" --parallel "$jobs"
