#include "sim/chip.h"

#include <dirent.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "tests/harness.h"

const char vsh_suite[] = "sim/chip";

static vsh_error err;

static const char plain[] = "name: test chip\nkind: tpu\npeak: {bf16: 131.072 TFLOP/s}\n"
                            "memory: {capacity: 16 GB, bandwidth: 1 TB/s}\n"
                            "scratchpad: {capacity: 64 MiB}\n"
                            "matrix: {units: 4, rows: 128, cols: 128, clock: 1 GHz}\n";

/* The text with every "from" made "to"; NULL: nothing. */
static vsh_hardware *profile(const char *text, const char *from, const char *to)
{
    vsh_hardware *hardware = vsh_alloc(vsh_test_arena(), 1, sizeof *hardware);
    vsh_text changed = {.arena = vsh_test_arena()};
    const char *at = from ? strstr(text, from) : NULL;
    vsh_doc doc;

    REQUIRE(hardware != NULL && (!from || at));
    if (at)
        vsh_text_add(&changed, "%.*s%s%s", (int)(at - text), text, to, at + strlen(from));
    else
        vsh_text_add(&changed, "%s", text);
    doc = vsh_test_doc(vsh_text_string(&changed));
    REQUIRE_OK(vsh_hardware_from_doc(&doc, hardware, &err), &err);
    return hardware;
}

static sim_chip chip_of(const vsh_hardware *hardware, vsh_precision precision)
{
    sim_chip chip;

    REQUIRE_OK(sim_chip_from(hardware, precision, &chip, &err), &err);
    return chip;
}

static vsh_hardware *shipped(const char *name)
{
    vsh_hardware *hardware = vsh_alloc(vsh_test_arena(), 1, sizeof *hardware);
    char path[300];

    snprintf(path, sizeof path, "hwprofiles/%s", name);
    REQUIRE(hardware != NULL);
    REQUIRE_OK(vsh_hardware_read(vsh_test_arena(), path, hardware, &err), &err);
    return hardware;
}

/* ---- shipped profiles ---------------------------------------------------------------------- */

static void each_tpu(void (*check)(const vsh_hardware *hardware))
{
    DIR *folder = opendir("hwprofiles");
    int count = 0;

    REQUIRE(folder != NULL);
    for (struct dirent *entry = readdir(folder); entry; entry = readdir(folder))
        if (strstr(entry->d_name, ".yaml")) {
            const vsh_hardware *hardware = shipped(entry->d_name);
            if (hardware->kind != VSH_TPU || !hardware->matrix_units.known ||
                !hardware->scratchpad_bytes.known)
                continue;
            check(hardware);
            count++;
        }
    closedir(folder);
    CHECK(count >= 3);
}

/* Units, sides, clock and pace together are the peak that the vendor states. */
static void check_peak(const vsh_hardware *h)
{
    static const vsh_precision precisions[] = {VSH_BF16, VSH_FP8, VSH_INT8};

    for (size_t i = 0; i < sizeof precisions / sizeof precisions[0]; i++) {
        vsh_precision used;
        double peak = vsh_hardware_peak(h, precisions[i], &used)->value;
        sim_chip chip = chip_of(h, precisions[i]);
        CHECK_NEAR(2 * sim_chip_macs_a_cycle(&chip) * chip.clock.v, peak, 0.03, 0);
        CHECK(chip.computed == used);
    }
}

static void a_chip_runs_at_the_peak_of_its_profile(void) { each_tpu(check_peak); }

static void check_memory(const vsh_hardware *h)
{
    sim_chip chip = chip_of(h, VSH_BF16);
    const sim_machine *m = &chip.machine;
    double rate = (double)m->bytes_num / (double)m->bytes_den * (double)chip.cores * chip.clock.v;
    double share = h->memory_efficiency.known ? h->memory_efficiency.value : 1;

    CHECK_NEAR(rate, share * h->memory_rate.value, 1e-3, 0);
    CHECK_INT(chip.scratchpad_bytes * chip.cores, (int64_t)h->scratchpad_bytes.value);
    CHECK(chip.near_latency <= m->latency && m->mac_latency <= m->latency);
    CHECK(m->result_buffers >= 1 && m->buffers >= 1 && m->row_group >= 1);
}

static void cores_share_memory_and_scratchpad(void) { each_tpu(check_memory); }

static void tpu_v4_has_two_cores_of_four_units(void)
{
    sim_chip chip = chip_of(shipped("tpu-v4.yaml"), VSH_BF16);

    CHECK_INT(chip.cores, 2);
    CHECK_INT(chip.machine.units, 4);
    CHECK_INT(chip.machine.rows, 128);
    CHECK_INT(chip.machine.latency, 101);
    CHECK_INT(chip.near_latency, 83);
    CHECK_INT(chip.machine.load, 64);
    CHECK_INT(chip.machine.bubble, 18);
    CHECK(!chip.machine.accumulators);
}

