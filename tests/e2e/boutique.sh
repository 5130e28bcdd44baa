# shellcheck shell=bash disable=SC2154
# Sourced after lib.sh by the tests of the boutique: all its plugins in the prefix, and how each becomes a next version.

boutique=(ads cart catalog checkout currency email frontend payment recommendation shipping)

install_boutique() {
  install_prefix
  cmake --install "$E2E_BUILD" --component boutique --prefix "$prefix" >>"$work/install.log" ||
    fail "cmake --install: $(tail "$work/install.log")"
}

# runs VERSION: whether all of the boutique serves, in that version.
runs() {
  mortise list >"$work/list" || return 1
  local name
  for name in "${boutique[@]}"; do
    grep -qE "^boutique-$name +$1 +.*active" "$work/list" || return 1
  done
}

# become VERSION: drops each plugin as another version of itself. The code is the same; in the manifest, and in the note
# for core dumps, stands another number of the same length.
become() {
  local name file
  for name in "${boutique[@]}"; do
    file=boutique-$name.so
    LC_ALL=C sed -E "s/(\"version\" ?: ?\")[0-9]\.[0-9]\.[0-9]\"/\1$1\"/g" \
      "$E2E_BUILD/lib/mortise/plugins/$file" >"$work/$file"
    drop "$work/$file"
  done
}
