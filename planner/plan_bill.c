/* The cost of a run, as every view of a plan shows it. */
#include <math.h>
#include <stdio.h>

#include "core/page.h"
#include "planner/plan_report.h"

/* Figures in a printf live as long as the call: shorthands for the many here. */
#define REAL(value) vsh_show_real(value).text
#define AMOUNT(value) vsh_show_amount(value).text

/* One line of the bill: a figure, its range, and where they are from. */
typedef struct {
    const char *name[3]; /* of the figure, its low and its high end */
    const char *unit;
    double value[3];
    const char *formula, *source;
    const char *range; /* what low and high are */
    const char *tag;
} bill_line;

enum { BILL_LINES = 8 };

#define NAMES(name)                                                                                \
    {                                                                                              \
        name, name ", low end", name ", high end"                                                  \
    }

static const char derived[] = "derived"; /* follows from the lines above it */

/* What the bill is made of; what is not known is left out. */
static int list_inputs(const vsh_bill *b, bill_line *lines)
{
    const vsh_figure *watts = &b->power.watts, *pue = b->pue, *price = &b->price;
    const vsh_region *r = b->region;
    int count = 0;

    if (b->power_known) {
        lines[count++] = (bill_line){
            NAMES("power of a chip"), "W",           {watts->value, watts->low, watts->high},
            b->power.formula,         watts->source, b->power.range,
            vsh_tag_names[watts->tag]};
        lines[count++] = (bill_line){NAMES("PUE"),
                                     "",
                                     {pue->value, pue->low, pue->high},
                                     "power of the data centre / power of its computers",
                                     pue->source,
                                     "its sites and years",
                                     vsh_tag_names[pue->tag]};
    }
    lines[count++] = (bill_line){NAMES("carbon intensity"),
                                 "g/kWh",
                                 {r->g_per_kwh, r->low, r->high},
                                 "what the grid there emits, mean of a year",
                                 r->source,
                                 r->range,
                                 "specification"};
    if (b->price_known)
        lines[count++] = (bill_line){
            NAMES("price"),           "USD/h",       {price->value, price->low, price->high},
            "one chip for one hour",  price->source, b->price_range,
            vsh_tag_names[price->tag]};
    return count;
}

/* What it comes to. */
static int list_results(const vsh_bill *b, bill_line *lines)
{
    int count = 0;

    if (b->power_known) {
        lines[count++] = (bill_line){NAMES("energy"),
                                     "kWh",
                                     {b->kwh, b->kwh_low, b->kwh_high},
                                     "chips x power x hours / 1000 x PUE",
                                     "arXiv:2104.10350",
                                     "both ends of power, hours and PUE",
                                     derived};
        lines[count++] = (bill_line){NAMES("carbon"),
                                     "kg CO2e",
                                     {b->co2_kg, b->co2_low_kg, b->co2_high_kg},
                                     "kWh x g/kWh / 1000, location based",
                                     "arXiv:2104.10350",
                                     "both ends of energy and intensity",
                                     derived};
    }
    lines[count++] = (bill_line){NAMES("embodied carbon"),
                                 "kg CO2e",
                                 {b->embodied_kg, b->embodied_low_kg, b->embodied_high_kg},
                                 "300 kg x chips x hours / (6 years x 70 %)",
                                 "docs/model.md, money: no maker publishes it a chip",
                                 "150 kg, 6 years, 85 %; 463 kg, 4 years",
                                 "assumed"};
    if (b->price_known)
        lines[count++] = (bill_line){NAMES("cost"),
                                     "USD",
                                     {b->usd, b->usd_low, b->usd_high},
                                     "price x chips x hours",
                                     "arithmetic",
                                     b->price_range,
                                     derived};
    return count;
}

static int list_lines(const vsh_bill *b, bill_line lines[BILL_LINES])
{
    int count = list_inputs(b, lines);

    return count + list_results(b, lines + count);
}

/* ---- on a terminal ------------------------------------------------------------------------ */

enum { WIDTH = 78, INDENT = 12 };

/* A unit in which a quantity has figures before its point. */
typedef struct {
    double size;
    const char *name;
} bill_unit;

static const bill_unit energy_units[] = {{1e6, "GWh"}, {1e3, "MWh"}, {1, "kWh"}, {1e-3, "Wh"}};
static const bill_unit carbon_units[] = {
    {1e6, "kt CO2"}, {1e3, "t CO2"}, {1, "kg CO2"}, {1e-3, "g CO2"}};

