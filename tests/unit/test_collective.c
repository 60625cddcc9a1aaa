#include "planner/layout/mesh.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/file.h"
#include "core/lower.h"
#include "tests/harness.h"

const char vsh_suite[] = "collective";

static vsh_error err;

static vsh_hardware profile(const char *name)
{
    char path[96];
    vsh_hardware hardware;

    snprintf(path, sizeof path, "hwprofiles/%s.yaml", name);
    REQUIRE_OK(vsh_hardware_read(vsh_test_arena(), path, &hardware, &err), &err);
    return hardware;
}

static vsh_fabric fabric_of(const vsh_hardware *hardware, int64_t chips)
{
    vsh_stack stack = vsh_stack_pure(hardware);
    vsh_fabric fabric;

    REQUIRE_OK(vsh_fabric_of(hardware, &stack, chips, 0, &fabric, &err), &err);
    return fabric;
}

static vsh_fabric shipped(const char *name, int64_t chips)
{
    vsh_hardware hardware = profile(name);

    return fabric_of(&hardware, chips);
}

/* TPU v5e as the worked examples count: no latency at all. */
static vsh_fabric wires(const char *name, int64_t chips)
{
    vsh_fabric fabric = shipped(name, chips);

    fabric.launch = fabric.hop = fabric.slow_hop = 0;
    return fabric;
}

static double seconds(const vsh_fabric *f, int64_t n, int64_t stride, vsh_collective c,
                      double bytes)
{
    return vsh_collective_time(f, (vsh_ranks){n, stride}, c, (vsh_bytes){bytes}).v;
}

/* ---- worked examples ----------------------------------------------------------------------- */

/* jax-ml/scaling-book sharding.md: 34 MB over both ways of one axis of v5e, 34e6 / 9e10 s. It
 * leaves out that a chip has 1/16 already. */
static void gathering_34_mb_on_a_closed_axis_takes_377_us(void)
{
    vsh_fabric f = wires("tpu-v5e", 256);

    CHECK_NEAR(seconds(&f, 16, 1, VSH_ALL_GATHER, 34e6), 377e-6 * 15 / 16, 0.005, 0);
    CHECK_NEAR(seconds(&f, 16, 16, VSH_ALL_GATHER, 34e6), 377e-6 * 15 / 16, 0.005, 0);
}

static void an_axis_without_wraparound_takes_twice_the_time(void)
{
    vsh_fabric closed = wires("tpu-v5e", 256), open = closed;
    double gradients = 2 * 350e6;

    CHECK_NEAR(seconds(&closed, 8, 1, VSH_ALL_REDUCE, gradients), 27e-3, 0.02, 0);
    CHECK_NEAR(seconds(&closed, 16, 1, VSH_ALL_REDUCE, gradients), 15e-3, 0.03, 0);
    open.wraps[0] = false;
    CHECK_NEAR(seconds(&open, 16, 1, VSH_ALL_REDUCE, gradients),
               2 * seconds(&closed, 16, 1, VSH_ALL_REDUCE, gradients), 1e-12, 0);
    CHECK_NEAR(seconds(&open, 16, 1, VSH_ALL_TO_ALL, 1e6),
               2 * seconds(&closed, 16, 1, VSH_ALL_TO_ALL, 1e6), 1e-12, 0);
}

/* Of the same array over all chips: S on each of n, gathered n S. */
static void an_all_to_all_on_a_ring_takes_a_quarter_of_a_gather(void)
{
    vsh_fabric f = wires("tpu-v5e", 256);
    double gather = seconds(&f, 16, 1, VSH_ALL_GATHER, 16e6) * 16 / 15;

    CHECK_NEAR(seconds(&f, 16, 1, VSH_ALL_TO_ALL, 1e6), gather / 4, 1e-12, 0);
}

/* 16 chips, 4,096 tokens of width 1,024 each to 2 experts, there and back in bf16. */
static void a_layer_of_experts_exchanges_for_1_49_ms(void)
{
    vsh_fabric f = wires("tpu-v5e", 256);

    CHECK_NEAR(2 * seconds(&f, 16, 1, VSH_ALL_TO_ALL, 4096.0 * 2 * 1024 * 2), 1.49e-3, 0.005, 0);
}

