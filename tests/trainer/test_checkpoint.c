#include "trainer/run/checkpoint.h"

#include <dirent.h>
#include <fcntl.h>
#include <float.h>
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/rng.h"
#include "core/text.h"
#include "tests/harness.h"
#include "trainer/base/folder.h"
#include "trainer/nn/parameters.h"

const char vsh_suite[] = "checkpoint";

static vsh_error err;
static char folder[64];

static void make_folder(void)
{
    snprintf(folder, sizeof folder, "/tmp/vsh-checkpoint-XXXXXX");
    REQUIRE(mkdtemp(folder) != NULL);
}

static void remove_folder(void) { CHECK_OK(vsh_folder_remove(folder, &err), &err); }

static const char *in_folder(const char *name)
{
    static char path[4][512];
    static int next;
    char *room = path[next++ % 4];

    snprintf(room, sizeof path[0], "%s/%s", folder, name);
    return room;
}

static bool is_there(const char *name)
{
    struct stat info;

    return lstat(in_folder(name), &info) == 0;
}

static int entries(void)
{
    DIR *directory = opendir(folder);
    int count = -2; /* itself and the one above */

    while (directory && readdir(directory))
        count++;
    if (directory)
        closedir(directory);
    return count;
}

static void put_text_at(const char *path, const char *text)
{
    FILE *stream = fopen(path, "w");

    REQUIRE(stream != NULL);
    fputs(text, stream);
    fclose(stream);
}

/* ---- a small run --------------------------------------------------------------------------- */

static const char config_json[] = "{\"architectures\": [\"LlamaForCausalLM\"]}\n";
static const char run_yaml[] = "steps: 3\n";

/* What a step writes, which depends on the step. */
typedef struct {
    float embed[24], master[24], moment[24];
    uint16_t norm[5];
    uint8_t codes[7];
    int64_t counter;
    vsh_safetensor weights[2], state[4];
    vsh_checkpoint_file files[2];
    vsh_checkpoint checkpoint;
} run;

static void fill_run(run *r, int64_t step)
{
    static const vsh_safetensor weights[] = {
        {"model.embed_tokens.weight", "F32", 2, {6, 4}, 96, NULL},
        {"model.norm.weight", "BF16", 1, {5}, 10, NULL}};
    static const vsh_safetensor state[] = {{"master/embed \"x\"", "F32", 2, {6, 4}, 96, NULL},
                                           {"moment1", "F32", 1, {24}, 96, NULL},
                                           {"moment2.codes", "U8", 1, {7}, 7, NULL},
                                           {"counter", "I64", 0, {0}, 8, NULL}};

    for (int i = 0; i < 24; i++) {
        r->embed[i] = (float)(step * 100 + i);
        r->master[i] = (float)i / (float)(step + 3);
        r->moment[i] = -(float)(step * i);
    }
    for (int i = 0; i < 5; i++)
        r->norm[i] = (uint16_t)(0x3f80 + step + i);
    for (int i = 0; i < 7; i++)
        r->codes[i] = (uint8_t)(step + 31 * i);
    r->counter = step;
    memcpy(r->weights, weights, sizeof weights);
    memcpy(r->state, state, sizeof state);
    r->weights[0].data = r->embed;
    r->weights[1].data = r->norm;
    r->state[0].data = r->master;
    r->state[1].data = r->moment;
    r->state[2].data = r->codes;
    r->state[3].data = &r->counter;
    r->files[0] = (vsh_checkpoint_file){"model.safetensors", r->weights, 2};
    r->files[1] = (vsh_checkpoint_file){"optimizer.safetensors", r->state, 4};
    r->checkpoint = (vsh_checkpoint){.state = {.step = step,
                                               .tokens = step * 4096,
                                               .skipped = 1,
                                               .rollbacks = 2,
                                               .spike_mean = 3.3 + (double)step,
                                               .spike_variance = 0.1,
                                               .spike_count = 17,
                                               .seed = UINT64_MAX,
                                               .config_hash = (uint64_t)1 << 63 | 5,
                                               .data_hash = 0,
                                               .kernels = "avx2"},
                                     .config_json = config_json,
                                     .run_yaml = run_yaml,
                                     .files = r->files,
                                     .file_count = 2};
}

static run *new_run(int64_t step)
{
    run *r = vsh_alloc(vsh_test_arena(), 1, sizeof *r);

    REQUIRE(r != NULL);
    fill_run(r, step);
    return r;
}

static vsh_status write_step_at(const char *where, int64_t step, int keep)
{
    return vsh_checkpoint_write(vsh_test_arena(), where, &new_run(step)->checkpoint, keep, &err);
}

static vsh_status write_step(int64_t step, int keep) { return write_step_at(folder, step, keep); }

/* The newest and what was passed over. */
static const char *newest, *warning;

static vsh_status find_newest(void)
{
    return vsh_checkpoint_newest(vsh_test_arena(), folder, &newest, &warning, &err);
}

static void check_newest(const char *name)
{
    REQUIRE_OK(find_newest(), &err);
    CHECK_TEXT(newest, in_folder(name));
}

