#include "sim/sim_commands.h"

#include <math.h>
#include <stddef.h>

#include "core/lower.h"
#include "core/precision.h"
#include "sim/engine.h"
#include "sim/sim_scale.h"

#define AT(field) offsetof(sim_config, field)

#define ENGINE                                                                                     \
    {                                                                                              \
        VSH_OPT_WORD, 0, "engine", "W", "closed, event or reference (default event)", AT(engine),  \
            0, 0, sim_engine_words                                                                 \
    }

static const vsh_opt gemm_options[] = {
    {VSH_OPT_TEXT, 0, "hw", "P", "profile: a name, a file, or auto for this machine", AT(hw)},
    {VSH_OPT_TEXT, 0, "array", "RxC", "instead: a bare array, 1x1 to 65536x65536", AT(array)},
    {VSH_OPT_WORD, 0, "dataflow", "W", "of --array: ws, os or is (default ws)", AT(dataflow), 0, 0,
     sim_dataflow_words},
    {VSH_OPT_WORD, 0, "weights", "W",
     "of --array: how tiles are loaded: serial, shift or double (default serial)", AT(weights), 0,
     0, sim_policy_words},
    {VSH_OPT_REAL, 0, "bandwidth", "BYTES",
     "of --array: bytes a cycle to and from memory (default: unlimited)", AT(bandwidth), 1e-3, 1e9},
    {VSH_OPT_INTEGER, 0, "buffers", "N", "of --array: blocks kept of an operand (default 2)",
     AT(buffers), 1, 65536},
    {VSH_OPT_WORD, 0, "precision", "W", "fp32, bf16, fp16, fp8 or int8 (--array: fp32)",
     AT(precision), 0, 0, vsh_precision_words},
    {VSH_OPT_INTEGER, 0, "count", "C", "executions, one after another (default 1)", AT(count), 1,
     9e15},
    {VSH_OPT_TEXT, 0, "block", "MxNxK", "a kernel blocked by hand (--array: whole)", AT(block)},
    {VSH_OPT_WORD, 0, "split", "W", "what matrix units share: tiles or rows", AT(split), 0, 0,
     sim_split_words},
    {VSH_OPT_TEXT, 0, "resident", "LIST", "of lhs,rhs,out: kept in the scratchpad", AT(resident)},
    ENGINE,
    {VSH_OPT_FLAG, 0, "refresh", NULL, "measure --hw auto again", AT(refresh)},
    VSH_COMMON_OPTIONS(sim_config)};

static const vsh_opt step_options[] = {
    {VSH_OPT_TEXT, 0, "hw", "P", "profile: a name, a file, or auto for this machine", AT(hw)},
    {VSH_OPT_TEXT, 0, "model", "M", "a preset, a YAML file or a config.json", AT(model)},
    {VSH_OPT_INTEGER, 0, "seq", "S", "tokens of a sequence (default: the model's context)", AT(seq),
     1, 1073741824},
    {VSH_OPT_INTEGER, 0, "batch", "SEQS", "sequences of a step", AT(batch), 1, 1e9},
    {VSH_OPT_INTEGER, 0, "micro-batch", "SEQS", "sequences at a time (default: all)",
     AT(micro_batch), 1, 1e9},
    {VSH_OPT_WORD, 0, "precision", "W", "fp32, bf16, fp16, fp8 or int8 (default: 16-bit)",
     AT(precision), 0, 0, vsh_precision_words},
    {VSH_OPT_WORD, 0, "recompute", "W", "none, selective or full (default none)", AT(recompute), 0,
     0, vsh_recompute_words},
    {VSH_OPT_WORD, 0, "optimizer", "W", "adamw, adamw8bit, adafactor, lion, muon or sgd",
     AT(optimizer), 0, 0, vsh_optimizer_words},
    {VSH_OPT_TEXT, 0, "experts-load", "WHICH", "even, zipf or a file (default even)",
     AT(experts_load)},
    ENGINE,
    {VSH_OPT_TEXT, 0, "trace", "FILE", "write a trace for Perfetto or Chrome", AT(trace)},
    {VSH_OPT_TEXT, 0, "report", "DIR", "write DIR/index.html and its figures", AT(report)},
    {VSH_OPT_FLAG, 0, "refresh", NULL, "measure --hw auto again", AT(refresh)},
    VSH_COMMON_OPTIONS(sim_config)};

static const vsh_opt scale_options[] = {
    {VSH_OPT_TEXT, 'c', "config", "FILE", "SCALE-Sim's configuration", AT(config)},
    {VSH_OPT_TEXT, 't', "topology", "FILE", "its layers, as CSV", AT(topology)},
    {VSH_OPT_TEXT, 'l', "layout", "FILE", "its layouts, as CSV", AT(layout)},
    {VSH_OPT_WORD, 'i', "input", "W", "rows of the topology: gemm or conv (default: by its header)",
     AT(input), 0, 0, sim_scale_input_words},
    {VSH_OPT_TEXT, 'p', "out", "DIR", "where its reports are written", AT(out)},
    VSH_COMMON_OPTIONS(sim_config)};

const vsh_program_command sim_commands[] = {
    {{"gemm", "M N K (--hw P | --array RxC) [options]",
      "cycles of one matrix product, M x K by K x N",
      "  vishwa-sim gemm 512 768 768 --array 128x128 --weights double\n"
      "  vishwa-sim gemm 512 768 768 --array 32x32 --dataflow os --bandwidth 64\n"
      "  vishwa-sim gemm 4096 4096 4096 --hw tpu-v5e --block 1024x512x512 --json\n"
      "  vishwa-sim gemm 8192 4096 4096 --hw a100-80gb --explain\n",
      gemm_options, 3},
     sim_run_gemm},
    {{"step", "--hw P --model M --seq S --batch SEQS [options]",
      "a whole training step on one chip, operation by operation",
      "  vishwa-sim step --hw tpu-v5e --model gpt2-124m --seq 1024 --batch 32\n"
      "  vishwa-sim step --hw tpu-v6e --model olmoe-1b-7b --seq 4096 --batch 4 \\\n"
      "      --experts-load zipf --report out/step\n",
      step_options, 0},
     sim_run_step},
    {{"scale-sim", "-c CONFIG -t TOPOLOGY [-l LAYOUT] [-i gemm|conv] -p DIR",
      "SCALE-Sim's own inputs in, its own reports out",
      "  vishwa-sim scale-sim -c scale.cfg -t layers.csv -i gemm -p out\n", scale_options, 0},
     sim_run_scale},
    {{NULL}, NULL}};

void sim_config_default(sim_config *config)
{
    *config = (sim_config){.common = {.seed = 1},
                           .count = 1,
                           .bandwidth = NAN,
                           .engine = SIM_EVENT,
                           .precision = -1,
                           .optimizer = -1,
                           .dataflow = -1,
                           .weights = -1,
                           .split = -1,
                           .input = -1};
}