/* Reducing gradients of P parameters takes 2 (2P) / W, their backward pass 4 P t / C: hidden when
 * t > C / W tokens a chip. The rule neglects 1/n. */
static void data_parallelism_hides_from_2189_tokens_a_chip_and_1094_on_two_axes(void)
{
    vsh_fabric f = wires("tpu-v5e", 256);
    double P = 1e9, compute = 4 * P / 197e12;
    double one = seconds(&f, 16, 1, VSH_ALL_REDUCE, 2 * P) * 16 / 15;
    double two = seconds(&f, 256, 1, VSH_ALL_REDUCE, 2 * P) * 256 / 255;

    CHECK_NEAR(one / compute, 2189, 0.001, 0);
    CHECK_NEAR(two / compute, 1094.5, 0.001, 0);
}

/* ---- shapes -------------------------------------------------------------------------------- */

static void check_shape(const char *name, int64_t chips, int64_t x, int64_t y, int64_t z)
{
    vsh_fabric f = shipped(name, chips);

    CHECK_INT(f.extent[0], x);
    CHECK_INT(f.extent[1], y);
    CHECK_INT(f.extent[2], z);
}

static void slices_have_the_shapes_that_are_sold(void)
{
    check_shape("tpu-v5e", 4, 2, 2, 1);
    check_shape("tpu-v5e", 8, 4, 2, 1);
    check_shape("tpu-v5e", 32, 8, 4, 1);
    check_shape("tpu-v5e", 128, 16, 8, 1);
    check_shape("tpu-v5e", 256, 16, 16, 1);
    check_shape("tpu-v4", 64, 4, 4, 4);
    check_shape("tpu-v5p", 128, 8, 4, 4);
    check_shape("tpu-v5p", 8960, 28, 20, 16);
    CHECK(shipped("tpu-v5e", 128).wraps[0] && !shipped("tpu-v5e", 128).wraps[1]);
    CHECK(!shipped("tpu-v5p", 32).wraps[0]); /* 4 x 4 x 2: no whole cube */
    CHECK(shipped("tpu-v5p", 64).wraps[2]);
}

static void groups_stand_where_their_stride_puts_them(void)
{
    vsh_fabric node = shipped("a100-80gb", 64), slice = shipped("tpu-v5e", 256);
    vsh_standing p = vsh_place(&node, (vsh_ranks){8, 1});

    CHECK_INT(p.inside, 8);
    CHECK_INT(p.domains, 1);
    p = vsh_place(&node, (vsh_ranks){8, 8});
    CHECK_INT(p.inside, 1);
    CHECK_INT(p.domains, 8);
    p = vsh_place(&node, (vsh_ranks){32, 2});
    CHECK_INT(p.inside, 4);
    CHECK_INT(p.domains, 8);
    p = vsh_place(&slice, (vsh_ranks){64, 4}); /* every fourth of a row, all rows */
    CHECK_INT(p.members[0], 4);
    CHECK_INT(p.step[0], 4);
    CHECK_INT(p.members[1], 16);
    CHECK(p.ring[0] && p.ring[1]);
    p = vsh_place(&slice, (vsh_ranks){4, 1});
    CHECK(!p.ring[0]);
}

/* ---- laws ---------------------------------------------------------------------------------- */

static const char *const networks[] = {"a100-80gb", "h100-sxm", "tpu-v5e",
                                       "tpu-v5p",   "mi300x",   "trainium2"};
enum { NETWORKS = sizeof networks / sizeof networks[0], CHIPS = 1024 };

static void one_chip_and_nothing_cost_nothing(void)
{
    vsh_hardware laptop = profile("laptop");
    vsh_fabric alone = fabric_of(&laptop, 1);

    for (int i = 0; i < NETWORKS; i++) {
        vsh_fabric f = shipped(networks[i], CHIPS);
        for (int c = VSH_ALL_REDUCE; c < VSH_COLLECTIVE_COUNT; c++) {
            CHECK_NEAR(seconds(&f, 1, 1, c, 1e9), 0, 0, 0);
            CHECK_NEAR(seconds(&alone, 1, 1, c, 1e9), 0, 0, 0);
            CHECK_NEAR(seconds(&f, 8, 1, c, 0), 0, 0, 0);
        }
    }
}

