#include "sim/scale_sim/scale_report.h"

#include <assert.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const char *const sim_scale_report_names[SIM_SCALE_REPORTS] = {
    "COMPUTE_REPORT.csv", "BANDWIDTH_REPORT.csv", "DETAILED_ACCESS_REPORT.csv"};

/* Header texts are the tool's, which its readers look columns up by. */
static const char *const headers[SIM_SCALE_REPORTS] = {
    "Total Cycles, Stall Cycles, Overall Util %, Mapping Efficiency %, Compute Util %",
    "Avg IFMAP SRAM BW, Avg FILTER SRAM BW, Avg OFMAP SRAM BW, "
    "Avg IFMAP DRAM BW, Avg FILTER DRAM BW, Avg OFMAP DRAM BW",
    "SRAM IFMAP Start Cycle, SRAM IFMAP Stop Cycle, SRAM IFMAP Reads, "
    "SRAM Filter Start Cycle, SRAM Filter Stop Cycle, SRAM Filter Reads, "
    "SRAM OFMAP Start Cycle, SRAM OFMAP Stop Cycle, SRAM OFMAP Writes, "
    "DRAM IFMAP Start Cycle, DRAM IFMAP Stop Cycle, DRAM IFMAP Reads, "
    "DRAM Filter Start Cycle, DRAM Filter Stop Cycle, DRAM Filter Reads, "
    "DRAM OFMAP Start Cycle, DRAM OFMAP Stop Cycle, DRAM OFMAP Writes"};

void sim_scale_report_header(vsh_text *out, int report, bool v3)
{
    vsh_text_add(out, "LayerID, %s%s,\n",
                 v3 && report == SIM_SCALE_COMPUTE ? "Total Cycles (incl. prefetch), " : "",
                 headers[report]);
}

/* digits d1d2d3.. of d1.d2d3.. x 10^exponent */
static void add_digits(vsh_text *out, const char *digits, int exponent)
{
    static const char zeros[] = "0000000000000000";
    int count = (int)strlen(digits);

    if (exponent < -4 || exponent >= 16)
        vsh_text_add(out, "%c%s%se%c%02d", digits[0], count > 1 ? "." : "", digits + 1,
                     exponent < 0 ? '-' : '+', abs(exponent));
    else if (exponent < 0)
        vsh_text_add(out, "0.%.*s%s", -exponent - 1, zeros, digits);
    else if (count <= exponent + 1)
        vsh_text_add(out, "%s%.*s.0", digits, exponent + 1 - count, zeros);
    else
        vsh_text_add(out, "%.*s.%s", exponent + 1, digits, digits + exponent + 1);
}

void sim_scale_add_float(vsh_text *out, double value)
{
    char shown[32], digits[20];
    int exponent, length = 0;

    assert(isfinite(value));
    for (int precision = 14; precision < 17; precision++) { /* digits after the first */
        snprintf(shown, sizeof shown, "%.*e", precision, fabs(value));
        if (strtod(shown, NULL) == fabs(value))
            break;
    }
    exponent = atoi(strchr(shown, 'e') + 1);
    for (const char *at = shown; *at != 'e'; at++)
        if (*at != '.')
            digits[length++] = *at;
    while (length > 1 && digits[length - 1] == '0')
        length--;
    digits[length] = '\0';
    if (signbit(value))
        vsh_text_add(out, "-");
    add_digits(out, digits, exponent);
}

static void add_real(vsh_text *out, double value)
{
    vsh_text_add(out, ", ");
    sim_scale_add_float(out, value);
}

static void add_count(vsh_text *out, int64_t value)
{
    vsh_text_add(out, ", %lld", (long long)value);
}

static void add_compute(vsh_text *out, bool v3, const sim_scale_figures *f)
{
    if (v3)
        add_count(out, f->cycles_with_prefetch);
    add_count(out, f->total_cycles);
    add_count(out, f->stall_cycles);
    add_real(out, f->overall_percent);
    add_real(out, f->mapping_percent);
    add_real(out, f->compute_percent);
}

static void add_bandwidth(vsh_text *out, const sim_scale_figures *f)
{
    for (int i = SIM_LHS; i < SIM_OPERANDS; i++)
        add_real(out, f->sram_rate[i]);
    for (int i = SIM_LHS; i < SIM_OPERANDS; i++)
        add_real(out, f->dram_rate[i]);
}

static void add_accesses(vsh_text *out, const sim_scale_access access[SIM_OPERANDS])
{
    for (int i = SIM_LHS; i < SIM_OPERANDS; i++) {
        add_real(out, (double)access[i].start);
        add_real(out, (double)access[i].stop);
        add_count(out, access[i].words);
    }
}

void sim_scale_report_row(vsh_text *out, int report, bool v3, int layer,
                          const sim_scale_figures *figures)
{
    vsh_text_add(out, "%d", layer);
    if (report == SIM_SCALE_COMPUTE)
        add_compute(out, v3, figures);
    else if (report == SIM_SCALE_BANDWIDTH)
        add_bandwidth(out, figures);
    else {
        add_accesses(out, figures->sram);
        add_accesses(out, figures->dram);
    }
    vsh_text_add(out, ",\n");
}
