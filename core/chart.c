#include "core/chart.h"

#include <assert.h>
#include <fcntl.h>
#include <limits.h>
#include <math.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "core/clock.h"

/* ---- the script --------------------------------------------------------------------------- */

/* gnuplot's own defaults change between versions: all that matters is said here. */
static const char style[] = "set style fill solid 1 noborder\n"
                            "set clip two\n"
                            "unset key\n"
                            "set border 3 linewidth 1 linecolor rgb '" VSH_INK "'\n";

static double screen_x(int x) { return (double)x / VSH_CHART_WIDTH; }
static double screen_y(int height, int y) { return 1 - (double)y / height; }

void vsh_chart_begin(vsh_text *script, const char *name, int height, const char *title)
{
    vsh_text_add(script, "# draws %s.svg: gnuplot %s.gp\nreset\nset encoding utf8\n", name, name);
    vsh_text_add(script,
                 "set terminal svg size %d,%d dynamic noenhanced font 'sans-serif,%d' background "
                 "'" VSH_PAPER "' linewidth 1 dashlength 1\nset output '%s.svg'\n",
                 VSH_CHART_WIDTH, height, VSH_CHART_FONT, name);
    vsh_text_add(script, "%sset multiplot\n", style);
    /* a label needs a plot to stand on: an empty one */
    vsh_chart_label(script, title, "at screen %.4f,%.4f left font 'sans-serif,%d'", screen_x(12),
                    screen_y(height, 22), VSH_CHART_FONT + 3);
    vsh_text_add(script, "unset border\nunset tics\nplot [0:1] [0:1] NaN\nset border 3\n");
}

void vsh_chart_end(vsh_text *script) { vsh_text_add(script, "unset multiplot\nset output\n"); }

void vsh_chart_panel(vsh_text *script, const vsh_panel *panel, const char *above, const char *below)
{
    const int right = VSH_CHART_WIDTH - VSH_CHART_RIGHT, height = panel->height;

    vsh_text_add(script, "unset label\nunset arrow\nunset object\nunset logscale\nunset tics\n"
                         "set xtics nomirror out scale 0.5,0.25 offset 0,0.35 autofreq\n"
                         "set ytics nomirror out scale 0.5,0.25 autofreq\nset autoscale\n"
                         "set grid xtics ytics linetype 1 linewidth 0.5 linecolor rgb '" VSH_GREY
                         "' dashtype (1,3)\n");
    vsh_text_add(script,
                 "set lmargin at screen %.4f\nset rmargin at screen %.4f\n"
                 "set tmargin at screen %.4f\nset bmargin at screen %.4f\n",
                 screen_x(panel->left), screen_x(right), screen_y(height, panel->top),
                 screen_y(height, panel->bottom));
    if (above)
        vsh_chart_label(script, above, "at screen %.4f,%.4f left", screen_x(12),
                        screen_y(height, panel->top - 16));
    if (below)
        vsh_chart_label(script, below, "at screen %.4f,%.4f center",
                        screen_x((panel->left + right) / 2), screen_y(height, panel->bottom + 46));
}

/* The sample of a series, and the words after it, at the place of an entry of the legend. */
static void draw_sample(vsh_text *script, const vsh_panel *panel, const vsh_series *series,
                        int entry, bool joins)
{
    int width = (VSH_CHART_WIDTH - 18) / panel->legend_columns;
    int x = 18 + entry % panel->legend_columns * width;
    int y = panel->legend + 22 * (entry / panel->legend_columns);
    double left = screen_x(x), right = screen_x(x + 30), middle = screen_y(panel->height, y);

    if (series->as == VSH_DRAW_LINE)
        vsh_chart_line(script, series->look, "from screen %.4f,%.4f to screen %.4f,%.4f", left,
                       middle, right, middle);
    else if (series->as == VSH_DRAW_POINT)
        vsh_text_add(script, "set label '' at screen %.4f,%.4f point %s\n", screen_x(x + 15),
                     middle, series->look);
    else
        vsh_chart_box(script, series->look, "from screen %.4f,%.4f to screen %.4f,%.4f", left,
                      screen_y(panel->height, y + 6), right, screen_y(panel->height, y - 6));
    if (!joins)
        vsh_chart_label(script, series->words, "at screen %.4f,%.4f left", screen_x(x + 38),
                        middle);
}

static void draw_legend(vsh_text *script, const vsh_panel *panel, const vsh_series *series,
                        int count)
{
    int entries = 0;

    for (int i = 0; i < count && panel->legend_columns > 0; i++) {
        const char *before = i > 0 ? series[i - 1].words : NULL;
        bool joins = before && series[i].words && strcmp(before, series[i].words) == 0;
        if (!series[i].words)
            continue;
        entries += !joins;
        draw_sample(script, panel, &series[i], entries - 1, joins);
    }
}

