/* SCALE-Sim's files: what is read from them, what is refused and in which words, and the reports.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/file.h"
#include "sim/scale_sim/scale_config.h"
#include "sim/scale_sim/scale_report.h"
#include "sim/sim_scale.h"
#include "tests/harness.h"

const char vsh_suite[] = "scale_files";

static vsh_error err;

#define GENERAL "[general]\nrun_name = run\n"
#define SIZES                                                                                      \
    "ArrayHeight: 8\nArrayWidth: 8\nIfmapSramSzkB: 64\nFilterSramSzkB: 64\nOfmapSramSzkB: 64\n"
#define ARCHITECTURE "[architecture_presets]\n" SIZES "Dataflow : os\nBandwidth : 10\n"
#define PRESETS "[run_presets]\nInterfaceBandwidth: CALC\n"
#define CONFIG GENERAL ARCHITECTURE PRESETS

static vsh_status read_config(const char *text, sim_scale_config *config, vsh_text *talk)
{
    vsh_lines source;

    *talk = (vsh_text){.arena = vsh_test_arena()};
    VSH_TRY(vsh_lines_of(vsh_test_arena(), "a.cfg", text, strlen(text), &source, &err));
    return sim_scale_config_read(vsh_test_arena(), &source, config, talk, &err);
}

static vsh_status read_topology(const char *text, sim_scale_input input,
                                sim_scale_topology *topology, vsh_text *talk)
{
    vsh_lines source;

    *talk = (vsh_text){.arena = vsh_test_arena()};
    VSH_TRY(vsh_lines_of(vsh_test_arena(), "a.csv", text, strlen(text), &source, &err));
    return sim_scale_topology_read(vsh_test_arena(), &source, input, topology, talk, &err);
}

static void a_configuration_is_read_as_python_reads_it(void)
{
    sim_scale_config c;
    vsh_text talk;

    REQUIRE_OK(
        read_config("\xef\xbb\xbf# comment\r\n[general]\r\n  ; another\r\n"
                    "RUN_NAME = \"Google TPU\"\r\n\r\n"
                    "[architecture_presets]\r\n"
                    "arrayheight:    128\r\nArrayWidth = 64\r\nIfmapSramSzkB:6144\r\n"
                    "FilterSramSzkB:  6143\r\nOfmapSramSzkB:    2048\r\nIfmapOffset:    0\r\n"
                    "Dataflow : ws\r\nBandwidth : 7, 8\r\nMemoryBanks: 1\r\n"
                    "[run_presets]\r\nInterfaceBandwidth: USER",
                    &c, &talk),
        &err);
    CHECK_TEXT(c.run_name, "Google TPU");
    CHECK_INT(c.rows, 128);
    CHECK_INT(c.cols, 64);
    CHECK_INT(c.sram_kb[SIM_LHS], 6144);
    CHECK_INT(c.sram_kb[SIM_RHS], 6143);
    CHECK_INT(c.sram_kb[SIM_OUT], 2048);
    CHECK_INT(c.dataflow, SIM_WS);
    CHECK(c.user && !c.v3);
    CHECK_INT(c.bandwidth[SIM_LHS], 7);
    CHECK_INT(c.bandwidth[SIM_OUT], 7);
    CHECK_TEXT(vsh_text_string(&talk), "");
}

static void sections_of_version_3_are_understood(void)
{
    sim_scale_config c;
    vsh_text talk;

    REQUIRE_OK(read_config(GENERAL ARCHITECTURE "[run_presets]\nInterfaceBandwidth: USER\n"
                                                "UseRamulatorTrace: True\n"
                                                "[layout]\nIfmapCustomLayout: False\n"
                                                "FilterSRAMBankBandwidth: 20\n"
                                                "[sparsity]\nSparsitySupport : false\n",
                           &c, &talk),
               &err);
    CHECK(c.v3);
    CHECK_INT(c.bandwidth[SIM_LHS], 10);
    CHECK_INT(c.bandwidth[SIM_RHS], 20);
    CHECK_INT(c.bandwidth[SIM_OUT], 10);
    CHECK_HAS(vsh_text_string(&talk), "a.cfg:13: UseRamulatorTrace is ignored");
}

static void a_bad_configuration_is_refused_where_it_is_bad(void)
{
    static const struct {
        const char *text, *says;
    } cases[] = {
        {"", "a.cfg:0: expected run_name in [general], found none"},
        {"run_name = x\n", "a.cfg:1: expected a section such as [general], found \"run_name = x\""},
        {"[general\nrun_name = x\n", "a.cfg:1: expected [section], found \"[general\""},
        {"[general]\nrun_name\n", "a.cfg:2: expected KEY = VALUE or KEY : VALUE, found"},
        {"[general]\n= x\n", "a.cfg:2: expected KEY = VALUE"},
        {"[general]\nrun_name = x\nRun_Name = y\n", "a.cfg:3: expected each key once in [general]"},
        {"[general]\nrun_name = x\n  more\n", "a.cfg:3: expected a value on one line"},
        {"[general]\nrun_name = ../x\n", "a.cfg:2: run_name: expected the name of a folder"},
        {"[general]\nrun_name = a/b\n", "found \"a/b\""},
        {"[general]\nrun_name = /etc\n", "a.cfg:2: run_name"},
        {"[general]\nrun_name = .\n", "a.cfg:2: run_name"},
        {"[general]\nrun_name = ..\n", "a.cfg:2: run_name"},
        {"[general]\nrun_name = \"\"\n", "a.cfg:2: run_name"},
        {"[general]\nrun_name =\n", "a.cfg:2: run_name"},
        {"[general]\nrun_name = a\033[2Jb\n", "a.cfg:2: run_name"},
        {GENERAL, "a.cfg:2: expected ArrayHeight in [architecture_presets], found none"},
        {GENERAL "[architecture_presets]\nArrayHeight: 0\n",
         "a.cfg:4: ArrayHeight: expected a whole number from 1 to 65536, found \"0\""},
        {GENERAL "[architecture_presets]\nArrayHeight: 65537\n", "found \"65537\""},
        {GENERAL "[architecture_presets]\nArrayHeight: -8\n", "found \"-8\""},
        {GENERAL "[architecture_presets]\nArrayHeight: 8.5\n", "found \"8.5\""},
        {GENERAL "[architecture_presets]\nArrayHeight: 99999999999999999999\n", "a.cfg:4:"},
        {GENERAL "[architecture_presets]\n" SIZES "Dataflow: sw\n",
         "a.cfg:9: Dataflow: expected os, ws or is, found \"sw\""},
        {GENERAL ARCHITECTURE, "expected InterfaceBandwidth in [run_presets], found none"},
        {GENERAL ARCHITECTURE "[run_presets]\nInterfaceBandwidth: FAST\n",
         "a.cfg:12: InterfaceBandwidth: expected USER or CALC, found \"FAST\""},
        {GENERAL "[architecture_presets]\n" SIZES "Dataflow: os\nBandwidth: 0\n"
                 "[run_presets]\nInterfaceBandwidth: USER\n",
         "a.cfg:10: Bandwidth: expected a whole number from 1 to"},
        {GENERAL "[architecture_presets]\n" SIZES "Dataflow: os\nBandwidth: 10,,\n"
                 "[run_presets]\nInterfaceBandwidth: USER\n",
         "a.cfg:10: Bandwidth: expected"},
        {CONFIG "[sparsity]\nSparsitySupport: true\n", "a.cfg:14: SparsitySupport: expected false"},
    };
    sim_scale_config c;
    vsh_text talk;

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        CHECK_FAILS(read_config(cases[i].text, &c, &talk), &err, VSH_EINPUT, cases[i].says);
}

static void products_need_no_comma_at_the_end_of_a_row(void)
{
    sim_scale_topology t;
    vsh_text talk;

    REQUIRE_OK(read_topology("Layer, m , N,K,\r\n a b ,1,2,3,\r\n\r\nlast, 4 ,5, 6",
                             SIM_SCALE_BY_HEADER, &t, &talk),
               &err);
    CHECK_INT(t.input, SIM_SCALE_GEMM);
    REQUIRE(t.layer_count == 2);
    CHECK_TEXT(t.layer[0].name, "a b");
    CHECK_INT(t.layer[1].m, 4);
    CHECK_INT(t.layer[1].n, 5);
    CHECK_INT(t.layer[1].k, 6);
    CHECK_INT(t.layer[1].line, 4);
    CHECK_TEXT(vsh_text_string(&talk), "");
}

static void a_convolution_becomes_the_product_the_tool_makes_of_it(void)
{
    static const struct {
        const char *row;
        int64_t m, n, k;
    } cases[] = {
        {"Conv1,224,224,7,7,3,64,2,", 110 * 110, 64, 147}, /* (224-7+2)/2 = 109.5, up */
        {"Conv1,224,224,7,7,3,64,2", 110 * 110, 64, 147},
        {"strides,9,9,3,3,2,4,3,2,", 3 * 4, 4, 18},
        {"ratio,9,9,3,3,2,4,3,1:1,", 3 * 3, 4, 18},
        {"point,14,14,1,1,256,512,2,", 64, 512, 256}, /* the last windows lie off the map */
        {"dense,1,1,1,1,512,1000,1,", 1, 1000, 512},
    };
    sim_scale_topology t;
    vsh_text talk;
    char text[256];

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        snprintf(text, sizeof text, "Layer name, IFMAP Height, IFMAP Width,\n%s\n", cases[i].row);
        REQUIRE_OK(read_topology(text, SIM_SCALE_BY_HEADER, &t, &talk), &err);
        CHECK_INT(t.input, SIM_SCALE_CONV);
        REQUIRE(t.layer_count == 1);
        CHECK_INT(t.layer[0].m, cases[i].m);
        CHECK_INT(t.layer[0].n, cases[i].n);
        CHECK_INT(t.layer[0].k, cases[i].k);
        CHECK_TEXT(vsh_text_string(&talk), "");
    }
}

