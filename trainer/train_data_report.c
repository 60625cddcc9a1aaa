#include "trainer/train_data_report.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "core/explain.h"

enum { WIDTH = 80, INDENT = 6, EXPLAINED_MAX = VSH_QUALITY_RULES + 3 };

/* ---- the table ---------------------------------------------------------------------------- */

/* "  quality   duplicate-line-share            1,234   12.3 MB    4.5 %" */
static void show_row(vsh_text *out, const char *stage, const char *reason,
                     const vsh_build_count *count, const vsh_build_count *of)
{
    vsh_text_add(out, "  %-9s %-36s %12s %9s", stage, reason,
                 vsh_show_integer(count->documents).text,
                 vsh_show_bytes((double)count->bytes).text);
    if (of->bytes > 0)
        vsh_text_add(out, " %5.1f %%", 100 * (double)count->bytes / (double)of->bytes);
    vsh_text_put(out, "\n", 1);
}

/* As much as fits the line. */
static void show_sample(vsh_text *out, const char *sample)
{
    const char *end = sample;
    int columns = INDENT + 2;

    while (*end && columns < WIDTH) {
        int wide = vsh_utf8_length(end);
        end += wide ? wide : 1;
        columns++;
    }
    vsh_text_add(out, "%*s| %.*s\n", INDENT, "", (int)(end - sample), sample);
}

static void show_drops(vsh_session *s, const vsh_build_report *r)
{
    const char *before = "";
    int samples = s->common->verbose ? VSH_BUILD_SAMPLES : 1;

    for (int i = 0; i < r->drops; i++) {
        const vsh_build_drop *d = &r->drop[i];
        show_row(&s->out, strcmp(before, d->stage) == 0 ? "" : d->stage, d->reason, &d->dropped,
                 &r->read);
        before = d->stage;
        for (int k = 0; k < samples && d->sample[k]; k++)
            show_sample(&s->out, d->sample[k]);
    }
}

static void show_reading(vsh_text *out, const vsh_build_report *r)
{
    const struct {
        int64_t count;
        const char *what;
    } rows[] = {
        {r->empty, "documents without text"},
        {r->cut, "longer than 1 MiB, cut"},
        {r->malformed, "with bytes that are not UTF-8"},
        {r->nul, "with NUL bytes"},
        {r->bad_lines, "lines that are no JSON with a text"},
        {r->damaged, "damaged files"},
    };

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (rows[i].count > 0)
            vsh_text_add(out, "  %-9s %-36s %12s\n", "", rows[i].what,
                         vsh_show_integer(rows[i].count).text);
}

static void show_table(vsh_session *s, const vsh_build_report *r)
{
    vsh_text_add(&s->out, "\n  %46s %12s %9s %7s\n", "", "documents", "bytes", "share");
    show_row(&s->out, "read", "", &r->read, &r->read);
    show_reading(&s->out, r);
    show_drops(s, r);
    show_row(&s->out, "kept", "", &r->kept, &r->read);
}

/* ---- the dataset -------------------------------------------------------------------------- */

static void show_split(vsh_text *out, const char *name, const vsh_dataset_split *split)
{
    vsh_text_add(out, "  %-9s %s tokens, %s documents, %s shard%s\n", name,
                 vsh_show_integer(split->tokens).text, vsh_show_integer(split->documents).text,
                 vsh_show_integer(split->shards).text, split->shards == 1 ? "" : "s");
}

/* Documents are drawn by how they begin: few of them, or ones that begin alike, may fall on one
 * side. */
static void show_none_held_out(vsh_text *out, const vsh_build_options *o, const vsh_build_report *r)
{
    vsh_text_add(out, "  Held out  nothing");
    if (o->held_out > 0)
        vsh_text_add(out, ": of %s documents %s drawn by their first lines",
                     vsh_show_integer(r->kept.documents).text,
                     r->drawn == 0 ? "none was" : "all were");
    vsh_text_put(out, "\n", 1);
}

