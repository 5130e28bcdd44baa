#!/usr/bin/env bash
# Installs the Debian packages that Mortise needs and that are missing. With everything there it needs neither root
# nor a network. Usage: scripts/install-packages.sh [build] [run] [test] [browser] [bench] [check]
# (default: build test)
set -euo pipefail

build=(g++ gcc cmake ninja-build ccache pkg-config libboost1.81-dev libpoco-dev nlohmann-json3-dev libelf-dev
  libseccomp-dev libsqlite3-dev libssl-dev libcli11-dev libvalijson-dev libctemplate-dev
  libhowardhinnant-date-dev tzdata)
run=(curl)
tests=(libgtest-dev libgmock-dev libbenchmark-dev openssl curl procps binutils clang nginx-light)
browser=(chromium fonts-dejavu-core)
command -v npm >/dev/null || browser+=(nodejs npm) # one from elsewhere will do
bench=(nginx-light wrk python3 procps util-linux libgrpc++-dev libprotobuf-dev protobuf-compiler-grpc)
check=(clang clang-format clang-tidy libclang-rt-14-dev python3 shellcheck)

packages=()
for group in "${@:-build test}"; do
  for name in $group; do
    case $name in
      build) packages+=("${build[@]}") ;;
      run) packages+=("${run[@]}") ;;
      test) packages+=("${tests[@]}") ;;
      browser) packages+=("${browser[@]}") ;;
      bench) packages+=("${bench[@]}") ;;
      check) packages+=("${check[@]}") ;;
      *) echo "install-packages: unknown group '$name'; use build, run, test, browser, bench or check" >&2; exit 2 ;;
    esac
  done
done

missing=()
for package in "${packages[@]}"; do
  [ "$(dpkg-query -W -f='${Status}' "$package" 2>/dev/null)" = "install ok installed" ] || missing+=("$package")
done
[ ${#missing[@]} -gt 0 ] || exit 0

as_root=()
if [ "$(id -u)" -ne 0 ]; then
  command -v sudo >/dev/null || { echo "install-packages: run as root, or install sudo, to get: ${missing[*]}" >&2; exit 1; }
  as_root=(sudo)
fi
# A package that brings a service must not start it here.
policy=/usr/sbin/policy-rc.d
if [ ! -e "$policy" ]; then
  printf '#!/bin/sh\nexit 101\n' | "${as_root[@]}" tee "$policy" >/dev/null
  "${as_root[@]}" chmod +x "$policy"
  trap '"${as_root[@]}" rm -f "$policy"' EXIT
fi
echo "installing: ${missing[*]}"
"${as_root[@]}" apt-get update -qq
"${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