static void a_depthwise_layer_is_a_layer_a_channel(void)
{
    sim_scale_topology t;
    vsh_text talk;

    REQUIRE_OK(read_topology("Layer,H,W\nConv_DP2,8,8,3,3,5,1,1,\n", SIM_SCALE_CONV, &t, &talk),
               &err);
    REQUIRE(t.layer_count == 5);
    CHECK_TEXT(t.layer[4].name, "Conv_DP2Channel_4");
    CHECK_INT(t.layer[4].k, 9);
}

static void columns_that_are_not_used_are_named(void)
{
    sim_scale_topology t;
    vsh_text talk;

    REQUIRE_OK(read_topology("Layer,M,N,K,Sparsity\nx,1,2,3\ny,1,2,3,2:4,\n", SIM_SCALE_BY_HEADER,
                             &t, &talk),
               &err);
    CHECK_HAS(vsh_text_string(&talk), "a.csv:3: columns after K are ignored");
    REQUIRE_OK(read_topology("Layer,H\nx,9,9,3,3,2,4,3,2:4,\n", SIM_SCALE_CONV, &t, &talk), &err);
    CHECK_HAS(vsh_text_string(&talk), "a.csv:2: columns after the strides are ignored");
    REQUIRE_OK(read_topology("Layer,H\nx,9,9,3,3,1,1,2,#dw\n", SIM_SCALE_CONV, &t, &talk), &err);
    CHECK_INT(t.layer[0].stride_width, 2);
    CHECK_HAS(vsh_text_string(&talk), "a.csv:2: columns after the strides are ignored");
}

