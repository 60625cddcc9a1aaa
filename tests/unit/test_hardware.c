#include "core/hardware.h"

#include <dirent.h>
#include <stdio.h>
#include <string.h>

#include "core/library.h"
#include "tests/harness.h"

const char vsh_suite[] = "hardware";

static const char small[] = "name: x\nkind: gpu\npeak: {bf16: 100 TFLOP/s}\n"
                            "memory: {capacity: 16 GB, bandwidth: 1 TB/s}\n";

static vsh_error err;

static vsh_status read_text(const char *text, vsh_hardware *hardware)
{
    vsh_doc doc = vsh_test_doc(text);

    err.text[0] = '\0';
    return vsh_hardware_from_doc(&doc, hardware, &err);
}

/* The small profile with lines added. */
static vsh_status read_with(const char *lines, vsh_hardware *hardware)
{
    vsh_text text = {.arena = vsh_test_arena()};

    vsh_text_add(&text, "%s%s\n", small, lines);
    return read_text(vsh_text_string(&text), hardware);
}

static void check_refused(const char *lines, const char *message)
{
    vsh_hardware hardware;

    CHECK_FAILS(read_with(lines, &hardware), &err, VSH_EINPUT, message);
}

/* ---- what ships ------------------------------------------------------------------------------ */

/* Calls check on every profile of the shelf; returns how many there are. */
static int for_each_profile(void (*check)(const char *name, const vsh_hardware *hardware))
{
    const char *names[VSH_LIBRARY_NAMES];
    vsh_library library = {{"."}};
    size_t count = 0;

    REQUIRE_OK(vsh_library_list(vsh_test_arena(), &library, "hwprofiles", names, &count, &err),
               &err);
    for (size_t i = 0; i < count; i++) {
        static vsh_hardware hardware;
        char path[200];
        snprintf(path, sizeof path, "hwprofiles/%s.yaml", names[i]);
        REQUIRE_OK(vsh_hardware_read(vsh_test_arena(), path, &hardware, &err), &err);
        check(names[i], &hardware);
    }
    return (int)count;
}

static void check_origin(const char *name, const char *what, const vsh_figure *figure)
{
    bool complete = figure->source && *figure->source && figure->date && *figure->date &&
                    figure->tag != VSH_TAG_UNKNOWN;

    if (!complete)
        fprintf(stderr, "%s: %s has no source, date or tag\n", name, what);
    CHECK(complete);
    CHECK(figure->low <= figure->value && figure->value <= figure->high);
}

static void check_figures(const char *name, const vsh_hardware *hardware)
{
    vsh_hardware_row rows[VSH_HARDWARE_ROWS];
    int count = vsh_hardware_rows(hardware, rows);

    CHECK(count >= 4 && count <= VSH_HARDWARE_ROWS);
    for (int i = 0; i < count; i++)
        check_origin(name, rows[i].name, rows[i].figure);
    for (int i = 0; i < hardware->scenario_count; i++) {
        const vsh_scenario *s = &hardware->scenario[i];
        check_origin(name, s->name, s->mfu.known ? &s->mfu : &s->effective);
    }
}

static void every_figure_that_ships_has_source_date_and_tag(void)
{
    CHECK(for_each_profile(check_figures) >= 20);
}

static void check_use(const char *name, const vsh_hardware *hardware)
{
    vsh_precision used;

    CHECK(hardware->name && *hardware->name);
    CHECK_HAS(hardware->path, name);
    CHECK(hardware->memory_bytes.known && hardware->memory_rate.known);
    for (int p = 0; p < VSH_PRECISION_COUNT; p++) {
        const vsh_figure *peak = vsh_hardware_peak(hardware, (vsh_precision)p, &used);
        REQUIRE(peak != NULL);
        CHECK(peak->known && peak->value > 0);
        CHECK(hardware->peak[used].known);
    }
    CHECK(hardware->default_scenario >= 0 &&
          (hardware->scenario_count == 0 || hardware->default_scenario < hardware->scenario_count));
}

static void every_profile_that_ships_can_be_planned_with(void)
{
    CHECK(for_each_profile(check_use) >= 20);
}

/* Matrix units x rows x cols x 2 x clock is the bf16 peak of the same page, within a rounding of
 * the published figures. */
