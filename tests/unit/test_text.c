#include "core/text.h"

#include <float.h>
#include <locale.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/rng.h"
#include "tests/harness.h"

const char vsh_suite[] = "text";

/* ---- the buffer ------------------------------------------------------------------------------ */

static void an_empty_text_is_the_empty_string(void)
{
    vsh_text text = {.arena = vsh_test_arena()};

    CHECK_TEXT(vsh_text_string(&text), "");
}

static void added_pieces_stand_in_order(void)
{
    vsh_text text = {.arena = vsh_test_arena()};

    vsh_text_add(&text, "%s=%d", "layers", 12);
    vsh_text_put(&text, ", x", 3);
    vsh_text_add(&text, "%%");
    CHECK_TEXT(vsh_text_string(&text), "layers=12, x%");
    CHECK_INT((int64_t)text.length, 13);
}

static void a_text_grows_without_losing_a_byte(void)
{
    vsh_text text = {.arena = vsh_test_arena()};
    bool kept = true;

    for (int i = 0; i < 50000; i++)
        vsh_text_add(&text, "%c", 'a' + i % 26);
    CHECK_INT((int64_t)text.length, 50000);
    for (int i = 0; i < 50000; i++)
        kept = kept && text.data[i] == 'a' + i % 26;
    CHECK(kept);
    CHECK(text.data[50000] == '\0');
    CHECK(!text.failed);
}

static void bytes_of_any_value_are_kept(void)
{
    vsh_text text = {.arena = vsh_test_arena()};

    vsh_text_put(&text, "a\0b", 3);
    CHECK_INT((int64_t)text.length, 3);
    CHECK(memcmp(text.data, "a\0b", 4) == 0);
}

static void exhausted_memory_sticks_to_the_text(void)
{
    vsh_text text = {.arena = vsh_test_arena()};

    vsh_text_add(&text, "kept");
    vsh_text_put(&text, "x", (size_t)1 << 61);
    CHECK(text.failed);
    CHECK_TEXT(vsh_text_string(&text), "kept");
    vsh_text_add(&text, "more");
    CHECK(text.failed);
    CHECK_TEXT(vsh_text_string(&text), "kept");
}

/* ---- numbers in ------------------------------------------------------------------------------ */

static const char *const not_numbers[] = {
    "",         " ",        " 1",     "1 ",    "nan",   "NaN",   "-nan", "inf",  "-inf",
    "infinity", "0x10",     "0X1p4",  "1_000", "1,000", "80,5",  "010",  "-007", "00",
    "1e400",    "-1e400",   "1e-400", "1..2",  "1.2.3", ".",     "-",    "+",    "--1",
    "+-1",      "e5",       "1e",     "1e+",   "1 000", "12abc", "1f",   "1.0L", "0b1",
    "1'000",    "\xc2\xbd", "1\n",    "\t1",   "true",  "null",  "~",    "٣"};

static void a_real_is_one_plain_finite_number_or_refused(void)
{
    for (size_t i = 0; i < sizeof not_numbers / sizeof not_numbers[0]; i++) {
        double value = 42;
        if (vsh_parse_real(not_numbers[i], &value))
            fprintf(stderr, "\"%s\" was read as %g\n", not_numbers[i], value);
        CHECK(!vsh_parse_real(not_numbers[i], &value));
        CHECK_NEAR(value, 42, 0, 0);
    }
}

static void reals_people_write_are_read_exactly(void)
{
    static const struct {
        const char *text;
        double value;
    } cases[] = {{"0", 0},
                 {"-0", 0},
                 {"1", 1},
                 {"+1.5", 1.5},
                 {"0.4", 0.4},
                 {"-2.5e-3", -2.5e-3},
                 {"1E6", 1e6},
                 {"1e+6", 1e6},
                 {".5", 0.5},
                 {"1e308", 1e308},
                 {"123456789.125", 123456789.125},
                 {"0.1", 0.1},
                 {"1e-300", 1e-300}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        double value = 42;
        CHECK(vsh_parse_real(cases[i].text, &value));
        CHECK_NEAR(value, cases[i].value, 0, 0);
    }
}