static void a_bad_topology_is_refused_where_it_is_bad(void)
{
    static const struct {
        const char *text;
        sim_scale_input input;
        const char *says;
    } cases[] = {
        {"", SIM_SCALE_GEMM, "a.csv:0: expected a header and at least one layer, found none"},
        {"Layer,M,N,K,\n\n", SIM_SCALE_GEMM, "expected a header and at least one layer"},
        {"\nLayer,M,N,K,\n", SIM_SCALE_GEMM, "a.csv:1: expected a header"},
        {"a,1,2,3,\nb,1,2,3,\n", SIM_SCALE_GEMM, "a.csv:1: expected a header such as"},
        {"L,M,N,K\na,1,2\n", SIM_SCALE_BY_HEADER,
         "a.csv:2: expected a name and 3 columns (M to K), found 2"},
        {"L,M,N,K\n,\n", SIM_SCALE_BY_HEADER, "a.csv:2: expected a name and 3 columns"},
        {"L,M,N,K\na,1,0,3,\n", SIM_SCALE_BY_HEADER,
         "a.csv:2: N: expected a whole number from 1 to 2147483647, found \"0\""},
        {"L,M,N,K\na,1,-2,3,\n", SIM_SCALE_BY_HEADER, "found \"-2\""},
        {"L,M,N,K\na,1,,3,\n", SIM_SCALE_BY_HEADER, "a.csv:2: N: expected"},
        {"L,M,N,K\na,1,2,3x,\n", SIM_SCALE_BY_HEADER, "a.csv:2: K: expected"},
        {"L,M,N,K\na,1,2,9999999999999999999999\n", SIM_SCALE_BY_HEADER, "a.csv:2: K: expected"},
        {"L,M,N,K\n\na,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16\n", SIM_SCALE_BY_HEADER,
         "a.csv:3: expected at most 16 columns, found more"},
        {"L,M,N,K\na,1,2,3\n", SIM_SCALE_CONV,
         "a.csv:2: expected a name and 7 columns (IFMAP Height to Strides), found 3"},
        {"L,H\na,8,8,9,3,1,1,1\n", SIM_SCALE_CONV,
         "a.csv:2: Filter Height: expected at most IFMAP Height (8), found 9"},
        {"L,H\na,8,8,3,9,1,1,1\n", SIM_SCALE_CONV, "Filter Width: expected at most IFMAP Width"},
        {"L,H\na,8,8,3,3,1,1,0\n", SIM_SCALE_CONV, "a.csv:2: Strides: expected"},
        {"L,H\na,8,8,3,3,1,1,1,0\n", SIM_SCALE_CONV, "a.csv:2: Stride Width: expected"},
        {"L,H\nDP,8,8,3,3,100001,1,1\n", SIM_SCALE_CONV, "a.csv:2: Channels: expected at most"},
        {"L,H\na,2147483647,2147483647,2147483647,2147483647,2147483647,1,1\n", SIM_SCALE_CONV,
         "a.csv:2: expected a layer whose counts fit 63 bits, found a larger one"},
    };
    sim_scale_topology t;
    vsh_text talk;

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        CHECK_FAILS(read_topology(cases[i].text, cases[i].input, &t, &talk), &err, VSH_EINPUT,
                    cases[i].says);
}

