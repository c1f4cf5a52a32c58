#!/usr/bin/env bash
# Sets up a fresh Debian or Ubuntu machine: system packages, .venv, the project.
# Usage: scripts/setup.sh run|test      (test adds what the tests and checks need)
# A second call installs nothing again.
set -euo pipefail
cd "$(dirname "$0")/.."

kind=${1:-run}
python=${PYTHON:-python3}
packages=(python3-venv gcc g++ make iverilog verilator opensta
          qflow qflow-tech-osu018 qflow-tech-osu035 graywolf qrouter magic netgen-lvs)
extras=""
if [ "$kind" = test ]; then
  packages+=(clang-format git)
  # Reports are looked at in a browser. Ubuntu has it as a snap only: there those tests are skipped.
  if grep -qs '^ID=debian' /etc/os-release; then
    packages+=(chromium fonts-dejavu-core)
  fi
  extras="[dev,wandb]"
fi

missing=()
if command -v dpkg-query >/dev/null; then
  for package in "${packages[@]}"; do
    dpkg-query -W -f='${Status}' "$package" 2>/dev/null | grep -q 'ok installed' || missing+=("$package")
  done
else
  echo "setup: no dpkg here; install by hand what 'neutnn doctor' names as missing"
fi
if [ ${#missing[@]} -gt 0 ]; then
  install="apt-get install -y --no-install-recommends ${missing[*]}"
  if [ "$(id -u)" = 0 ]; then
    sudo=""
  elif command -v sudo >/dev/null && sudo -n true 2>/dev/null; then
    sudo="sudo"
  else
    sudo="none"
  fi
  if [ "$sudo" = none ]; then
    echo "setup: system packages are missing and this is not root; type this, then run make again:"
    echo "    sudo apt-get update && sudo $install"
    echo "setup: going on with what is there"
  else
    echo "setup: installing ${missing[*]}"
    $sudo apt-get update -qq
    DEBIAN_FRONTEND=noninteractive $sudo $install >/dev/null
  fi
fi

[ -x .venv/bin/python ] || "$python" -m venv .venv
want=$(cat pyproject.toml constraints.txt "$0" | sha256sum | cut -d' ' -f1)
for done in test run; do
  if [ "$(cat ".venv/installed-$done" 2>/dev/null)" = "$want" ]; then
    if [ "$done" = test ] || [ "$kind" = run ]; then exit 0; fi
  fi
done
echo "setup: installing the project into .venv"
.venv/bin/python -m pip install --quiet --disable-pip-version-check torch -c constraints.txt
.venv/bin/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e ".$extras"
echo "$want" >".venv/installed-$kind"