static void a_printed_double_is_read_back_to_the_bit(void)
{
    for (uint64_t i = 0; i < 20000; i++) {
        double value = (vsh_random_uniform(1, 1, i) - 0.5) *
                       pow(10, 600 * (vsh_random_uniform(1, 2, i) - 0.5));
        double back = 0;
        char text[40];
        snprintf(text, sizeof text, "%.17g", value);
        if (!vsh_parse_real(text, &back) || back != value)
            CHECK_TEXT(text, "a number that reads back");
    }
    CHECK(true);
}

static void an_integer_has_digits_only_and_fits_in_63_bits(void)
{
    static const char *const wrong[] = {"",
                                        "-",
                                        "+1",
                                        "1.0",
                                        "1e6",
                                        "0x10",
                                        "010",
                                        "1_000",
                                        " 1",
                                        "1 ",
                                        "9223372036854775808",
                                        "-9223372036854775809",
                                        "99999999999999999999999",
                                        "nan",
                                        "12k",
                                        "--1",
                                        "1-",
                                        "٣"};
    int64_t value = 42;

    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        CHECK(!vsh_parse_integer(wrong[i], &value));
        CHECK_INT(value, 42);
    }
    CHECK(vsh_parse_integer("9223372036854775807", &value));
    CHECK_INT(value, INT64_MAX);
    CHECK(vsh_parse_integer("-9223372036854775808", &value));
    CHECK_INT(value, INT64_MIN);
    CHECK(vsh_parse_integer("9007199254740993", &value)); /* 2^53 + 1 */
    CHECK_INT(value, 9007199254740993);
    CHECK(vsh_parse_integer("0", &value));
    CHECK_INT(value, 0);
}

static void si_suffixes_scale_and_nothing_else_follows(void)
{
    static const struct {
        const char *text;
        double value;
    } cases[] = {{"100M", 1e8}, {"1.5k", 1500}, {"2K", 2000}, {"8B", 8e9},
                 {"8G", 8e9},   {"3T", 3e12},   {"1P", 1e15}, {"1E", 1e18},
                 {"1e6", 1e6},  {"1e3k", 1e6},  {"7", 7},     {"-2M", -2e6}};
    static const char *const wrong[] = {"100MB", "1m",   "1 M",  "M",      "1kk",  "1e308P", "1g",
                                        "5Mi",   "0x1M", "nanM", "1_000M", "010M", ""};
    double value;

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        CHECK(vsh_parse_si(cases[i].text, &value));
        CHECK_NEAR(value, cases[i].value, 0, 0);
    }
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++)
        CHECK(!vsh_parse_si(wrong[i], &value));
}

static void every_unit_of_every_dimension_has_its_factor(void)
{
    static const struct {
        vsh_dimension dimension;
        const char *text;
        double value;
    } cases[] = {
        {VSH_DIM_NUMBER, "0.4", 0.4},
        {VSH_DIM_BYTES, "7 B", 7},
        {VSH_DIM_BYTES, "1 kB", 1e3},
        {VSH_DIM_BYTES, "1 MB", 1e6},
        {VSH_DIM_BYTES, "16 GB", 16e9},
        {VSH_DIM_BYTES, "1 TB", 1e12},
        {VSH_DIM_BYTES, "1 KiB", 1024},
        {VSH_DIM_BYTES, "128 MiB", 134217728},
        {VSH_DIM_BYTES, "80 GiB", 85899345920},
        {VSH_DIM_BYTES, "1 TiB", 1099511627776},
        {VSH_DIM_BYTE_RATE, "5 MB/s", 5e6},
        {VSH_DIM_BYTE_RATE, "819 GB/s", 819e9},
        {VSH_DIM_BYTE_RATE, "3.35 TB/s", 3.35e12},
        {VSH_DIM_BYTE_RATE, "1 GiB/s", 1073741824},
        {VSH_DIM_FLOP_RATE, "1 MFLOP/s", 1e6},
        {VSH_DIM_FLOP_RATE, "770 GFLOP/s", 770e9},
        {VSH_DIM_FLOP_RATE, "197 TFLOP/s", 197e12},
        {VSH_DIM_FLOP_RATE, "1 PFLOP/s", 1e15},
        {VSH_DIM_FLOP_RATE, "393 TOP/s", 393e12},
        {VSH_DIM_FLOP_RATE, "2 POP/s", 2e15},
        {VSH_DIM_HERTZ, "1.5 GHz", 1.5e9},
        {VSH_DIM_HERTZ, "940 MHz", 940e6},
        {VSH_DIM_HERTZ, "3 kHz", 3e3},
        {VSH_DIM_SECONDS, "1 us", 1e-6},
        {VSH_DIM_SECONDS, "500 ns", 500e-9},
        {VSH_DIM_SECONDS, "2 ms", 2e-3},
        {VSH_DIM_SECONDS, "3 s", 3},
        {VSH_DIM_WATTS, "200 W", 200},
        {VSH_DIM_WATTS, "1.2 kW", 1200},
        {VSH_DIM_WATTS, "5 mW", 5e-3},
        {VSH_DIM_USD_RATE, "1.20 USD/h", 1.2},
        {VSH_DIM_BYTES, "80GB", 80e9}, /* the blank is a courtesy */
    };

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        double value = -1;
        CHECK(vsh_parse_quantity(cases[i].text, cases[i].dimension, &value));
        CHECK_NEAR(value, cases[i].value, 1e-15, 0);
    }
}