/* Eight sublanes of 4 bytes: 16 rows of bf16, 32 of int8. */
static void rows_enter_by_registers_of_four_byte_lanes(void)
{
    const vsh_hardware *h = shipped("tpu-v5e.yaml");
    sim_chip bf16 = chip_of(h, VSH_BF16), int8 = chip_of(h, VSH_INT8);

    CHECK_INT(bf16.machine.row_group, 16);
    CHECK_INT(int8.machine.row_group, 32);
    CHECK_INT(int8.machine.pace_num, 1);
    CHECK_INT(int8.machine.pace_den, 2);
    CHECK_INT(bf16.machine.transpose, 134); /* half of fp32's 268 */
}

/* ---- profiles that leave things out -------------------------------------------------------- */

static void what_is_left_out_is_a_plain_mesh(void)
{
    sim_chip chip = chip_of(profile(plain, NULL, NULL), VSH_BF16);
    sim_machine mesh = sim_mesh(128, 128, SIM_WS, SIM_DOUBLE);

    CHECK_INT(chip.machine.load, mesh.load);
    CHECK_INT(chip.machine.latency, mesh.latency);
    CHECK_INT(chip.machine.mac_latency, mesh.mac_latency);
    CHECK_INT(chip.machine.bubble, 0);
    CHECK_INT(chip.machine.vector_rate, 0);
    CHECK_INT(chip.machine.units, 4);
    CHECK_INT(chip.cores, 1);
    CHECK_INT(chip.machine.step_overhead, 0);
}

/* A precision with half of the peak takes two cycles a row; one with twice, half a cycle. */
static void the_pace_follows_the_precisions_peak(void)
{
    static const char three[] =
        "{bf16: 131.072 TFLOP/s, fp32: 65.536 TFLOP/s, int8: 262.144 TOP/s}";
    const vsh_hardware *h = profile(plain, "{bf16: 131.072 TFLOP/s}", three);
    sim_chip bf16 = chip_of(h, VSH_BF16), fp32 = chip_of(h, VSH_FP32), int8 = chip_of(h, VSH_INT8);

    CHECK_INT(bf16.machine.pace_num, 1);
    CHECK_INT(bf16.machine.pace_den, 1);
    CHECK_INT(fp32.machine.pace_num, 2);
    CHECK_INT(fp32.machine.pace_den, 1);
    CHECK_INT(int8.machine.pace_num, 1);
    CHECK_INT(int8.machine.pace_den, 2);
}

static void check_refused(const char *from, const char *to, const char *message)
{
    const vsh_hardware *h = profile(plain, from, to);
    sim_chip chip;

    CHECK_FAILS(sim_chip_from(h, VSH_BF16, &chip, &err), &err, VSH_EINPUT, message);
    CHECK_HAS(err.text, "test.yaml");
}

static void a_profile_that_lacks_what_is_needed_is_refused_by_name(void)
{
    check_refused("matrix: {units: 4, rows: 128, cols: 128, clock: 1 GHz}\n", "",
                  "needs matrix: units, rows, cols and clock");
    check_refused("scratchpad: {capacity: 64 MiB}\n", "", "needs scratchpad: capacity");
    check_refused("units: 4,", "units: 4, cores: 8,",
                  "expected a whole number for each of 8 cores, got 4");
    check_refused("units: 4,", "units: 4, cores: 3,", "for each of 3 cores, got 4");
    check_refused("units: 4,", "units: 4.5,", "for each of 1 core, got 4.5");
    check_refused("units: 4,", "units: 3,", "TFLOP/s, and the bf16 peak is");
}

static void every_shipped_tpu_is_simulated_or_refused_by_what_it_lacks(void)
{
    DIR *folder = opendir("hwprofiles");

    REQUIRE(folder != NULL);
    for (struct dirent *entry = readdir(folder); entry; entry = readdir(folder)) {
        const vsh_hardware *h = strstr(entry->d_name, ".yaml") ? shipped(entry->d_name) : NULL;
        sim_chip chip;
        if (!h || h->kind != VSH_TPU)
            continue;
        if (sim_chip_from(h, VSH_BF16, &chip, &err) != VSH_OK) {
            CHECK_HAS(err.text, entry->d_name);
            CHECK_HAS(err.text, "needs");
        }
    }
    closedir(folder);
}

const vsh_test vsh_tests[] = {
    {"a_chip_runs_at_the_peak_of_its_profile", a_chip_runs_at_the_peak_of_its_profile},
    {"cores_share_memory_and_scratchpad", cores_share_memory_and_scratchpad},
    {"tpu_v4_has_two_cores_of_four_units", tpu_v4_has_two_cores_of_four_units},
    {"rows_enter_by_registers_of_four_byte_lanes", rows_enter_by_registers_of_four_byte_lanes},
    {"what_is_left_out_is_a_plain_mesh", what_is_left_out_is_a_plain_mesh},
    {"the_pace_follows_the_precisions_peak", the_pace_follows_the_precisions_peak},
    {"a_profile_that_lacks_what_is_needed_is_refused_by_name",
     a_profile_that_lacks_what_is_needed_is_refused_by_name},
    {"every_shipped_tpu_is_simulated_or_refused_by_what_it_lacks",
     every_shipped_tpu_is_simulated_or_refused_by_what_it_lacks},
    {NULL, NULL}};