void vsh_chart_plot(vsh_text *script, const vsh_panel *panel, const vsh_series *series, int count)
{
    static const char *const styles[] = {"lines", "points", "filledcurves", "boxxyerror"};

    draw_legend(script, panel, series, count);
    vsh_text_add(script, "plot NaN"); /* never an empty list */
    for (int i = 0; i < count; i++)
        if (series[i].data)
            vsh_text_add(script, ", \\\n  %s with %s %s", series[i].data, styles[series[i].as],
                         series[i].look);
    vsh_text_add(script, "\n");
}

/* C0 and C1 controls, and DEL. */
static bool is_control(const unsigned char *text)
{
    return text[0] < 0x20 || text[0] == 0x7f || (text[0] == 0xc2 && text[1] < 0xa0);
}

void vsh_chart_quote(vsh_text *script, const char *text, int columns)
{
    const unsigned char *at = (const unsigned char *)text;

    vsh_text_put(script, "'", 1);
    for (int column = 0; *at; column++) {
        int length = vsh_utf8_length((const char *)at);
        if (column >= columns - 1 && at[length ? length : 1]) {
            vsh_text_put(script, "\u2026", strlen("\u2026"));
            break;
        }
        if (length == 0 || is_control(at))
            vsh_text_put(script, *at == '\n' || *at == '\t' ? " " : "?", 1);
        else
            vsh_text_put(script, *at == '\'' ? "''" : (const char *)at,
                         *at == '\'' ? 2 : (size_t)length);
        at += length ? length : 1;
    }
    vsh_text_put(script, "'", 1);
}

void vsh_chart_label(vsh_text *script, const char *text, const char *where, ...)
{
    char place[256];
    va_list args;

    va_start(args, where);
    vsnprintf(place, sizeof place, where, args);
    va_end(args);
    vsh_text_add(script, "set label ");
    vsh_chart_quote(script, text, VSH_CHART_COLUMNS);
    vsh_text_add(script, " %s%s\n", place, strstr(place, " back") ? "" : " front");
}

static void add_shape(vsh_text *script, const char *shape, const char *look, const char *ends,
                      va_list args)
{
    char place[256];

    vsnprintf(place, sizeof place, ends, args);
    vsh_text_add(script, "set %s %s %s\n", shape, place, look);
}

void vsh_chart_line(vsh_text *script, const char *look, const char *ends, ...)
{
    va_list args;

    va_start(args, ends);
    add_shape(script, "arrow nohead", look, ends, args);
    va_end(args);
}

void vsh_chart_box(vsh_text *script, const char *look, const char *ends, ...)
{
    va_list args;

    va_start(args, ends);
    add_shape(script, "object rectangle", look, ends, args);
    va_end(args);
}

void vsh_chart_data(vsh_text *script, const char *name)
{
    vsh_text_add(script, "$%s << EOD\n", name);
}

void vsh_chart_row(vsh_text *script, const double *values, int count)
{
    for (int i = 0; i < count; i++) {
        const char *after = i + 1 < count ? " " : "\n";
        if (isfinite(values[i]))
            vsh_text_add(script, "%.6g%s", values[i], after);
        else
            vsh_text_add(script, "NaN%s", after);
    }
}

void vsh_chart_data_end(vsh_text *script) { vsh_text_add(script, "EOD\n"); }

/* ---- axes ----------------------------------------------------------------------------------- */

static void write_scaled(vsh_text *script, double value, const char *const *prefixes)
{
    int step = 0;

    while (step < 5 && value >= 999.5) {
        value /= 1000;
        step++;
    }
    vsh_text_add(script, "%.3g%s%s", value, *prefixes[step] ? " " : "", prefixes[step]);
}

static void write_tick(vsh_text *script, vsh_tick tick, int mantissa, int exponent)
{
    static const char *const counts[] = {"", "k", "M", "B", "T", "k T"};
    static const char *const si[] = {"", "k", "M", "G", "T", "P"};
    double value = mantissa * pow(10, exponent);

    vsh_text_put(script, "'", 1);
    if (tick == VSH_TICK_USD)
        vsh_text_put(script, "$", 1);
    if (tick == VSH_TICK_POWER || (tick == VSH_TICK_COUNT && value >= 1e15))
        vsh_text_add(script, "%s", vsh_show_ten_to(exponent).text);
    else if (tick == VSH_TICK_COUNT || tick == VSH_TICK_SI || value > 9999)
        write_scaled(script, value, tick == VSH_TICK_SI ? si : counts);
    else
        vsh_text_add(script, "%.10g", value);
    vsh_text_put(script, "'", 1);
}

/* Which ticks carry a figure: 1, 2 and 5 in two decades or little more, 1 and 3 in three. */
static bool has_figure(int mantissa, double decades, vsh_tick tick)
{
    if (mantissa == 1)
        return true;
    if (tick == VSH_TICK_POWER)
        return false;
    return decades <= 2.3 ? mantissa == 2 || mantissa == 5 : decades <= 3.5 && mantissa == 3;
}