static void a_nul_byte_is_refused(void)
{
    vsh_lines source;

    CHECK_FAILS(vsh_lines_of(vsh_test_arena(), "a.csv", "L\nab\0c", 6, &source, &err), &err,
                VSH_EINPUT, "a.csv:2: expected text, found a NUL byte");
}

static void floats_are_written_as_python_writes_them(void)
{
    static const struct {
        double value;
        const char *text;
    } cases[] = {{0, "0.0"},
                 {-1, "-1.0"},
                 {0.1, "0.1"},
                 {100, "100.0"},
                 {30.000000000000004, "30.000000000000004"},
                 {1.5977789594240838e-05, "1.5977789594240838e-05"},
                 {0.0001, "0.0001"},
                 {1e-05, "1e-05"},
                 {1e15, "1000000000000000.0"},
                 {1e16, "1e+16"},
                 {1.25e100, "1.25e+100"},
                 {123456789012345.6, "123456789012345.6"},
                 {0.015151515151515152, "0.015151515151515152"}};

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        vsh_text text = {.arena = vsh_test_arena()};
        sim_scale_add_float(&text, cases[i].value);
        CHECK_TEXT(vsh_text_string(&text), cases[i].text);
    }
}

/* ---- the command --------------------------------------------------------------------------- */

static char folder[64];

