#!/bin/sh
# The main job on the terminal, its report, a simulated step, and what a training run on this
# machine would take.
cd "$(dirname "$0")/.." || exit 1
set -e
./vishwa-plan --hw tpu-v5e --hours 100
echo "  With the founding paper's own data: 100 M tokens, 3 epochs"
./vishwa-plan --hw tpu-v5e --hours 100 --tokens 100M --epochs 3
./vishwa-plan --hw tpu-v5e --hours 100 --report out/tpu-v5e-100h --quiet > out.txt 2> /dev/null ||
    { code=$?; rm -f out.txt; exit $code; }
rm -f out.txt
echo "  The report lies in out/tpu-v5e-100h/index.html"
echo
echo "  Whether its matrix products reach that: one step of GPT-2 on the same chip, simulated"
./vishwa-sim step --hw tpu-v5e --model gpt2-124m --seq 1024 --batch 32
echo "  What training a small mixture of experts on this machine would take"
./vishwa-train run trainer/configs/quick-moe.yaml --dry-run
echo "  Train it (about ten minutes): ./vishwa-train run trainer/configs/quick-moe.yaml"
