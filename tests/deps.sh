#!/bin/sh
# Installs the packages of a list (one a line, # begins a comment) that dpkg does not know as
# installed: as root, or through sudo without a password, or by naming them when it can do neither.
set -u
export DEBIAN_FRONTEND=noninteractive

missing=
for package in $(sed 's/#.*//' "$1"); do
    status=$(dpkg-query -W -f '${Status}' "$package" 2>/dev/null)
    [ "$status" = "install ok installed" ] || missing="$missing $package"
done
[ -n "$missing" ] || { echo "deps: nothing is missing" >&2; exit 0; }

if [ "$(id -u)" = 0 ]; then
    as_root=
elif command -v sudo >/dev/null 2>&1 && { sudo -n true 2>/dev/null || [ -t 0 ]; }; then
    as_root="sudo -E"
else
    echo "deps: missing:$missing; run as root: apt-get install$missing" >&2
    exit 1
fi

install() {
    # shellcheck disable=SC2086
    $as_root apt-get -y -q --no-install-recommends -o DPkg::Lock::Timeout=300 install $missing >&2
}
echo "deps: installing$missing" >&2
install || { $as_root apt-get -q update >&2 && install; } || {
    echo "deps: apt could not install:$missing" >&2
    exit 1
}