static void check_matrix(const char *name, const vsh_hardware *h)
{
    vsh_precision used;
    double units, peak = vsh_hardware_peak(h, VSH_BF16, &used)->value;

    if (!h->matrix_units.known)
        return;
    units = 2 * h->matrix_units.value * h->matrix_rows.value * h->matrix_cols.value *
            h->matrix_clock.value;
    if (!(units > 0.9 * peak && units < 1.12 * peak))
        fprintf(stderr, "%s: matrix units make %.3g FLOP/s, the peak is %.3g\n", name, units, peak);
    CHECK(units > 0.9 * peak && units < 1.12 * peak);
}

static void matrix_units_times_clock_make_the_peak(void) { for_each_profile(check_matrix); }

static void every_file_of_the_shelf_is_a_profile(void)
{
    DIR *folder = opendir("hwprofiles");
    const struct dirent *entry;

    REQUIRE(folder != NULL);
    while ((entry = readdir(folder)))
        if (entry->d_name[0] != '.')
            CHECK_HAS(entry->d_name, ".yaml");
    closedir(folder);
}

/* The contract's own example, and the figures its text relies on. */
static void the_tpu_v5e_is_the_one_of_the_contract(void)
{
    static vsh_hardware h;

    REQUIRE_OK(vsh_hardware_read(vsh_test_arena(), "hwprofiles/tpu-v5e.yaml", &h, &err), &err);
    CHECK_TEXT(h.name, "TPU v5e");
    CHECK_INT(h.kind, VSH_TPU);
    CHECK_NEAR(h.peak[VSH_BF16].value, 197e12, 0, 0);
    CHECK_NEAR(h.peak[VSH_INT8].value, 393e12, 0, 0);
    CHECK_NEAR(h.memory_bytes.value, 16e9, 0, 0);
    CHECK_NEAR(h.memory_rate.value, 819e9, 0, 0);
    CHECK_NEAR(h.scratchpad_bytes.value, 134217728, 0, 0);
    CHECK_NEAR(h.link_rate.value, 45e9, 0, 0); /* one way, a link: never 1600 Gbps */
    CHECK_NEAR(h.link_latency.value, 1e-6, 0, 0);
    CHECK_INT(h.topology, VSH_TOPOLOGY_TORUS2D);
    CHECK_NEAR(h.wrap_at.value, 16, 0, 0);
    CHECK_NEAR(h.power_chip.value + h.power_host.value, 260, 0, 0);
    CHECK_NEAR(h.price.value, 1.2, 0, 0);
    CHECK_TEXT(h.scenario[h.default_scenario].name, "paper");
    CHECK_NEAR(h.scenario[h.default_scenario].effective.value, 50e12, 0, 0);
}

static void an_80_gb_gpu_has_80_gib(void)
{
    static vsh_hardware h;

    REQUIRE_OK(vsh_hardware_read(vsh_test_arena(), "hwprofiles/h100-sxm.yaml", &h, &err), &err);
    CHECK_NEAR(h.memory_bytes.value, 85899345920, 0, 0);
    REQUIRE_OK(vsh_hardware_read(vsh_test_arena(), "hwprofiles/a100-80gb.yaml", &h, &err), &err);
    CHECK_NEAR(h.memory_bytes.value, 85899345920, 0, 0);
}

/* ---- what is read ---------------------------------------------------------------------------- */

static void a_profile_needs_only_a_peak_and_a_memory(void)
{
    static vsh_hardware h;

    REQUIRE_OK(read_text(small, &h), &err);
    CHECK_NEAR(h.peak[VSH_BF16].value, 100e12, 0, 0);
    CHECK(!h.peak[VSH_FP32].known && !h.vector.known && !h.price.known && !h.power_chip.known);
    CHECK_INT(h.topology, VSH_TOPOLOGY_NONE);
    CHECK_INT(h.scenario_count, 0);
    CHECK_TEXT(h.path, "test.yaml");
}

static void a_profile_may_stand_in_braces(void)
{
    static vsh_hardware h;

    CHECK_OK(read_text("{\"name\":\"x\",\"kind\":\"cpu\",\"peak\":{\"fp32\":1 TFLOP/s},"
                       "\"memory\":{\"capacity\":16 GB,\"bandwidth\":50 GB/s}}",
                       &h),
             &err);
    CHECK_INT(h.kind, VSH_CPU);
}

