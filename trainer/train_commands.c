#include "trainer/train_commands.h"

#include <math.h>
#include <stddef.h>
#include <unistd.h>

#include "core/file.h"
#include "core/hardware_auto.h"
#include "core/thread_team.h"
#include "trainer/base/pool.h"
#include "trainer/build/build.h"
#include "trainer/run/energy.h"
#include "trainer/study/validate.h"

#define AT(field) offsetof(train_config, field)

static const vsh_opt run_options[] = {
    {VSH_OPT_TEXT, 0, "out", "DIR", "the run directory (default: runs/ and the file's name)",
     AT(out)},
    {VSH_OPT_FLAG, 0, "resume", NULL, "go on from the newest checkpoint", AT(resume)},
    {VSH_OPT_LIST, 0, "set", "KEY=VALUE", "over the file: --set optimizer.lr=3e-4", AT(set)},
    {VSH_OPT_INTEGER, 0, "steps", "N", "steps of the run, over the file's", AT(steps), 1, 1e9},
    {VSH_OPT_REAL, 0, "hours", "H", "stop after so long, resumable", AT(hours), 1e-4, 1e5},
    {VSH_OPT_FLAG, 0, "dry-run", NULL, "print the prediction for exactly this run and stop",
     AT(dry_run)},
    VSH_COMMON_OPTIONS(train_config)};

static const vsh_opt bench_options[] = {
    {VSH_OPT_TEXT, 0, "model", "M", "a preset, a YAML file or a config.json (default tiny-moe)",
     AT(model)},
    {VSH_OPT_INTEGER, 0, "batch", "SEQS", "sequences of a step (default 8)", AT(batch), 1, 65536},
    {VSH_OPT_INTEGER, 0, "seq", "S", "tokens of a sequence (default: the context)", AT(seq), 1,
     1 << 24},
    {VSH_OPT_INTEGER, 0, "steps", "K", "steps to time (default 5)", AT(steps), 1, 1e6},
    {VSH_OPT_FLAG, 0, "refresh", NULL, "measure this machine's products again", AT(refresh)},
    {VSH_OPT_WORD, 0, "precision", "W", "fp32, bf16 or int8 (default fp32)", AT(precision), 0, 0,
     vsh_precision_words},
    {VSH_OPT_WORD, 0, "recompute", "W", "none, selective or full (default none)", AT(recompute), 0,
     0, vsh_recompute_words},
    {VSH_OPT_WORD, 0, "optimizer", "W", "adamw, adamw8bit, adafactor or sgd", AT(optimizer), 0, 0,
     vsh_optimizer_words},
    VSH_COMMON_OPTIONS(train_config)};

static const vsh_opt eval_options[] = {
    {VSH_OPT_TEXT, 0, "checkpoint", "DIR", "a run directory, or one of its checkpoints",
     AT(checkpoint)},
    {VSH_OPT_TEXT, 0, "tasks", "LIST", "of lm, qa and nli (default: lm, the fast one)", AT(tasks)},
    {VSH_OPT_TEXT, 0, "task-files", "DIR", "with qa.jsonl and nli.jsonl (default: the data's)",
     AT(task_files)},
    {VSH_OPT_INTEGER, 0, "tokens", "N", "held-out tokens (default: all)", AT(tokens), 1, 1e12},
    {VSH_OPT_REAL, 0, "exit-threshold", "X", "leave at an exit from this confidence on",
     AT(exit_threshold), 0, 1},
    {VSH_OPT_FLAG, 0, "repeats", NULL, "and the loss where the context has been seen before",
     AT(repeats)},
    VSH_COMMON_OPTIONS(train_config)};

static const vsh_opt sample_options[] = {
    {VSH_OPT_TEXT, 0, "checkpoint", "DIR", "a run directory, or one of its checkpoints",
     AT(checkpoint)},
    {VSH_OPT_TEXT, 0, "prompt", "TEXT", "the beginning of the text", AT(prompt)},
    {VSH_OPT_INTEGER, 0, "tokens", "N", "tokens to add (default 100)", AT(tokens), 1, 1e6},
    {VSH_OPT_REAL, 0, "temperature", "X", "0: always the likeliest (default 0.8)", AT(temperature),
     0, 100},
    {VSH_OPT_INTEGER, 0, "top-k", "K", "of the K likeliest (default: all)", AT(top_k), 1, 1e9},
    {VSH_OPT_REAL, 0, "top-p", "P", "of the likeliest that sum to P (default 0.95)", AT(top_p),
     1e-6, 1},
    {VSH_OPT_REAL, 0, "exit-threshold", "X", "leave at an exit from this confidence on",
     AT(exit_threshold), 0, 1},
    VSH_COMMON_OPTIONS(train_config)};