static void more_bytes_take_longer(void)
{
    for (int i = 0; i < NETWORKS; i++) {
        vsh_fabric f = shipped(networks[i], CHIPS);
        for (int64_t n = 2; n <= CHIPS; n *= 2)
            for (int64_t stride = 1; n * stride <= CHIPS; stride *= 4)
                for (int c = VSH_ALL_REDUCE; c < VSH_COLLECTIVE_COUNT; c++)
                    for (double bytes = 1; bytes < 1e11; bytes *= 10) {
                        double less = seconds(&f, n, stride, c, bytes);
                        CHECK(isfinite(less) && less > 0);
                        CHECK(seconds(&f, n, stride, c, 10 * bytes) > less);
                    }
    }
}

/* On switches: a torus closes its axes and gains others as a group grows. */
static void more_chips_on_switches_take_no_less(void)
{
    for (int i = 0; i < 2; i++) {
        vsh_fabric f = shipped(networks[i], CHIPS);
        for (int64_t stride = 1; stride <= 16; stride *= 2)
            for (int64_t n = 1; n * stride * 2 <= CHIPS; n *= 2)
                for (int c = VSH_ALL_REDUCE; c <= VSH_REDUCE_SCATTER; c++)
                    for (double bytes = 1e3; bytes < 1e11; bytes *= 10)
                        CHECK(seconds(&f, 2 * n, stride, c, bytes) >=
                              seconds(&f, n, stride, c, bytes));
    }
}

/* Against every chip on a slow link of its own. Sums and gathers: an all-to-all over a thousand
 * chips of a torus, or a send past many neighbours, may well find the data centre faster; and below
 * 10 MB a tree's few steps over slow links may beat a ring's many over fast ones. */
static void two_levels_are_never_worse_than_the_slow_links_alone(void)
{
    for (int i = 0; i < NETWORKS; i++) {
        vsh_fabric f = shipped(networks[i], CHIPS), flat = f;
        int kinds = f.axes ? VSH_ALL_TO_ALL : VSH_COLLECTIVE_COUNT;
        flat.axes = 0;
        flat.domain = 1;
        flat.hop = flat.slow_hop = fmax(f.hop, f.slow_hop);
        for (int64_t n = 2; n <= CHIPS; n *= 2)
            for (int64_t stride = 1; n * stride <= CHIPS; stride *= 2)
                for (int c = VSH_ALL_REDUCE; c < kinds; c++)
                    for (double bytes = 1e7; bytes < 1e11; bytes *= 10)
                        CHECK(f.slow <= 0 || seconds(&f, n, stride, c, bytes) <=
                                                 seconds(&flat, n, stride, c, bytes) * 1.001);
    }
}

static void an_all_reduce_is_a_reduce_scatter_and_a_gather_or_a_tree(void)
{
    for (int i = 0; i < NETWORKS; i++) {
        vsh_fabric f = shipped(networks[i], CHIPS);
        for (int64_t n = 2; n <= CHIPS; n *= 2)
            CHECK(seconds(&f, n, 1, VSH_ALL_REDUCE, 1e8) <=
                  seconds(&f, n, 1, VSH_ALL_GATHER, 1e8) +
                      seconds(&f, n, 1, VSH_REDUCE_SCATTER, 1e8));
    }
}

/* Latency is of steps: a ring over 128 nodes has far more of it than one over 2, a tree less. */
static void small_reductions_over_many_nodes_go_by_tree(void)
{
    vsh_fabric f = shipped("a100-80gb", CHIPS);
    vsh_route many = vsh_route_of(&f, (vsh_ranks){CHIPS, 1}),
              two = vsh_route_of(&f, (vsh_ranks){16, 1});

    CHECK(many.way[VSH_ALL_REDUCE][0].latency > 30 * two.way[VSH_ALL_REDUCE][0].latency);
    CHECK(seconds(&f, CHIPS, 1, VSH_ALL_REDUCE, 1e6) < 4 * seconds(&f, 16, 1, VSH_ALL_REDUCE, 1e6));
}