static const char *put_file(const char *name, const char *content)
{
    const char *path = vsh_path_join(vsh_test_arena(), folder, name);
    vsh_text text = {.arena = vsh_test_arena()};

    vsh_text_add(&text, "%s", content);
    REQUIRE_OK(vsh_file_write(path, &text, &err), &err);
    return path;
}

static sim_scale_request new_request(const char *config, const char *topology)
{
    strcpy(folder, "/tmp/vsh-scale-XXXXXX");
    REQUIRE(mkdtemp(folder) != NULL);
    return (sim_scale_request){.config = put_file("a.cfg", config),
                               .topology = put_file("a.csv", topology),
                               .input = SIM_SCALE_BY_HEADER,
                               .folder = folder};
}

static void remove_folder(void)
{
    static const char *const names[] = {"run/COMPUTE_REPORT.csv",
                                        "run/BANDWIDTH_REPORT.csv",
                                        "run/DETAILED_ACCESS_REPORT.csv",
                                        "run",
                                        "a.cfg",
                                        "a.csv",
                                        "a.layout",
                                        ""};

    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        remove(vsh_path_join(vsh_test_arena(), folder, names[i]));
}

static vsh_text out, talk;

static vsh_status run(const sim_scale_request *request)
{
    out = (vsh_text){.arena = vsh_test_arena()};
    talk = (vsh_text){.arena = vsh_test_arena()};
    return sim_scale_sim(vsh_test_arena(), request, &out, &talk, &err);
}

static const char *report(const char *name)
{
    vsh_text text = {.arena = vsh_test_arena()};

    REQUIRE_OK(vsh_file_read(vsh_path_join(vsh_test_arena(), folder, name), &text, &err), &err);
    return vsh_text_string(&text);
}

static void the_three_reports_are_the_tools_to_the_byte(void)
{
    sim_scale_request request = new_request(CONFIG, "Layer,M,N,K\ng0,16,24,20\n");

    REQUIRE_OK(run(&request), &err);
    CHECK_TEXT(report("run/COMPUTE_REPORT.csv"),
               "LayerID, Total Cycles, Stall Cycles, Overall Util %, Mapping Efficiency %, "
               "Compute Util %,\n0, 203, 0, 59.11330049261084, 100.0, 58.82352941176471,\n");
    CHECK_TEXT(report("run/BANDWIDTH_REPORT.csv"),
               "LayerID, Avg IFMAP SRAM BW, Avg FILTER SRAM BW, Avg OFMAP SRAM BW, Avg IFMAP DRAM "
               "BW, Avg FILTER DRAM BW, Avg OFMAP DRAM BW,\n"
               "0, 4.729064039408867, 4.729064039408867, 2.3645320197044337, 4.848484848484849, "
               "7.2727272727272725, 8.0,\n");
    CHECK_TEXT(report("run/DETAILED_ACCESS_REPORT.csv"),
               "LayerID, SRAM IFMAP Start Cycle, SRAM IFMAP Stop Cycle, SRAM IFMAP Reads, "
               "SRAM Filter Start Cycle, SRAM Filter Stop Cycle, SRAM Filter Reads, "
               "SRAM OFMAP Start Cycle, SRAM OFMAP Stop Cycle, SRAM OFMAP Writes, "
               "DRAM IFMAP Start Cycle, DRAM IFMAP Stop Cycle, DRAM IFMAP Reads, "
               "DRAM Filter Start Cycle, DRAM Filter Stop Cycle, DRAM Filter Reads, "
               "DRAM OFMAP Start Cycle, DRAM OFMAP Stop Cycle, DRAM OFMAP Writes,\n"
               "0, 1.0, 197.0, 960, 1.0, 197.0, 960, 19.0, 203.0, 480, -66.0, -1.0, 320, "
               "-66.0, -1.0, 480, 203.0, 250.0, 384,\n");
    CHECK_HAS(vsh_text_string(&out), "SCALE-Sim version 2, os, 8 x 8, CALC");
    CHECK_HAS(vsh_text_string(&talk), "a.csv: read as -i gemm (by its header)\n");
    remove_folder();
}

