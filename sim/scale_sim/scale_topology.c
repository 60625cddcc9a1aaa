#include "sim/scale_sim/scale_topology.h"

#include <stdbool.h>
#include <string.h>
#include <strings.h>

const char *const sim_scale_input_words[] = {"gemm", "conv", NULL};

enum {
    LAYERS_MAX = 100000, /* a thousand times the deepest published network */
    FIELDS_MAX = 16,
    SIDE_MAX = INT32_MAX,
    NAME_SHOWN = 40
};

typedef struct {
    vsh_arena *arena;
    vsh_lines *source;
    sim_scale_topology *topology;
    vsh_text *talk;
    vsh_error *err;
    char *field[FIELDS_MAX];
    int field_count;
    int64_t layer_room;
    int64_t ignored_line; /* first line whose further columns were ignored, 0 for none */
} reader;

static const char *const gemm_columns[] = {"M", "N", "K"};
static const char *const conv_columns[] = {"IFMAP Height", "IFMAP Width", "Filter Height",
                                           "Filter Width", "Channels",    "Num Filter",
                                           "Strides"};
enum { GEMM_COLUMNS = 3, CONV_COLUMNS = 7 };

/* Fields between commas; the empty one after a comma at the end is none. */
static vsh_status split(reader *r, char *line)
{
    r->field_count = 0;
    for (char *comma; line; line = comma) {
        if ((comma = strchr(line, ',')))
            *comma++ = '\0';
        line = vsh_trim(line);
        if (!comma && *line == '\0')
            break;
        if (r->field_count == FIELDS_MAX)
            return vsh_fail(r->err, VSH_EINPUT, "%s:%lld: expected at most %d columns, found more",
                            r->source->path, (long long)r->source->line, FIELDS_MAX);
        r->field[r->field_count++] = line;
    }
    return VSH_OK;
}

static bool header_says_gemm(const reader *r)
{
    for (int i = 0; i < GEMM_COLUMNS; i++)
        if (i + 1 >= r->field_count || strcasecmp(r->field[i + 1], gemm_columns[i]) != 0)
            return false;
    return true;
}

/* The tool skips the first line whatever it says, and with it a layer. */
static vsh_status check_header(const reader *r)
{
    int64_t number;

    if (r->field_count > 1 && vsh_parse_integer(r->field[1], &number))
        return vsh_fail(
            r->err, VSH_EINPUT,
            "%s:%lld: expected a header such as \"Layer, M, N, K,\", found layer \"%.*s\"",
            r->source->path, (long long)r->source->line, NAME_SHOWN, r->field[0]);
    return VSH_OK;
}

static vsh_status read_sides(const reader *r, const char *const *columns, int count, int64_t *side)
{
    long long line = (long long)r->source->line;

    if (r->field_count < count + 1)
        return vsh_fail(r->err, VSH_EINPUT,
                        "%s:%lld: expected a name and %d columns (%s to %s), found %d",
                        r->source->path, line, count, columns[0], columns[count - 1],
                        r->field_count > 0 ? r->field_count - 1 : 0);
    for (int i = 0; i < count; i++) {
        const char *text = r->field[i + 1];
        if (!vsh_parse_integer(text, &side[i]) || side[i] < 1 || side[i] > SIDE_MAX)
            return vsh_fail(r->err, VSH_EINPUT,
                            "%s:%lld: %s: expected a whole number from 1 to %d, found \"%.40s\"",
                            r->source->path, line, columns[i], SIDE_MAX, text);
    }
    return VSH_OK;
}

static void ignore_from(reader *r, int field)
{
    if (r->field_count > field && r->ignored_line == 0)
        r->ignored_line = r->source->line;
}

static vsh_status add_layer(reader *r, const sim_scale_layer *layer)
{
    sim_scale_topology *t = r->topology;
    sim_scale_layer *grown;

    if (t->layer_count == LAYERS_MAX)
        return vsh_fail(r->err, VSH_EINPUT, "%s:%lld: expected at most %d layers, found more",
                        t->path, (long long)layer->line, LAYERS_MAX);
    grown = vsh_grow(r->arena, t->layer, t->layer_count, &r->layer_room, sizeof *grown);
    if (!grown)
        return vsh_fail(r->err, VSH_EMACHINE, "%s: out of memory", t->path);
    t->layer = grown;
    t->layer[t->layer_count++] = *layer;
    return VSH_OK;
}

/* A product is to the tool the convolution of an M x K map with a filter of one whole row. */
static vsh_status read_gemm(reader *r)
{
    int64_t side[GEMM_COLUMNS];

    VSH_TRY(read_sides(r, gemm_columns, GEMM_COLUMNS, side));
    ignore_from(r, GEMM_COLUMNS + 1);
    return add_layer(r, &(sim_scale_layer){.name = r->field[0],
                                           .line = r->source->line,
                                           .height = side[0],
                                           .width = side[2],
                                           .channels = 1,
                                           .filter_height = 1,
                                           .filter_width = side[2],
                                           .stride_height = 1,
                                           .stride_width = 1,
                                           .out_height = side[0],
                                           .out_width = 1,
                                           .m = side[0],
                                           .n = side[1],
                                           .k = side[2]});
}

/* The tool's number of outputs is ceil((side - filter + stride) / stride): with a stride that does
 * not divide, the last window hangs over the edge of the map, and its words there are not read. */
static int64_t outputs(int64_t side, int64_t filter, int64_t stride)
{
    return (side - filter + stride + stride - 1) / stride;
}

