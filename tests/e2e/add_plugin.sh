#!/usr/bin/env bash
# What mortise_add_plugin() says of a faulty call, before anything is compiled.
# shellcheck source=tests/e2e/lib.sh
. "$(dirname "$0")/lib.sh"
cmake --install "$E2E_BUILD" --component sdk --prefix "$prefix" >/dev/null
mkdir "$work/project"
cd "$work/project"
touch sample.cpp
faults=0

# configures ARGUMENTS: CMake's messages on one line each.
configure() {
  {
    echo 'cmake_minimum_required(VERSION 3.5)' # an old project must get the same words
    echo 'project(sample LANGUAGES NONE)'
    echo 'find_package(Mortise REQUIRED)'
    echo "mortise_add_plugin($1)"
  } >CMakeLists.txt
  { cmake -S . -B build -G Ninja -DCMAKE_PREFIX_PATH="$prefix" 2>&1 || true; } | tr -s '\n ' ' '
}

# refuses ARGUMENTS TEXT: the call fails with this text.
refuses() {
  local said
  said=$(configure "$1")
  if [[ $said != *"CMake Error"*"$2"* ]]; then
    echo "mortise_add_plugin($1) should say: $2"$'\n'"but says: $said" >&2
    faults=$((faults + 1))
  fi
}

# manifest JSON TEXT: so does a call with this manifest.
manifest() {
  echo "$1" >plugin.json
  refuses "sample VERSION 1.0.0 SOURCES sample.cpp MANIFEST plugin.json" "$2"
}

refuses "Sample VERSION 1.0.0 SOURCES sample.cpp" \
  "mortise_add_plugin(Sample): a plugin's name is a lower-case letter, then lower-case letters, digits and '-', at most 64"
refuses "$(printf 'a%.0s' {1..65}) VERSION 1.0.0 SOURCES sample.cpp" "at most 64"
refuses "sample SOURCES sample.cpp" "mortise_add_plugin(sample): VERSION is missing"
refuses "sample VERSION 1.0.0" "mortise_add_plugin(sample): SOURCES is missing"
refuses "sample VERSION SOURCES sample.cpp" "mortise_add_plugin(sample): VERSION has no value"
for version in 1 1.0 v1.0.0 01.0.0 1.0.0- 1.0.0-a..b; do
  refuses "sample VERSION $version SOURCES sample.cpp" \
    "mortise_add_plugin(sample): VERSION '$version' is no version like 1.4.0 (semver.org)"
done
refuses "sample extra VERSION 1.0.0 SOURCES sample.cpp" \
  "unknown argument 'extra'; there are VERSION, SOURCES, MANIFEST, MIGRATIONS, ASSETS and LINKS"
refuses "sample VERSION 1.0.0 SOURCES sample.cpp MANIFEST none.json" "there is no MANIFEST '$PWD/none.json'"
refuses "sample VERSION 1.0.0 SOURCES sample.cpp ASSETS files" "ASSETS needs C++; write project(... LANGUAGES C CXX)"
manifest '{"summary": }' "'$PWD/plugin.json' is not valid JSON: "
manifest '["list"]' "'$PWD/plugin.json' must be a JSON object, in braces"
manifest '{"interface": []}' "has an unknown key 'interface'; a manifest has name, version, abi, summary, interfaces"
manifest '{"version": "2.0.0"}' "says version is '2.0.0', this call says '1.0.0'; leave it out there"
manifest '{"name": "other"}' "says name is 'other', this call says 'sample'; leave it out there"
manifest '{"abi": 2}' "says abi is '2', this call says '1'; leave it out there"

# Migrations: what is refused, and what comes of a good one.
mkdir migrations
with="sample VERSION 1.0.0 SOURCES sample.cpp MIGRATIONS migrations"
refuses "$with" "there are no .sql files in MIGRATIONS '$PWD/migrations'"
touch migrations/first.sql
refuses "$with" "'$PWD/migrations/first.sql' must be called NUMBER-NAME.sql, like 0001-notes.sql"
mv migrations/first.sql migrations/0002-second.sql
touch migrations/2-again.sql
refuses "$with" "has a number that another one has; give it the next"
rm migrations/2-again.sql
printf -- '-- mortise: compatible\nSELECT "a\\b", 1;\tSELECT [2];\n' >migrations/0002-second.sql
printf 'SELECT 0;' >migrations/10-tenth.sql
configure "$with" >/dev/null
python3 - "$PWD/migrations" build/sample.manifest.json <<'EOF' || faults=$((faults + 1))
import json, pathlib, sys
folder = pathlib.Path(sys.argv[1])
found = json.loads(pathlib.Path(sys.argv[2]).read_text())["migrations"]
wanted = [{"number": number, "name": name, "compatible": number == 2, "sql": (folder / file).read_text()}
          for number, name, file in ((2, "second", "0002-second.sql"), (10, "tenth", "10-tenth.sql"))]
assert found == wanted, f"the migrations should be {wanted}, and are {found}"
EOF

# A version with all its parts is taken: what fails then is the language that is missing.
said=$(configure "sample VERSION 1.0.0-rc.1+build.5 SOURCES sample.cpp")
[[ $said != *"no version"* ]] || fail "a good version is refused: $said"
[ "$faults" -eq 0 ] || fail "$faults calls are not refused as they should"