static void a_unit_of_another_dimension_or_none_is_refused(void)
{
    static const struct {
        vsh_dimension dimension;
        const char *text;
    } wrong[] = {{VSH_DIM_BYTES, "16"},
                 {VSH_DIM_BYTES, "16 GB/s"},
                 {VSH_DIM_BYTES, "16 Gb"},
                 {VSH_DIM_BYTES, "16 gb"},
                 {VSH_DIM_BYTES, "80GBs"},
                 {VSH_DIM_BYTES, "80 GiBs"},
                 {VSH_DIM_BYTES, "80,5 GB"},
                 {VSH_DIM_BYTES, "80  GB"},
                 {VSH_DIM_BYTES, "80 GB "},
                 {VSH_DIM_BYTES, "80 G"},
                 {VSH_DIM_BYTES, "GB"},
                 {VSH_DIM_BYTES, "nan GB"},
                 {VSH_DIM_BYTES, "inf GB"},
                 {VSH_DIM_BYTES, "0x10 GB"},
                 {VSH_DIM_BYTES, "1e400 GB"},
                 {VSH_DIM_BYTES, "1e308 TB"},
                 {VSH_DIM_BYTE_RATE, "3.35 TB"},
                 {VSH_DIM_BYTE_RATE, "400 Gbps"},
                 {VSH_DIM_BYTE_RATE, "1600 Gb/s"},
                 {VSH_DIM_FLOP_RATE, "197 TFLOPS"},
                 {VSH_DIM_FLOP_RATE, "197 TFLOPSS"},
                 {VSH_DIM_FLOP_RATE, "197 TFLOP"},
                 {VSH_DIM_FLOP_RATE, "197"},
                 {VSH_DIM_HERTZ, "1.5 Ghz"},
                 {VSH_DIM_SECONDS, "1 h"},
                 {VSH_DIM_SECONDS, "1 \xc2\xb5s"},
                 {VSH_DIM_WATTS, "200 w"},
                 {VSH_DIM_WATTS, "200 J"},
                 {VSH_DIM_USD_RATE, "1.20 USD"},
                 {VSH_DIM_USD_RATE, "$1.20"},
                 {VSH_DIM_NUMBER, "0.4 W"},
                 {VSH_DIM_NUMBER, "40%"},
                 {VSH_DIM_NUMBER, ""},
                 {VSH_DIM_NUMBER, "0.4 "}};

    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        double value = 42;
        if (vsh_parse_quantity(wrong[i].text, wrong[i].dimension, &value))
            fprintf(stderr, "\"%s\" was read as %g\n", wrong[i].text, value);
        CHECK_NEAR(value, 42, 0, 0);
    }
}