/* DP layers: `channels` layers of one channel each. */
static vsh_status add_depthwise(reader *r, sim_scale_layer *layer, int64_t channels)
{
    const char *name = layer->name;

    if (channels > LAYERS_MAX)
        return vsh_fail(r->err, VSH_EINPUT,
                        "%s:%lld: Channels: expected at most %d layers, found %lld",
                        r->source->path, (long long)layer->line, LAYERS_MAX, (long long)channels);
    for (int64_t i = 0; i < channels; i++) {
        vsh_text text = {.arena = r->arena};
        vsh_text_add(&text, "%.200sChannel_%lld", name, (long long)i);
        if (text.failed)
            return vsh_fail(r->err, VSH_EMACHINE, "%s: out of memory", r->source->path);
        layer->name = vsh_text_string(&text);
        VSH_TRY(add_layer(r, layer));
    }
    return VSH_OK;
}

/* One stride for both directions, or two. In place of the second there may be a ratio N:M, sparsity
 * of version 3, or words that the tool drops, as it drops all that follows the last comma ("#dw").
 */
static vsh_status read_width_stride(reader *r, int64_t *stride)
{
    static const char *const column[] = {"Stride Width"};
    const char *text = r->field_count > CONV_COLUMNS + 1 ? r->field[CONV_COLUMNS + 1] : "";
    reader one = *r;

    if (!strchr("+-.0123456789", *text) || strchr(text, ':') || *text == '\0') {
        if (*text && strcmp(text, "1:1") != 0)
            ignore_from(r, CONV_COLUMNS + 1);
        ignore_from(r, CONV_COLUMNS + 2);
        return VSH_OK;
    }
    one.field[1] = r->field[CONV_COLUMNS + 1];
    one.field_count = 2;
    ignore_from(r, CONV_COLUMNS + 2);
    return read_sides(&one, column, 1, stride);
}

static vsh_status read_conv(reader *r)
{
    int64_t side[CONV_COLUMNS], stride_width;
    bool depthwise = strstr(r->field[0], "DP") != NULL;
    sim_scale_layer layer;

    VSH_TRY(read_sides(r, conv_columns, CONV_COLUMNS, side));
    stride_width = side[6];
    VSH_TRY(read_width_stride(r, &stride_width));
    for (int i = 0; i < 2; i++)
        if (side[2 + i] > side[i])
            return vsh_fail(r->err, VSH_EINPUT,
                            "%s:%lld: %s: expected at most %s (%lld), found %lld", r->source->path,
                            (long long)r->source->line, conv_columns[2 + i], conv_columns[i],
                            (long long)side[i], (long long)side[2 + i]);
    layer = (sim_scale_layer){.name = r->field[0],
                              .line = r->source->line,
                              .height = side[0],
                              .width = side[1],
                              .channels = depthwise ? 1 : side[4],
                              .filter_height = side[2],
                              .filter_width = side[3],
                              .stride_height = side[6],
                              .stride_width = stride_width,
                              .out_height = outputs(side[0], side[2], side[6]),
                              .out_width = outputs(side[1], side[3], stride_width),
                              .n = side[5]};
    if (__builtin_mul_overflow(layer.out_height, layer.out_width, &layer.m) ||
        __builtin_mul_overflow(layer.filter_height * layer.filter_width, layer.channels, &layer.k))
        return vsh_fail(r->err, VSH_EINPUT,
                        "%s:%lld: expected a layer whose counts fit 63 bits, found a larger one",
                        r->source->path, (long long)layer.line);
    return depthwise ? add_depthwise(r, &layer, side[4]) : add_layer(r, &layer);
}

static vsh_status read_rows(reader *r, sim_scale_input input)
{
    bool first = true;
    char *line;

    while ((line = vsh_lines_next(r->source))) {
        if (first && *line == '\0')
            return vsh_fail(
                r->err, VSH_EINPUT,
                "%s:%lld: expected a header such as \"Layer, M, N, K,\", found an empty line",
                r->source->path, (long long)r->source->line);
        if (*line == '\0')
            continue;
        VSH_TRY(split(r, line));
        if (first) {
            first = false;
            VSH_TRY(check_header(r));
            if (input == SIM_SCALE_BY_HEADER)
                input = header_says_gemm(r) ? SIM_SCALE_GEMM : SIM_SCALE_CONV;
            r->topology->input = input;
            continue;
        }
        if (r->field_count == 0)
            return vsh_fail(r->err, VSH_EINPUT, "%s:%lld: expected a layer, found only commas",
                            r->source->path, (long long)r->source->line);
        VSH_TRY(input == SIM_SCALE_GEMM ? read_gemm(r) : read_conv(r));
    }
    return VSH_OK;
}

vsh_status sim_scale_topology_read(vsh_arena *arena, vsh_lines *source, sim_scale_input input,
                                   sim_scale_topology *topology, vsh_text *talk, vsh_error *err)
{
    reader r = {.arena = arena, .source = source, .topology = topology, .talk = talk, .err = err};

    *topology = (sim_scale_topology){.path = source->path};
    VSH_TRY(read_rows(&r, input));
    if (topology->layer_count == 0)
        return vsh_fail(err, VSH_EINPUT,
                        "%s:%lld: expected a header and at least one layer, found none",
                        source->path, (long long)source->line);
    if (r.ignored_line)
        vsh_text_add(talk, "%s:%lld: columns after %s are ignored (sparsity, batches, remarks)\n",
                     source->path, (long long)r.ignored_line,
                     topology->input == SIM_SCALE_GEMM ? "K" : "the strides");
    return VSH_OK;
}