static const char *const switch_words[] = {"off", "on", NULL};

static const vsh_opt data_options[] = {
    {VSH_OPT_LIST, 0, "in", "PATH",
     "text files and folders: plain, JSONL (\"text\"), gzip, zstd (default: the default corpus)",
     AT(in)},
    {VSH_OPT_TEXT, 0, "out", "DIR", "the dataset's folder", AT(out)},
    {VSH_OPT_TEXT, 0, "tokenizer", "T", "unigram, bpe, bytes, or a model file (default unigram)",
     AT(tokenizer)},
    {VSH_OPT_INTEGER, 0, "vocab", "V", "pieces of the tokenizer (default 8192)", AT(vocab), 1,
     1 << 20},
    {VSH_OPT_WORD, 0, "dedup", "W", "on or off: drop exact and near duplicates (default on)",
     AT(dedup), 0, 0, switch_words},
    {VSH_OPT_WORD, 0, "ngram-filter", "W",
     "on or off: drop by quality, language and overlap (default on)", AT(filter), 0, 0,
     switch_words},
    {VSH_OPT_WORD, 0, "augment", "W", "none, infill or backtranslate (default none)", AT(augment),
     0, 0, vsh_augment_words},
    {VSH_OPT_REAL, 0, "augment-share", "X", "of the training documents (default 0.1)",
     AT(augment_share), 0, 1},
    {VSH_OPT_WORD, 0, "documents", "W",
     "what a document is in plain text: auto, file, paragraph or line", AT(documents), 0, 0,
     vsh_documents_words},
    {VSH_OPT_LIST, 0, "limit", "NAME=X", "a rule of the filter: --limit symbol-share=0.1, or =off",
     AT(limit)},
    {VSH_OPT_TEXT, 0, "language", "CODE", "keep this one only: en, de, ...", AT(language)},
    {VSH_OPT_TEXT, 0, "against", "FILE", "texts that must not be trained on", AT(against)},
    {VSH_OPT_INTEGER, 0, "overlap-words", "N", "words in a row that count as overlap (default 8)",
     AT(overlap_words), 1, 64},
    {VSH_OPT_WORD, 0, "tasks", "W",
     "on or off: make qa.jsonl and nli.jsonl, and keep them out (default on)", AT(make_tasks), 0, 0,
     switch_words},
    {VSH_OPT_INTEGER, 0, "bands", "N", "of a signature of near duplicates (default 14)", AT(bands),
     1, VSH_MINHASH_BANDS_MAX},
    {VSH_OPT_INTEGER, 0, "rows", "N", "of a band (default 8)", AT(rows), 1, VSH_MINHASH_HASHES_MAX},
    {VSH_OPT_INTEGER, 0, "shingle", "N", "words of a shingle (default 5)", AT(shingle), 1, 64},
    {VSH_OPT_INTEGER, 0, "held-out", "N", "hold out one document in N; 0: none (default 50)",
     AT(held_out), 0, 1e9},
    {VSH_OPT_INTEGER, 0, "shard-bytes", "B",
     "text of a shard, and memory of a thread (default a thousandth of it, 16 to 64 MiB)",
     AT(shard_bytes), 4096, 1e12},
    VSH_COMMON_OPTIONS(train_config)};

static const vsh_opt validate_options[] = {
    {VSH_OPT_FLAG, 0, "quick", NULL, "the small models only, in under two minutes", AT(quick)},
    {VSH_OPT_LIST, 0, "only", "NAME",
     "this one, and those its time is learnt from: --only dense --only exits", AT(only)},
    {VSH_OPT_TEXT, 0, "report", "DIR", "write index.html with the table and parity plots",
     AT(report)},
    {VSH_OPT_INTEGER, 0, "steps", "K", "timed steps of each (default 10, with --quick 5)",
     AT(steps), 1, VSH_VALIDATE_STEPS_MAX},
    {VSH_OPT_FLAG, 0, "refresh", NULL, "measure this machine again first", AT(refresh)},
    VSH_COMMON_OPTIONS(train_config)};