/* The row that the tool's own regression test expects (test/general/golden_trace_calc of version 3,
 * golden_trace of version 2): AlexNet's first convolution on 32 x 32, whose map and filters pass
 * their buffers many times. The versions differ in the end of the last write. */
static void the_tools_own_regression_test_passes(void)
{
    static const char *const rows[] = {
        "0, 33.0, 112176.0, 3294225, 1.0, 109197.0, 34848, 63.0, 112283.0, 3484800, -3243.0, "
        "111824.0, 1805023, -3275.0, 102937.0, 34848, 1102.0, 112639.0, 3484831,\n",
        "0, 33.0, 112176.0, 3294225, 1.0, 109197.0, 34848, 63.0, 112283.0, 3484800, -3243.0, "
        "111824.0, 1805023, -3275.0, 102937.0, 34848, 1102.0, 112935.0, 3484831,\n"};
    static const char *const extra[] = {"", "[sparsity]\nSparsitySupport : false\n"};

    for (int v3 = 0; v3 < 2; v3++) {
        char config[512];
        sim_scale_request request;

        snprintf(config, sizeof config,
                 GENERAL "[architecture_presets]\nArrayHeight: 32\nArrayWidth: 32\n"
                         "IfmapSramSzkB: 64\nFilterSramSzkB: 64\nOfmapSramSzkB: 64\n"
                         "Dataflow : ws\n" PRESETS "%s",
                 extra[v3]);
        request = new_request(config, "Layer name, IFMAP Height, IFMAP Width,\n"
                                      "Conv1, 224, 224, 11, 11, 3, 96, 4,\n");
        REQUIRE_OK(run(&request), &err);
        CHECK_HAS(report("run/DETAILED_ACCESS_REPORT.csv"), rows[v3]);
        CHECK_HAS(report("run/COMPUTE_REPORT.csv"),
                  "112283, 0, 91.68309650614964, 94.53125, 90.78000992063485,\n");
        remove_folder();
    }
    CHECK_HAS(vsh_text_string(&out), "112,283");
}

static void a_layout_makes_version_3_of_the_reports(void)
{
    sim_scale_request request = new_request(CONFIG, "Layer,M,N,K\ng0,16,24,20\n");

    request.layout = put_file("a.layout", "Layer,\n");
    request.json = true;
    REQUIRE_OK(run(&request), &err);
    CHECK_TEXT(report("run/COMPUTE_REPORT.csv"),
               "LayerID, Total Cycles (incl. prefetch), Total Cycles, Stall Cycles, Overall Util "
               "%, Mapping Efficiency %, Compute Util %,\n"
               "0, 316, 203, 0, 59.11330049261084, 100.0, 58.82352941176471,\n");
    CHECK_HAS(vsh_text_string(&out), "\"total_cycles_with_prefetch\": 316");
    CHECK_HAS(vsh_text_string(&talk), "a.layout: ignored");
    request.layout = "no/such/layout";
    request.force = true;
    CHECK_FAILS(run(&request), &err, VSH_EINPUT, "no/such/layout: No such file");
    remove_folder();
}

static void reports_are_overwritten_by_force_alone(void)
{
    sim_scale_request request = new_request(CONFIG, "Layer,M,N,K\ng0,16,24,20\n");

    REQUIRE_OK(run(&request), &err);
    put_file("run/BANDWIDTH_REPORT.csv", "mine");
    CHECK_FAILS(run(&request), &err, VSH_EINPUT, "is there already; --force overwrites it");
    CHECK_TEXT(report("run/BANDWIDTH_REPORT.csv"), "mine");
    request.force = true;
    REQUIRE_OK(run(&request), &err);
    CHECK_HAS(report("run/BANDWIDTH_REPORT.csv"), "LayerID, Avg IFMAP SRAM BW");
    remove_folder();
}

static bool is_there(const char *name)
{
    return access(vsh_path_join(vsh_test_arena(), folder, name), F_OK) == 0;
}