/* Whether it reads, with an arena of its own. */
static vsh_status read_status(const char *path, bool weights_only)
{
    vsh_arena scratch = {NULL};
    vsh_checkpoint_read_result result;
    vsh_status status = vsh_checkpoint_read(&scratch, path, weights_only, &result, &err);

    if (status == VSH_OK) {
        vsh_safetensors_close(&result.files[0]);
        vsh_safetensors_close(&result.files[1]);
    }
    vsh_arena_free(&scratch);
    return status;
}

static void check_tensors(const vsh_safetensors *got, const vsh_checkpoint_file *want)
{
    CHECK_INT(got->count, want->count);
    for (int64_t i = 0; i < want->count; i++) {
        const vsh_safetensor *tensor = vsh_safetensors_find(got, want->tensors[i].name);
        REQUIRE(tensor != NULL);
        CHECK_TEXT(tensor->dtype, want->tensors[i].dtype);
        CHECK_INT(tensor->bytes, want->tensors[i].bytes);
        CHECK(memcmp(tensor->data, want->tensors[i].data, (size_t)tensor->bytes) == 0);
    }
}

static void check_state(const vsh_checkpoint_state *got, const vsh_checkpoint_state *want)
{
    CHECK_INT(got->step, want->step);
    CHECK_INT(got->tokens, want->tokens);
    CHECK_INT(got->skipped, want->skipped);
    CHECK_INT(got->rollbacks, want->rollbacks);
    CHECK_INT(got->spike_count, want->spike_count);
    CHECK(memcmp(&got->spike_mean, &want->spike_mean, sizeof(double)) == 0);
    CHECK(memcmp(&got->spike_variance, &want->spike_variance, sizeof(double)) == 0);
    CHECK(got->seed == want->seed);
    CHECK(got->config_hash == want->config_hash);
    CHECK(got->data_hash == want->data_hash);
    CHECK_TEXT(got->kernels, want->kernels);
}

static void check_step_at(const char *path, int64_t step)
{
    const run *r = new_run(step);
    vsh_checkpoint_read_result result;

    REQUIRE_OK(vsh_checkpoint_read(vsh_test_arena(), path, false, &result, &err), &err);
    check_state(&result.state, &r->checkpoint.state);
    check_tensors(&result.files[0], &r->files[0]);
    check_tensors(&result.files[1], &r->files[1]);
    vsh_safetensors_close(&result.files[0]);
    vsh_safetensors_close(&result.files[1]);
}

/* ---- round trips --------------------------------------------------------------------------- */

static void what_is_written_is_read_back(void)
{
    make_folder();
    REQUIRE_OK(write_step(3, 2), &err);
    check_step_at(in_folder("step-3"), 3);
    check_newest("step-3");
    CHECK_TEXT(warning, "");
    CHECK_INT(entries(), 1);
    remove_folder();
}

static void weights_are_read_without_the_state_of_the_run(void)
{
    vsh_checkpoint_read_result result;

    make_folder();
    REQUIRE_OK(write_step(3, 2), &err);
    CHECK(unlink(in_folder("step-3/optimizer.safetensors")) == 0);
    REQUIRE_OK(vsh_checkpoint_read(vsh_test_arena(), in_folder("step-3"), true, &result, &err),
               &err);
    check_tensors(&result.files[0], &new_run(3)->files[0]);
    CHECK_INT(result.files[1].count, 0);
    CHECK_INT(result.state.step, 3);
    vsh_safetensors_close(&result.files[0]);
    CHECK_FAILS(read_status(in_folder("step-3"), false), &err, VSH_EINPUT,
                "step-3/optimizer.safetensors: No such file");
    remove_folder();
}

static void the_tokenizer_is_kept_and_checked(void)
{
    run *r = new_run(1);
    const char *source;

    make_folder();
    source =
        vsh_copy_text(vsh_test_arena(), in_folder("bpe.model"), strlen(in_folder("bpe.model")));
    put_text_at(source, "pieces");
    r->checkpoint.tokenizer_path = source;
    REQUIRE_OK(vsh_checkpoint_write(vsh_test_arena(), folder, &r->checkpoint, 1, &err), &err);
    CHECK_OK(read_status(in_folder("step-1"), false), &err);
    put_text_at(in_folder("step-1/tokenizer.model"), "pieceS");
    CHECK_FAILS(read_status(in_folder("step-1"), true), &err, VSH_EINPUT,
                "step-1/tokenizer.model: damaged");
    r->checkpoint.tokenizer_path = in_folder("none");
    r->checkpoint.state.step = 2;
    CHECK_FAILS(vsh_checkpoint_write(vsh_test_arena(), folder, &r->checkpoint, 1, &err), &err,
                VSH_EINPUT, "none: No such file");
    CHECK(!is_there("step-2") && !is_there("step-2.tmp") && is_there("step-1"));
    remove_folder();
}

static double odd_double(uint64_t i)
{
    static const double known[] = {0,    DBL_MIN, DBL_MAX, DBL_TRUE_MIN,       0.1,  1.0 / 3,
                                   1e22, -1e300,  5,       9007199254740993.0, 1e15, 1e17};
    uint64_t bits;
    double value;

    if (i < sizeof known / sizeof known[0])
        return known[i];
    bits = (uint64_t)(vsh_random_uniform(1, 2, 2 * i) * 0x1p52) << 32 ^
           (uint64_t)(vsh_random_uniform(1, 2, 2 * i + 1) * 0x1p52);
    memcpy(&value, &bits, sizeof value);
    return isfinite(value) ? value : 1.5;
}

