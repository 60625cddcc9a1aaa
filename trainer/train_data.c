#include <math.h>
#include <stdio.h>
#include <string.h>

#include "core/progress.h"
#include "trainer/train_commands.h"
#include "trainer/train_data_report.h"

/* ---- what is asked ------------------------------------------------------------------------ */

/* --in PATH..., and the words behind `build`. */
static vsh_status take_inputs(vsh_session *s, vsh_build_options *o, vsh_error *err)
{
    const train_config *c = s->config;
    int count = c->in.count + s->operand_count - 1;
    const char **in = vsh_alloc(s->arena, (size_t)count + 1, sizeof *in);

    if (!in)
        return vsh_fail(err, VSH_EMACHINE, "out of memory");
    for (int i = 0; i < c->in.count; i++)
        in[o->in_count++] = c->in.item[i];
    for (int i = 1; i < s->operand_count; i++)
        in[o->in_count++] = s->operands[i];
    o->in = in;
    return VSH_OK;
}

static vsh_status take_options(vsh_session *s, vsh_build_options *o, vsh_error *err)
{
    const train_config *c = s->config;

    vsh_build_default(o);
    VSH_TRY(take_inputs(s, o, err));
    o->packages = train_data_folder(s);
    o->out = c->out;
    o->documents_by = c->documents;
    o->filter = c->filter;
    o->language = c->language;
    if (c->language && strcmp(c->language, "en") != 0) /* the rule's words are English */
        VSH_TRY(vsh_quality_set("stop-words=off", &o->limits, err));
    for (int i = 0; i < c->limit.count; i++)
        VSH_TRY(vsh_quality_set(c->limit.item[i], &o->limits, err));
    o->against = c->against;
    o->overlap_words = c->overlap_words ? (int)c->overlap_words : o->overlap_words;
    o->tasks = c->make_tasks;
    o->dedup = c->dedup;
    o->minhash.bands = c->bands ? (int)c->bands : o->minhash.bands;
    o->minhash.rows = c->rows ? (int)c->rows : o->minhash.rows;
    o->minhash.shingle = c->shingle ? (int)c->shingle : o->minhash.shingle;
    o->augment = c->augment;
    o->augment_share = isfinite(c->augment_share) ? c->augment_share : o->augment_share;
    o->tokenizer = c->tokenizer ? c->tokenizer : o->tokenizer;
    o->vocab = c->vocab ? c->vocab : o->vocab;
    o->vocab_at_most = c->vocab == 0;
    o->held_out = c->held_out >= 0 ? c->held_out : o->held_out;
    o->shard_bytes = c->shard_bytes;
    o->seed = train_seed(s);
    o->threads = (int)train_threads(s);
    o->force = s->common->force;
    o->stop = c->stop;
    return VSH_OK;
}

/* ---- on the way --------------------------------------------------------------------------- */

static void show_progress(void *context, const char *stage, double share, double bytes_per_s,
                          double seconds_left)
{
    vsh_progress_show(context, stage, share, bytes_per_s, seconds_left);
}

static void warn_of_tokenizer(vsh_session *s, const vsh_build_options *o, const vsh_build_report *r)
{
    const train_config *c = s->config;

    if (c->vocab && (strcmp(o->tokenizer, "bytes") == 0))
        vsh_text_add(&s->talk, "warning: --vocab: bytes are a vocabulary of their own\n");
    else if (o->vocab_at_most && strcmp(r->dataset.tokenizer, "file") != 0 &&
             strcmp(o->tokenizer, "bytes") != 0 && r->dataset.vocab < o->vocab)
        vsh_text_add(&s->talk, "warning: the text has room for a vocabulary of %lld, not of %lld\n",
                     (long long)r->dataset.vocab, (long long)o->vocab);
}

static void warn_of_troubles(vsh_session *s, const vsh_build_report *r)
{
    for (int i = 0; i < r->troubles_said; i++)
        vsh_text_add(&s->talk, "warning: %s\n", r->trouble[i]);
    if (r->troubles > r->troubles_said)
        vsh_text_add(&s->talk, "warning: and %s more of these\n",
                     vsh_show_integer(r->troubles - r->troubles_said).text);
    if (r->missing)
        vsh_text_add(&s->talk, "warning: the default corpus is without %s (run: make deps)\n",
                     r->missing);
    if (r->forbidden.no_wordnet)
        vsh_text_add(&s->talk, "warning: no evaluation tasks were made, and nothing keeps their "
                               "texts out: WordNet is not here (run: make deps)\n");
    if (r->untranslated > 0)
        vsh_text_add(&s->talk, "warning: apertium failed on %s documents, which add nothing\n",
                     vsh_show_integer(r->untranslated).text);
    if (r->passed_over > 0)
        vsh_text_add(&s->talk, "warning: %s files were passed over; inputs.jsonl says why\n",
                     vsh_show_integer(r->passed_over).text);
}

/* ---- the command -------------------------------------------------------------------------- */

vsh_status train_run_data(vsh_session *s, vsh_error *err)
{
    vsh_progress progress = {.stream = s->common->quiet ? NULL : stderr,
                             .redraws = s->talk_is_terminal};
    vsh_build_options options;
    vsh_build_report report;
    vsh_status status;

    if (s->operand_count == 0 || strcmp(s->operands[0], "build") != 0)
        return vsh_fail(err, VSH_EINPUT, "data: expected build, got %s%.80s%s",
                        s->operand_count ? "\"" : "nothing", s->operand_count ? s->operands[0] : "",
                        s->operand_count ? "\"" : "");
    VSH_TRY(take_options(s, &options, err));
    options.progress = show_progress;
    options.context = &progress;
    status = vsh_build(s->arena, &options, &report, err);
    vsh_progress_clear(&progress);
    if (status != VSH_OK && status != VSH_ENO)
        return status;
    warn_of_troubles(s, &report);
    if (status == VSH_OK)
        warn_of_tokenizer(s, &options, &report);
    (s->common->json ? train_data_write : train_data_show)(s, &options, &report);
    return status;
}