static const vsh_opt study_options[] = {
    {VSH_OPT_REAL, 0, "budget-hours", "H", "time that the study is planned for; it may take longer",
     AT(hours), 1e-4, 1e5},
    {VSH_OPT_TEXT, 0, "out", "DIR", "the study's folder (default: runs/study-NAME)", AT(out)},
    {VSH_OPT_LIST, 0, "set", "KEY=VALUE", "over every run's configuration: --set data=runs/mine",
     AT(set)},
    {VSH_OPT_FLAG, 0, "dry-run", NULL, "print the runs with what they will take, and stop",
     AT(dry_run)},
    {VSH_OPT_FLAG, 0, "summary", NULL, "tell what the study's records say; nothing is trained",
     AT(summary)},
    VSH_COMMON_OPTIONS(train_config)};

static const char *const quantize_words[] = {"int8", NULL};

static const vsh_opt compress_options[] = {
    {VSH_OPT_TEXT, 0, "checkpoint", "DIR", "a run directory, or one of its checkpoints",
     AT(checkpoint)},
    {VSH_OPT_TEXT, 0, "out", "DIR", "a new run directory", AT(out)},
    {VSH_OPT_REAL, 0, "prune", "F", "make this share of the weights zero, from 0 to less than 1",
     AT(prune), 0, 1},
    {VSH_OPT_WORD, 0, "quantize", "W", "int8: matrices in 8 bits, a scale a row", AT(quantize), 0,
     0, quantize_words},
    {VSH_OPT_TEXT, 0, "distill-into", "CONFIG", "train the student of this run on the teacher",
     AT(distill_into)},
    {VSH_OPT_INTEGER, 0, "tokens", "N", "held-out tokens (default: all; not when distilling)",
     AT(tokens), 1, 1e12},
    {VSH_OPT_LIST, 0, "set", "KEY=VALUE", "over the student's file: --set distill.weight=0.5",
     AT(set)},
    {VSH_OPT_INTEGER, 0, "steps", "N", "steps of the student's run", AT(steps), 1, 1e9},
    {VSH_OPT_REAL, 0, "hours", "H", "stop the student's run after so long, resumable", AT(hours),
     1e-4, 1e5},
    {VSH_OPT_FLAG, 0, "resume", NULL, "go on with the student's run", AT(resume)},
    {VSH_OPT_FLAG, 0, "dry-run", NULL, "print the prediction for the student's run and stop",
     AT(dry_run)},
    VSH_COMMON_OPTIONS(train_config)};

const vsh_program_command train_commands[] = {
    {{"run", "CONFIG.yaml [options]", "train a model",
      "  vishwa-train run trainer/configs/quick-moe.yaml\n"
      "  vishwa-train run trainer/configs/quick-moe.yaml --dry-run\n"
      "  vishwa-train run trainer/configs/quick-moe.yaml --resume\n"
      "  vishwa-train run mine.yaml --set optimizer.lr=3e-4 --out runs/low\n",
      run_options, 1},
     train_run_run},
    {{"sample", "--checkpoint DIR --prompt TEXT [options]", "text out of a trained model",
      "  vishwa-train sample --checkpoint runs/quick-moe --prompt 'In the beginning'\n",
      sample_options, 0},
     train_run_sample},
    {{"eval", "--checkpoint DIR [options]", "loss on held-out text, and questions of WordNet",
      "  vishwa-train eval --checkpoint runs/quick-moe\n"
      "  vishwa-train eval --checkpoint runs/quick-moe --tasks lm,qa,nli\n"
      "  vishwa-train eval --checkpoint runs/quick-moe --exit-threshold 0.9 --json\n",
      eval_options, 0},
     train_run_eval},
    {{"bench", "[--model M] [--batch SEQS] [--seq S] [--threads N] [--steps K] [--json]",
      "kernels and the step, each as a share of this machine's measured peak",
      "  vishwa-train bench --model gpt2-124m --batch 4 --seq 64 --threads 2\n", bench_options, 0},
     train_run_bench},
    {{"data", "build --in PATH... --out DIR [options]",
      "text to shards: filter, deduplicate, augment, train a tokenizer, encode",
      "  vishwa-train data build --in texts --out runs/texts\n"
      "  vishwa-train data build --in a.txt b.jsonl.gz --out runs/ab --vocab 4096\n"
      "  vishwa-train data build --out runs/default-corpus   # the default corpus\n",
      data_options, VSH_OPERANDS_MAX},
     train_run_data},
    {{"compress", "--checkpoint DIR --out DIR --prune F | --quantize int8 | --distill-into CONFIG",
      "a trained model made smaller, and what that does to its loss",
      "  vishwa-train compress --checkpoint runs/quick-moe --out runs/half --prune 0.5\n"
      "  vishwa-train compress --checkpoint runs/quick-moe --out runs/int8 --quantize int8\n"
      "  vishwa-train compress --checkpoint runs/quick-moe --out runs/student \\\n"
      "      --distill-into student.yaml --steps 500\n",
      compress_options, 0},
     train_run_compress},
    {{"study", "law|experts --budget-hours H [--out DIR] [options]",
      "many small runs, and the law they follow; called again, it goes on",
      "  vishwa-train study law --budget-hours 2 --out runs/law --dry-run\n"
      "  vishwa-train study law --budget-hours 2 --out runs/law\n"
      "  vishwa-train study law --out runs/law --summary\n"
      "  vishwa-train study experts --budget-hours 4 --out runs/experts\n",
      study_options, 1},
     train_run_study},
    {{"validate", "[--quick] [--report DIR] [--json]",
      "predicted against simulated against measured",
      "  vishwa-train validate --quick\n"
      "  vishwa-train validate --quick --only dense --only experts --verbose\n"
      "  vishwa-train validate --report out/validate\n",
      validate_options, 0},
     train_run_validate},
    {{NULL}, NULL}};