static void every_double_and_every_count_comes_back_exactly(void)
{
    run *r = new_run(1);

    make_folder();
    for (uint64_t i = 0; i < 40; i += 2) {
        vsh_checkpoint_read_result result;
        r->checkpoint.state.spike_mean = odd_double(i);
        r->checkpoint.state.spike_variance = odd_double(i + 1);
        r->checkpoint.state.tokens = INT64_MAX - (int64_t)i;
        r->checkpoint.state.seed = i * 0x9e3779b97f4a7c15;
        r->checkpoint.state.kernels = i % 4 ? "\"\\\n\xc3\xa9" : NULL;
        REQUIRE_OK(vsh_checkpoint_write(vsh_test_arena(), folder, &r->checkpoint, 1, &err), &err);
        REQUIRE_OK(vsh_checkpoint_read(vsh_test_arena(), in_folder("step-1"), false, &result, &err),
                   &err);
        if (r->checkpoint.state.kernels) {
            check_state(&result.state, &r->checkpoint.state);
        } else {
            CHECK_TEXT(result.state.kernels, "");
            CHECK(result.state.spike_mean == r->checkpoint.state.spike_mean);
        }
        vsh_safetensors_close(&result.files[0]);
        vsh_safetensors_close(&result.files[1]);
    }
    CHECK_INT(entries(), 1);
    remove_folder();
}

static void statistics_that_are_not_finite_are_not_written(void)
{
    run *r = new_run(2);

    make_folder();
    REQUIRE_OK(write_step(1, 1), &err);
    r->checkpoint.state.spike_mean = (double)NAN;
    CHECK_FAILS(vsh_checkpoint_write(vsh_test_arena(), folder, &r->checkpoint, 1, &err), &err,
                VSH_EINPUT, "manifest.json: statistics of the loss are not finite");
    check_newest("step-1");
    CHECK_INT(entries(), 1);
    remove_folder();
}

static void the_bytes_of_a_write_are_foretold(void)
{
    const run *r = new_run(1);
    int64_t foretold = vsh_checkpoint_bytes(&r->checkpoint), found = 0;
    static const char *const names[] = {"model.safetensors", "optimizer.safetensors", "config.json",
                                        "config.yaml", "manifest.json"};

    make_folder();
    REQUIRE_OK(write_step(1, 1), &err);
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        struct stat info = {0};
        char name[64];
        snprintf(name, sizeof name, "step-1/%s", names[i]);
        CHECK(stat(in_folder(name), &info) == 0);
        found += (info.st_size + 4095) / 4096 * 4096;
    }
    CHECK(foretold >= found && foretold < found + 65536);
    remove_folder();
}