static void the_example_of_each_dimension_is_readable_itself(void)
{
    for (int d = VSH_DIM_BYTES; d <= VSH_DIM_USD_RATE; d++) {
        const char *example = vsh_dimension_example((vsh_dimension)d);
        const char *open = strchr(example, '"'), *close = open ? strchr(open + 1, '"') : NULL;
        char text[40];
        double value;
        REQUIRE(open && close && close - open < 40);
        snprintf(text, sizeof text, "%.*s", (int)(close - open - 1), open + 1);
        CHECK(vsh_parse_quantity(text, (vsh_dimension)d, &value));
    }
}

static void numbers_do_not_depend_on_the_environment_of_the_user(void)
{
    double value = 0;
    char *had = getenv("LC_ALL") ? strdup(getenv("LC_ALL")) : NULL;

    setenv("LC_ALL", "de_DE.UTF-8", 1); /* read by setlocale(LC_ALL, "") only, which nobody calls */
    CHECK(vsh_parse_real("3.35e12", &value));
    CHECK_NEAR(value, 3.35e12, 0, 0);
    CHECK_TEXT(vsh_show_real(3.35).text, "3.35");
    if (had)
        setenv("LC_ALL", had, 1);
    else
        unsetenv("LC_ALL");
    free(had);
    CHECK_TEXT(setlocale(LC_NUMERIC, NULL), "C");
}

/* ---- figures out ----------------------------------------------------------------------------- */

typedef struct {
    double value;
    const char *text;
} shown;

static void check_shown(vsh_figure_text (*show)(double), const shown *cases, size_t count)
{
    for (size_t i = 0; i < count; i++)
        CHECK_TEXT(show(cases[i].value).text, cases[i].text);
}

static void figures_have_three_digits_and_an_si_prefix(void)
{
    static const shown cases[] = {{354.2e6, "354 M"},   {8.5e9, "8.50 G"},   {1.8e19, "18.0 E"},
                                  {1, "1.00"},          {999, "999"},        {999.4, "999"},
                                  {999.6, "1.00 k"},    {1000, "1.00 k"},    {9.996, "10.0"},
                                  {99.96, "100"},       {999.6e6, "1.00 G"}, {12345, "12.3 k"},
                                  {-354.2e6, "-354 M"}, {1e15, "1.00 P"}};
    check_shown(vsh_show_si, cases, sizeof cases / sizeof cases[0]);
}

static void counts_say_billion_and_trillion_as_the_field_does(void)
{
    static const shown cases[] = {{8.47e9, "8.47 B"}, {1.4e12, "1.40 T"}, {350e6, "350 M"},
                                  {1e10, "10.0 B"},   {12.6e3, "12.6 k"}, {15.6e12, "15.6 T"},
                                  {1, "1"},           {50257, "50.3 k"},  {3e15, "3e15"}};
    check_shown(vsh_show_count, cases, sizeof cases / sizeof cases[0]);
}

static void sizes_are_in_powers_of_1000(void)
{
    static const shown cases[] = {{5.68e9, "5.68 GB"}, {160e9, "160 GB"}, {512, "512 B"},
                                  {1536, "1.54 kB"},   {16e9, "16.0 GB"}, {2.5e12, "2.50 TB"}};
    check_shown(vsh_show_bytes, cases, sizeof cases / sizeof cases[0]);
}

static void times_choose_the_unit_a_person_would(void)
{
    static const shown cases[] = {
        {0.0314, "31.4 ms"}, {22.2, "22.2 s"},      {16600, "4.61 h"},  {1e-6, "1.00 us"},
        {25e-9, "25.0 ns"},  {360000, "4.17 days"}, {1, "1.00 s"},      {86400 * 100.0, "100 days"},
        {1010, "1010 s"},    {3590, "3590 s"},      {1e9, "11574 days"}};
    check_shown(vsh_show_time, cases, sizeof cases / sizeof cases[0]);
}

