#!/usr/bin/env bash
# What is shipped, and what mortise_add_plugin() builds, is hardened: nothing to overwrite in what the linker has filled in,
# no lazy binding, a guarded stack, checked calls into the C library; the host lies at an address of its own each time.
# shellcheck source=tests/e2e/lib.sh
. "$(dirname "$0")/lib.sh"
install_prefix
cp -r "$here/projects/hardened" "$work"
build "$work/hardened"
faults=0

# has FILE WHAT PATTERN READELF-OPTION
has() {
  readelf -W "$4" "$1" | grep -E "$3" >/dev/null && return
  echo "$1 has no $2" >&2
  faults=$((faults + 1))
}

for file in "$prefix/bin/mortise" "$prefix"/lib/mortise/plugins/*.so "$work/hardened/build/hardened.so"; do
  has "$file" "read-only relocations (RELRO)" '^ +GNU_RELRO ' --program-headers
  has "$file" "binding at load (-z now)" '\(FLAGS\).*BIND_NOW|\(FLAGS_1\).*NOW' --dynamic
  has "$file" "stack that is not executable" '^ +GNU_STACK .* RW +0x' --program-headers
  has "$file" "stack protector" ' UND __stack_chk_fail' --dyn-syms
done
has "$prefix/bin/mortise" "position of its own (PIE)" '\(FLAGS_1\).*PIE' --dynamic
if [ -z "$E2E_FLAGS" ]; then # a sanitizer checks these calls itself
  for file in "$prefix/bin/mortise" "$work/hardened/build/hardened.so"; do
    has "$file" "checked call (FORTIFY)" ' UND __[a-z]+_chk' --dyn-syms
  done
fi
[ "$faults" -eq 0 ] || fail "$faults of the marks of hardening are missing"