/* Exit code of the reader in Python, 77 when it cannot run here. */
static int read_in_python(const char *option, const char *path)
{
    int status = -1;
    pid_t child = fork();

    if (child == 0) {
        if (!freopen("/dev/null", "w", stdout) || !freopen("/dev/null", "w", stderr))
            _exit(2);
        execl("/usr/bin/python3", "python3", "tests/trainer/read_checkpoint.py", option, path,
              (char *)NULL);
        _exit(77);
    }
    REQUIRE(child > 0 && waitpid(child, &status, 0) == child);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static void an_independent_reader_agrees(void)
{
    char path[128];

    make_folder();
    REQUIRE_OK(write_step(3, 2), &err);
    snprintf(path, sizeof path, "%s/step-3", folder);
    if (read_in_python("--any-model", path) == 77) {
        vsh_skip("python3 with numpy is not installed");
        remove_folder();
        return;
    }
    CHECK_INT(read_in_python("--any-model", path), 0);
    for (int i = 0; i < 5; i++) { /* and it is one that can disagree */
        static const char *const names[] = {"model.safetensors", "optimizer.safetensors",
                                            "manifest.json", "config.json", "config.yaml"};
        char file[192], byte;
        int descriptor;
        snprintf(file, sizeof file, "%s/%s", path, names[i]);
        REQUIRE((descriptor = open(file, O_RDWR)) >= 0 && pread(descriptor, &byte, 1, 5) == 1);
        REQUIRE(pwrite(descriptor, (const char[]){(char)(byte ^ 1)}, 1, 5) == 1);
        CHECK_INT(read_in_python("--any-model", path), 1);
        REQUIRE(pwrite(descriptor, &byte, 1, 5) == 1);
        close(descriptor);
    }
    CHECK_INT(read_in_python("--any-model", path), 0);
    remove_folder();
}

/* The parameters of the trainer, as it would save them. */
static void write_model(const char *config)
{
    static const float values[4096];
    vsh_model *model = vsh_alloc(vsh_test_arena(), 1, sizeof *model);
    vsh_parameter_list list;
    vsh_offsets offsets;
    vsh_safetensor *weights;
    run *r = new_run(3);

    *model = vsh_test_model(config);
    REQUIRE_OK(vsh_parameters_list(vsh_test_arena(), model, &list, &offsets, &err), &err);
    REQUIRE(vsh_parameters_family(model) != NULL);
    weights = vsh_alloc(vsh_test_arena(), (size_t)list.count, sizeof *weights);
    REQUIRE(weights != NULL);
    for (int64_t i = 0; i < list.count; i++) {
        const vsh_parameter *p = &list.item[i];
        REQUIRE(p->rows * p->cols <= 4096);
        weights[i] = (vsh_safetensor){
            p->name, "F32", p->cols == 1 ? 1 : 2, {p->rows, p->cols}, 4 * p->rows * p->cols,
            values};
        if (p->cols == 1)
            weights[i].shape[1] = 0;
    }
    r->files[0] = (vsh_checkpoint_file){"model.safetensors", weights, list.count};
    r->checkpoint.config_json = config;
    REQUIRE_OK(vsh_checkpoint_write(vsh_test_arena(), folder, &r->checkpoint, 1, &err), &err);
}

static void names_and_shapes_are_those_that_others_expect(void)
{
    static const char *const configs[] = {
        "{\"architectures\": [\"LlamaForCausalLM\"], \"model_type\": \"llama\", \"hidden_size\": "
        "32, "
        "\"intermediate_size\": 48, \"num_hidden_layers\": 2, \"num_attention_heads\": 4, "
        "\"num_key_value_heads\": 2, \"vocab_size\": 64, \"max_position_embeddings\": 16, "
        "\"hidden_act\": \"silu\", \"rms_norm_eps\": 1e-5, \"tie_word_embeddings\": true, "
        "\"torch_dtype\": \"float32\"}",
        "{\"architectures\": [\"MixtralForCausalLM\"], \"model_type\": \"mixtral\", "
        "\"hidden_size\": 32, \"intermediate_size\": 48, \"num_hidden_layers\": 2, "
        "\"num_attention_heads\": 4, \"num_key_value_heads\": 2, \"vocab_size\": 64, "
        "\"max_position_embeddings\": 16, \"hidden_act\": \"silu\", \"rms_norm_eps\": 1e-5, "
        "\"num_local_experts\": 4, \"num_experts_per_tok\": 2, \"tie_word_embeddings\": false, "
        "\"torch_dtype\": \"float32\"}"};
    char path[128];

    make_folder();
    snprintf(path, sizeof path, "%s/step-3", folder);
    for (int i = 0; i < 2; i++) {
        write_model(configs[i]);
        if (read_in_python("--no-hashes", path) == 77)
            vsh_skip("python3 with numpy is not installed");
        else
            CHECK_INT(read_in_python("--no-hashes", path), 0);
    }
    REQUIRE_OK(write_step(3, 1), &err);
    CHECK(read_in_python("--no-hashes", path) != 0); /* not a model of theirs */
    remove_folder();
}

/* ---- keeping ------------------------------------------------------------------------------- */

static void the_newest_are_kept(void)
{
    make_folder();
    for (int64_t step = 8; step <= 12; step++)
        REQUIRE_OK(write_step(step, 2), &err);
    CHECK_INT(entries(), 2);
    CHECK(is_there("step-11") && is_there("step-12"));
    check_newest("step-12"); /* by number, not by spelling: 9 < 12 */
    REQUIRE_OK(write_step(13, 1), &err);
    CHECK_INT(entries(), 1);
    check_step_at(in_folder("step-13"), 13);
    remove_folder();
}

static void damaged_ones_do_not_count_among_the_kept(void)
{
    make_folder();
    REQUIRE_OK(write_step(1, 3), &err);
    REQUIRE_OK(write_step(2, 3), &err);
    CHECK(truncate(in_folder("step-2/model.safetensors"), 40) == 0);
    REQUIRE_OK(write_step(3, 2), &err);
    CHECK(is_there("step-1") && is_there("step-2") && is_there("step-3"));
    REQUIRE_OK(write_step(4, 2), &err); /* now they are older than two complete ones */
    CHECK(is_there("step-3") && is_there("step-4"));
    CHECK_INT(entries(), 2);
    remove_folder();
}

static void the_one_just_written_is_kept_whatever_its_number(void)
{
    make_folder();
    REQUIRE_OK(write_step(7, 1), &err);
    REQUIRE_OK(write_step(5, 1), &err);
    CHECK(is_there("step-5") && !is_there("step-7"));
    REQUIRE_OK(write_step(9, 2), &err);
    REQUIRE_OK(write_step(6, 2), &err);
    CHECK(is_there("step-6") && is_there("step-9") && !is_there("step-5"));
    remove_folder();
}

static void later_ones_are_discarded(void)
{
    make_folder();
    REQUIRE_OK(vsh_checkpoint_discard_after(vsh_test_arena(), folder, -1, &err), &err); /* none */
    for (int64_t step = 1; step <= 4; step++)
        REQUIRE_OK(write_step(step, 9), &err);
    CHECK(truncate(in_folder("step-4/model.safetensors"), 40) == 0);
    CHECK(rename(in_folder("step-3"), in_folder("step-3.old")) == 0);
    CHECK(mkdir(in_folder("step-7.tmp"), 0777) == 0);
    CHECK(mkdir(in_folder("best"), 0777) == 0);
    REQUIRE_OK(vsh_checkpoint_discard_after(vsh_test_arena(), folder, 2, &err), &err);
    CHECK(is_there("step-1") && is_there("step-2") && is_there("best"));
    CHECK_INT(entries(), 3);
    check_newest("step-2");
    REQUIRE_OK(vsh_checkpoint_discard_after(vsh_test_arena(), folder, 2, &err), &err);
    CHECK_INT(entries(), 3);
    REQUIRE_OK(vsh_checkpoint_discard_after(vsh_test_arena(), folder, -1, &err), &err);
    CHECK(is_there("best"));
    CHECK_INT(entries(), 1);
    remove_folder();
    REQUIRE_OK(vsh_checkpoint_discard_after(vsh_test_arena(), folder, -1, &err), &err); /* absent */
}

static void a_step_is_replaced(void)
{
    run *r = new_run(4);

    make_folder();
    REQUIRE_OK(write_step(4, 2), &err);
    r->embed[0] = -1;
    REQUIRE_OK(vsh_checkpoint_write(vsh_test_arena(), folder, &r->checkpoint, 2, &err), &err);
    CHECK_INT(entries(), 1);
    check_newest("step-4");
    {
        vsh_checkpoint_read_result result;
        REQUIRE_OK(vsh_checkpoint_read(vsh_test_arena(), newest, false, &result, &err), &err);
        check_tensors(&result.files[0], &r->files[0]);
        vsh_safetensors_close(&result.files[0]);
        vsh_safetensors_close(&result.files[1]);
    }
    remove_folder();
}

/* between the two renames of a replacement */
static void one_that_stepped_aside_is_found(void)
{
    make_folder();
    REQUIRE_OK(write_step(4, 2), &err);
    CHECK(rename(in_folder("step-4"), in_folder("step-4.old")) == 0);
    check_newest("step-4.old");
    check_step_at(newest, 4);
    REQUIRE_OK(write_step(4, 2), &err);
    check_newest("step-4");
    CHECK_INT(entries(), 1);
    CHECK(rename(in_folder("step-4"), in_folder("step-4.old")) == 0);
    REQUIRE_OK(write_step(5, 2), &err);
    CHECK(is_there("step-4.old") && is_there("step-5"));
    remove_folder();
}

static void other_names_are_left_alone(void)
{
    static const char *const names[] = {"step-",
                                        "step-1x",
                                        "step-01",
                                        "step--1",
                                        "step-1.tm",
                                        "best",
                                        "step-+1",
                                        "Step-1",
                                        "step-1.0",
                                        "xstep-1",
                                        "step-99999999999999999999"};

    make_folder();
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        CHECK(mkdir(in_folder(names[i]), 0777) == 0);
    REQUIRE_OK(find_newest(), &err);
    CHECK(newest == NULL);
    CHECK_TEXT(warning, "");
    REQUIRE_OK(write_step(2, 1), &err);
    check_newest("step-2");
    CHECK_INT(entries(), 1 + (int)(sizeof names / sizeof names[0]));
    remove_folder();
}

/* ---- damage -------------------------------------------------------------------------------- */

static const char *const all_files[] = {"model.safetensors", "optimizer.safetensors",
                                        "config.json",       "config.yaml",
                                        "manifest.json",     "tokenizer.model"};
enum { ALL_FILES = sizeof all_files / sizeof all_files[0] };

static void write_with_tokenizer(void)
{
    run *r = new_run(3);
    char source[128];

    snprintf(source, sizeof source, "%s/bpe", folder);
    put_text_at(source, "pieces of text");
    r->checkpoint.tokenizer_path = source;
    REQUIRE_OK(vsh_checkpoint_write(vsh_test_arena(), folder, &r->checkpoint, 2, &err), &err);
}

static void every_truncation_of_every_file_is_refused(void)
{
    int accepted = 0, unnamed = 0, cuts = 0;

    make_folder();
    write_with_tokenizer();
    for (int i = 0; i < ALL_FILES; i++) {
        char path[256], *whole;
        struct stat info = {0};
        int descriptor;
        snprintf(path, sizeof path, "%s/step-3/%s", folder, all_files[i]);
        REQUIRE((descriptor = open(path, O_RDWR)) >= 0 && fstat(descriptor, &info) == 0);
        whole = vsh_alloc(vsh_test_arena(), (size_t)info.st_size, 1);
        REQUIRE(whole && read(descriptor, whole, (size_t)info.st_size) == info.st_size);
        for (off_t cut = info.st_size - 1; cut >= 0; cut--, cuts++) {
            REQUIRE(ftruncate(descriptor, cut) == 0);
            accepted += read_status(in_folder("step-3"), false) != VSH_EINPUT;
            unnamed += strstr(err.text, all_files[i]) == NULL;
        }
        CHECK(pwrite(descriptor, whole, (size_t)info.st_size, 0) == info.st_size);
        CHECK(pwrite(descriptor, "", 1, info.st_size) == 1); /* and one byte too many */
        CHECK_FAILS(read_status(in_folder("step-3"), false), &err, VSH_EINPUT, all_files[i]);
        CHECK(ftruncate(descriptor, info.st_size) == 0);
        close(descriptor);
    }
    CHECK_INT(accepted, 0);
    CHECK_INT(unnamed, 0);
    CHECK(cuts > 1000);
    CHECK_OK(read_status(in_folder("step-3"), false), &err);
    remove_folder();
}

static void every_flipped_bit_of_every_file_is_found(void)
{
    int accepted = 0, unnamed = 0;

    make_folder();
    write_with_tokenizer();
    for (int i = 0; i < ALL_FILES; i++) {
        char path[256];
        struct stat info = {0};
        int descriptor;
        snprintf(path, sizeof path, "%s/step-3/%s", folder, all_files[i]);
        REQUIRE((descriptor = open(path, O_RDWR)) >= 0 && fstat(descriptor, &info) == 0);
        for (off_t bit = 0; bit < 8 * info.st_size; bit++) {
            char byte, changed;
            REQUIRE(pread(descriptor, &byte, 1, bit / 8) == 1);
            changed = (char)(byte ^ 1 << bit % 8);
            REQUIRE(pwrite(descriptor, &changed, 1, bit / 8) == 1);
            accepted += read_status(in_folder("step-3"), false) != VSH_EINPUT;
            unnamed += strstr(err.text, all_files[i]) == NULL;
            REQUIRE(pwrite(descriptor, &byte, 1, bit / 8) == 1);
        }
        close(descriptor);
    }
    CHECK_INT(accepted, 0);
    CHECK_INT(unnamed, 0);
    CHECK_OK(read_status(in_folder("step-3"), false), &err);
    remove_folder();
}

static void a_missing_file_is_named(void)
{
    make_folder();
    for (int i = 0; i < ALL_FILES; i++) {
        char name[64];
        write_with_tokenizer();
        snprintf(name, sizeof name, "step-3/%s", all_files[i]);
        CHECK(unlink(in_folder(name)) == 0);
        CHECK_FAILS(read_status(in_folder("step-3"), false), &err, VSH_EINPUT, name);
    }
    CHECK_FAILS(read_status(in_folder("none"), false), &err, VSH_EINPUT,
                "none/manifest.json: No such");
    remove_folder();
}

static void damaged_ones_are_passed_over_with_a_warning(void)
{
    make_folder();
    for (int64_t step = 1; step <= 4; step++)
        REQUIRE_OK(write_step(step, 9), &err);
    put_text_at(in_folder("step-4/manifest.json"), "{}");
    CHECK(unlink(in_folder("step-3/config.yaml")) == 0);
    check_newest("step-2");
    CHECK_HAS(warning, "passed over ");
    CHECK_HAS(warning, "step-4/manifest.json: damaged");
    CHECK_HAS(warning, "; passed over ");
    CHECK_HAS(warning, "step-3/config.yaml: No such file");
    remove_folder();
}

static void a_checkpoint_under_a_wrong_number_is_passed_over(void)
{
    make_folder();
    REQUIRE_OK(write_step(1, 2), &err);
    REQUIRE_OK(write_step(2, 2), &err);
    CHECK(rename(in_folder("step-2"), in_folder("step-20")) == 0);
    check_newest("step-1");
    CHECK_HAS(warning, "step: expected 20, got 2");
    CHECK_OK(read_status(in_folder("step-20"), false), &err); /* named, it is read */
    remove_folder();
}

static void without_a_complete_one_there_is_none(void)
{
    make_folder();
    REQUIRE_OK(find_newest(), &err);
    CHECK(newest == NULL);
    put_text_at(in_folder("step-5"), "a file");
    REQUIRE_OK(find_newest(), &err);
    CHECK(newest == NULL);
    CHECK_HAS(warning, "step-5/manifest.json: Not a directory");
    CHECK_FAILS(
        vsh_checkpoint_newest(vsh_test_arena(), in_folder("step-5"), &newest, &warning, &err), &err,
        VSH_EINPUT, "step-5: Not a directory");
    CHECK_OK(vsh_checkpoint_newest(vsh_test_arena(), in_folder("none"), &newest, &warning, &err),
             &err);
    CHECK(newest == NULL);
    remove_folder();
}

/* A manifest with this text and the checksum that belongs to it. */
static void forge_manifest(const char *from, const char *to)
{
    static char text[16384];
    const char *at, zeros[] = "0000000000000000";
    char digits[17], *end;
    vsh_text forged = {.arena = vsh_test_arena()};
    FILE *stream = fopen(in_folder("step-3/manifest.json"), "r");

    REQUIRE(stream != NULL);
    text[fread(text, 1, sizeof text - 1, stream)] = '\0';
    fclose(stream);
    REQUIRE((at = strstr(text, from)) != NULL);
    vsh_text_put(&forged, text, (size_t)(at - text));
    vsh_text_add(&forged, "%s%s", to, at + strlen(from));
    end = forged.data + forged.length - strlen("0123456789abcdef\"\n}\n");
    memcpy(end, zeros, 16);
    snprintf(digits, sizeof digits, "%016llx",
             (unsigned long long)vsh_hash64(forged.data, forged.length));
    memcpy(end, digits, 16);
    put_text_at(in_folder("step-3/manifest.json"), forged.data);
}

static void forged_manifests_are_refused_in_one_line(void)
{
    static const struct {
        const char *from, *to, *message;
    } cases[] = {
        {"\"version\": 1", "\"version\": 2", "version: expected 1, got 2"},
        {"vishwa-checkpoint", "else", "format: expected a manifest"},
        {"\"step\": 3", "\"step\": -3", "step: missing, or not"},
        {"\"step\": 3", "\"step\": 3.5", "step: missing, or not"},
        {"\"step\": 3", "\"stop\": 3", "step: missing, or not"},
        {"\"step\": 3", "\"step\": 3, \"step\": 4", "duplicate object key"},
        {"\"spike_mean\": 6.3", "\"spike_mean\": null", "spike_mean: missing, or not"},
        {"\"seed\": \"ffff", "\"seed\": \"FFFF", "seed: missing, or not"},
        {"\"seed\": \"ffff", "\"seed\": \"fff", "seed: missing, or not"},
        {"\"kernels\": \"avx2\"", "\"kernels\": 2", "kernels: missing, or not"},
        {"\"kernels\": \"avx2\"", "\"kernels\": null", "kernels: missing, or not"},
        {"\"state\"", "\"stale\"", "state: expected an object"},
        {"\"name\": \"config.json\"", "\"name\": \"../config.json\"", "files: expected names"},
        {"\"name\": \"config.json\"", "\"name\": \"..\"", "files: expected names"},
        {"\"name\": \"config.json\"", "\"name\": \"\"", "files: expected names"},
        {"\"name\": \"config.json\"", "\"name\": 7", "files: expected names"},
        {"\"name\": \"config.json\"", "\"name\": \"manifest.json\"", "manifest.json: damaged"},
        {"\"bytes\": ", "\"bytes\": -", "config.json: expected bytes and xxh64"},
        {"\"bytes\": 4", "\"bytes\": 5", "config.json: damaged"},
        {"\"head_xxh64\"", "\"head\"", "expected bytes and xxh64"},
        {"\"name\": \"model.safetensors\"", "\"name\": \"config.yaml\"",
         "lists no model.safetensors"},
        {"\"name\": \"optimizer.safetensors\"", "\"name\": \"model.safetensors\"",
         "lists no optimizer.safetensors"},
        {"\"name\": \"model.norm.weight\"", "\"name\": \"model.norm\"", "tensor model.norm.weight"},
        {"\"name\": \"model.norm.weight\"", "\"name\": 1", "tensors: expected name and xxh64"},
        {"\"files\": [", "\"files\": [{}, ", "files: expected names"},
        {"\"files\": [", "\"files\": 1, \"more\": [", "format: expected a manifest"},
    };

    make_folder();
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        REQUIRE_OK(write_step(3, 1), &err);
        forge_manifest(cases[i].from, cases[i].to);
        CHECK_FAILS(read_status(in_folder("step-3"), false), &err, VSH_EINPUT, cases[i].message);
        CHECK(strncmp(err.text, folder, strlen(folder)) == 0);
    }
    REQUIRE_OK(write_step(3, 1), &err);
    forge_manifest("avx2", "avx3"); /* the forger's tool works */
    CHECK_OK(read_status(in_folder("step-3"), false), &err);
    remove_folder();
}