/* Text that was not parted as its author thought: rules for documents drop much of it, and none is
 * held out. */
static void show_parting(vsh_text *out, const vsh_build_options *o, const vsh_build_report *r)
{
    double share = (double)r->largest / (double)r->kept.bytes;
    vsh_text line = {.arena = out->arena};

    if (share <= 0.5 && (r->dataset.validation.documents > 0 || o->held_out <= 1))
        return;
    if (share > 0.5)
        vsh_text_add(&line, "one document is %.0f %% of it: ", 100 * share);
    else
        vsh_text_add(&line, "to hold some out: ");
    vsh_text_add(&line, o->documents_by == VSH_DOCUMENTS_LINE
                            ? "more lines, or a smaller --held-out"
                            : "--documents line, or add blank lines");
    vsh_text_add(out, "  Hint      ");
    vsh_text_wrap(out, vsh_text_string(&line), 12, WIDTH);
}

static void show_dataset(vsh_text *out, const vsh_build_options *o, const vsh_build_report *r)
{
    const vsh_dataset *d = &r->dataset;

    vsh_text_add(out, "\n  Tokenizer %s, %s pieces: %s bytes a token\n", d->tokenizer,
                 vsh_show_integer(d->vocab).text, vsh_show_real(vsh_build_bytes_per_token(r)).text);
    show_split(out, "Train", &d->train);
    if (r->augmented_documents > 0)
        vsh_text_add(out, "  %-9s %s of them by augmentation, %s unique\n", "",
                     vsh_show_integer(r->augmented_tokens).text,
                     vsh_show_integer(d->unique_tokens).text);
    if (d->validation.documents > 0)
        show_split(out, "Held out", &d->validation);
    else
        show_none_held_out(out, o, r);
    show_parting(out, o, r);
}

/* "92.4", and as many nines as there are. */
static const char *show_percent(char room[16], double share)
{
    double percent = 100 * share;

    snprintf(room, 16, "%.*f",
             percent < 99      ? 0
             : percent < 99.9  ? 1
             : percent < 99.99 ? 2
                               : 3,
             percent);
    return room;
}

static void show_recall(vsh_text *out, const vsh_minhash_shape *shape)
{
    char share[3][16];

    vsh_text_add(out,
                 "  Near      pairs of similarity 0.7, 0.8, 0.9 are found with %s, %s, %s %%"
                 "\n",
                 show_percent(share[0], vsh_minhash_recall(shape, 0.7)),
                 show_percent(share[1], vsh_minhash_recall(shape, 0.8)),
                 show_percent(share[2], vsh_minhash_recall(shape, 0.9)));
}

/* "Took      46.8 s, 332 kB/s: look 2.91 s, encode 20.1 s, ..." of what took its time. */
static void show_time(vsh_text *out, const vsh_build_report *r)
{
    vsh_text line = {.arena = out->arena};
    int shown = 0;

    vsh_text_add(&line, "%s, %s/s", vsh_show_time(r->seconds).text,
                 vsh_show_bytes((double)r->read.bytes / r->seconds).text);
    for (int i = 0; i < r->passes; i++)
        if (r->pass[i].seconds > 0.05 * r->seconds)
            vsh_text_add(&line, "%s %s %s", shown++ ? "," : ":", r->pass[i].name,
                         vsh_show_time(r->pass[i].seconds).text);
    vsh_text_add(out, "  Took      ");
    vsh_text_wrap(out, vsh_text_string(&line), 12, 80);
}

/* As a shell takes it. */
static void show_command(vsh_session *s, int count, const char *const *words)
{
    char **line = vsh_alloc(s->arena, (size_t)count, sizeof *line);

    for (int i = 0; line && i < count; i++)
        line[i] = vsh_copy_text(s->arena, words[i], strlen(words[i]));
    if (line && line[count - 1])
        vsh_text_add(&s->out, "    %s\n", vsh_show_command(s->arena, count, line));
}