static void real_figures_have_three_significant_digits(void)
{
    static const shown cases[] = {{2.8167, "2.82"},     {1.13, "1.13"},       {19.613, "19.6"},
                                  {412.72, "413"},      {28.6, "28.6"},       {0.25381, "0.254"},
                                  {0.17829, "0.178"},   {0.01234, "0.0123"},  {1.22e-3, "0.00122"},
                                  {-0.17819, "-0.178"}, {1.23e19, "1.23e+19"}};
    check_shown(vsh_show_real, cases, sizeof cases / sizeof cases[0]);
}

static void integers_are_grouped_by_three(void)
{
    static const struct {
        int64_t value;
        const char *text;
    } cases[] = {{0, "0"},
                 {7, "7"},
                 {999, "999"},
                 {1000, "1,000"},
                 {16200, "16,200"},
                 {-123, "-123"},
                 {-1234, "-1,234"},
                 {124439808, "124,439,808"},
                 {INT64_MAX, "9,223,372,036,854,775,807"},
                 {INT64_MIN, "-9,223,372,036,854,775,808"}};

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        CHECK_TEXT(vsh_show_integer(cases[i].value).text, cases[i].text);
}

static void money_has_the_same_suffixes_at_every_size(void)
{
    static const struct {
        double usd;
        const char *text;
    } cases[] = {{0, "$0"},          {24.6, "$24.6"},     {12400, "$12,400"}, {132480, "$132 k"},
                 {1.08e8, "$108 M"}, {1.08e11, "$108 B"}, {1.2e12, "$1.20 T"}};

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        CHECK_TEXT(vsh_show_usd(cases[i].usd).text, cases[i].text);
}

/* Property: what a person reads parses to what was meant, within half of the third digit. */
static void a_shown_size_reads_back_within_its_three_digits(void)
{
    for (uint64_t i = 0; i < 5000; i++) {
        double bytes = pow(10, 15 * vsh_random_uniform(4, 4, i)), back = 0;
        vsh_figure_text text = vsh_show_bytes(bytes);
        if (strstr(text.text, "PB"))
            continue;
        CHECK(vsh_parse_quantity(text.text, VSH_DIM_BYTES, &back));
        CHECK_NEAR(back, bytes, 0.00501, 0);
    }
}

static void no_figure_overflows_its_room(void)
{
    static const double extremes[] = {0, DBL_MAX, -DBL_MAX, DBL_MIN, 1e300, -1e-300, INFINITY, NAN};

    for (size_t i = 0; i < sizeof extremes / sizeof extremes[0]; i++) {
        CHECK(strlen(vsh_show_si(extremes[i]).text) < 32);
        CHECK(strlen(vsh_show_count(extremes[i]).text) < 32);
        CHECK(strlen(vsh_show_bytes(extremes[i]).text) < 32);
        CHECK(strlen(vsh_show_time(extremes[i]).text) < 32);
        CHECK(strlen(vsh_show_real(extremes[i]).text) < 32);
        CHECK(strlen(vsh_show_usd(extremes[i]).text) < 32);
    }
}

/* ---- suggestions ----------------------------------------------------------------------------- */

static const char *const words[] = {"bandwidth", "capacity", "chip", "host_share", "clock", "cols"};
enum { WORD_COUNT = sizeof words / sizeof words[0] };

static const char *suggest(const char *word)
{
    static char room[160];

    vsh_suggest(room, sizeof room, word, words, WORD_COUNT);
    return room;
}

static void a_typing_error_finds_its_word(void)
{
    CHECK_TEXT(suggest("bandwith"), "; did you mean bandwidth?");  /* missing letter */
    CHECK_TEXT(suggest("bandwidht"), "; did you mean bandwidth?"); /* swapped letters */
    CHECK_TEXT(suggest("capacityy"), "; did you mean capacity?");  /* one too many */
    CHECK_TEXT(suggest("hostshare"), "; did you mean host_share?");
    CHECK_TEXT(suggest("clokc"), "; did you mean clock?");
    CHECK_TEXT(suggest("band"), "; did you mean bandwidth?"); /* cut short */
}

static void a_distant_word_gets_no_suggestion(void)
{
    CHECK_TEXT(suggest("voltage"), "");
    CHECK_TEXT(suggest("x"), "");
    CHECK_TEXT(suggest(""), "");
}