static void a_group_across_nodes_crosses_with_the_links_of_all_its_members(void)
{
    vsh_fabric f = wires("a100-80gb", 512);

    CHECK_NEAR(seconds(&f, 64, 8, VSH_ALL_GATHER, 1e9),
               8 * 63.0 / 64 / (511.0 / 512) * seconds(&f, 512, 1, VSH_ALL_GATHER, 1e9), 1e-9, 0);
}

static void slices_meet_over_the_data_centre(void)
{
    vsh_fabric one = wires("tpu-v5e", 256), two = wires("tpu-v5e", 512);
    double inside = seconds(&one, 256, 1, VSH_ALL_REDUCE, 1e9);

    CHECK_INT(two.domain, 256);
    CHECK_NEAR(seconds(&two, 512, 1, VSH_ALL_REDUCE, 1e9) - inside, 2 * 1e9 / 256 / 2 / two.slow,
               1e-9, 0);
}

static void networks_that_are_not_there_are_refused(void)
{
    vsh_hardware laptop = profile("laptop"), v5e = profile("tpu-v5e");
    vsh_stack stack = vsh_stack_pure(&laptop);
    vsh_fabric f;

    CHECK_FAILS(vsh_fabric_of(&laptop, &stack, 2, 0, &f, &err), &err, VSH_EINPUT, "no network");
    CHECK_FAILS(vsh_fabric_of(&v5e, &stack, 300, 0, &f, &err), &err, VSH_EINPUT, "whole number");
    CHECK_FAILS(vsh_fabric_of(&v5e, &stack, 512, 512, &f, &err), &err, VSH_EINPUT, "at most");
    v5e.inter_rate.known = false;
    CHECK_FAILS(vsh_fabric_of(&v5e, &stack, 512, 0, &f, &err), &err, VSH_EINPUT, "inter_bandwidth");
}

/* ---- layouts ------------------------------------------------------------------------------- */

static double mesh_seconds(const vsh_mesh *mesh, vsh_collective c, vsh_mesh_axis axis,
                           int64_t ranks)
{
    vsh_op op = {.kind = VSH_OP_COLLECTIVE,
                 .collective = c,
                 .axis = axis,
                 .ranks = ranks,
                 .count = 2,
                 .bytes = {2e8}};

    return vsh_mesh_time(mesh, &op).v;
}

static void axes_of_a_layout_take_their_own_links(void)
{
    vsh_fabric f = shipped("a100-80gb", 64);
    vsh_split split = {.tensor = 4, .data = 4, .expert = 2};
    vsh_mesh mesh = vsh_mesh_of(&f, &split, 4);

    CHECK_NEAR(mesh_seconds(&mesh, VSH_ALL_REDUCE, VSH_MESH_TENSOR, 4),
               2 * seconds(&f, 4, 1, VSH_ALL_REDUCE, 1e8), 1e-12, 0);
    CHECK_NEAR(mesh_seconds(&mesh, VSH_ALL_REDUCE, VSH_MESH_DATA, 4),
               2 * seconds(&f, 4, 4, VSH_ALL_REDUCE, 1e8), 1e-12, 0);
    CHECK_NEAR(mesh_seconds(&mesh, VSH_ALL_REDUCE, VSH_MESH_DATA, 2),
               2 * seconds(&f, 2, 8, VSH_ALL_REDUCE, 1e8), 1e-12, 0);
    CHECK_NEAR(mesh_seconds(&mesh, VSH_ALL_TO_ALL, VSH_MESH_EXPERT, 2),
               2 * seconds(&f, 2, 4, VSH_ALL_TO_ALL, 1e8), 1e-12, 0);
    CHECK_NEAR(mesh_seconds(&mesh, VSH_SEND, VSH_MESH_PIPELINE, 4),
               2 * seconds(&f, 4, 16, VSH_SEND, 1e8), 1e-12, 0);
    CHECK_NEAR(mesh_seconds(&mesh, VSH_ALL_REDUCE, VSH_MESH_PIPELINE, 2),
               2 * seconds(&f, 2, 48, VSH_ALL_REDUCE, 1e8), 1e-12, 0);
}