void train_config_default(train_config *config)
{
    *config = (train_config){.common = {.seed = -1},
                             .batch = 8,
                             .prune = NAN,
                             .quantize = -1,
                             .hours = NAN,
                             .temperature = 0.8,
                             .top_p = 0.95,
                             .exit_threshold = NAN,
                             .held_out = -1,
                             .augment_share = NAN,
                             .filter = 1,
                             .dedup = 1,
                             .make_tasks = 1,
                             .precision = VSH_FP32,
                             .optimizer = VSH_ADAMW};
}

int64_t train_threads(const vsh_session *s)
{
    int64_t cpus = vsh_team_cpus();

    if (s->common->threads)
        cpus = s->common->threads;
    return cpus < 1 ? 1 : cpus < VSH_POOL_THREADS_MAX ? cpus : VSH_POOL_THREADS_MAX;
}

uint64_t train_seed(const vsh_session *s)
{
    return s->common->seed < 0 ? 1 : (uint64_t)s->common->seed;
}

const char *train_data_folder(const vsh_session *s)
{
    for (int i = 0; i < VSH_LIBRARY_ROOTS; i++) {
        const char *root = s->library.roots[i];
        const char *data = root ? vsh_path_join(s->arena, root, "data") : NULL;
        const char *there = data ? vsh_path_join(s->arena, data, "gcide.dict.dz") : NULL;
        if (there && access(there, R_OK) == 0)
            return data;
    }
    return "data";
}

const char *train_gemm_table(vsh_session *s)
{
    const train_config *asked = s->config;
    const char *path = s->cache_folder ? vsh_machine_file(s->arena, s->cache_folder, "gemm") : NULL;

    /* a table that cannot be kept is not measured: the next call would choose otherwise, and go on
     * with other bits */
    if (path && (vsh_folder_make(s->cache_folder, NULL) != VSH_OK ||
                 (access(path, R_OK) != 0 && access(s->cache_folder, W_OK) != 0)))
        return NULL;
    if (path && asked->refresh)
        unlink(path);
    return path;
}

void train_machine(vsh_session *s, vsh_hardware *hardware, bool *known)
{
    *known = vsh_hardware_auto(s->arena, s->cache_folder, s->common->threads, false, hardware,
                               NULL) == VSH_OK;
}

double train_peak(const vsh_hardware *hardware, bool known, int precision)
{
    vsh_precision used;
    double peak, product;

    if (!known)
        return NAN;
    peak = vsh_hardware_peak(hardware, (vsh_precision)precision, &used)->value;
    product = vsh_hardware_matrix_roof(hardware, (vsh_precision)precision)->value;
    return product > peak ? product : peak; /* units whose peak nothing measured */
}

double train_watts(const vsh_hardware *hardware, bool known)
{
    return known ? vsh_energy_watts(hardware) : (double)NAN;
}