static void words_equally_near_are_all_named(void)
{
    static const char *const near[] = {"rope", "robe", "rose"};
    char room[160];

    vsh_suggest(room, sizeof room, "roxe", near, 3);
    CHECK_TEXT(room, "; did you mean rope or robe or rose?");
    vsh_suggest(room, sizeof room, "roxe", near, 0);
    CHECK_TEXT(room, "");
}

static void a_small_room_is_never_overrun(void)
{
    static const char *const near[] = {"bandwidth_of_the_first", "bandwidth_of_the_worst"};
    char room[64];

    for (size_t bytes = 1; bytes <= sizeof room; bytes++) {
        memset(room, '#', sizeof room);
        vsh_suggest(room, bytes, "bandwidth_of_the_wirst", near, 2);
        CHECK(memchr(room, '\0', bytes) != NULL);
        CHECK(bytes == sizeof room || room[bytes] == '#');
    }
}

static void words_longer_than_any_key_are_harmless(void)
{
    char long_word[5000];
    const char *list[1] = {long_word};
    char room[160];

    memset(long_word, 'k', sizeof long_word - 1);
    long_word[sizeof long_word - 1] = '\0';
    CHECK_TEXT(suggest(long_word), "");
    vsh_suggest(room, sizeof room, "kkk", list, 1);
    CHECK_TEXT(room, "");
}

static void distance_counts_letters_added_lost_changed_and_swapped(void)
{
    CHECK_INT(vsh_edit_distance("", ""), 0);
    CHECK_INT(vsh_edit_distance("clock", "clock"), 0);
    CHECK_INT(vsh_edit_distance("", "abc"), 3);
    CHECK_INT(vsh_edit_distance("clock", "lock"), 1);
    CHECK_INT(vsh_edit_distance("clock", "clokc"), 1);
    CHECK_INT(vsh_edit_distance("clock", "block"), 1);
    CHECK_INT(vsh_edit_distance("kitten", "sitting"), 3);
    CHECK(vsh_edit_distance(
              "a", "a long word of more than sixty-four bytes, which is no key of ours") > 64);
}

static void wrapped_words_stay_within_the_width_and_in_order(void)
{
    vsh_text text = {.arena = vsh_test_arena()};

    vsh_text_wrap(&text, "one two three four five", 4, 14);
    CHECK_TEXT(vsh_text_string(&text), "one two\n    three four\n    five\n");
    text = (vsh_text){.arena = vsh_test_arena()};
    vsh_text_wrap(&text, "short antidisestablishmentarianism end", 2, 12);
    CHECK_TEXT(vsh_text_string(&text), "short\n  antidisestablishmentarianism\n  end\n");
    text = (vsh_text){.arena = vsh_test_arena()};
    vsh_text_wrap(&text, "", 2, 12);
    CHECK_TEXT(vsh_text_string(&text), "\n");
}

static void columns_are_code_points(void)
{
    CHECK_INT(vsh_columns(""), 0);
    CHECK_INT(vsh_columns("abc"), 3);
    CHECK_INT(vsh_columns("Zürich"), 6);
    CHECK_INT(vsh_columns("\xe2\x89\xa4 5"), 3);
}

/* As many bytes as asked for, whether that many are right or too many. */
static void encode(uint32_t code, int bytes, char text[5])
{
    static const unsigned char lead[] = {0, 0, 0xc0, 0xe0, 0xf0};

    memset(text, 0, 5);
    for (int i = bytes - 1; i > 0; i--, code >>= 6)
        text[i] = (char)(0x80 | (code & 0x3f));
    text[0] = (char)(lead[bytes] | code);
}