static void scenarios_are_a_rate_or_a_share_and_the_default_is_found(void)
{
    static vsh_hardware h;

    REQUIRE_OK(read_with("scenarios: {slow: {mfu: 0.25}, fast: {effective: 60 TFLOP/s}}\n"
                         "default_scenario: fast",
                         &h),
               &err);
    CHECK_INT(h.scenario_count, 2);
    CHECK_INT(h.default_scenario, 1);
    CHECK(h.scenario[0].mfu.known && !h.scenario[0].effective.known);
    CHECK_NEAR(h.scenario[0].mfu.value, 0.25, 0, 0);
    CHECK_NEAR(h.scenario[1].effective.value, 60e12, 0, 0);
}

/* 16-bit peak 200, int8 400, fp32 50 TFLOP/s; stated: a share of 0.4 and a rate of 60 TFLOP/s. */
static void a_scenario_is_of_16_bits_and_fp32_is_held_to_its_own_peak(void)
{
    vsh_hardware h = {.peak = {[VSH_BF16] = {.known = true, .value = 200e12},
                               [VSH_INT8] = {.known = true, .value = 400e12},
                               [VSH_FP32] = {.known = true, .value = 50e12}}};
    vsh_scenario share = {.mfu = {.known = true, .value = 0.4}};
    vsh_scenario rate = {.effective = {.known = true, .value = 60e12}};

    CHECK_NEAR(vsh_scenario_rate(&h, &share, VSH_BF16).v, 80e12, 1e-15, 0);
    CHECK_NEAR(vsh_scenario_rate(&h, &share, VSH_INT8).v, 80e12, 1e-15, 0);
    CHECK_NEAR(vsh_scenario_rate(&h, &share, VSH_FP32).v, 20e12, 1e-15, 0);
    CHECK_NEAR(vsh_scenario_rate(&h, &rate, VSH_BF16).v, 60e12, 1e-15, 0);
    CHECK_NEAR(vsh_scenario_rate(&h, &rate, VSH_INT8).v, 60e12, 1e-15, 0);
    CHECK_NEAR(vsh_scenario_rate(&h, &rate, VSH_FP32).v, 15e12, 1e-15, 0);
    CHECK(vsh_scenario_figure(&share) == &share.mfu);
    CHECK(vsh_scenario_figure(&rate) == &rate.effective);
}

/* ---- what is refused ------------------------------------------------------------------------- */

static void wrong_units_are_refused_with_an_example(void)
{
    vsh_hardware h;

    CHECK_FAILS(read_text("name: x\nkind: gpu\npeak: {bf16: 100 TFLOP/s}\n"
                          "memory: {capacity: 16 GB, bandwidth: 3.35 TB}\n",
                          &h),
                &err, VSH_EINPUT,
                "test.yaml:4:38: bandwidth: expected a rate such as \"3.35 TB/s\", got \"3.35 TB\"");
    CHECK_FAILS(read_text("name: x\nkind: gpu\npeak: {bf16: 100 TFLOPS}\n"
                          "memory: {capacity: 16 GB, bandwidth: 1 TB/s}\n",
                          &h),
                &err, VSH_EINPUT, "test.yaml:3:14: bf16: expected a rate such as \"197 TFLOP/s\"");
    check_refused("power: {chip: 200}", "test.yaml:5:15: chip: expected a power");
    check_refused("power: {chip: 200 J}", "chip: expected a power");
    check_refused("price: {on_demand: 1.2}", "on_demand: expected a price such as \"1.20 USD/h\"");
    check_refused("scratchpad: {capacity: 128 Mib}", "capacity: expected a size");
    check_refused("matrix: {units: 4, rows: 128, cols: 128, clock: 1.5}", "clock: expected a clock");
    check_refused("network: {topology: ring, link_bandwidth: 400 Gbps, latency: 1 us}",
                  "link_bandwidth: expected a rate");
    check_refused("network: {topology: ring, link_bandwidth: 50 GB/s, latency: 1}",
                  "latency: expected a time");
}

