#include <assert.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/file.h"
#include "core/child.h"
#include "trainer/base/whole_file.h"
#include "trainer/data/spm_model.h"
#include "trainer/data/tokenizer.h"

enum { OUTPUT_BYTES = 1 << 20, HOUR_SECONDS = 3600 };

/* Our own fields of what spm_train has written, and nothing of this machine. */
static vsh_status keep_model(vsh_arena *arena, const char *made, const char *model_path,
                             vsh_error *err)
{
    vsh_text canonical = {.arena = arena};
    vsh_spm_model model;
    char *bytes;
    int64_t length;

    VSH_TRY(vsh_whole_file_read(arena, made, VSH_SPM_FILE_BYTES, &bytes, &length, err));
    VSH_TRY(vsh_spm_model_parse(arena, made, bytes, length, &model, err));
    vsh_spm_model_write(&model, &canonical);
    return vsh_file_write(model_path, &canonical, err);
}

/* The largest vocabulary that the text has room for, where spm_train's complaint tells. */
static bool tells_largest(const vsh_error *complaint, int *possible)
{
    static const char high[] = "Please set it to a value <= ";
    const char *at = strstr(complaint->text, high);

    return at && sscanf(at + strlen(high), "%d", possible) == 1;
}

/* What the user can do about it. */
static vsh_status explain(const vsh_tokenizer_options *options, vsh_error *err)
{
    static const char low[] = "smaller than required_chars. ";
    vsh_error complaint = *err;
    const char *at;
    int given, possible;

    if (tells_largest(&complaint, &possible))
        return vsh_fail(err, VSH_EINPUT,
                        "tokenizer: too little text for a vocabulary of %d: %d is the largest "
                        "possible; a smaller --vocab, or --tokenizer bytes",
                        options->vocab, possible);
    if ((at = strstr(complaint.text, low)) &&
        sscanf(at + strlen(low), "%d vs %d", &given, &possible) == 2)
        return vsh_fail(err, VSH_EINPUT,
                        "tokenizer: a vocabulary of %d is too small: bytes and the text's "
                        "characters alone are %d; a larger --vocab, or --tokenizer bytes",
                        options->vocab, possible);
    /* the BPE trainer of Debian 12 (0.1.97) crashes where no two characters are neighbours */
    if (strstr(complaint.text, "sentences_.empty()") ||
        (strcmp(options->algorithm, "bpe") == 0 && strstr(complaint.text, "by signal 11")))
        return vsh_fail(err, VSH_EINPUT,
                        "tokenizer: too little text to learn from; --tokenizer bytes needs none");
    return VSH_EINPUT;
}

/* "--control_symbols=a,b"; empty without any, which spm_train takes for none. */
static const char *control_option(vsh_arena *arena, const vsh_tokenizer_options *options)
{
    vsh_text text = {.arena = arena};

    vsh_text_add(&text, "--control_symbols=");
    for (int i = 0; options->control && options->control[i]; i++) {
        assert(!strchr(options->control[i], ','));
        vsh_text_add(&text, "%s%s", i ? "," : "", options->control[i]);
    }
    return text.failed ? NULL : text.data;
}

static vsh_status run_trainer(vsh_arena *arena, const char *text_path, const char *prefix,
                              const vsh_tokenizer_options *options, vsh_error *err)
{
    char vocab_size[40], model_type[40], model_prefix[PATH_MAX + 40];
    const char *control = control_option(arena, options);
    /* The input comes by descriptor 0, for --input is split at commas. The number of threads is
     * fixed because it decides the order of sums. Lines of any length count: words are what is
     * learned from. */
    const char *const argv[] = {"spm_train",
                                "--input=/dev/stdin",
                                model_prefix,
                                vocab_size,
                                model_type,
                                control,
                                "--num_threads=8",
                                "--byte_fallback=true",
                                "--normalization_rule_name=identity",
                                "--add_dummy_prefix=false",
                                "--remove_extra_whitespaces=false",
                                "--character_coverage=0.9999",
                                "--shuffle_input_sentence=false",
                                "--max_sentence_length=1073741824",
                                "--unk_id=0",
                                "--bos_id=1",
                                "--eos_id=2",
                                "--pad_id=-1",
                                NULL};
    const vsh_child child = {argv, text_path, {HOUR_SECONDS}, OUTPUT_BYTES, .stop = options->stop};
    vsh_text said = {.arena = arena};

    if (!control)
        return vsh_fail(err, VSH_EMACHINE, "tokenizer: out of memory");
    snprintf(vocab_size, sizeof vocab_size, "--vocab_size=%d", options->vocab);
    snprintf(model_type, sizeof model_type, "--model_type=%s", options->algorithm);
    snprintf(model_prefix, sizeof model_prefix, "--model_prefix=%s", prefix);
    return vsh_child_run(&child, &said, err);
}

static vsh_status run_fitting(vsh_arena *arena, const char *text_path, const char *prefix,
                              const vsh_tokenizer_options *options, vsh_error *err)
{
    vsh_tokenizer_options fitting = *options;
    vsh_error complaint = {0};
    vsh_status status = run_trainer(arena, text_path, prefix, options, &complaint);

    if (status == VSH_EINPUT && options->at_most && tells_largest(&complaint, &fitting.vocab))
        status = run_trainer(arena, text_path, prefix, &fitting, &complaint);
    if (status != VSH_OK && err)
        *err = complaint;
    return status == VSH_EINPUT ? explain(&fitting, err) : status;
}

vsh_status vsh_tokenizer_train(vsh_arena *arena, const char *text_path, const char *model_path,
                               const vsh_tokenizer_options *options, vsh_error *err)
{
    char folder[PATH_MAX], prefix[PATH_MAX + 8], made[PATH_MAX + 16];
    vsh_status status;

    assert(strcmp(options->algorithm, "unigram") == 0 || strcmp(options->algorithm, "bpe") == 0);
    if (access(text_path, R_OK) != 0)
        return vsh_fail(err, VSH_EINPUT, "%s: %s", text_path, strerror(errno));
    if ((size_t)snprintf(folder, sizeof folder, "%s.XXXXXX", model_path) >= sizeof folder)
        return vsh_fail(err, VSH_EMACHINE, "%.80s...: %s", model_path, strerror(ENAMETOOLONG));
    if (!mkdtemp(folder))
        return vsh_fail(err, VSH_EMACHINE, "%s: %s", model_path, strerror(errno));
    snprintf(prefix, sizeof prefix, "%s/m", folder);
    snprintf(made, sizeof made, "%s.model", prefix);
    status = run_fitting(arena, text_path, prefix, options, err);
    if (status == VSH_OK)
        status = keep_model(arena, made, model_path, err);
    unlink(made);
    snprintf(made, sizeof made, "%s.vocab", prefix);
    unlink(made);
    rmdir(folder);
    return status;
}