enum { UNITS = sizeof energy_units / sizeof energy_units[0] };

static const bill_unit *unit_of(double value, const bill_unit units[UNITS])
{
    int i = 0;

    while (i < UNITS - 1 && value < units[i].size)
        i++;
    return &units[i];
}

/* Room for a figure with its unit and range. */
typedef struct {
    char text[120];
} ranged_text;

/* "28.6 kWh (16.3 - 39.1)". */
static ranged_text show_ranged(double value, double low, double high, const bill_unit units[UNITS])
{
    const bill_unit *unit = unit_of(value, units);
    ranged_text shown;

    snprintf(shown.text, sizeof shown.text, "%s %s (%s - %s)", AMOUNT(value / unit->size),
             unit->name, AMOUNT(low / unit->size), AMOUNT(high / unit->size));
    return shown;
}

/* Prices change: when this one was read, or who gave it. */
static const char *when(const vsh_figure *price)
{
    return price->date ? price->date : price->source ? price->source : "no date";
}

static void print_money(const vsh_bill *b, vsh_text *out)
{
    char line[200];
    int used;

    if (!b->price_known) {
        vsh_text_add(out, "  Cost      $? (--price)\n");
        return;
    }
    used = snprintf(line, sizeof line, "%s", vsh_show_usd(b->usd).text);
    if (b->usd_low < b->usd_high)
        used += snprintf(line + used, sizeof line - (size_t)used, " (%s - %s)",
                         vsh_show_usd(b->usd_low).text, vsh_show_usd(b->usd_high).text);
    snprintf(line + used, sizeof line - (size_t)used, " at $%s a chip-hour (%.30s)",
             REAL(b->price.value), when(&b->price));
    vsh_text_add(out, "  Cost      ");
    vsh_text_wrap(out, line, INDENT, WIDTH + 2);
}

static void print_power(const vsh_bill *b, vsh_text *out)
{
    const vsh_region *r = b->region;
    char line[300];

    snprintf(line, sizeof line, "%s: %s W a chip (%s), PUE %.2f",
             show_ranged(b->kwh, b->kwh_low, b->kwh_high, energy_units).text,
             REAL(b->power.watts.value), vsh_tag_names[b->power.watts.tag], b->pue->value);
    vsh_text_add(out, "  Energy    ");
    vsh_text_wrap(out, line, INDENT, WIDTH + 2);
    snprintf(line, sizeof line, "%s by the local grid: %s, %s g/kWh",
             show_ranged(b->co2_kg, b->co2_low_kg, b->co2_high_kg, carbon_units).text, r->code,
             REAL(r->g_per_kwh));
    vsh_text_add(out, "  Carbon    ");
    vsh_text_wrap(out, line, INDENT, WIDTH + 2);
}

void plan_bill_print(const plan_run *run, vsh_text *out)
{
    const vsh_bill *b = &run->bill;

    print_money(b, out);
    if (b->power_known)
        print_power(b, out);
    else
        vsh_text_add(out, "  Energy    power unknown\n");
}

/* ---- as JSON ------------------------------------------------------------------------------ */

static void write_ranged(vsh_json *json, bool known, const char *const keys[3], double value,
                         double low, double high)
{
    const double ends[] = {value, low, high};

    for (int i = 0; i < 3; i++)
        vsh_json_known(json, keys[i], known ? ends[i] : (double)NAN);
}

static void write_sources(const vsh_bill *b, vsh_json *json)
{
    static const char *const pue[] = {"pue", "pue_low", "pue_high"};
    static const char *const watts[] = {"power_w", "power_low_w", "power_high_w"};
    static const char *const grid[] = {"grid_g_per_kwh", "grid_low_g_per_kwh",
                                       "grid_high_g_per_kwh"};
    const vsh_region *r = b->region;

    write_ranged(json, b->power_known, watts, b->power.watts.value, b->power.watts.low,
                 b->power.watts.high);
    vsh_json_string(json, "power_source", b->power_known ? b->power.watts.source : NULL);
    vsh_json_string(json, "power_tag", b->power_known ? vsh_tag_names[b->power.watts.tag] : NULL);
    write_ranged(json, true, pue, b->pue->value, b->pue->low, b->pue->high);
    vsh_json_string(json, "pue_source", b->pue->source);
    write_ranged(json, true, grid, r->g_per_kwh, r->low, r->high);
    vsh_json_string(json, "grid_place", r->place);
    vsh_json_integer(json, "grid_year", r->year);
    vsh_json_string(json, "grid_source", r->source);
    vsh_json_string(json, "grid_range", r->range);
    vsh_json_string(json, "carbon_accounting", "location based");
    vsh_json_string(json, "price_source", b->price_known ? b->price.source : NULL);
    vsh_json_string(json, "price_date", b->price_known ? b->price.date : NULL);
    vsh_json_string(json, "price_range", b->price_known ? b->price_range : NULL);
}