static void misspelt_keys_are_refused_with_the_nearest(void)
{
    check_refused("powr: {chip: 200 W}", "test.yaml:5:1: unknown key \"powr\"; did you mean power?");
    check_refused("power: {chips: 200 W}",
                  "test.yaml:5:9: unknown key \"chips\"; did you mean chip?");
    check_refused("network: {topolgy: ring, link_bandwidth: 50 GB/s, latency: 1 us}",
                  "unknown key \"topolgy\"; did you mean topology?");
    check_refused("scenarios: {a: {mfuu: 0.4}}", "unknown key \"mfuu\"; did you mean mfu?");
    check_refused("matrix: {unit: 4, rows: 1, cols: 1, clock: 1 GHz}",
                  "unknown key \"unit\"; did you mean units?");
}

static void numbers_that_are_none_are_refused(void)
{
    static const char *const values[] = {"nan",  ".nan",  "inf",     "-inf",    "1e400", "1e-400",
                                         "0x10", "1_000", "80,5",    "\"200 W\"", "null W", "W",
                                         "-200", "0",     "-1e-3",   "[200 W]", "{}",    "true"};
    char line[80];

    for (size_t i = 0; i < sizeof values / sizeof values[0]; i++) {
        bool has_unit = strpbrk(values[i], "W[{\"t") != NULL;
        snprintf(line, sizeof line, "power: {chip: %s%s}", values[i], has_unit ? "" : " W");
        check_refused(line, "test.yaml:5:");
        CHECK_HAS(err.text, "chip: ");
    }
}

static void zero_is_refused_where_it_would_divide(void)
{
    vsh_hardware h;

    CHECK_FAILS(read_text("name: x\nkind: gpu\npeak: {bf16: 0 TFLOP/s}\n"
                          "memory: {capacity: 16 GB, bandwidth: 1 TB/s}\n",
                          &h),
                &err, VSH_EINPUT, "test.yaml:3:14: bf16: ");
    CHECK_FAILS(read_text("name: x\nkind: gpu\npeak: {bf16: 1 TFLOP/s}\n"
                          "memory: {capacity: 16 GB, bandwidth: 0 TB/s}\n",
                          &h),
                &err, VSH_EINPUT, "bandwidth: ");
    CHECK_FAILS(read_text("name: x\nkind: gpu\npeak: {bf16: 1 TFLOP/s}\n"
                          "memory: {capacity: 0 GB, bandwidth: 1 TB/s}\n",
                          &h),
                &err, VSH_EINPUT, "capacity: ");
    check_refused("vector: 0 TFLOP/s", "vector: ");
    check_refused("matrix: {units: 0, rows: 128, cols: 128, clock: 1.5 GHz}", "units: ");
    check_refused("network: {topology: ring, link_bandwidth: 0 GB/s, latency: 1 us}",
                  "link_bandwidth: ");
    check_refused("scenarios: {a: {mfu: 0}}", "mfu: ");
    check_refused("scenarios: {a: {effective: 0 TFLOP/s}}", "effective: ");
}

static void zero_is_fine_where_it_means_none(void)
{
    static vsh_hardware h;

    CHECK_OK(read_with("network: {topology: ring, link_bandwidth: 50 GB/s, latency: 0 us}\n"
                       "power: {chip: 200 W, host_share: 0 W}\nprice: {on_demand: 0 USD/h}",
                       &h),
             &err);
    CHECK(h.price.known && h.link_latency.known);
}

static void a_share_lies_between_zero_and_one(void)
{
    check_refused("scenarios: {a: {mfu: 1.2}}", "mfu: ");
    check_refused("scenarios: {a: {mfu: 40%}}", "mfu: expected a number such as 0.4, got \"40%\"");
    check_refused("scenarios: {a: {mfu: -0.4}}", "mfu: ");
}

static void a_rate_above_every_peak_is_refused(void)
{
    check_refused("scenarios: {a: {effective: 101 TFLOP/s}}", "above every peak");
}

static void a_scenario_is_one_of_the_two_and_not_both(void)
{
    check_refused("scenarios: {a: {}}", "a: expected either effective: RATE or mfu: SHARE");
    check_refused("scenarios: {a: {mfu: 0.4, effective: 1 TFLOP/s}}",
                  "a: expected either effective: RATE or mfu: SHARE");
    check_refused("scenarios: [a]", "scenarios: expected a map");
    check_refused("scenarios: {a: 0.4}", "expected a map");
}

