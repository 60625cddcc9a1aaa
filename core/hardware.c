#include "core/hardware.h"

#include <assert.h>
#include <math.h>
#include <stddef.h>
#include <string.h>

const char *const vsh_hardware_kind_words[] = {"tpu", "gpu", "cpu", NULL};
const char *const vsh_topology_words[] = {"none", "ring", "torus2d", "torus3d", "switch", NULL};

typedef struct {
    const char *name, *note;
    int kind;
    const char *default_scenario;
    vsh_figure vector;
    const vsh_node *peak, *products, *memory, *scratchpad, *matrix, *kernel, *network, *power, *price, *scenarios, *stacks;
} profile_nodes;

#define NODE(field) offsetof(profile_nodes, field)

static const vsh_field profile_fields[] = {
    {"name", VSH_FIELD_TEXT, NODE(name), true},
    {"note", VSH_FIELD_TEXT, NODE(note)},
    {"kind", VSH_FIELD_WORD, NODE(kind), true, .words = vsh_hardware_kind_words},
    {"peak", VSH_FIELD_NODE, NODE(peak), true},
    {"products", VSH_FIELD_NODE, NODE(products)},
    {"vector", VSH_FIELD_FIGURE, NODE(vector), false, 1e6, 1e21, VSH_DIM_FLOP_RATE},
    {"memory", VSH_FIELD_NODE, NODE(memory), true},
    {"scratchpad", VSH_FIELD_NODE, NODE(scratchpad)},
    {"matrix", VSH_FIELD_NODE, NODE(matrix)},
    {"kernel", VSH_FIELD_NODE, NODE(kernel)},
    {"network", VSH_FIELD_NODE, NODE(network)},
    {"power", VSH_FIELD_NODE, NODE(power)},
    {"price", VSH_FIELD_NODE, NODE(price)},
    {"scenarios", VSH_FIELD_NODE, NODE(scenarios)},
    {"stacks", VSH_FIELD_NODE, NODE(stacks)},
    {"default_scenario", VSH_FIELD_TEXT, NODE(default_scenario)},
    {NULL}};

#define FIGURE(key, field, dimension, least, most, needed)                                         \
    {key, VSH_FIELD_FIGURE, offsetof(vsh_hardware, field), needed, least, most, dimension}

static const vsh_field peak_fields[] = {
    FIGURE("fp32", peak[VSH_FP32], VSH_DIM_FLOP_RATE, 1e6, 1e21, false),
    FIGURE("bf16", peak[VSH_BF16], VSH_DIM_FLOP_RATE, 1e6, 1e21, false),
    FIGURE("fp16", peak[VSH_FP16], VSH_DIM_FLOP_RATE, 1e6, 1e21, false),
    FIGURE("fp8", peak[VSH_FP8], VSH_DIM_FLOP_RATE, 1e6, 1e21, false),
    FIGURE("int8", peak[VSH_INT8], VSH_DIM_FLOP_RATE, 1e6, 1e21, false),
    {NULL}};
static const vsh_field products_fields[] = {
    FIGURE("fp32", products[VSH_FP32], VSH_DIM_FLOP_RATE, 1e6, 1e21, false),
    FIGURE("bf16", products[VSH_BF16], VSH_DIM_FLOP_RATE, 1e6, 1e21, false),
    FIGURE("fp16", products[VSH_FP16], VSH_DIM_FLOP_RATE, 1e6, 1e21, false),
    FIGURE("fp8", products[VSH_FP8], VSH_DIM_FLOP_RATE, 1e6, 1e21, false),
    FIGURE("int8", products[VSH_INT8], VSH_DIM_FLOP_RATE, 1e6, 1e21, false),
    {NULL}};
static const vsh_field memory_fields[] = {
    FIGURE("capacity", memory_bytes, VSH_DIM_BYTES, 1e6, 1e18, true),
    FIGURE("bandwidth", memory_rate, VSH_DIM_BYTE_RATE, 1e6, 1e18, true),
    FIGURE("efficiency", memory_efficiency, VSH_DIM_NUMBER, 0.01, 1, false),
    FIGURE("latency", memory_latency, VSH_DIM_SECONDS, 0, 1, false),
    FIGURE("cache", cache_bytes, VSH_DIM_BYTES, 1, 1e15, false),
    {NULL}};
static const vsh_field scratchpad_fields[] = {
    FIGURE("capacity", scratchpad_bytes, VSH_DIM_BYTES, 1, 1e15, true), {NULL}};