void plan_bill_write_json(const plan_run *run, vsh_json *json)
{
    static const char *const kwh[] = {"energy_kwh", "energy_low_kwh", "energy_high_kwh"};
    static const char *const co2[] = {"co2_kg", "co2_low_kg", "co2_high_kg"};
    static const char *const embodied[] = {"embodied_co2_kg", "embodied_co2_low_kg",
                                           "embodied_co2_high_kg"};
    static const char *const usd[] = {"cost_usd", "cost_low_usd", "cost_high_usd"};
    const vsh_bill *b = &run->bill;

    write_ranged(json, b->power_known, kwh, b->kwh, b->kwh_low, b->kwh_high);
    write_ranged(json, b->power_known, co2, b->co2_kg, b->co2_low_kg, b->co2_high_kg);
    write_ranged(json, true, embodied, b->embodied_kg, b->embodied_low_kg, b->embodied_high_kg);
    write_ranged(json, b->price_known, usd, b->usd, b->usd_low, b->usd_high);
    vsh_json_real(json, "billed_hours_low", b->duration.low);
    vsh_json_real(json, "billed_hours_high", b->duration.high);
    write_sources(b, json);
}

/* ---- as a table of the page --------------------------------------------------------------- */

static void write_line(const bill_line *l, vsh_table *table)
{
    vsh_table_row(table, NULL);
    vsh_table_cell(table, "%s", l->name[0]);
    vsh_table_cell(table, "%s %s", AMOUNT(l->value[0]), l->unit);
    if (l->value[1] < l->value[2])
        vsh_table_cell(table, "%s - %s", AMOUNT(l->value[1]), AMOUNT(l->value[2]));
    else
        vsh_table_cell(table, "-");
    vsh_table_cell(table, "%s; %s (%s)", l->formula, l->source ? l->source : "no source", l->tag);
    vsh_table_cell(table, "%s", l->range);
}

void plan_bill_write_page(const plan *p, vsh_text *page)
{
    static const char *const heads[] = {"Cost", "#figure", "#range", "+how, and from where",
                                        "+what the range is"};
    bill_line lines[BILL_LINES];
    vsh_table table;
    int count;

    if (!plan_has_run(p))
        return;
    count = list_lines(&p->recommended.bill, lines);
    vsh_page_put(page, "h2", NULL, "What it costs");
    vsh_text_add(page, "<section class=\"card\">\n");
    table = vsh_table_open(page, heads, 5);
    for (int i = 0; i < count; i++)
        write_line(&lines[i], &table);
    vsh_table_close(&table);
    vsh_page_put(page, "p", "small",
                 "Carbon is location based: what the grid of the place emits, whoever pays for "
                 "clean power elsewhere. The making of the chips comes on top.");
    vsh_text_add(page, "</section>\n");
}

/* ---- as an explanation -------------------------------------------------------------------- */

int plan_bill_explain(const plan *p, vsh_explained explained[PLAN_BILL_EXPLAINED])
{
    bill_line lines[BILL_LINES];
    int count = 0, line_count = plan_has_run(p) ? list_lines(&p->recommended.bill, lines) : 0;

    for (int i = 0; i < line_count; i++) {
        const bill_line *l = &lines[i];
        explained[count++] =
            (vsh_explained){l->name[0], l->value[0], l->unit, l->formula, l->source, l->tag};
        for (int end = 1; end < 3 && l->value[1] < l->value[2]; end++)
            explained[count++] =
                (vsh_explained){l->name[end], l->value[end], l->unit, l->range, l->source, derived};
    }
    return count;
}
