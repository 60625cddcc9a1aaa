#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/file.h"
#include "core/child.h"
#include "trainer/data/spm_model.h"
#include "trainer/data/tokenizer.h"
#include "trainer/data/whole_file.h"

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

static vsh_status run_trainer(vsh_arena *arena, const char *text_path, const char *prefix,
                              int32_t vocab, vsh_error *err)
{
    char vocab_size[40], model_prefix[PATH_MAX + 40];
    /* The input comes by descriptor 0, for --input is split at commas. The number of threads is
     * fixed because it decides the order of sums. Lines of any length count: words are what is
     * learned from. */
    const char *const argv[] = {"spm_train",
                                "--input=/dev/stdin",
                                model_prefix,
                                vocab_size,
                                "--model_type=unigram",
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
    const vsh_child child = {argv, text_path, {HOUR_SECONDS}, OUTPUT_BYTES};
    vsh_text said = {.arena = arena};

    snprintf(vocab_size, sizeof vocab_size, "--vocab_size=%d", vocab);
    snprintf(model_prefix, sizeof model_prefix, "--model_prefix=%s", prefix);
    return vsh_child_run(&child, &said, err);
}

vsh_status vsh_tokenizer_train(vsh_arena *arena, const char *text_path, const char *model_path,
                               int32_t vocab, vsh_error *err)
{
    char folder[PATH_MAX], prefix[PATH_MAX + 8], made[PATH_MAX + 16];
    vsh_status status;

    if (access(text_path, R_OK) != 0)
        return vsh_fail(err, VSH_EINPUT, "%s: %s", text_path, strerror(errno));
    if ((size_t)snprintf(folder, sizeof folder, "%s.XXXXXX", model_path) >= sizeof folder)
        return vsh_fail(err, VSH_EMACHINE, "%.80s...: %s", model_path, strerror(ENAMETOOLONG));
    if (!mkdtemp(folder))
        return vsh_fail(err, VSH_EMACHINE, "%s: %s", model_path, strerror(errno));
    snprintf(prefix, sizeof prefix, "%s/m", folder);
    snprintf(made, sizeof made, "%s.model", prefix);
    status = run_trainer(arena, text_path, prefix, vocab, err);
    if (status == VSH_OK)
        status = keep_model(arena, made, model_path, err);
    unlink(made);
    snprintf(made, sizeof made, "%s.vocab", prefix);
    unlink(made);
    rmdir(folder);
    return status;
}
