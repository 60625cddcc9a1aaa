#include "planner/layout/layout.h"

#include <assert.h>
#include <inttypes.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

/* In the order of --layout. Flags and stages are 0 when left out, ways are 1. */
static const struct {
    const char *key;
    int64_t least, most;
} keys[] = {{"tp", 1, 65536}, {"pp", 1, 65536}, {"dp", 1, 16777216}, {"ep", 1, 65536},
            {"cp", 1, 65536}, {"sp", 0, 1},     {"zero", 0, 3},      {"interleave", 1, 65536}};

enum { TP, PP, DP, EP, CP, SP, ZERO, INTERLEAVE, KEYS };

static void values_of(const vsh_layout *l, int64_t value[KEYS])
{
    const vsh_split *s = &l->split;
    const int64_t all[KEYS] = {s->tensor,  l->pp,       s->data, s->expert,
                               s->context, s->sequence, s->zero, l->interleave};

    memcpy(value, all, sizeof all);
}

static int find_key(const char *word, size_t length)
{
    for (int i = 0; i < KEYS; i++)
        if (strlen(keys[i].key) == length && strncmp(keys[i].key, word, length) == 0)
            return i;
    return -1;
}

static vsh_status unknown_key(const char *word, size_t length, vsh_error *err)
{
    const char *names[KEYS];
    char typed[24], suggestion[160];

    for (int i = 0; i < KEYS; i++)
        names[i] = keys[i].key;
    snprintf(typed, sizeof typed, "%.*s", (int)length, word);
    vsh_suggest(suggestion, sizeof suggestion, typed, names, KEYS);
    return vsh_fail(err, VSH_EINPUT,
                    "--layout: expected tp, pp, dp, ep, cp, sp, zero or interleave, got \"%s\"%s",
                    typed, suggestion);
}

/* One KEY=NUMBER of length bytes. */
static vsh_status read_item(const char *item, size_t length, int64_t value[KEYS], bool given[KEYS],
                            vsh_error *err)
{
    const char *equals = memchr(item, '=', length);
    size_t name = equals ? (size_t)(equals - item) : length;
    char number[24];
    int key = find_key(item, name);

    if (key < 0)
        return unknown_key(item, name, err);
    if (given[key])
        return vsh_fail(err, VSH_EINPUT, "--layout: %s: expected once, got it twice",
                        keys[key].key);
    snprintf(number, sizeof number, "%.*s", equals ? (int)(length - name - 1) : 0,
             equals ? equals + 1 : "");
    if (!vsh_parse_integer(number, &value[key]) || value[key] < keys[key].least ||
        value[key] > keys[key].most)
        return vsh_fail(err, VSH_EINPUT,
                        "--layout: %s: expected a whole number from %" PRId64 " to %" PRId64
                        ", got \"%s\"",
                        keys[key].key, keys[key].least, keys[key].most, number);
    given[key] = true;
    return VSH_OK;
}

static vsh_status read_items(const char *text, int64_t value[KEYS], bool given[KEYS],
                             vsh_error *err)
{
    while (*text) {
        size_t length = strcspn(text, ",");
        VSH_TRY(read_item(text, length, value, given, err));
        text += length;
        if (*text == ',' && *++text == '\0')
            return vsh_fail(err, VSH_EINPUT, "--layout: expected a key after the last comma");
    }
    return VSH_OK;
}

/* dp takes what the others leave. */
static vsh_status share_out(int64_t chips, int64_t value[KEYS], bool given_dp, vsh_error *err)
{
    int64_t others = value[TP] * value[PP] * value[CP]; /* each at most 65536: no overflow */

    if (!given_dp && chips % others)
        return vsh_fail(err, VSH_EINPUT,
                        "--layout: tp x pp x cp: expected a divisor of %" PRId64
                        " chips, got %" PRId64,
                        chips, others);
    if (!given_dp)
        value[DP] = chips / others;
    if ((double)others * (double)value[DP] != (double)chips)
        return vsh_fail(err, VSH_EINPUT,
                        "--layout: tp x pp x cp x dp: expected %" PRId64 " chips, got %.0f", chips,
                        (double)others * (double)value[DP]);
    if (value[DP] * value[CP] % value[EP])
        return vsh_fail(err, VSH_EINPUT,
                        "--layout: ep: expected a divisor of dp x cp = %" PRId64 ", got %" PRId64,
                        value[DP] * value[CP], value[EP]);
    return VSH_OK;
}