/* Also where nothing is a power of two, and no time is infinite. */
static void every_layout_of_every_network_has_times(void)
{
    for (int i = 0; i < NETWORKS; i++) {
        vsh_hardware hardware = profile(networks[i]);
        vsh_stack stack = vsh_stack_pure(&hardware);
        for (int64_t tensor = 1; tensor <= 6; tensor++)
            for (int64_t data = 1; data <= 12; data++)
                for (int64_t stages = 1; stages <= 7; stages++) {
                    vsh_split split = {.tensor = tensor, .data = data};
                    vsh_fabric f;
                    vsh_mesh mesh;
                    if (vsh_fabric_of(&hardware, &stack, tensor * data * stages, 0, &f, &err))
                        continue;
                    f.slow = f.domain == f.chips ? 0 : f.slow; /* nobody crosses */
                    mesh = vsh_mesh_of(&f, &split, stages);
                    for (int a = 0; a < VSH_MESH_COUNT; a++)
                        for (int c = VSH_ALL_REDUCE; c < VSH_COLLECTIVE_COUNT; c++) {
                            double time = vsh_route_time(&mesh.axis[a], c, (vsh_bytes){1e9}).v;
                            CHECK(isfinite(time) && time < 60);
                        }
                    CHECK(vsh_route_time(&mesh.ends, VSH_ALL_REDUCE, (vsh_bytes){1e9}).v < 60);
                }
    }
}

static void every_collective_of_a_list_has_a_price(void)
{
    vsh_model model = vsh_test_model("name: t\nlayers: 8\nhidden: 512\nheads: 8\nffn: 2048\n"
                                     "vocab: 32000\ncontext: 1024\ntied: true\n"
                                     "experts: {count: 8, top_k: 2, every: 1, hidden: 512}\n");
    vsh_work work = vsh_work_default(1024);
    vsh_recipe recipe = {.weights = 2, .gradients = 2, .master = 4, .moments = 8};
    vsh_fabric f = shipped("h100-sxm", 64);
    static vsh_op_list ops;
    vsh_mesh mesh;
    int count = 0;

    work.split =
        (vsh_split){.tensor = 2, .sequence = true, .context = 2, .expert = 4, .data = 4, .zero = 1};
    work.stage = (vsh_stage){.first = 0, .layers = 2, .embedding = true};
    work.recipe = &recipe;
    mesh = vsh_mesh_of(&f, &work.split, 4);
    REQUIRE_OK(vsh_lower(&model, &work, &ops, &err), &err);
    for (int i = 0; i < ops.count; i++)
        if (ops.item[i].kind == VSH_OP_COLLECTIVE) {
            CHECK(vsh_mesh_time(&mesh, &ops.item[i]).v > 0);
            count++;
        }
    CHECK(count > 10);
}

/* ---- measured ------------------------------------------------------------------------------ */

enum { ROWS_MAX = 400 };

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

/* NCCL on one node. Rows 0, 3, 6 ... of the A100 fitted launch, hop, efficiency and the ring's
 * extra; all judge. V100 nodes are no switch: only all eight reach what the profile says. */
static int errors_of(const char *gpu, const vsh_fabric *f, int64_t least_n, double error[ROWS_MAX])
{
    vsh_text text = {.arena = vsh_test_arena()};
    int count = 0;

    if (vsh_file_read("../shared/reference/network_nvlink_allreduce.csv", &text, &err) != VSH_OK)
        return 0;
    for (char *line = text.data; line && count < ROWS_MAX;) {
        char name[16];
        double n, bytes, elements, ns;
        if (sscanf(line, "%15[^,],%lf,%lf,%lf,float,%lf", name, &n, &bytes, &elements, &ns) == 5 &&
            strcmp(name, gpu) == 0 && n >= (double)least_n)
            error[count++] =
                fabs(seconds(f, (int64_t)n, 1, VSH_ALL_REDUCE, bytes) / (ns * 1e-9) - 1);
        line = strchr(line, '\n');
        line += line != NULL;
    }
    qsort(error, (size_t)count, sizeof error[0], by_value);
    return count;
}

