#!/bin/sh
# The main job on the terminal, and its report. Later stages simulate and train a tiny model.
cd "$(dirname "$0")/.." || exit 1
set -e
./vishwa-plan --hw tpu-v5e --hours 100
echo "  With the founding paper's own data: 100 M tokens, 3 epochs"
./vishwa-plan --hw tpu-v5e --hours 100 --tokens 100M --epochs 3
./vishwa-plan --hw tpu-v5e --hours 100 --report out/tpu-v5e-100h --quiet > out.txt 2> /dev/null ||
    { code=$?; rm -f out.txt; exit $code; }
rm -f out.txt
echo "  The report lies in out/tpu-v5e-100h/index.html"
