#include "core/text.h"

#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

static bool reserve(vsh_text *text, size_t more)
{
    size_t need = text->length + more + 1, capacity = text->capacity ? text->capacity : 1024;
    char *data;

    if (text->failed || need <= text->capacity)
        return !text->failed;
    while (capacity < need)
        capacity *= 2;
    data = vsh_alloc(text->arena, capacity, 1);
    if (!data) {
        text->failed = true;
        return false;
    }
    if (text->length)
        memcpy(data, text->data, text->length);
    text->data = data;
    text->capacity = capacity;
    return true;
}

void vsh_text_put(vsh_text *text, const char *bytes, size_t length)
{
    assert(text && text->arena);
    if (!reserve(text, length))
        return;
    memcpy(text->data + text->length, bytes, length);
    text->length += length;
    text->data[text->length] = '\0';
}

void vsh_text_add(vsh_text *text, const char *format, ...)
{
    va_list args, again;
    int length;

    assert(text && text->arena && format);
    va_start(args, format);
    va_copy(again, args);
    length = vsnprintf(NULL, 0, format, args);
    va_end(args);
    if (length >= 0 && reserve(text, (size_t)length)) {
        vsnprintf(text->data + text->length, (size_t)length + 1, format, again);
        text->length += (size_t)length;
    }
    va_end(again);
}

const char *vsh_text_string(const vsh_text *text) { return text->length ? text->data : ""; }

/* The end of a plain decimal number at the start of text, or NULL. strtod alone would take
 * "nan", "0x10", blanks, and "010" without a word. */
static const char *scan_number(const char *text)
{
    const char *c = text;

    if (*c == '-' || *c == '+')
        c++;
    if (c[0] == '0' && c[1] >= '0' && c[1] <= '9')
        return NULL;
    if (!(*c >= '0' && *c <= '9') && !(*c == '.' && c[1] >= '0' && c[1] <= '9'))
        return NULL;
    while (*c >= '0' && *c <= '9')
        c++;
    if (*c == '.')
        for (c++; *c >= '0' && *c <= '9'; c++)
            ;
    if (*c == 'e' || *c == 'E') {
        const char *exponent = c + 1;
        if (*exponent == '-' || *exponent == '+')
            exponent++;
        if (*exponent >= '0' && *exponent <= '9') {
            for (c = exponent; *c >= '0' && *c <= '9'; c++)
                ;
        }
    }
    return c;
}

/* Reads the number in front; *rest is what follows it. */
static bool parse_front(const char *text, double *value, const char **rest)
{
    const char *end = scan_number(text);
    char number[64];
    double parsed;
    size_t length;

    if (!end)
        return false;
    length = (size_t)(end - text);
    if (length >= sizeof number)
        return false;
    memcpy(number, text, length);
    number[length] = '\0';
    errno = 0;
    parsed = strtod(number, NULL); /* nobody here sets LC_NUMERIC, so the dot is the dot */
    if (errno == ERANGE || !isfinite(parsed))
        return false;
    *value = parsed;
    *rest = end;
    return true;
}

bool vsh_parse_real(const char *text, double *value)
{
    const char *rest;
    double parsed;

    if (!parse_front(text, &parsed, &rest) || *rest)
        return false;
    *value = parsed;
    return true;
}

bool vsh_parse_integer(const char *text, int64_t *value)
{
    const char *digits = text + (*text == '-');
    intmax_t parsed;

    if (!*digits || strspn(digits, "0123456789") != strlen(digits))
        return false;
    if (digits[0] == '0' && digits[1])
        return false;
    errno = 0;
    parsed = strtoimax(text, NULL, 10);
    if (errno == ERANGE || parsed > INT64_MAX || parsed < INT64_MIN)
        return false;
    *value = (int64_t)parsed;
    return true;
}

typedef struct {
    const char *name;
    double factor;
} unit_factor;

static bool apply_unit(const unit_factor *units, const char *name, double number, double *value)
{
    for (; units->name; units++)
        if (strcmp(units->name, name) == 0) {
            if (!isfinite(number * units->factor))
                return false;
            *value = number * units->factor;
            return true;
        }
    return false;
}

bool vsh_parse_si(const char *text, double *value)
{
    static const unit_factor suffixes[] = {{"", 1},     {"k", 1e3}, {"K", 1e3},  {"M", 1e6},
                                           {"G", 1e9},  {"B", 1e9}, {"T", 1e12}, {"P", 1e15},
                                           {"E", 1e18}, {NULL, 0}};
    const char *rest;
    double number;

    return parse_front(text, &number, &rest) && apply_unit(suffixes, rest, number, value);
}

typedef struct {
    const char *expected;
    unit_factor units[12];
} dimension_units;

