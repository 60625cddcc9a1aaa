# make install: into a prefix of its own, and the installed program finds its profiles and models.
. "$ROOT/tests/cli/lib.sh"
here=$PWD
claim "install" make -s -C "$ROOT" B="$here/build" prefix="$here/usr" install
plan=$here/usr/bin/vishwa-plan
answers 0 '.recommended.fits' "$plan" --hw tpu-v5e --hours 100
answers 0 '.params_total == 124439808' "$plan" count --model gpt2-124m
claim "staged below DESTDIR" make -s -C "$ROOT" B="$here/build" prefix=/usr DESTDIR="$here/stage" install
claim "the program is there" test -x stage/usr/bin/vishwa-plan
claim "the profiles are there" test -s stage/usr/share/vishwa/hwprofiles/tpu-v5e.yaml
claim "uninstall" make -s -C "$ROOT" B="$here/build" prefix="$here/usr" uninstall
claim "and nothing is left" test ! -e usr/share/vishwa
finish
