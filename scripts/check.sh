#!/usr/bin/env bash
# Form and lint: clang-format on every C and C++ file, clang-tidy on the host. Needs the release preset configured.
set -euo pipefail
cd "$(dirname "$(readlink -f "$0")")/.."
scripts/install-packages.sh build test check

git ls-files '*.c' '*.h' '*.cpp' '*.hpp' | xargs clang-format --dry-run -Werror
[ -f .build/release/compile_commands.json ] || cmake --preset release >/dev/null
# Its count of warnings in system headers, which it does not show, is of no use.
git ls-files 'host/*.cpp' | xargs -P "$(nproc)" -n 4 clang-tidy --quiet --extra-arg=-Wno-unknown-warning-option -p .build/release 2>&1 |
  { grep -vE '^[0-9]+ warnings? generated' || true; }
git ls-files 'scripts/*.sh' .ci/run | xargs shellcheck