/* A configuration whose model has at least as many pieces as the dataset. */
static void show_next(vsh_session *s, const vsh_build_options *o, int64_t vocab)
{
    const char *config =
        vocab <= 4096 ? "trainer/configs/quick-moe.yaml" : "trainer/configs/tiny-moe.yaml";
    vsh_text data = {.arena = s->arena};
    const char *const plan[] = {"vishwa-plan", "--hw", "auto", "--hours", "10", "--data", o->out};
    const char *run[] = {"vishwa-train", "run", config, "--set", NULL};

    vsh_text_add(&data, "data=%s", o->out);
    run[4] = vsh_text_string(&data);
    vsh_text_add(&s->out, "\n  Next\n");
    show_command(s, 7, plan);
    show_command(s, 5, run);
    vsh_text_put(&s->out, "\n", 1);
}

/* ---- where its numbers come from ---------------------------------------------------------- */

/* Thresholds that are on, and what the signatures find. */
static int explain(const vsh_build_options *o, vsh_explained lines[EXPLAINED_MAX])
{
    int count = 0;

    for (int i = 0; o->filter && i < vsh_quality_rule_count; i++) {
        const vsh_quality_rule *rule = &vsh_quality_rules[i];
        double limit = o->limits.limit[i];
        if (isfinite(limit))
            lines[count++] = (vsh_explained){
                rule->name, limit,        "",
                rule->what, rule->source, limit == rule->published ? "specification" : "assumed"};
    }
    for (int tenth = 7; o->dedup && tenth < 10; tenth++)
        lines[count++] = (vsh_explained){
            tenth == 7   ? "recall at similarity 0.7"
            : tenth == 8 ? "recall at similarity 0.8"
                         : "recall at similarity 0.9",
            vsh_minhash_recall(&o->minhash, tenth / 10.0),
            "",
            "1 - (1 - similarity^rows)^bands",
            "Leskovec, Rajaraman and Ullman, Mining of Massive Datasets, section 3.4",
            "derived"};
    return count;
}

/* ---- all of it ---------------------------------------------------------------------------- */

void train_data_show(vsh_session *s, const vsh_build_options *o, const vsh_build_report *r)
{
    vsh_explained lines[EXPLAINED_MAX];

    show_table(s, r);
    if (r->dataset.vocab) {
        show_dataset(&s->out, o, r);
        if (o->dedup)
            show_recall(&s->out, &o->minhash);
        show_time(&s->out, r);
        show_next(s, o, r->dataset.vocab);
    } else {
        vsh_text_put(&s->out, "\n", 1);
    }
    if (s->common->explain)
        vsh_explain_print(lines, explain(o, lines), &s->out);
}

void train_data_write(vsh_session *s, const vsh_build_options *o, const vsh_build_report *r)
{
    vsh_json json = {.out = &s->out};
    vsh_explained lines[EXPLAINED_MAX];

    vsh_json_object(&json, NULL);
    vsh_build_report_write(&json, o, r);
    vsh_json_string(&json, "out", o->out);
    vsh_json_real(&json, "duration_s", r->seconds);
    vsh_json_known(&json, "read_bytes_per_s", (double)r->read.bytes / r->seconds);
    vsh_json_array(&json, "passes");
    for (int i = 0; i < r->passes; i++) {
        vsh_json_object(&json, NULL);
        vsh_json_string(&json, "pass", r->pass[i].name);
        vsh_json_real(&json, "duration_s", r->pass[i].seconds);
        vsh_json_real(&json, "cpu_s", r->pass[i].cpu_seconds);
        vsh_json_end(&json);
    }
    vsh_json_end(&json);
    vsh_json_object(&json, "options");
    vsh_build_options_write(&json, o);
    vsh_json_end(&json);
    if (s->common->explain)
        vsh_explain_write(lines, explain(o, lines), &json);
    vsh_json_end(&json);
}
