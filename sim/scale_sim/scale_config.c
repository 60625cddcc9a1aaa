#include "sim/scale_sim/scale_config.h"

#include <stddef.h>
#include <string.h>
#include <strings.h>

enum {
    ENTRIES_MAX = 256,
    NAME_MAX_BYTES = 200, /* a file name of Linux has 255 bytes */
    ARRAY_MAX = 65536,
    SRAM_KB_MAX = 1 << 30, /* a terabyte, so that words and cycles stay far inside 63 bits */
    BANDWIDTH_MAX = 1 << 30
};

typedef struct {
    const char *section, *key;
    char *value;
    int64_t line;
} entry;

typedef struct {
    vsh_lines *source;
    entry entry[ENTRIES_MAX];
    int count;
} entries;

/* Keys are read without case, as configparser's are; names of sections are not. */
static const entry *find(const entries *all, const char *section, const char *key)
{
    for (int i = 0; i < all->count; i++)
        if (strcmp(all->entry[i].section, section) == 0 && strcasecmp(all->entry[i].key, key) == 0)
            return &all->entry[i];
    return NULL;
}

static vsh_status add_entry(entries *all, const char *section, char *line, vsh_error *err)
{
    const char *path = all->source->path;
    long long number = all->source->line;
    size_t key_length = strcspn(line, "=:");
    char *value = line + key_length;

    if (!section)
        return vsh_fail(err, VSH_EINPUT,
                        "%s:%lld: expected a section such as [general], found \"%.40s\"", path,
                        number, line);
    if (*value == '\0' || key_length == 0)
        return vsh_fail(err, VSH_EINPUT,
                        "%s:%lld: expected KEY = VALUE or KEY : VALUE, found \"%.40s\"", path,
                        number, line);
    if (all->count == ENTRIES_MAX)
        return vsh_fail(err, VSH_EINPUT, "%s:%lld: expected at most %d keys, found more", path,
                        number, ENTRIES_MAX);
    *value++ = '\0';
    line = vsh_trim(line);
    if (find(all, section, line))
        return vsh_fail(err, VSH_EINPUT,
                        "%s:%lld: expected each key once in [%.40s], found %.40s again", path,
                        number, section, line);
    all->entry[all->count++] = (entry){section, line, vsh_trim(value), number};
    return VSH_OK;
}

static vsh_status read_entries(entries *all, vsh_error *err)
{
    vsh_lines *source = all->source;
    const char *section = NULL;
    int indent = 0;
    bool in_value = false; /* a deeper line would continue the value above it */
    char *line, *end;

    while ((line = vsh_lines_next(source))) {
        if (*line == '\0' || *line == '#' || *line == ';')
            continue;
        if (in_value && source->indent > indent)
            return vsh_fail(err, VSH_EINPUT,
                            "%s:%lld: expected a value on one line, found \"%.40s\" continuing it",
                            source->path, (long long)source->line, line);
        indent = source->indent;
        if (*line == '[') {
            if (!(end = strchr(line, ']')))
                return vsh_fail(err, VSH_EINPUT, "%s:%lld: expected [section], found \"%.40s\"",
                                source->path, (long long)source->line, line);
            *end = '\0';
            section = line + 1;
            in_value = false;
            continue;
        }
        VSH_TRY(add_entry(all, section, line, err));
        in_value = true;
    }
    return VSH_OK;
}

static vsh_status need(const entries *all, const char *section, const char *key,
                       const entry **found, vsh_error *err)
{
    *found = find(all, section, key);
    if (!*found)
        return vsh_fail(err, VSH_EINPUT, "%s:%lld: expected %s in [%s], found none",
                        all->source->path, (long long)all->source->line, key, section);
    return VSH_OK;
}

static vsh_status to_integer(const entries *all, const entry *e, const char *text, int64_t min,
                             int64_t max, int64_t *value, vsh_error *err)
{
    int64_t number;

    if (!vsh_parse_integer(text, &number) || number < min || number > max)
        return vsh_fail(err, VSH_EINPUT,
                        "%s:%lld: %s: expected a whole number from %lld to %lld, found \"%.40s\"",
                        all->source->path, (long long)e->line, e->key, (long long)min,
                        (long long)max, text);
    *value = number;
    return VSH_OK;
}

static const struct {
    const char *key;
    size_t offset;
    int64_t max;
} numbers[] = {
    {"ArrayHeight", offsetof(sim_scale_config, rows), ARRAY_MAX},
    {"ArrayWidth", offsetof(sim_scale_config, cols), ARRAY_MAX},
    {"IfmapSramSzkB", offsetof(sim_scale_config, sram_kb[SIM_LHS]), SRAM_KB_MAX},
    {"FilterSramSzkB", offsetof(sim_scale_config, sram_kb[SIM_RHS]), SRAM_KB_MAX},
    {"OfmapSramSzkB", offsetof(sim_scale_config, sram_kb[SIM_OUT]), SRAM_KB_MAX},
};

static vsh_status read_numbers(const entries *all, sim_scale_config *config, vsh_error *err)
{
    const entry *e;

    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
        VSH_TRY(need(all, "architecture_presets", numbers[i].key, &e, err));
        VSH_TRY(to_integer(all, e, e->value, 1, numbers[i].max,
                           (int64_t *)((char *)config + numbers[i].offset), err));
    }
    return VSH_OK;
}