static const dimension_units dimensions[] = {
    [VSH_DIM_NUMBER] = {"a number such as 0.4", {{"", 1}}},
    [VSH_DIM_BYTES] = {"a size such as \"16 GB\" or \"80 GiB\"",
                       {{"B", 1},
                        {"kB", 1e3},
                        {"MB", 1e6},
                        {"GB", 1e9},
                        {"TB", 1e12},
                        {"KiB", 1024.0},
                        {"MiB", 1048576.0},
                        {"GiB", 1073741824.0},
                        {"TiB", 1099511627776.0}}},
    [VSH_DIM_BYTE_RATE] = {"a rate such as \"3.35 TB/s\"",
                           {{"MB/s", 1e6},
                            {"GB/s", 1e9},
                            {"TB/s", 1e12},
                            {"MiB/s", 1048576.0},
                            {"GiB/s", 1073741824.0},
                            {"TiB/s", 1099511627776.0}}},
    [VSH_DIM_FLOP_RATE] = {"a rate such as \"197 TFLOP/s\"",
                           {{"MFLOP/s", 1e6},
                            {"GFLOP/s", 1e9},
                            {"TFLOP/s", 1e12},
                            {"PFLOP/s", 1e15},
                            {"GOP/s", 1e9},
                            {"TOP/s", 1e12},
                            {"POP/s", 1e15}}},
    [VSH_DIM_HERTZ] = {"a clock such as \"1.5 GHz\"", {{"kHz", 1e3}, {"MHz", 1e6}, {"GHz", 1e9}}},
    [VSH_DIM_SECONDS] = {"a time such as \"1 us\"",
                         {{"ns", 1e-9}, {"us", 1e-6}, {"ms", 1e-3}, {"s", 1}}},
    [VSH_DIM_WATTS] = {"a power such as \"200 W\"", {{"mW", 1e-3}, {"W", 1}, {"kW", 1e3}}},
    [VSH_DIM_USD_RATE] = {"a price such as \"1.20 USD/h\"", {{"USD/h", 1}}},
};

bool vsh_parse_quantity(const char *text, vsh_dimension dimension, double *value)
{
    const char *rest;
    double number;

    if (!parse_front(text, &number, &rest))
        return false;
    if (*rest == ' ' && rest[1])
        rest++;
    return apply_unit(dimensions[dimension].units, rest, number, value);
}

const char *vsh_dimension_example(vsh_dimension dimension)
{
    return dimensions[dimension].expected;
}

/* Three significant digits of a value below 1000. */
static void three_digits(char *room, size_t bytes, double value)
{
    double size = fabs(value);
    int decimals = size >= 99.95     ? 0
                   : size >= 9.995   ? 1
                   : size >= 0.9995  ? 2
                   : size >= 0.09995 ? 3
                                     : 4;

    snprintf(room, bytes, "%.*f", value == 0 ? 0 : decimals, value);
}

/* Beyond the last of several units, a power of ten of the first. */
static vsh_figure_text show_scaled(double value, const unit_factor *units)
{
    vsh_figure_text shown;
    char digits[24];
    const unit_factor *unit = units;

    while (unit[1].name && fabs(value) >= 0.9995 * unit[1].factor)
        unit++;
    if (!unit[1].name && fabs(value / unit->factor) >= (units[1].name ? 999.5 : 1e5)) {
        unit = units;
        snprintf(digits, sizeof digits, "%.20s", vsh_show_exponent(value / unit->factor).text);
    } else {
        three_digits(digits, sizeof digits, value / unit->factor);
    }
    snprintf(shown.text, sizeof shown.text, "%s%s%s", digits, *unit->name ? " " : "", unit->name);
    return shown;
}

vsh_figure_text vsh_show_si(double value)
{
    static const unit_factor units[] = {{"", 1},     {"k", 1e3},  {"M", 1e6},  {"G", 1e9},
                                        {"T", 1e12}, {"P", 1e15}, {"E", 1e18}, {NULL, 0}};
    return show_scaled(value, units);
}

vsh_figure_text vsh_show_count(double value)
{
    static const unit_factor units[] = {{"", 1},    {"k", 1e3},  {"M", 1e6},
                                        {"B", 1e9}, {"T", 1e12}, {NULL, 0}};
    vsh_figure_text whole;

    if (fabs(value) < 1000 && value == floor(value)) { /* counted, not measured */
        snprintf(whole.text, sizeof whole.text, "%.0f", value);
        return whole;
    }
    return show_scaled(value, units);
}

vsh_figure_text vsh_show_bytes(double bytes)
{
    static const unit_factor units[] = {{"B", 1},     {"kB", 1e3},  {"MB", 1e6}, {"GB", 1e9},
                                        {"TB", 1e12}, {"PB", 1e15}, {NULL, 0}};
    return show_scaled(bytes, units);
}