static void after_a_failure_there_is_no_report(void)
{
    sim_scale_request request =
        new_request(CONFIG, "Layer,M,N,K\nok,16,24,20\nhuge,2147483647,2147483647,2147483647\n");

    CHECK_FAILS(run(&request), &err, VSH_EINPUT,
                "a.csv:3: expected a layer whose counts fit 63 bits, found a larger one");
    CHECK(!is_there("run"));
    CHECK(out.length == 0);
    put_file("a.csv", "Layer,M,N,K\nok,16,24,20\n");
    mkdir(vsh_path_join(vsh_test_arena(), folder, "run"), 0777);
    mkdir(vsh_path_join(vsh_test_arena(), folder, "run/DETAILED_ACCESS_REPORT.csv"), 0777);
    request.force = true;
    CHECK_FAILS(run(&request), &err, VSH_EMACHINE, "DETAILED_ACCESS_REPORT.csv is a folder");
    CHECK(!is_there("run/COMPUTE_REPORT.csv"));
    request.config = folder;
    CHECK_FAILS(run(&request), &err, VSH_EINPUT, "expected a text file, found a folder");
    request.config = "/dev/zero";
    CHECK_FAILS(run(&request), &err, VSH_EINPUT, "expected a text file, found something else");
    remove_folder();
}

static void a_file_of_more_than_64_mib_is_refused(void)
{
    sim_scale_request request = new_request(CONFIG, "Layer,M,N,K\ng0,16,24,20\n");

    REQUIRE(truncate(request.topology, ((off_t)64 << 20) + 1) == 0);
    CHECK_FAILS(run(&request), &err, VSH_EINPUT, "a.csv: expected a text of at most 64 MiB");
    CHECK(!is_there("run"));
    remove_folder();
}

static void reports_go_nowhere_but_the_folder(void)
{
    sim_scale_request request = new_request(CONFIG, "Layer,M,N,K\ng0,16,24,20\n");

    request.folder = "";
    CHECK_FAILS(run(&request), &err, VSH_EINPUT, "-p: expected a folder");
    remove_folder();
}

static void an_array_of_one_element_and_one_product_has_no_cycles_to_divide_by(void)
{
    sim_scale_request request =
        new_request(GENERAL "[architecture_presets]\nArrayHeight: 1\nArrayWidth: 1\n"
                            "IfmapSramSzkB: 1\nFilterSramSzkB: 1\nOfmapSramSzkB: 1\n"
                            "Dataflow: os\n" PRESETS,
                    "Layer,M,N,K\nx,1,1,1\n");

    CHECK_FAILS(run(&request), &err, VSH_EINPUT,
                "a.csv:2: expected a layer of more than one cycle");
    put_file("a.csv", "Layer,M,N,K\nx,1,1,2\n");
    CHECK_OK(run(&request), &err);
    remove_folder();
}

#define USER_1KB                                                                                   \
    GENERAL "[architecture_presets]\nArrayHeight: 8\nArrayWidth: 8\nIfmapSramSzkB: 1\n"            \
            "FilterSramSzkB: 1\nOfmapSramSzkB: 1\nDataflow: os\nBandwidth: 4\n"                    \
            "[run_presets]\nInterfaceBandwidth: USER\n"

static void stalls_that_are_not_followed_are_said_to_be_missing(void)
{
    sim_scale_request request =
        new_request(USER_1KB, "Layer name,H,W\na,4,4,3,3,2,4,1\nb,16,16,3,3,8,8,1\n");

    REQUIRE_OK(run(&request), &err);
    CHECK_HAS(vsh_text_string(&talk), "1 of 2 layers stall in USER mode and are too large");
    put_file("a.csv", "Layer,M,N,K\na,9,7,10\nb,40,24,32\n");
    request.force = true;
    REQUIRE_OK(run(&request), &err);
    CHECK(!strstr(vsh_text_string(&talk), "stall"));
    CHECK_HAS(report("run/COMPUTE_REPORT.csv"), "\n1, 2228, 1539, 21.54398563734291, 100.0,");
    remove_folder();
}