static vsh_status read_dataflow(const entries *all, sim_scale_config *config, vsh_error *err)
{
    const entry *e;

    VSH_TRY(need(all, "architecture_presets", "Dataflow", &e, err));
    for (int i = 0; sim_dataflow_words[i]; i++)
        if (strcmp(e->value, sim_dataflow_words[i]) == 0) {
            config->dataflow = (sim_dataflow)i;
            return VSH_OK;
        }
    return vsh_fail(err, VSH_EINPUT, "%s:%lld: Dataflow: expected os, ws or is, found \"%.40s\"",
                    all->source->path, (long long)e->line, e->value);
}

/* The name becomes a folder, so that text of a file must not lead anywhere else. */
static vsh_status read_run_name(const entries *all, sim_scale_config *config, vsh_error *err)
{
    const entry *e;
    char *name;
    size_t length;
    bool plain = true;

    VSH_TRY(need(all, "general", "run_name", &e, err));
    name = e->value;
    length = strlen(name);
    if (length >= 2 && name[0] == '"' && name[length - 1] == '"') { /* some published files quote */
        name[length - 1] = '\0';
        name++;
        length -= 2;
    }
    for (size_t i = 0; i < length; i++)
        plain = plain && (unsigned char)name[i] >= ' ' && name[i] != 0x7f;
    if (!plain || length == 0 || length > NAME_MAX_BYTES || strchr(name, '/') ||
        strstr(name, "..") || strcmp(name, ".") == 0)
        return vsh_fail(
            err, VSH_EINPUT,
            "%s:%lld: run_name: expected the name of a folder, without / or .., found \"%.60s\"",
            all->source->path, (long long)e->line, name);
    config->run_name = name;
    return VSH_OK;
}

/* In USER mode version 2 grants `Bandwidth` to each operand; version 3 reads through its banks'
 * own figures, 10 words a cycle unless [layout] says otherwise. */
static vsh_status read_bandwidths(const entries *all, sim_scale_config *config, vsh_error *err)
{
    static const char *const bank[] = {"IfmapSRAMBankBandwidth", "FilterSRAMBankBandwidth"};
    const entry *e;
    int64_t first = 0, value;

    VSH_TRY(need(all, "architecture_presets", "Bandwidth", &e, err));
    for (char *item = e->value, *comma; item; item = comma) {
        if ((comma = strchr(item, ',')))
            *comma++ = '\0';
        VSH_TRY(to_integer(all, e, vsh_trim(item), 1, BANDWIDTH_MAX, &value, err));
        if (first == 0)
            first = value; /* the tool looks at no other */
    }
    for (int i = SIM_LHS; i <= SIM_OUT; i++)
        config->bandwidth[i] = first;
    for (int i = SIM_LHS; config->v3 && i <= SIM_RHS; i++) {
        config->bandwidth[i] = 10;
        if ((e = find(all, "layout", bank[i])))
            VSH_TRY(to_integer(all, e, e->value, 1, BANDWIDTH_MAX, &config->bandwidth[i], err));
    }
    return VSH_OK;
}

static vsh_status read_mode(const entries *all, sim_scale_config *config, vsh_error *err)
{
    const entry *e;

    VSH_TRY(need(all, "run_presets", "InterfaceBandwidth", &e, err));
    config->user = strcmp(e->value, "USER") == 0;
    if (!config->user && strcmp(e->value, "CALC") != 0)
        return vsh_fail(err, VSH_EINPUT,
                        "%s:%lld: InterfaceBandwidth: expected USER or CALC, found \"%.40s\"",
                        all->source->path, (long long)e->line, e->value);
    return config->user ? read_bandwidths(all, config, err) : VSH_OK;
}

static bool is_on(const entry *e)
{
    static const char *const words[] = {"true", "yes", "on", "1"};

    for (size_t i = 0; e && i < sizeof words / sizeof *words; i++)
        if (strcasecmp(e->value, words[i]) == 0)
            return true;
    return false;
}

/* What changes the figures is refused; what could only stall is named. */
static vsh_status check_extras(const entries *all, vsh_text *talk, vsh_error *err)
{
    static const char *const stalling[][2] = {{"layout", "IfmapCustomLayout"},
                                              {"layout", "FilterCustomLayout"},
                                              {"run_presets", "UseRamulatorTrace"}};
    const entry *e = find(all, "sparsity", "SparsitySupport");

    if (is_on(e))
        return vsh_fail(err, VSH_EINPUT,
                        "%s:%lld: SparsitySupport: expected false (sparse filters are not "
                        "counted), found \"%.40s\"",
                        all->source->path, (long long)e->line, e->value);
    for (size_t i = 0; i < sizeof stalling / sizeof *stalling; i++)
        if (is_on(e = find(all, stalling[i][0], stalling[i][1])))
            vsh_text_add(talk, "%s:%lld: %s is ignored: its stalls are not counted\n",
                         all->source->path, (long long)e->line, e->key);
    return VSH_OK;
}

vsh_status sim_scale_config_read(vsh_arena *arena, vsh_lines *source, sim_scale_config *config,
                                 vsh_text *talk, vsh_error *err)
{
    entries *all = vsh_alloc(arena, 1, sizeof *all);

    if (!all)
        return vsh_fail(err, VSH_EMACHINE, "%s: out of memory", source->path);
    *config = (sim_scale_config){0};
    all->source = source;
    VSH_TRY(read_entries(all, err));
    for (int i = 0; i < all->count; i++)
        config->v3 = config->v3 || strcmp(all->entry[i].section, "layout") == 0 ||
                     strcmp(all->entry[i].section, "sparsity") == 0;
    VSH_TRY(read_run_name(all, config, err));
    VSH_TRY(read_numbers(all, config, err));
    VSH_TRY(read_dataflow(all, config, err));
    VSH_TRY(read_mode(all, config, err));
    return check_extras(all, talk, err);
}