/* ---- a hostile folder ---------------------------------------------------------------------- */

static void leftovers_are_no_hindrance(void)
{
    make_folder();
    REQUIRE_OK(write_step(1, 2), &err);
    CHECK(mkdir(in_folder("step-2.tmp"), 0777) == 0);
    put_text_at(in_folder("step-2.tmp/model.safetensors"), "half a fi");
    CHECK(mkdir(in_folder("step-2.tmp/inner"), 0777) == 0);
    CHECK(mkdir(in_folder("step-9.tmp"), 0777) == 0);
    check_newest("step-1");
    CHECK_TEXT(warning, "");
    REQUIRE_OK(write_step(2, 2), &err);
    CHECK_INT(entries(), 2);
    check_step_at(in_folder("step-2"), 2);
    remove_folder();
}

static void a_file_or_a_link_in_the_way_is_replaced_not_followed(void)
{
    make_folder();
    CHECK(mkdir(in_folder("elsewhere"), 0777) == 0);
    put_text_at(in_folder("elsewhere/model.safetensors"), "precious");
    CHECK(symlink("elsewhere", in_folder("step-1.tmp")) == 0);
    put_text_at(in_folder("step-2.tmp"), "a file");
    CHECK(symlink("elsewhere", in_folder("step-3.old")) == 0);
    CHECK(symlink("elsewhere", in_folder("step-3")) == 0);
    for (int64_t step = 1; step <= 3; step++)
        REQUIRE_OK(write_step(step, 9), &err);
    check_step_at(in_folder("step-3"), 3);
    CHECK_INT(entries(), 4);
    {
        struct stat info = {0};
        CHECK(stat(in_folder("elsewhere/model.safetensors"), &info) == 0 && info.st_size == 8);
        CHECK(lstat(in_folder("step-3"), &info) == 0 && S_ISDIR(info.st_mode));
    }
    remove_folder();
}

