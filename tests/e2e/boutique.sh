# shellcheck shell=bash disable=SC2034,SC2154
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

# ask STATUS PATH [ARGUMENT...]: what a visitor with the cookies of $jar gets, in $work/page; the status must be that.
jar=$work/jar
ask() {
  local wanted=$1 path=$2 got
  shift 2
  got=$(curl -s --max-time 60 -b "$jar" -c "$jar" -o "$work/page" -D "$work/head" -w '%{http_code}' "$@" "http://$address$path")
  [ "$got" = "$wanted" ] || fail "$path $* is answered with $got, not with $wanted: $(cat "$work/page")"
}
says() { grep -qF -- "$1" "$work/page" || fail "the page does not say '$1': $(cat "$work/page")"; }
hides() { ! grep -qF -- "$1" "$work/page" || fail "the page says '$1': $(cat "$work/page")"; }
leads_to() { grep -qi "^Location: $1"$'\r' "$work/head" || fail "does not lead to $1: $(cat "$work/head")"; }
has_things() { ask 200 /shop; says "<span class=\"count\">$1<"; }

# check_out STATUS CARD [KEY]: with that key, or the one that the page has.
check_out() {
  local key=${3:-}
  if [ -z "$key" ]; then
    ask 200 /shop/cart
    key=$(grep -oE 'name="key" value="[0-9a-f]{32}"' "$work/page" | grep -oE '[0-9a-f]{32}')
  fi
  ask "$1" /shop/checkout -d "key=$key" -d email=ada@example.com -d name=Ada -d 'street=Ring 1' -d postal_code=50667 \
    -d city=Bonn -d country=DE --data-urlencode "card_number=$2" -d security_code=123 -d expiry_month=11 -d expiry_year=2035
  sent_key=$key
}
