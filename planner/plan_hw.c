#include <inttypes.h>
#include <string.h>

#include "core/hardware_auto.h"
#include "core/json.h"
#include "planner/plan_commands.h"

static vsh_status read_named(vsh_session *s, const char *name, vsh_hardware *hardware,
                             vsh_error *err)
{
    const char *path;

    VSH_TRY(
        vsh_library_find(s->arena, &s->library, "hwprofiles", "hw: no profile", name, &path, err));
    return vsh_hardware_read(s->arena, path, hardware, err);
}

/* The peak that training works under, and of which precision it is. */
static double training_peak(const vsh_hardware *h, vsh_precision *used)
{
    return vsh_hardware_peak(h, VSH_BF16, used)->value;
}

static void list_one(const char *name, const vsh_hardware *h, vsh_json *json, vsh_text *out)
{
    vsh_precision used;
    double peak = training_peak(h, &used);

    if (!json) {
        vsh_text_add(out, "  %-11s %-24.24s %9sFLOP/s %s %8s %9s/s\n", name, h->name,
                     vsh_show_si(peak).text, vsh_precision_words[used],
                     vsh_show_bytes(h->memory_bytes.value).text,
                     vsh_show_bytes(h->memory_rate.value).text);
        return;
    }
    vsh_json_object(json, NULL);
    vsh_json_string(json, "profile", name);
    vsh_json_string(json, "name", h->name);
    vsh_json_string(json, "kind", vsh_hardware_kind_words[h->kind]);
    vsh_json_real(json, "peak_flops_per_s", peak);
    vsh_json_string(json, "peak_precision", vsh_precision_words[used]);
    vsh_json_real(json, "memory_bytes", h->memory_bytes.value);
    vsh_json_real(json, "memory_bytes_per_s", h->memory_rate.value);
    vsh_json_end(json);
}

static vsh_status list(vsh_session *s, vsh_error *err)
{
    const char *names[VSH_LIBRARY_NAMES];
    vsh_json writer = {.out = &s->out}, *json = s->common->json ? &writer : NULL;
    size_t count;

    VSH_TRY(vsh_library_list(s->arena, &s->library, "hwprofiles", names, &count, err));
    if (json) {
        vsh_json_object(json, NULL);
        vsh_json_integer(json, "schema_version", 1);
        vsh_json_array(json, "profiles");
    } else {
        vsh_text_add(&s->out, "\n  %-11s %-24s %20s %8s %11s\n", "profile", "name", "peak",
                     "memory", "bandwidth");
    }
    for (size_t i = 0; i < count; i++) {
        vsh_hardware hardware;
        VSH_TRY(read_named(s, names[i], &hardware, err));
        list_one(names[i], &hardware, json, &s->out);
    }
    if (json) {
        vsh_json_end(json);
        vsh_json_end(json);
    } else {
        vsh_text_add(&s->out, "\n  Next      vishwa-plan hw show NAME\n\n");
    }
    return VSH_OK;
}

static void write_figure(const vsh_hardware_row *row, vsh_json *json)
{
    const vsh_figure *figure = row->figure;

    vsh_json_object(json, NULL);
    vsh_json_string(json, "name", row->name);
    vsh_json_real(json, "value", figure->value / row->scale);
    vsh_json_real(json, "low", figure->low / row->scale);
    vsh_json_real(json, "high", figure->high / row->scale);
    vsh_json_string(json, "unit", row->unit);
    vsh_json_string(json, "source", figure->source);
    vsh_json_string(json, "date", figure->date);
    vsh_json_string(json, "tag", vsh_tag_names[figure->tag]);
    vsh_json_end(json);
}

/* Scenarios are shown as rows like the others. */
static vsh_hardware_row scenario_row(const vsh_scenario *scenario)
{
    if (scenario->mfu.known)
        return (vsh_hardware_row){scenario->name, "of peak", 1, &scenario->mfu};
    return (vsh_hardware_row){scenario->name, "TFLOP/s", 1e12, &scenario->effective};
}

static void print_figure(const vsh_hardware_row *row, vsh_text *out)
{
    const vsh_figure *figure = row->figure;

    vsh_text_add(out, "  %-24s %9s %-8s %-13s %s\n", row->name,
                 vsh_show_real(figure->value / row->scale).text, row->unit,
                 vsh_tag_names[figure->tag], figure->date ? figure->date : "");
    if (figure->source) {
        vsh_text_add(out, "      ");
        vsh_text_wrap(out, figure->source, 6, 80);
    }
}

static void show(const vsh_hardware *h, vsh_session *s)
{
    vsh_hardware_row rows[VSH_HARDWARE_ROWS];
    int count = vsh_hardware_rows(h, rows);
    vsh_json json = {.out = &s->out};

    if (!s->common->json) {
        vsh_text_add(&s->out, "\n  %s (%s)\n  ", h->name, vsh_hardware_kind_words[h->kind]);
        vsh_text_wrap(&s->out, h->note ? h->note : "", 2, 80);
        vsh_text_put(&s->out, "\n", 1);
        for (int i = 0; i < count; i++)
            print_figure(&rows[i], &s->out);
        for (int i = 0; i < h->scenario_count; i++) {
            vsh_hardware_row row = scenario_row(&h->scenario[i]);
            vsh_text_add(&s->out,
                         i == h->default_scenario ? "  scenario (default)\n" : "  scenario\n");
            print_figure(&row, &s->out);
        }
        vsh_text_put(&s->out, "\n", 1);
        return;
    }
    vsh_json_object(&json, NULL);
    vsh_json_integer(&json, "schema_version", 1);
    vsh_json_string(&json, "name", h->name);
    vsh_json_string(&json, "kind", vsh_hardware_kind_words[h->kind]);
    vsh_json_string(&json, "note", h->note);
    vsh_json_string(&json, "path", h->path);
    vsh_json_array(&json, "figures");
    for (int i = 0; i < count; i++)
        write_figure(&rows[i], &json);
    vsh_json_end(&json);
    vsh_json_string(&json, "default_scenario",
                    h->scenario_count ? h->scenario[h->default_scenario].name : NULL);
    vsh_json_array(&json, "scenarios");
    for (int i = 0; i < h->scenario_count; i++) {
        vsh_hardware_row row = scenario_row(&h->scenario[i]);
        write_figure(&row, &json);
    }
    vsh_json_end(&json);
    vsh_json_end(&json);
}

vsh_status plan_run_hw(vsh_session *s, vsh_error *err)
{
    static const char *const words[] = {"list", "show", "probe"};
    const char *word = s->operand_count ? s->operands[0] : "list";
    vsh_hardware hardware;
    char suggestion[160];

    if (strcmp(word, "list") == 0 && s->operand_count <= 1)
        return list(s, err);
    if (strcmp(word, "show") == 0 && s->operand_count == 2) {
        VSH_TRY(read_named(s, s->operands[1], &hardware, err));
    } else if (strcmp(word, "probe") == 0 && s->operand_count == 1) {
        VSH_TRY(
            vsh_hardware_auto(s->arena, s->cache_folder, s->common->threads, true, &hardware, err));
    } else {
        vsh_suggest(suggestion, sizeof suggestion, word, words, 3);
        return vsh_fail(err, VSH_EINPUT, "hw: expected list, show NAME or probe, got \"%.60s\"%s",
                        word, suggestion);
    }
    show(&hardware, s);
    return VSH_OK;
}