static void names_are_taken_as_they_are(void)
{
    static const char *const names[] = {"with space", "a'b\"c", "-rf",      "new\nline",
                                        "%s%n",       "$(x)",   "\xc3\xbc", "a/b/c"};
    char here[512];

    make_folder();
    REQUIRE(getcwd(here, sizeof here) && chdir(folder) == 0);
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        CHECK_OK(write_step_at(names[i], 1, 1), &err);
        REQUIRE_OK(vsh_checkpoint_newest(vsh_test_arena(), names[i], &newest, &warning, &err),
                   &err);
        REQUIRE(newest != NULL);
        check_step_at(newest, 1);
    }
    CHECK_INT(entries(), (int)(sizeof names / sizeof names[0]));
    CHECK_FAILS(read_status("new\nline", false), &err, VSH_EINPUT, "new?line/manifest.json");
    REQUIRE(chdir(here) == 0);
    remove_folder();
}

static void a_name_too_long_is_an_error(void)
{
    char name[400];

    make_folder();
    memset(name, 'x', sizeof name - 1);
    name[sizeof name - 1] = '\0';
    CHECK_FAILS(write_step_at(in_folder(name), 1, 1), &err, VSH_EMACHINE, "File name too long");
    remove_folder();
}

static void a_folder_one_may_not_write_is_an_error(void)
{
    vsh_status status;

    make_folder();
    REQUIRE_OK(write_step(1, 1), &err);
    CHECK(chmod(folder, 0555) == 0);
    if (geteuid() == 0)
        CHECK(seteuid(65534) == 0); /* root may write everywhere */
    status = write_step(2, 1);
    if (getuid() == 0)
        CHECK(seteuid(0) == 0);
    CHECK_INT(status, VSH_EMACHINE);
    CHECK_HAS(err.text, "step-2.tmp: Permission denied");
    CHECK(chmod(folder, 0755) == 0);
    check_newest("step-1");
    CHECK_INT(entries(), 1);
    remove_folder();
}