vsh_figure_text vsh_show_time(double seconds)
{
    static const unit_factor units[] = {{"ns", 1e-9}, {"us", 1e-6}, {"ms", 1e-3},
                                        {"s", 1},     {"h", 3600},  {NULL, 0}};
    static const unit_factor days[] = {{"days", 86400}, {NULL, 0}};

    return show_scaled(seconds, seconds < 72 * 3600.0 ? units : days);
}

vsh_figure_text vsh_show_real(double value)
{
    vsh_figure_text shown;
    double size = fabs(value);

    if (size != 0 && (size < 0.01 || size >= 1e5))
        snprintf(shown.text, sizeof shown.text, "%.3g", value);
    else
        three_digits(shown.text, sizeof shown.text, value);
    return shown;
}

vsh_figure_text vsh_show_integer(int64_t value)
{
    vsh_figure_text shown;
    char digits[24];
    int length = snprintf(digits, sizeof digits, "%" PRId64, value);
    char *out = shown.text;

    for (int i = 0; i < length; i++) {
        int left = length - i;
        *out++ = digits[i];
        if (digits[i] != '-' && left > 1 && left % 3 == 1)
            *out++ = ',';
    }
    *out = '\0';
    return shown;
}

const char *vsh_integer_text(vsh_arena *arena, int64_t value)
{
    char digits[24];
    int length = snprintf(digits, sizeof digits, "%" PRId64, value);

    return vsh_copy_text(arena, digits, (size_t)length);
}

vsh_figure_text vsh_show_amount(double value)
{
    return value < 1000  ? vsh_show_real(value)
           : value < 1e9 ? vsh_show_integer((int64_t)value)
                         : vsh_show_si(value);
}

vsh_figure_text vsh_show_exponent(double value)
{
    vsh_figure_text shown;
    char *e, digits[24];

    snprintf(digits, sizeof digits, "%.2e", value);
    e = strchr(digits, 'e');
    if (!e) /* no number, or none that ends */
        snprintf(shown.text, sizeof shown.text, "%.20s", digits);
    else
        snprintf(shown.text, sizeof shown.text, "%.3ge%d",
                 strtod(digits, NULL) / pow(10, atoi(e + 1)), atoi(e + 1));
    return shown;
}

vsh_figure_text vsh_show_usd(double usd)
{
    vsh_figure_text shown, digits = usd < 1e5 ? vsh_show_amount(usd) : vsh_show_count(usd);

    snprintf(shown.text, sizeof shown.text, "$%.30s", digits.text);
    return shown;
}

vsh_figure_text vsh_show_ten_to(int exponent)
{
    static const char *const raised[] = {"⁰", "¹", "²", "³", "⁴", "⁵", "⁶", "⁷", "⁸", "⁹"};
    vsh_figure_text shown;
    int size = exponent < 0 ? -exponent : exponent;

    snprintf(shown.text, sizeof shown.text, "10%s%s%s%s", exponent < 0 ? "⁻" : "",
             size >= 100 ? raised[size / 100 % 10] : "", size >= 10 ? raised[size / 10 % 10] : "",
             raised[size % 10]);
    return shown;
}

vsh_figure_text vsh_show_power(double value)
{
    char digits[32], *mark;
    vsh_figure_text shown;
    int exponent = 0;

    snprintf(digits, sizeof digits, "%.2e", value);
    if ((mark = strchr(digits, 'e')) && sscanf(mark, "e%d", &exponent) == 1)
        *mark = '\0';
    snprintf(shown.text, sizeof shown.text, "%.5s\u00a0×\u00a0%.16s", digits,
             vsh_show_ten_to(exponent).text);
    return shown;
}

enum { WORD_MAX = 64 };

int vsh_edit_distance(const char *a, const char *b)
{
    int rows[3][WORD_MAX + 1];
    int *two_up = rows[0], *up = rows[1], *row = rows[2];
    size_t a_length = strlen(a), b_length = strlen(b);

    if (a_length > WORD_MAX || b_length > WORD_MAX)
        return INT_MAX;
    for (size_t j = 0; j <= b_length; j++)
        up[j] = (int)j;
    for (size_t i = 1; i <= a_length; i++) {
        int *free_row = two_up;
        row[0] = (int)i;
        for (size_t j = 1; j <= b_length; j++) {
            int best = up[j - 1] + (a[i - 1] != b[j - 1]);
            if (up[j] + 1 < best)
                best = up[j] + 1;
            if (row[j - 1] + 1 < best)
                best = row[j - 1] + 1;
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] &&
                two_up[j - 2] + 1 < best)
                best = two_up[j - 2] + 1;
            row[j] = best;
        }
        two_up = up;
        up = row;
        row = free_row;
    }
    return up[b_length];
}