static const vsh_field matrix_fields[] = {
    FIGURE("units", matrix_units, VSH_DIM_NUMBER, 1, 16384, true),
    FIGURE("rows", matrix_rows, VSH_DIM_NUMBER, 1, 65536, true),
    FIGURE("cols", matrix_cols, VSH_DIM_NUMBER, 1, 65536, true),
    FIGURE("clock", matrix_clock, VSH_DIM_HERTZ, 1e6, 1e12, true),
    FIGURE("cores", matrix_cores, VSH_DIM_NUMBER, 1, 1e6, false),
    FIGURE("load", matrix_load, VSH_DIM_NUMBER, 0, 1e6, false),
    FIGURE("latency", matrix_latency, VSH_DIM_NUMBER, 0, 1e6, false),
    FIGURE("near_latency", matrix_near, VSH_DIM_NUMBER, 0, 1e6, false),
    FIGURE("bubble", matrix_bubble, VSH_DIM_NUMBER, 0, 1e6, false),
    FIGURE("transpose", matrix_transpose, VSH_DIM_NUMBER, 0, 1e6, false),
    FIGURE("stream", matrix_stream, VSH_DIM_NUMBER, 1, 1e9, false),
    FIGURE("group", matrix_group, VSH_DIM_NUMBER, 1, 1e6, false),
    FIGURE("results", results, VSH_DIM_NUMBER, 1, 1e9, false),
    FIGURE("operands", operands, VSH_DIM_NUMBER, 1, 1e6, false),
    FIGURE("efficiency", matrix_efficiency, VSH_DIM_NUMBER, 0.01, 1, false),
    {NULL}};
static const vsh_field kernel_fields[] = {
    FIGURE("overhead", kernel_overhead, VSH_DIM_NUMBER, 0, 1e6, false),
    FIGURE("step", kernel_step, VSH_DIM_SECONDS, 0, 1, false),
    FIGURE("dispatch", kernel_dispatch, VSH_DIM_SECONDS, 0, 1, false),
    FIGURE("attention", kernel_attention, VSH_DIM_NUMBER, 0.01, 1, false),
    {NULL}};
static const vsh_field network_fields[] = {
    {"topology", VSH_FIELD_WORD, offsetof(vsh_hardware, topology), true,
     .words = vsh_topology_words},
    FIGURE("wrap_at", wrap_at, VSH_DIM_NUMBER, 2, 65536, false),
    FIGURE("group", group, VSH_DIM_NUMBER, 1, 1e7, false),
    FIGURE("link_bandwidth", link_rate, VSH_DIM_BYTE_RATE, 1e6, 1e15, true),
    FIGURE("inter_bandwidth", inter_rate, VSH_DIM_BYTE_RATE, 1e6, 1e15, false),
    FIGURE("latency", link_latency, VSH_DIM_SECONDS, 0, 1, true),
    FIGURE("efficiency", link_efficiency, VSH_DIM_NUMBER, 0.01, 1, false),
    FIGURE("inter_efficiency", inter_efficiency, VSH_DIM_NUMBER, 0.01, 1, false),
    FIGURE("inter_latency", inter_latency, VSH_DIM_SECONDS, 0, 1, false),
    FIGURE("host_bandwidth", host_rate, VSH_DIM_BYTE_RATE, 1e6, 1e15, false),
    FIGURE("launch", collective_launch, VSH_DIM_SECONDS, 0, 1, false),
    {NULL}};
static const vsh_field power_fields[] = {
    FIGURE("chip", power_chip, VSH_DIM_WATTS, 1e-3, 1e6, true),
    FIGURE("host_share", power_host, VSH_DIM_WATTS, 0, 1e6, false),
    {NULL}};
static const vsh_field price_fields[] = {
    FIGURE("on_demand", price, VSH_DIM_USD_RATE, 0, 1e6, true), {NULL}};

static const vsh_field scenario_fields[] = {
    {"effective", VSH_FIELD_FIGURE, offsetof(vsh_scenario, effective), false, 1e6, 1e21,
     VSH_DIM_FLOP_RATE},
    {"mfu", VSH_FIELD_FIGURE, offsetof(vsh_scenario, mfu), false, 1e-4, 1, VSH_DIM_NUMBER},
    {NULL}};

