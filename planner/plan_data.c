#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "core/dataset.h"
#include "core/file.h"
#include "core/page.h"
#include "planner/plan_commands.h"
#include "planner/plan_report.h"

/* ---- asking -------------------------------------------------------------------------------- */

vsh_status plan_read_data(vsh_session *s, plan_request *r, vsh_error *err)
{
    const plan_config *c = s->config;
    vsh_dataset dataset;

    r->unique_tokens = isnan(c->tokens) ? 0 : c->tokens;
    if (!c->data)
        return VSH_OK;
    if (!isnan(c->tokens))
        return vsh_fail(err, VSH_EINPUT, "--data: expected either a dataset or --tokens, got both");
    VSH_TRY(vsh_dataset_read(s->arena, c->data, &dataset, err));
    r->unique_tokens = (double)dataset.unique_tokens;
    r->data =
        (plan_data){.manifest = vsh_path_join(s->arena, c->data, "manifest.json"),
                    .tokenizer = dataset.tokenizer,
                    .description = dataset.description,
                    .vocab = dataset.vocab,
                    .bytes_per_token = (double)dataset.train.bytes / (double)dataset.train.tokens};
    return r->data.manifest ? VSH_OK : vsh_fail(err, VSH_EMACHINE, "out of memory");
}

/* A law's loss is of a token of the model; the counts of two vocabularies do not compare. */
void plan_data_compare(plan *p)
{
    const plan_data *data = &p->request.data;
    const int64_t vocab = p->recommended.model.vocab;

    if (!data->manifest || !plan_has_run(p) || data->vocab == vocab)
        return;
    if (data->vocab > vocab) {
        plan_warn(p, "other_vocabulary",
                  "the dataset's tokens are of %s pieces, the model's vocabulary of %s cannot hold "
                  "them: it cannot be trained on them (data build --vocab %" PRId64
                  " makes those that it can, or leave out --model)",
                  vsh_show_integer(data->vocab).text, vsh_show_integer(vocab).text, vocab);
        return;
    }
    plan_warn(
        p, "other_vocabulary",
        "the dataset's tokens are of %s pieces (%s bytes a token), the model's of %s: tokens "
        "of another tokenizer are other tokens, and these are counted as they are (data build "
        "--vocab %" PRId64 ", or --tokenizer with the model's file, makes the model's)",
        vsh_show_integer(data->vocab).text, vsh_show_real(data->bytes_per_token).text,
        vsh_show_integer(vocab).text, vocab);
}

/* ---- showing ------------------------------------------------------------------------------- */

/* The end of a long path, which tells more than its beginning. */
static const char *show_path(const char *path, char *room, size_t bytes)
{
    enum { COLUMNS = 36 };
    const char *from = path;

    if (vsh_columns(path) <= COLUMNS)
        return path;
    while (vsh_columns(from) > COLUMNS - 3 || ((unsigned char)*from & 0xc0) == 0x80)
        from++;
    snprintf(room, bytes, "...%s", from);
    return room;
}

void plan_data_print(const plan *p, vsh_text *out)
{
    const plan_data *data = &p->request.data;
    char room[200];

    if (data->manifest)
        vsh_text_add(out, "  %s unique tokens of %s bytes: %s\n",
                     vsh_show_count(p->request.unique_tokens).text,
                     vsh_show_real(data->bytes_per_token).text,
                     show_path(data->manifest, room, sizeof room));
}

void plan_data_write_json(const plan *p, vsh_json *json)
{
    const plan_data *data = &p->request.data;
    double unique = p->request.unique_tokens;

    vsh_json_known(json, "unique_tokens", unique > 0 ? unique : (double)NAN);
    vsh_json_string(json, "unique_tokens_source",
                    data->manifest ? data->manifest
                    : unique > 0   ? "the command line"
                                   : NULL);
    if (!data->manifest)
        return;
    vsh_json_object(json, "dataset");
    vsh_json_string(json, "description", data->description);
    vsh_json_string(json, "tokenizer", data->tokenizer);
    vsh_json_integer(json, "vocab", data->vocab);
    vsh_json_real(json, "bytes_per_token", data->bytes_per_token);
    vsh_json_end(json);
}

void plan_data_write_page(const plan *p, vsh_text *page)
{
    const plan_data *data = &p->request.data;

    if (data->manifest)
        vsh_page_put(page, "p", "soft",
                     "%s unique tokens of %s bytes each: %.200s (%s, vocabulary %s, measured).",
                     vsh_show_count(p->request.unique_tokens).text,
                     vsh_show_real(data->bytes_per_token).text, data->manifest, data->tokenizer,
                     vsh_show_integer(data->vocab).text);
}

int plan_data_explain(const plan *p, vsh_explained lines[PLAN_DATA_EXPLAINED])
{
    const plan_data *data = &p->request.data;
    int count = 0;

    if (p->request.unique_tokens > 0)
        lines[count++] = (vsh_explained){
            "unique tokens",
            p->request.unique_tokens,
            "",
            data->manifest ? "of the training split, none by augmentation" : "--tokens",
            data->manifest ? data->manifest : "the command line",
            vsh_tag_names[data->manifest ? VSH_TAG_MEASURED : VSH_TAG_ASSUMED]};
    if (data->manifest)
        lines[count++] = (vsh_explained){"bytes a token",
                                         data->bytes_per_token,
                                         "B",
                                         "text / tokens of the training split",
                                         data->manifest,
                                         vsh_tag_names[VSH_TAG_MEASURED]};
    return count;
}
