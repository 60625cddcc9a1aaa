#!/bin/sh
# Installs the packages of a list (one a line, # begins a comment) that dpkg does not know as
# installed: as root, or through sudo without a password, or by naming them when it can do neither.
# Then unpacks the dictionary of the default corpus into data/, where it is not there.
set -u
export DEBIAN_FRONTEND=noninteractive

list=$1
data=$(dirname "$0")/../data

missing=
for package in $(sed 's/#.*//' "$list"); do
    status=$(dpkg-query -W -f '${Status}' "$package" 2>/dev/null)
    [ "$status" = "install ok installed" ] || missing="$missing $package"
done

install() {
    # shellcheck disable=SC2086
    $as_root apt-get -y -q --no-install-recommends -o DPkg::Lock::Timeout=300 install $missing >&2
}

install_missing() {
    if [ "$(id -u)" = 0 ]; then
        as_root=
    elif command -v sudo >/dev/null 2>&1 && { sudo -n true 2>/dev/null || [ -t 0 ]; }; then
        as_root="sudo -E"
    else
        echo "deps: missing:$missing; run as root: apt-get install$missing" >&2
        return 1
    fi
    echo "deps: installing$missing" >&2
    install || { $as_root apt-get -q update >&2 && install; } || {
        echo "deps: apt could not install:$missing" >&2
        return 1
    }
}

download() {
    apt-get -qq -o APT::Sandbox::User=root -o Acquire::Retries=1 -o Acquire::http::Timeout=20 \
        download dict-gcide >/dev/null 2>&1
}

# A dictionary, the largest part of the default corpus. Its package is unpacked and not installed:
# it would bring a server along.
fetch_dictionary() (
    room=$(mktemp -d) || return 1
    trap 'rm -rf "$room"' EXIT
    mkdir -p "$data" && data=$(cd "$data" && pwd) && cd "$room" || return 1
    download || { [ "$(id -u)" = 0 ] && apt-get -qq update >/dev/null 2>&1 && download; } || return 1
    dpkg-deb -x dict-gcide_*.deb . &&
        cp usr/share/doc/dict-gcide/copyright "$data/gcide.copyright" &&
        cp usr/share/dictd/gcide.dict.dz "$data/gcide.dict.dz.new" &&
        mv "$data/gcide.dict.dz.new" "$data/gcide.dict.dz"
)

if [ -n "$missing" ]; then
    install_missing || exit 1
else
    echo "deps: nothing is missing" >&2
fi
[ -e "$data/gcide.dict.dz" ] || [ -e /usr/share/dictd/gcide.dict.dz ] || fetch_dictionary ||
    echo "deps: warning: the package dict-gcide cannot be had; the default corpus goes without it" >&2
exit 0