static void a_default_scenario_that_is_not_there_is_refused(void)
{
    check_refused("scenarios: {paper: {mfu: 0.4}}\ndefault_scenario: papr",
                  "default_scenario: no scenario \"papr\"; did you mean paper?");
    check_refused("default_scenario: paper", "default_scenario: no scenario \"paper\"");
}

static void a_missing_part_is_named(void)
{
    vsh_hardware h;

    CHECK_FAILS(read_text("kind: gpu\npeak: {bf16: 1 TFLOP/s}\n"
                          "memory: {capacity: 1 GB, bandwidth: 1 GB/s}\n",
                          &h),
                &err, VSH_EINPUT, "\"name\"");
    CHECK_FAILS(read_text("name: x\nkind: gpu\npeak: {bf16: 1 TFLOP/s}\n", &h), &err, VSH_EINPUT,
                "\"memory\"");
    CHECK_FAILS(read_text("name: x\nkind: gpu\npeak: {bf16: 1 TFLOP/s}\nmemory: {capacity: 1 GB}\n",
                          &h),
                &err, VSH_EINPUT, "test.yaml:4:9: memory: the key \"bandwidth\" is missing");
    CHECK_FAILS(read_text("name: x\nkind: gpu\npeak: {int8: 1 TOP/s}\n"
                          "memory: {capacity: 1 GB, bandwidth: 1 GB/s}\n",
                          &h),
                &err, VSH_EINPUT, "peak: expected a peak for at least one of fp32, bf16 and fp16");
    CHECK_FAILS(read_text("name: x\nkind: gpu\npeak: {}\n"
                          "memory: {capacity: 1 GB, bandwidth: 1 GB/s}\n",
                          &h),
                &err, VSH_EINPUT, "peak");
    check_refused("power: {host_share: 60 W}", "power: the key \"chip\" is missing");
    check_refused("network: {link_bandwidth: 50 GB/s, latency: 1 us}", "\"topology\" is missing");
}

static void wrong_kinds_of_value_are_refused(void)
{
    vsh_hardware h;

    check_refused("power: 200 W", "power: expected a map of keys");
    check_refused("network: none", "network: expected a map of keys");
    CHECK_FAILS(read_text("[1, 2]", &h), &err, VSH_EINPUT, "test.yaml:1:1: expected a profile");
    CHECK_FAILS(read_text("hello", &h), &err, VSH_EINPUT, "test.yaml:1:1: expected a profile");
    CHECK_FAILS(read_text("name: x\nkind: npu\npeak: {bf16: 1 TFLOP/s}\n"
                          "memory: {capacity: 1 GB, bandwidth: 1 GB/s}\n",
                          &h),
                &err, VSH_EINPUT, "test.yaml:2:7: kind: expected one of tpu, gpu, cpu, got \"npu\"");
}

static void more_scenarios_than_there_is_room_for_are_refused(void)
{
    vsh_text text = {.arena = vsh_test_arena()};
    static vsh_hardware h;

    vsh_text_add(&text, "scenarios:\n");
    for (int i = 0; i < VSH_SCENARIOS_MAX; i++)
        vsh_text_add(&text, "  s%d: {mfu: 0.4}\n", i);
    CHECK_OK(read_with(vsh_text_string(&text), &h), &err);
    CHECK_INT(h.scenario_count, VSH_SCENARIOS_MAX);
    vsh_text_add(&text, "  more: {mfu: 0.4}\n");
    CHECK_FAILS(read_with(vsh_text_string(&text), &h), &err, VSH_EINPUT, "more than 16 scenarios");
}

/* ---- peaks ----------------------------------------------------------------------------------- */

