#!/usr/bin/env bash
# Form and lint: clang-format on every C and C++ file, every host header alone, clang-tidy on the host, shellcheck.
set -euo pipefail
cd "$(dirname "$(readlink -f "$0")")/.."
scripts/install-packages.sh build test check

git ls-files '*.c' '*.h' '*.cpp' '*.hpp' | xargs clang-format --dry-run -Werror
export CCACHE_BASEDIR=$PWD CCACHE_NOHASHDIR=1
cmake --preset release >/dev/null
cmake --build --preset release --parallel "$(nproc)" --target check_headers
# Its count of warnings in system headers, which it does not show, is of no use.
git ls-files 'host/*.cpp' | xargs -P "$(nproc)" -n 4 clang-tidy --quiet --extra-arg=-Wno-unknown-warning-option -p .build/release 2>&1 |
  { grep -vE '^[0-9]+ warnings? generated' || true; }
git ls-files 'scripts/*.sh' 'tests/e2e/*.sh' .ci/run | xargs shellcheck