static void a_file_where_the_folder_should_be_is_an_error(void)
{
    make_folder();
    put_text_at(in_folder("x"), "");
    CHECK_FAILS(write_step_at(in_folder("x"), 1, 1), &err, VSH_EINPUT, "x: Not a directory");
    CHECK_FAILS(write_step_at(in_folder("x/y"), 1, 1), &err, VSH_EMACHINE, "Not a directory");
    remove_folder();
}

static void a_write_that_does_not_end_leaves_the_others_alone(void)
{
    struct rlimit before, limit;

    make_folder();
    REQUIRE_OK(write_step(1, 1), &err);
    REQUIRE(getrlimit(RLIMIT_FSIZE, &before) == 0);
    signal(SIGXFSZ, SIG_IGN);
    for (rlim_t bytes_max = 0; bytes_max < 1000; bytes_max += 100) {
        limit = (struct rlimit){bytes_max, before.rlim_max};
        REQUIRE(setrlimit(RLIMIT_FSIZE, &limit) == 0);
        CHECK_FAILS(write_step(2, 1), &err, VSH_EMACHINE, "File too large, after ");
        CHECK_FAILS(write_step(1, 1), &err, VSH_EMACHINE, "File too large, after ");
        CHECK(setrlimit(RLIMIT_FSIZE, &before) == 0);
        CHECK_INT(entries(), 1);
    }
    check_newest("step-1");
    check_step_at(newest, 1);
    remove_folder();
}

