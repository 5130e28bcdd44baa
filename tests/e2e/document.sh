# shellcheck shell=bash disable=SC2154
# Sourced after lib.sh: plays a document as its reader would. A fence "```LANGUAGE FILE" is a file, written when it is
# reached; one "```console" holds commands ("$ ...") and what they print. /opt/mortise and 127.0.0.1:8080 stand for the
# prefix and the host of the test.

# split DOCUMENT FOLDER: the fences as FOLDER/NNN.head (what follows the backticks) and FOLDER/NNN.body.
split() {
  mkdir -p "$2"
  awk -v folder="$2" '
    /^```/ && inside { inside = 0; close(body); next }
    /^```/ { inside = 1; name = sprintf("%s/%03d", folder, ++count); body = name ".body"
             print substr($0, 4) > (name ".head"); close(name ".head"); printf "" > body; next }
    inside { print > body }' "$1"
}

localised() { sed -e "s#/opt/mortise#$prefix#g" -e "s#127\.0\.0\.1:8080#${address:-}#g" "$@"; }

prints() { [ "$(bash -c "$1" 2>&1)" = "$2" ]; }

# say COMMAND EXPECTED: what a command prints comes true in a while; one without a text has to succeed.
say() {
  echo "\$ $1"
  if [ -z "$2" ]; then
    bash -c "$1" >"$work/said" 2>&1 || fail "'$1' ended with $?: $(tail "$work/said")"
  elif [[ $1 == curl* ]]; then
    await "'$1' prints '$2'" prints "$1" "$2"
  else
    local got
    got=$(bash -c "$1" 2>&1) || fail "'$1' ended with $?: $got"
    [ "$got" = "$2" ] || fail "'$1' printed: $got"
  fi
}

# play BODY: a console's commands.
play() {
  local line command='' expected=''
  while IFS= read -r line || [ -n "$line" ]; do
    if [[ $line == '$ '* ]]; then
      [ -z "$command" ] || say "$command" "$expected"
      command=${line#'$ '}
      expected=
    else
      expected+=${expected:+$'\n'}$line
    fi
  done < <(localised "$1")
  [ -z "$command" ] || say "$command" "$expected"
}

# follow FENCES: files and consoles in their order, in the current folder.
follow() {
  local head body file
  for head in "$1"/*.head; do
    body=${head%.head}.body
    if [ "$(cat "$head")" = console ]; then
      play "$body"
      continue
    fi
    file=$(cut -s -d' ' -f2 "$head" | localised)
    if [[ $file == *.* ]]; then
      mkdir -p "$(dirname "$file")"
      localised "$body" >"$file"
    fi
  done
}