/* Letters of another case are no mistake of spelling. */
static int word_distance(const char *word, const char *other)
{
    return strcasecmp(word, other) == 0 ? 0 : vsh_edit_distance(word, other);
}

/* The words at a distance, joined; begun: only those that begin with word. Returns how many. */
static int join_nearest(char *room, size_t room_bytes, const char *word, const char *const *words,
                        size_t word_count, int distance, bool begun)
{
    size_t used = (size_t)snprintf(room, room_bytes, "; did you mean ");
    int shown = 0;

    for (size_t i = 0; i < word_count && shown < 3 && used < room_bytes; i++)
        if (word_distance(word, words[i]) == distance &&
            (!begun || strncmp(words[i], word, strlen(word)) == 0))
            used += (size_t)snprintf(room + used, room_bytes - used, "%s%s", shown++ ? " or " : "",
                                     words[i]);
    if (used < room_bytes)
        snprintf(room + used, room_bytes - used, "?");
    return shown;
}

void vsh_suggest(char *room, size_t room_bytes, const char *word, const char *const *words,
                 size_t word_count)
{
    int limit = (int)(strlen(word) / 3), best;

    assert(room && room_bytes > 0 && word);
    room[0] = '\0';
    if (limit < 1)
        limit = 1;
    best = limit + 1;
    for (size_t i = 0; i < word_count; i++) {
        int distance = word_distance(word, words[i]);
        if (distance < best)
            best = distance;
    }
    if (best > limit && strlen(word) > 2) /* a word cut short is near however much is missing */
        for (size_t i = 0; i < word_count && best > limit; i++)
            if (strncmp(words[i], word, strlen(word)) == 0 && strlen(words[i]) <= WORD_MAX)
                limit = best = word_distance(word, words[i]);
    /* of equally near words, those that only go on where the given one stops are likelier meant */
    if (best <= limit && !join_nearest(room, room_bytes, word, words, word_count, best, true))
        join_nearest(room, room_bytes, word, words, word_count, best, false);
}

void vsh_text_wrap(vsh_text *text, const char *words, int indent, int width)
{
    int column = indent;

    for (; *words; words += strspn(words, " ")) {
        int length = (int)strcspn(words, " "), blank = column > indent;
        char word[256];
        snprintf(word, sizeof word, "%.*s", length, words);
        if (column + blank + vsh_columns(word) > width && blank) {
            vsh_text_add(text, "\n%*s", indent, "");
            column = indent;
            blank = 0;
        }
        vsh_text_add(text, "%*s%s", blank, "", word);
        column += blank + vsh_columns(word);
        words += length;
    }
    vsh_text_put(text, "\n", 1);
}

int vsh_columns(const char *utf8)
{
    int columns = 0;

    for (; *utf8; utf8++)
        columns += (*utf8 & 0xc0) != 0x80;
    return columns;
}

bool vsh_is_control(const char *utf8)
{
    const unsigned char *c = (const unsigned char *)utf8;

    if (c[0] < 0x20 || c[0] == 0x7f)
        return c[0] != '\n' && c[0] != '\r' && c[0] != '\t';
    if (c[0] == 0xc2)
        return c[1] < 0xa0;
    if (c[0] != 0xe2)
        return false;
    return (c[1] == 0x80 && (c[2] == 0x8e || c[2] == 0x8f || (c[2] >= 0xaa && c[2] <= 0xae))) ||
           (c[1] == 0x81 && c[2] >= 0xa6 && c[2] <= 0xa9);
}

static bool continues(unsigned char c) { return (c & 0xc0) == 0x80; }

/* RFC 3629, section 4: what the second byte may be depends on the first. */
int vsh_utf8_bytes(const char *text, int64_t left)
{
    const unsigned char *at = (const unsigned char *)text;
    unsigned char first = at[0];

    if (first < 0x80)
        return 1;
    if (first < 0xc2 || first > 0xf4 || left < 2 || !continues(at[1]))
        return 0;
    if (first < 0xe0)
        return 2;
    if (left < 3 || !continues(at[2]))
        return 0;
    if (first < 0xf0)
        return (first == 0xe0 && at[1] < 0xa0) || (first == 0xed && at[1] > 0x9f) ? 0 : 3;
    if (left < 4 || !continues(at[3]))
        return 0;
    return (first == 0xf0 && at[1] < 0x90) || (first == 0xf4 && at[1] > 0x8f) ? 0 : 4;
}

/* A NUL continues nothing, so nothing behind it is read. */
int vsh_utf8_length(const char *text) { return vsh_utf8_bytes(text, 4); }