static vsh_status read_scenarios(const vsh_doc *doc, const profile_nodes *nodes,
                                 vsh_hardware *hardware, vsh_error *err)
{
    const vsh_node *map = nodes->scenarios;

    if (!map)
        return VSH_OK;
    if (map->kind != VSH_NODE_MAP)
        return vsh_doc_expected(doc, map, err, "a map of scenarios");
    for (const vsh_node *child = map->first; child; child = child->next) {
        vsh_scenario *scenario = &hardware->scenario[hardware->scenario_count];
        if (hardware->scenario_count == VSH_SCENARIOS_MAX)
            return vsh_doc_wrong(doc, child, err, "more than %d scenarios", VSH_SCENARIOS_MAX);
        scenario->name = child->key;
        VSH_TRY(vsh_fields_read(doc, child, scenario_fields, true, scenario, err));
        if (scenario->effective.known == scenario->mfu.known)
            return vsh_doc_wrong(doc, child, err,
                                 "expected either effective: RATE or mfu: SHARE");
        hardware->scenario_count++;
    }
    return VSH_OK;
}

/* ---- stacks -------------------------------------------------------------------------------- */

#define STACK_LIST(FIGURE)                                                                         \
    FIGURE(0, "matrix", VSH_DIM_NUMBER, 0.01, 1)                                                   \
    FIGURE(1, "memory", VSH_DIM_NUMBER, 0.01, 1)                                                   \
    FIGURE(2, "attention", VSH_DIM_NUMBER, 0.01, 1)                                                \
    FIGURE(3, "dispatch", VSH_DIM_SECONDS, 0, 1)                                                   \
    FIGURE(4, "link_fast", VSH_DIM_NUMBER, 0.01, 1)                                                \
    FIGURE(5, "link_slow", VSH_DIM_NUMBER, 0.01, 1)                                                \
    FIGURE(6, "overlap", VSH_DIM_NUMBER, 0, 1)                                                     \
    FIGURE(7, "wait", VSH_DIM_SECONDS, 0, 1)                                                       \
    FIGURE(8, "blend", VSH_DIM_NUMBER, 0, 1)
#define STACK_FIELD(i, name, dimension, least, most)                                               \
    {name, VSH_FIELD_FIGURE, offsetof(vsh_stack_figures, figure[i]), false, least, most, dimension},
#define STACK_NAME(i, name, dimension, least, most) name,

static const vsh_field stack_fields[] = {
    STACK_LIST(STACK_FIELD)
    {"spread", VSH_FIELD_FIGURE, offsetof(vsh_stack_figures, spread), false, 0, 10, VSH_DIM_NUMBER},
    {"measured", VSH_FIELD_TEXT, offsetof(vsh_stack_figures, measured)},
    {NULL}};
const char *const vsh_stack_figure_names[VSH_STACK_FIGURES + 1] = {STACK_LIST(STACK_NAME) NULL};

static vsh_status read_stacks(const vsh_doc *doc, const vsh_node *map, vsh_hardware *hardware,
                              vsh_error *err)
{
    if (!map)
        return VSH_OK;
    if (map->kind != VSH_NODE_MAP)
        return vsh_doc_expected(doc, map, err, "a map of stacks");
    for (const vsh_node *child = map->first; child; child = child->next) {
        if (hardware->stack_count == VSH_STACKS_MAX)
            return vsh_doc_wrong(doc, child, err, "more than %d stacks", VSH_STACKS_MAX);
        if (strcmp(child->key, "none") == 0)
            return vsh_doc_wrong(doc, child, err, "expected a name other than none");
        hardware->stack[hardware->stack_count].name = child->key;
        VSH_TRY(vsh_fields_read(doc, child, stack_fields, true,
                                &hardware->stack[hardware->stack_count++], err));
    }
    return VSH_OK;
}

/* -------------------------------------------------------------------------------------------- */

static vsh_status choose_scenario(const vsh_doc *doc, const profile_nodes *nodes,
                                  vsh_hardware *hardware, vsh_error *err)
{
    const char *names[VSH_SCENARIOS_MAX];
    char suggestion[160];

    if (!nodes->default_scenario)
        return VSH_OK;
    for (int i = 0; i < hardware->scenario_count; i++) {
        names[i] = hardware->scenario[i].name;
        if (strcmp(names[i], nodes->default_scenario) == 0) {
            hardware->default_scenario = i;
            return VSH_OK;
        }
    }
    vsh_suggest(suggestion, sizeof suggestion, nodes->default_scenario, names,
                (size_t)hardware->scenario_count);
    return vsh_doc_wrong(doc, vsh_node_get(doc->root, "default_scenario"), err,
                         "no scenario \"%.60s\"%s", nodes->default_scenario, suggestion);
}