static void reductions_on_nvlink_are_within_three_percent_of_a100_nodes(void)
{
    vsh_fabric f = shipped("a100-80gb", 8);
    double error[ROWS_MAX];
    int count = errors_of("a100", &f, 2, error);

    if (!count) {
        vsh_skip("no measured reductions here");
        return;
    }
    CHECK_INT(count, 140);
    CHECK(error[count / 2] < 0.035);
    CHECK(error[count * 9 / 10] < 0.12);
    CHECK(error[count - 1] < 0.22);
}

/* AI-Hypercomputer/tpu-recipes@c8cfe2f689 microbenchmarks/ironwood/collectives/all_gather.md: bytes
 * into a chip of 2x2 of TPU v7 and the rate reached. The first fitted launch, the last efficiency.
 */
static void gathers_on_tpu_v7_are_within_three_percent(void)
{
    static const double rows[][2] = {
        {6291456, 127.39e9}, {25165824, 162.09e9}, {100663296, 174.67e9}, {402653184, 178.76e9}};
    vsh_fabric f = shipped("tpu-v7", 4);

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        CHECK_NEAR(seconds(&f, 4, 1, VSH_ALL_GATHER, rows[i][0] * 4 / 3), rows[i][0] / rows[i][1],
                   0.03, 0);
}

const vsh_test vsh_tests[] = {
    {"gathering_34_mb_on_a_closed_axis_takes_377_us",
     gathering_34_mb_on_a_closed_axis_takes_377_us},
    {"an_axis_without_wraparound_takes_twice_the_time",
     an_axis_without_wraparound_takes_twice_the_time},
    {"an_all_to_all_on_a_ring_takes_a_quarter_of_a_gather",
     an_all_to_all_on_a_ring_takes_a_quarter_of_a_gather},
    {"a_layer_of_experts_exchanges_for_1_49_ms", a_layer_of_experts_exchanges_for_1_49_ms},
    {"data_parallelism_hides_from_2189_tokens_a_chip_and_1094_on_two_axes",
     data_parallelism_hides_from_2189_tokens_a_chip_and_1094_on_two_axes},
    {"slices_have_the_shapes_that_are_sold", slices_have_the_shapes_that_are_sold},
    {"groups_stand_where_their_stride_puts_them", groups_stand_where_their_stride_puts_them},
    {"one_chip_and_nothing_cost_nothing", one_chip_and_nothing_cost_nothing},
    {"more_bytes_take_longer", more_bytes_take_longer},
    {"more_chips_on_switches_take_no_less", more_chips_on_switches_take_no_less},
    {"two_levels_are_never_worse_than_the_slow_links_alone",
     two_levels_are_never_worse_than_the_slow_links_alone},
    {"an_all_reduce_is_a_reduce_scatter_and_a_gather_or_a_tree",
     an_all_reduce_is_a_reduce_scatter_and_a_gather_or_a_tree},
    {"small_reductions_over_many_nodes_go_by_tree", small_reductions_over_many_nodes_go_by_tree},
    {"a_group_across_nodes_crosses_with_the_links_of_all_its_members",
     a_group_across_nodes_crosses_with_the_links_of_all_its_members},
    {"slices_meet_over_the_data_centre", slices_meet_over_the_data_centre},
    {"networks_that_are_not_there_are_refused", networks_that_are_not_there_are_refused},
    {"axes_of_a_layout_take_their_own_links", axes_of_a_layout_take_their_own_links},
    {"every_layout_of_every_network_has_times", every_layout_of_every_network_has_times},
    {"every_collective_of_a_list_has_a_price", every_collective_of_a_list_has_a_price},
    {"reductions_on_nvlink_are_within_three_percent_of_a100_nodes",
     reductions_on_nvlink_are_within_three_percent_of_a100_nodes},
    {"gathers_on_tpu_v7_are_within_three_percent", gathers_on_tpu_v7_are_within_three_percent},
    {NULL, NULL}};