/* The tool's regression tests of USER mode, version 3 (test/general/golden_trace_user_is, _os). */
static void the_tools_own_regression_tests_with_stalls_pass(void)
{
    static const char *const dataflow[] = {"is", "os"};
    static const char *const compute[] = {
        "0, 29815, 19984, 5777, 40.99279423538831, 100.0, 50.59288537549411,\n",
        "0, 59000, 52447, 42272, 15.619577859553454, 100.0, 80.50314465408805,\n"};
    static const char *const detail[] = {
        "0, 1.0, 19795.0, 65536, 33.0, 19954.0, 262144, 63.0, 19984.0, 262144, -3277.0, 9833.0, "
        "131080, -3277.0, -1.0, 32770, 1839.0, 26538.0, 262157,\n",
        "0, 1.0, 52417.0, 262144, 1.0, 52417.0, 262144, 255.0, 52447.0, 34816, -3277.0, 49169.0, "
        "524320, -3277.0, -1.0, 32770, 52447.0, 55723.0, 32768,\n"};

    for (int i = 0; i < 2; i++) {
        char config[512];
        sim_scale_request request;

        snprintf(config, sizeof config,
                 GENERAL "[architecture_presets]\nArrayHeight: 32\nArrayWidth: 32\n"
                         "IfmapSramSzkB: 64\nFilterSramSzkB: 64\nOfmapSramSzkB: 64\n"
                         "Dataflow : %s\nBandwidth : 10\n"
                         "[sparsity]\nSparsitySupport : false\n"
                         "[run_presets]\nInterfaceBandwidth: USER\n",
                 dataflow[i]);
        request = new_request(config, "Layer Name, M, N, K,\nTest 1, 256, 128, 256,");
        REQUIRE_OK(run(&request), &err);
        CHECK_HAS(report("run/COMPUTE_REPORT.csv"), compute[i]);
        CHECK_HAS(report("run/DETAILED_ACCESS_REPORT.csv"), detail[i]);
        remove_folder();
    }
}

const vsh_test vsh_tests[] = {
    {"a_configuration_is_read_as_python_reads_it", a_configuration_is_read_as_python_reads_it},
    {"sections_of_version_3_are_understood", sections_of_version_3_are_understood},
    {"a_bad_configuration_is_refused_where_it_is_bad",
     a_bad_configuration_is_refused_where_it_is_bad},
    {"products_need_no_comma_at_the_end_of_a_row", products_need_no_comma_at_the_end_of_a_row},
    {"a_convolution_becomes_the_product_the_tool_makes_of_it",
     a_convolution_becomes_the_product_the_tool_makes_of_it},
    {"a_depthwise_layer_is_a_layer_a_channel", a_depthwise_layer_is_a_layer_a_channel},
    {"columns_that_are_not_used_are_named", columns_that_are_not_used_are_named},
    {"a_bad_topology_is_refused_where_it_is_bad", a_bad_topology_is_refused_where_it_is_bad},
    {"a_nul_byte_is_refused", a_nul_byte_is_refused},
    {"floats_are_written_as_python_writes_them", floats_are_written_as_python_writes_them},
    {"the_three_reports_are_the_tools_to_the_byte", the_three_reports_are_the_tools_to_the_byte},
    {"the_tools_own_regression_test_passes", the_tools_own_regression_test_passes},
    {"a_layout_makes_version_3_of_the_reports", a_layout_makes_version_3_of_the_reports},
    {"reports_are_overwritten_by_force_alone", reports_are_overwritten_by_force_alone},
    {"after_a_failure_there_is_no_report", after_a_failure_there_is_no_report},
    {"a_file_of_more_than_64_mib_is_refused", a_file_of_more_than_64_mib_is_refused},
    {"reports_go_nowhere_but_the_folder", reports_go_nowhere_but_the_folder},
    {"an_array_of_one_element_and_one_product_has_no_cycles_to_divide_by",
     an_array_of_one_element_and_one_product_has_no_cycles_to_divide_by},
    {"stalls_that_are_not_followed_are_said_to_be_missing",
     stalls_that_are_not_followed_are_said_to_be_missing},
    {"the_tools_own_regression_tests_with_stalls_pass",
     the_tools_own_regression_tests_with_stalls_pass},
    {NULL, NULL},
};