static vsh_status check_profile(const vsh_doc *doc, const vsh_hardware *h, vsh_error *err)
{
    for (int i = 0; i < h->scenario_count; i++) {
        double best = 0;
        for (int p = 0; p < VSH_PRECISION_COUNT; p++)
            if (h->peak[p].known && h->peak[p].value > best)
                best = h->peak[p].value;
        if (h->scenario[i].effective.known && h->scenario[i].effective.value > best)
            return vsh_doc_wrong(doc, vsh_node_get(doc->root, "scenarios"), err,
                                 "%.60s: the effective rate is above every peak of the chip",
                                 h->scenario[i].name);
    }
    for (int p = 0; p <= VSH_FP16; p++)
        if (h->peak[p].known)
            return VSH_OK;
    return vsh_doc_wrong(doc, vsh_node_get(doc->root, "peak"), err,
                         "expected a peak for at least one of fp32, bf16 and fp16");
}

vsh_status vsh_hardware_from_doc(const vsh_doc *doc, vsh_hardware *hardware, vsh_error *err)
{
    profile_nodes nodes = {0};

    assert(doc && hardware);
    if (doc->root->kind != VSH_NODE_MAP)
        return vsh_doc_expected(doc, doc->root, err, "a profile: a map of keys such as peak and memory");
    VSH_TRY(vsh_fields_read(doc, doc->root, profile_fields, true, &nodes, err));
    *hardware = (vsh_hardware){.path = doc->path,
                               .name = nodes.name,
                               .note = nodes.note,
                               .kind = nodes.kind,
                               .vector = nodes.vector};
    const struct {
        const vsh_node *node;
        const vsh_field *fields;
    } parts[] = {{nodes.peak, peak_fields},         {nodes.memory, memory_fields},
                 {nodes.scratchpad, scratchpad_fields}, {nodes.matrix, matrix_fields},
                 {nodes.network, network_fields},   {nodes.power, power_fields},
                 {nodes.price, price_fields},        {nodes.products, products_fields},
                 {nodes.kernel, kernel_fields}};
    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++)
        if (parts[i].node)
            VSH_TRY(vsh_fields_read(doc, parts[i].node, parts[i].fields, true, hardware, err));
    VSH_TRY(read_scenarios(doc, &nodes, hardware, err));
    VSH_TRY(read_stacks(doc, nodes.stacks, hardware, err));
    VSH_TRY(choose_scenario(doc, &nodes, hardware, err));
    return check_profile(doc, hardware, err);
}

vsh_status vsh_hardware_read(vsh_arena *arena, const char *path, vsh_hardware *hardware,
                             vsh_error *err)
{
    vsh_doc doc;

    VSH_TRY(vsh_doc_read(arena, path, &doc, err));
    return vsh_hardware_from_doc(&doc, hardware, err);
}

const vsh_figure *vsh_hardware_peak(const vsh_hardware *hardware, vsh_precision precision,
                                    vsh_precision *used)
{
    static const vsh_precision nearest[VSH_PRECISION_COUNT][4] = {
        [VSH_FP32] = {VSH_FP32, VSH_BF16, VSH_FP16, VSH_FP32},
        [VSH_BF16] = {VSH_BF16, VSH_FP16, VSH_FP32, VSH_FP32},
        [VSH_FP16] = {VSH_FP16, VSH_BF16, VSH_FP32, VSH_FP32},
        [VSH_FP8] = {VSH_FP8, VSH_BF16, VSH_FP16, VSH_FP32},
        [VSH_INT8] = {VSH_INT8, VSH_BF16, VSH_FP16, VSH_FP32}};

    for (int i = 0; i < 4; i++) {
        *used = nearest[precision][i];
        if (hardware->peak[*used].known)
            return &hardware->peak[*used];
    }
    assert(!"a profile without any peak");
    return NULL;
}

vsh_byte_rate vsh_hardware_memory_rate(const vsh_hardware *hardware)
{
    return (vsh_byte_rate){hardware->memory_rate.value *
                           vsh_figure_or(&hardware->memory_efficiency, 1)};
}

const vsh_figure *vsh_hardware_matrix_roof(const vsh_hardware *hardware, vsh_precision precision)
{
    vsh_precision used;

    if (hardware->products[precision].known)
        return &hardware->products[precision];
    return vsh_hardware_peak(hardware, precision, &used);
}

const vsh_figure *vsh_scenario_figure(const vsh_scenario *scenario)
{
    return scenario->mfu.known ? &scenario->mfu : &scenario->effective;
}