vsh_status vsh_layout_parse(const char *text, int64_t chips, vsh_layout *layout, vsh_error *err)
{
    int64_t value[KEYS];
    bool given[KEYS] = {false};

    assert(chips >= 1 && layout);
    for (int i = 0; i < KEYS; i++)
        value[i] = keys[i].least;
    VSH_TRY(read_items(text ? text : "", value, given, err));
    VSH_TRY(share_out(chips, value, given[DP], err));
    *layout = (vsh_layout){.split = {.tensor = value[TP],
                                     .sequence = value[SP] != 0,
                                     .context = value[CP],
                                     .expert = value[EP],
                                     .data = value[DP],
                                     .zero = (int)value[ZERO]},
                           .pp = value[PP],
                           .interleave = value[INTERLEAVE]};
    return VSH_OK;
}

static vsh_status check_stages(const vsh_layout *layout, const vsh_laid_run *run, vsh_error *err)
{
    int64_t stages = layout->pp * layout->interleave;

    if (layout->interleave > 1 && layout->pp == 1)
        return vsh_fail(err, VSH_EINPUT,
                        "--layout: interleave: expected 1 without pp, got %" PRId64,
                        layout->interleave);
    if (stages > run->model->layers)
        return vsh_fail(err, VSH_EINPUT,
                        "--layout: pp x interleave: expected at most %" PRId64
                        " layers, got %" PRId64,
                        run->model->layers, stages);
    return VSH_OK;
}

/* Megatron-LM's schedule of virtual stages takes micro-batches in rounds of pp (arguments.py). */
static vsh_status check_rounds(const vsh_layout *layout, int64_t micro_batches, vsh_error *err)
{
    if (layout->interleave == 1 || micro_batches % layout->pp == 0)
        return VSH_OK;
    return vsh_fail(err, VSH_EINPUT,
                    "--layout: interleave: expected micro-batches a multiple of pp = %" PRId64
                    ", got %" PRId64,
                    layout->pp, micro_batches);
}

vsh_status vsh_layout_check(const vsh_layout *layout, const vsh_laid_run *run, vsh_error *err)
{
    const vsh_stage whole = {0};
    int64_t together = layout->split.data * run->micro;

    VSH_TRY(check_stages(layout, run, err));
    if (layout->split.sequence && layout->split.tensor == 1)
        return vsh_fail(err, VSH_EINPUT,
                        "--layout: sp: expected 0 with tp=1: it divides what tp leaves whole");
    VSH_TRY(vsh_split_check(run->model, &layout->split, &whole, run->seq, err));
    if (run->batch % together)
        return vsh_fail(err, VSH_EINPUT,
                        "--batch: expected a multiple of dp x micro-batch = %" PRId64
                        " sequences, got %" PRId64,
                        together, run->batch);
    return check_rounds(layout, vsh_micro_batches(layout, run), err);
}

void vsh_layout_show(const vsh_layout *layout, vsh_text *out)
{
    int64_t value[KEYS];

    values_of(layout, value);
    for (int i = 0; i < KEYS; i++)
        vsh_text_add(out, "%s%s=%" PRId64, i ? "," : "", keys[i].key, value[i]);
}

void vsh_layout_write(const vsh_layout *layout, vsh_json *json)
{
    int64_t value[KEYS];

    values_of(layout, value);
    vsh_json_object(json, "layout");
    for (int i = 0; i < KEYS; i++)
        vsh_json_integer(json, keys[i].key, value[i]);
    vsh_json_end(json);
}