const vsh_test vsh_tests[] = {
    {"what_is_written_is_read_back", what_is_written_is_read_back},
    {"weights_are_read_without_the_state_of_the_run",
     weights_are_read_without_the_state_of_the_run},
    {"the_tokenizer_is_kept_and_checked", the_tokenizer_is_kept_and_checked},
    {"every_double_and_every_count_comes_back_exactly",
     every_double_and_every_count_comes_back_exactly},
    {"statistics_that_are_not_finite_are_not_written",
     statistics_that_are_not_finite_are_not_written},
    {"the_bytes_of_a_write_are_foretold", the_bytes_of_a_write_are_foretold},
    {"an_independent_reader_agrees", an_independent_reader_agrees},
    {"names_and_shapes_are_those_that_others_expect",
     names_and_shapes_are_those_that_others_expect},
    {"the_newest_are_kept", the_newest_are_kept},
    {"damaged_ones_do_not_count_among_the_kept", damaged_ones_do_not_count_among_the_kept},
    {"the_one_just_written_is_kept_whatever_its_number",
     the_one_just_written_is_kept_whatever_its_number},
    {"later_ones_are_discarded", later_ones_are_discarded},
    {"a_step_is_replaced", a_step_is_replaced},
    {"one_that_stepped_aside_is_found", one_that_stepped_aside_is_found},
    {"other_names_are_left_alone", other_names_are_left_alone},
    {"every_truncation_of_every_file_is_refused", every_truncation_of_every_file_is_refused},
    {"every_flipped_bit_of_every_file_is_found", every_flipped_bit_of_every_file_is_found},
    {"a_missing_file_is_named", a_missing_file_is_named},
    {"damaged_ones_are_passed_over_with_a_warning", damaged_ones_are_passed_over_with_a_warning},
    {"a_checkpoint_under_a_wrong_number_is_passed_over",
     a_checkpoint_under_a_wrong_number_is_passed_over},
    {"without_a_complete_one_there_is_none", without_a_complete_one_there_is_none},
    {"forged_manifests_are_refused_in_one_line", forged_manifests_are_refused_in_one_line},
    {"leftovers_are_no_hindrance", leftovers_are_no_hindrance},
    {"a_file_or_a_link_in_the_way_is_replaced_not_followed",
     a_file_or_a_link_in_the_way_is_replaced_not_followed},
    {"names_are_taken_as_they_are", names_are_taken_as_they_are},
    {"a_name_too_long_is_an_error", a_name_too_long_is_an_error},
    {"a_folder_one_may_not_write_is_an_error", a_folder_one_may_not_write_is_an_error},
    {"a_file_where_the_folder_should_be_is_an_error",
     a_file_where_the_folder_should_be_is_an_error},
    {"a_write_that_does_not_end_leaves_the_others_alone",
     a_write_that_does_not_end_leaves_the_others_alone},
    {NULL, NULL}};