vsh_flop_rate vsh_scenario_rate(const vsh_hardware *hardware, const vsh_scenario *scenario,
                                vsh_precision precision)
{
    vsh_precision used;
    double peak = vsh_hardware_peak(hardware, precision, &used)->value;
    double sixteen_bit = vsh_hardware_peak(hardware, VSH_BF16, &used)->value;
    double stated = vsh_scenario_figure(scenario)->value;
    double share = scenario->mfu.known ? stated : stated / sixteen_bit;

    return (vsh_flop_rate){share * fmin(peak, sixteen_bit)};
}

int vsh_hardware_rows(const vsh_hardware *h, vsh_hardware_row rows[VSH_HARDWARE_ROWS])
{
    const vsh_hardware_row all[] = {
        {"peak.fp32", "TFLOP/s", 1e12, &h->peak[VSH_FP32]},
        {"peak.bf16", "TFLOP/s", 1e12, &h->peak[VSH_BF16]},
        {"peak.fp16", "TFLOP/s", 1e12, &h->peak[VSH_FP16]},
        {"peak.fp8", "TFLOP/s", 1e12, &h->peak[VSH_FP8]},
        {"peak.int8", "TOP/s", 1e12, &h->peak[VSH_INT8]},
        {"products.fp32", "TFLOP/s", 1e12, &h->products[VSH_FP32]},
        {"products.bf16", "TFLOP/s", 1e12, &h->products[VSH_BF16]},
        {"products.fp16", "TFLOP/s", 1e12, &h->products[VSH_FP16]},
        {"products.fp8", "TFLOP/s", 1e12, &h->products[VSH_FP8]},
        {"products.int8", "TOP/s", 1e12, &h->products[VSH_INT8]},
        {"vector", "TFLOP/s", 1e12, &h->vector},
        {"memory.capacity", "GB", 1e9, &h->memory_bytes},
        {"memory.bandwidth", "GB/s", 1e9, &h->memory_rate},
        {"memory.efficiency", "", 1, &h->memory_efficiency},
        {"memory.latency", "ns", 1e-9, &h->memory_latency},
        {"memory.cache", "MiB", 1048576, &h->cache_bytes},
        {"scratchpad.capacity", "MiB", 1048576, &h->scratchpad_bytes},
        {"matrix.units", "", 1, &h->matrix_units},
        {"matrix.rows", "", 1, &h->matrix_rows},
        {"matrix.cols", "", 1, &h->matrix_cols},
        {"matrix.clock", "GHz", 1e9, &h->matrix_clock},
        {"matrix.cores", "", 1, &h->matrix_cores},
        {"matrix.load", "cycles", 1, &h->matrix_load},
        {"matrix.latency", "cycles", 1, &h->matrix_latency},
        {"matrix.near_latency", "cycles", 1, &h->matrix_near},
        {"matrix.bubble", "cycles", 1, &h->matrix_bubble},
        {"matrix.transpose", "cycles", 1, &h->matrix_transpose},
        {"matrix.stream", "rows", 1, &h->matrix_stream},
        {"matrix.group", "rows", 1, &h->matrix_group},
        {"matrix.results", "a cycle", 1, &h->results},
        {"matrix.operands", "B a cycle", 1, &h->operands},
        {"matrix.efficiency", "", 1, &h->matrix_efficiency},
        {"kernel.overhead", "cycles", 1, &h->kernel_overhead},
        {"kernel.step", "us", 1e-6, &h->kernel_step},
        {"kernel.dispatch", "us", 1e-6, &h->kernel_dispatch},
        {"kernel.attention", "", 1, &h->kernel_attention},
        {"network.wrap_at", "chips", 1, &h->wrap_at},
        {"network.group", "chips", 1, &h->group},
        {"network.link_bandwidth", "GB/s", 1e9, &h->link_rate},
        {"network.inter_bandwidth", "GB/s", 1e9, &h->inter_rate},
        {"network.latency", "us", 1e-6, &h->link_latency},
        {"network.efficiency", "", 1, &h->link_efficiency},
        {"network.inter_efficiency", "", 1, &h->inter_efficiency},
        {"network.inter_latency", "us", 1e-6, &h->inter_latency},
        {"network.host_bandwidth", "GB/s", 1e9, &h->host_rate},
        {"network.launch", "us", 1e-6, &h->collective_launch},
        {"power.chip", "W", 1, &h->power_chip},
        {"power.host_share", "W", 1, &h->power_host},
        {"price.on_demand", "USD/h", 1, &h->price},
    };
    int count = 0;

    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++)
        if (all[i].figure->known)
            rows[count++] = all[i];
    return count;
}