static void a_precision_without_its_own_peak_uses_the_nearest(void)
{
    static vsh_hardware h;
    vsh_precision used;

    REQUIRE_OK(read_text("name: x\nkind: gpu\npeak: {fp16: 100 TFLOP/s, fp32: 10 TFLOP/s}\n"
                         "memory: {capacity: 16 GB, bandwidth: 1 TB/s}\n",
                         &h),
               &err);
    CHECK_NEAR(vsh_hardware_peak(&h, VSH_BF16, &used)->value, 100e12, 0, 0);
    CHECK_INT(used, VSH_FP16);
    CHECK_NEAR(vsh_hardware_peak(&h, VSH_INT8, &used)->value, 100e12, 0, 0);
    CHECK_NEAR(vsh_hardware_peak(&h, VSH_FP8, &used)->value, 100e12, 0, 0);
    CHECK_NEAR(vsh_hardware_peak(&h, VSH_FP32, &used)->value, 10e12, 0, 0);
    CHECK_INT(used, VSH_FP32);
    REQUIRE_OK(read_text(small, &h), &err);
    CHECK_NEAR(vsh_hardware_peak(&h, VSH_FP32, &used)->value, 100e12, 0, 0);
    CHECK_INT(used, VSH_BF16);
}

static void rows_show_only_what_is_known_in_the_units_of_the_file(void)
{
    static vsh_hardware h;
    vsh_hardware_row rows[VSH_HARDWARE_ROWS];
    int count;

    REQUIRE_OK(read_text(small, &h), &err);
    count = vsh_hardware_rows(&h, rows);
    CHECK_INT(count, 3);
    CHECK_TEXT(rows[0].name, "peak.bf16");
    CHECK_TEXT(rows[0].unit, "TFLOP/s");
    CHECK_NEAR(rows[0].figure->value / rows[0].scale, 100, 1e-15, 0);
    CHECK_TEXT(rows[2].name, "memory.bandwidth");
    CHECK_NEAR(rows[2].figure->value / rows[2].scale, 1000, 1e-15, 0);
}

const vsh_test vsh_tests[] = {
    {"every_figure_that_ships_has_source_date_and_tag",
     every_figure_that_ships_has_source_date_and_tag},
    {"every_profile_that_ships_can_be_planned_with", every_profile_that_ships_can_be_planned_with},
    {"matrix_units_times_clock_make_the_peak", matrix_units_times_clock_make_the_peak},
    {"every_file_of_the_shelf_is_a_profile", every_file_of_the_shelf_is_a_profile},
    {"the_tpu_v5e_is_the_one_of_the_contract", the_tpu_v5e_is_the_one_of_the_contract},
    {"an_80_gb_gpu_has_80_gib", an_80_gb_gpu_has_80_gib},
    {"a_profile_needs_only_a_peak_and_a_memory", a_profile_needs_only_a_peak_and_a_memory},
    {"a_profile_may_stand_in_braces", a_profile_may_stand_in_braces},
    {"scenarios_are_a_rate_or_a_share_and_the_default_is_found",
     scenarios_are_a_rate_or_a_share_and_the_default_is_found},
    {"a_scenario_is_of_16_bits_and_fp32_is_held_to_its_own_peak",
     a_scenario_is_of_16_bits_and_fp32_is_held_to_its_own_peak},
    {"wrong_units_are_refused_with_an_example", wrong_units_are_refused_with_an_example},
    {"misspelt_keys_are_refused_with_the_nearest", misspelt_keys_are_refused_with_the_nearest},
    {"numbers_that_are_none_are_refused", numbers_that_are_none_are_refused},
    {"zero_is_refused_where_it_would_divide", zero_is_refused_where_it_would_divide},
    {"zero_is_fine_where_it_means_none", zero_is_fine_where_it_means_none},
    {"a_share_lies_between_zero_and_one", a_share_lies_between_zero_and_one},
    {"a_rate_above_every_peak_is_refused", a_rate_above_every_peak_is_refused},
    {"a_scenario_is_one_of_the_two_and_not_both", a_scenario_is_one_of_the_two_and_not_both},
    {"a_default_scenario_that_is_not_there_is_refused",
     a_default_scenario_that_is_not_there_is_refused},
    {"a_missing_part_is_named", a_missing_part_is_named},
    {"wrong_kinds_of_value_are_refused", wrong_kinds_of_value_are_refused},
    {"more_scenarios_than_there_is_room_for_are_refused",
     more_scenarios_than_there_is_room_for_are_refused},
    {"a_precision_without_its_own_peak_uses_the_nearest",
     a_precision_without_its_own_peak_uses_the_nearest},
    {"rows_show_only_what_is_known_in_the_units_of_the_file",
     rows_show_only_what_is_known_in_the_units_of_the_file},
    {NULL, NULL}};