static void only_the_shortest_form_of_a_code_point_is_a_character(void)
{
    static const uint32_t end[] = {0, 0x80, 0x800, 0x10000, 0x200000};
    bool right = true;
    char text[5];

    for (uint32_t code = 0; code < end[4]; code++)
        for (int bytes = 1; bytes <= 4; bytes++) {
            bool shortest = code < end[bytes] && code >= end[bytes - 1];
            bool lone = (code >= 0xd800 && code < 0xe000) || code > 0x10ffff;
            if (code >= end[bytes])
                continue;
            encode(code, bytes, text);
            right = right && vsh_utf8_length(text) == (shortest && !lone ? bytes : 0) &&
                    vsh_utf8_bytes(text, bytes) == vsh_utf8_length(text) &&
                    (bytes == 1 || vsh_utf8_bytes(text, bytes - 1) == 0);
        }
    CHECK(right);
    for (int c = 0x80; c < 0xc0; c++)
        CHECK_INT(vsh_utf8_length((char[]){(char)c, (char)0x80, '\0'}), 0);
    CHECK_INT(vsh_utf8_bytes("\xc3(", 2), 0);
    CHECK_INT(vsh_utf8_bytes("\xf8\x88\x80\x80\x80", 5), 0);
}

const vsh_test vsh_tests[] = {
    {"an_empty_text_is_the_empty_string", an_empty_text_is_the_empty_string},
    {"added_pieces_stand_in_order", added_pieces_stand_in_order},
    {"a_text_grows_without_losing_a_byte", a_text_grows_without_losing_a_byte},
    {"bytes_of_any_value_are_kept", bytes_of_any_value_are_kept},
    {"exhausted_memory_sticks_to_the_text", exhausted_memory_sticks_to_the_text},
    {"a_real_is_one_plain_finite_number_or_refused", a_real_is_one_plain_finite_number_or_refused},
    {"reals_people_write_are_read_exactly", reals_people_write_are_read_exactly},
    {"a_printed_double_is_read_back_to_the_bit", a_printed_double_is_read_back_to_the_bit},
    {"an_integer_has_digits_only_and_fits_in_63_bits",
     an_integer_has_digits_only_and_fits_in_63_bits},
    {"si_suffixes_scale_and_nothing_else_follows", si_suffixes_scale_and_nothing_else_follows},
    {"every_unit_of_every_dimension_has_its_factor", every_unit_of_every_dimension_has_its_factor},
    {"a_unit_of_another_dimension_or_none_is_refused",
     a_unit_of_another_dimension_or_none_is_refused},
    {"the_example_of_each_dimension_is_readable_itself",
     the_example_of_each_dimension_is_readable_itself},
    {"numbers_do_not_depend_on_the_environment_of_the_user",
     numbers_do_not_depend_on_the_environment_of_the_user},
    {"figures_have_three_digits_and_an_si_prefix", figures_have_three_digits_and_an_si_prefix},
    {"counts_say_billion_and_trillion_as_the_field_does",
     counts_say_billion_and_trillion_as_the_field_does},
    {"sizes_are_in_powers_of_1000", sizes_are_in_powers_of_1000},
    {"times_choose_the_unit_a_person_would", times_choose_the_unit_a_person_would},
    {"real_figures_have_three_significant_digits", real_figures_have_three_significant_digits},
    {"integers_are_grouped_by_three", integers_are_grouped_by_three},
    {"money_has_the_same_suffixes_at_every_size", money_has_the_same_suffixes_at_every_size},
    {"a_shown_size_reads_back_within_its_three_digits",
     a_shown_size_reads_back_within_its_three_digits},
    {"no_figure_overflows_its_room", no_figure_overflows_its_room},
    {"a_typing_error_finds_its_word", a_typing_error_finds_its_word},
    {"a_distant_word_gets_no_suggestion", a_distant_word_gets_no_suggestion},
    {"words_equally_near_are_all_named", words_equally_near_are_all_named},
    {"a_small_room_is_never_overrun", a_small_room_is_never_overrun},
    {"words_longer_than_any_key_are_harmless", words_longer_than_any_key_are_harmless},
    {"distance_counts_letters_added_lost_changed_and_swapped",
     distance_counts_letters_added_lost_changed_and_swapped},
    {"wrapped_words_stay_within_the_width_and_in_order",
     wrapped_words_stay_within_the_width_and_in_order},
    {"columns_are_code_points", columns_are_code_points},
    {"only_the_shortest_form_of_a_code_point_is_a_character",
     only_the_shortest_form_of_a_code_point_is_a_character},
    {NULL, NULL}};