void vsh_chart_log_axis(vsh_text *script, const char *axis, double low, double high, vsh_tick tick,
                        double scale)
{
    double decades = log10(high / low);
    int every = decades > 14 ? 4 : decades > 7 ? 2 : 1;
    bool first = true;

    vsh_text_add(script, "set logscale %s\n", axis);
    if (!(low > 0 && high > low && scale > 0 && isfinite(high / low)))
        return;
    vsh_text_add(script, "set %srange [%.6g:%.6g]\nset %stics nomirror out scale 0.5,0.25 (", axis,
                 low, high, axis);
    for (int e = (int)floor(log10(low / scale)); e <= (int)ceil(log10(high / scale)); e++)
        for (int mantissa = 1; mantissa <= 9; mantissa++) {
            double at = mantissa * pow(10, e) * scale;
            if (at < 0.9999 * low || at > 1.0001 * high)
                continue;
            vsh_text_add(script, first ? "" : ", ");
            first = false;
            if (has_figure(mantissa, decades, tick) && e % every == 0) {
                write_tick(script, tick, mantissa, e);
                vsh_text_add(script, " %.6g", at);
            } else {
                vsh_text_add(script, "'' %.6g 1", at);
            }
        }
    vsh_text_add(script, ")\n");
}

void vsh_chart_axis(vsh_text *script, const char *axis, double low, double high)
{
    static const double steps[] = {0.1, 0.2, 0.5, 1};
    double step;
    int i = 0;

    if (!(high > low && isfinite(high - low)))
        return;
    step = pow(10, floor(log10(high - low)));
    while (i < 3 && (high - low) / (steps[i] * step) > 6.5)
        i++;
    vsh_text_add(script, "set %srange [%.6g:%.6g]\nset %stics %.6g\n", axis, low, high, axis,
                 steps[i] * step);
}

/* ---- drawing -------------------------------------------------------------------------------- */

extern char **environ;

/* What gnuplot may know of the environment: where programs and libraries are, and no more. */
static void small_environment(char *kept[4])
{
    static char locale[] = "LC_ALL=C";
    int count = 0;

    kept[count++] = locale;
    for (char **entry = environ; entry && *entry && count < 3; entry++)
        if (strncmp(*entry, "PATH=", 5) == 0 || strncmp(*entry, "LD_LIBRARY_PATH=", 16) == 0)
            kept[count++] = *entry;
    kept[count] = NULL;
}

/* In the child, after fork: only calls that are safe there. -d: no start-up files. */
static void become_gnuplot(const char *folder, char *script, char **kept, unsigned seconds)
{
    static char program[] = "gnuplot", plain[] = "-d";
    char *const argv[] = {program, plain, script, NULL};
    int nothing = open("/dev/null", O_RDWR);

    setpgid(0, 0);
    alarm(seconds); /* survives exec: ends it even when nobody waits any more */
    if (nothing < 0 || dup2(nothing, 0) < 0 || dup2(nothing, 1) < 0 || dup2(nothing, 2) < 0 ||
        chdir(folder) != 0)
        _exit(127);
    environ = kept;
    execvp(program, argv);
    _exit(127);
}

/* Whether the child ended well before the deadline; if it did not end, it and its children are
 * ended. */
static bool await(pid_t child, double deadline)
{
    const struct timespec nap = {0, 2000000};
    int status = 0;

    for (;;) {
        pid_t ended = waitpid(child, &status, WNOHANG);
        if (ended == child)
            return WIFEXITED(status) && WEXITSTATUS(status) == 0;
        if (ended < 0 || vsh_clock_now().v > deadline)
            break;
        nanosleep(&nap, NULL);
    }
    kill(-child, SIGKILL);
    kill(child, SIGKILL);
    waitpid(child, &status, 0);
    return false;
}

static bool draw(const char *folder, const char *name, double deadline)
{
    char script[NAME_MAX + 1], picture[PATH_MAX], *kept[4];
    double left = deadline - vsh_clock_now().v;
    struct stat info;
    pid_t child;
    bool ended_well;

    if ((size_t)snprintf(script, sizeof script, "%s.gp", name) >= sizeof script ||
        (size_t)snprintf(picture, sizeof picture, "%s/%s.svg", folder, name) >= sizeof picture)
        return false;
    unlink(picture);
    if (left <= 0)
        return false;
    small_environment(kept);
    child = fork();
    if (child == 0)
        become_gnuplot(folder, script, kept, (unsigned)left + 5);
    if (child < 0)
        return false;
    setpgid(child, child); /* the child does the same: whoever is first */
    ended_well = await(child, deadline);
    if (ended_well && stat(picture, &info) == 0 && S_ISREG(info.st_mode) && info.st_size > 0)
        return true;
    unlink(picture);
    return false;
}

void vsh_charts_draw(const char *folder, const char *const *names, int count, double limit_s,
                     bool *drawn)
{
    double deadline = vsh_clock_now().v + limit_s;

    for (int i = 0; i < count; i++)
        drawn[i] = draw(folder, names[i], deadline);
}
