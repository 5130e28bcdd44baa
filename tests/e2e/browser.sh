# shellcheck shell=bash disable=SC2154
# Sourced after lib.sh by tests that look at pages in a browser. One at a time: they share what is fetched for that.
browser=$(command -v chromium) || fail "there is no chromium; scripts/install-packages.sh browser installs it"

# The library belongs into the build tree; it is fetched anew when another version is asked for.
visitor=$E2E_BUILD/tests/e2e/browser
mkdir -p "$visitor"
cp "$here"/browser/* "$visitor"
if ! cmp -s "$visitor/package-lock.json" "$visitor/node_modules/installed"; then
  npm --prefix "$visitor" ci --ignore-scripts --no-audit --no-fund >"$work/npm.log" 2>&1 || fail "npm: $(tail "$work/npm.log")"
  cp "$visitor/package-lock.json" "$visitor/node_modules/installed"
fi

# visit SCRIPT [ARGUMENT...]: the script's arguments behind the browser and the host's address.
visit() {
  local script=$1
  shift
  node "$visitor/$script" "$browser" "http://$address" "$@"
}
