#include "core/csv.h"

#include <string.h>

#include "tests/harness.h"

const char vsh_suite[] = "csv";

static vsh_error err;

static vsh_csv *csv_of(const char *text)
{
    vsh_csv *csv = vsh_alloc(vsh_test_arena(), 1, sizeof *csv);

    REQUIRE(csv != NULL);
    *csv = (vsh_csv){.header_count = 0};
    REQUIRE_OK(vsh_lines_of(vsh_test_arena(), "t.csv", text, strlen(text), &csv->lines, &err),
               &err);
    return csv;
}

static vsh_csv *begun(const char *text)
{
    vsh_csv *csv = csv_of(text);

    REQUIRE_OK(vsh_csv_begin(csv, &err), &err);
    return csv;
}

static bool next(vsh_csv *csv)
{
    bool there;

    REQUIRE_OK(vsh_csv_next(csv, &there, &err), &err);
    return there;
}

static void quotes_blanks_and_comments_are_as_rfc_4180_says(void)
{
    vsh_csv *csv = begun("\n# made\n a , \"b, c\",\"d \"\"e\"\"\" \n\n1,2,3\n# end\n");

    CHECK_INT(csv->header_count, 3);
    CHECK_TEXT(csv->header[0], "a");
    CHECK_TEXT(csv->header[1], "b, c");
    CHECK_TEXT(csv->header[2], "d \"e\"");
    REQUIRE(next(csv));
    CHECK_TEXT(csv->field[2], "3");
    CHECK_INT(csv->lines.line, 5);
    CHECK(!next(csv));
}

static void columns_are_found_by_name_once(void)
{
    vsh_csv *csv = begun("a,b,b\n");
    int column;

    REQUIRE_OK(vsh_csv_find(csv, "a", &column, &err), &err);
    CHECK_INT(column, 0);
    REQUIRE_OK(vsh_csv_find(csv, "c", &column, &err), &err);
    CHECK_INT(column, -1);
    CHECK_FAILS(vsh_csv_find(csv, "b", &column, &err), &err, VSH_EINPUT,
                "t.csv:1: two columns are named \"b\"");
    CHECK_FAILS(vsh_csv_missing(csv, "aa", &err), &err, VSH_EINPUT,
                "expected a column \"aa\", found a, b, b; did you mean a");
}

static void where_leaves_rows_out_and_counts_them(void)
{
    static const char *const where[] = {"kind=x,y", "n!=3"}, *const bad[] = {"kind"};
    vsh_csv *csv = begun("kind,n\nx,1\nz,2\ny,3\ny,4\n");

    REQUIRE_OK(vsh_csv_where(csv, where, 2, &err), &err);
    REQUIRE(next(csv));
    CHECK_TEXT(csv->field[1], "1");
    REQUIRE(next(csv));
    CHECK_TEXT(csv->field[1], "4");
    CHECK(!next(csv));
    CHECK_INT(csv->left_out, 2);
    CHECK_FAILS(vsh_csv_where(csv, bad, 1, &err), &err, VSH_EINPUT, "expected COLUMN=VALUE");
}

static void numbers_are_positive_or_left_to_their_default(void)
{
    vsh_csv *csv = begun("a,b\n2.5,\n-1,x\n");
    double value;

    REQUIRE(next(csv));
    REQUIRE_OK(vsh_csv_number(csv, 0, "a", false, 0, &value, &err), &err);
    CHECK(value == 2.5);
    REQUIRE_OK(vsh_csv_number(csv, 1, "b", true, 7, &value, &err), &err);
    CHECK(value == 7);
    REQUIRE_OK(vsh_csv_number(csv, -1, "c", false, 8, &value, &err), &err);
    CHECK(value == 8);
    CHECK_FAILS(vsh_csv_number(csv, 1, "b", false, 0, &value, &err), &err, VSH_EINPUT,
                "t.csv:2: b: expected a positive number, found \"\"");
    REQUIRE(next(csv));
    CHECK_FAILS(vsh_csv_number(csv, 0, "a", false, 0, &value, &err), &err, VSH_EINPUT,
                "t.csv:3: a: expected a positive number, found \"-1\"");
}

static void broken_lines_are_named(void)
{
    bool there;

    CHECK_FAILS(vsh_csv_begin(csv_of("# only\n"), &err), &err, VSH_EINPUT,
                "t.csv: expected a header line");
    CHECK_FAILS(vsh_csv_next(begun("a,b\n1\n"), &there, &err), &err, VSH_EINPUT,
                "t.csv:2: expected 2 fields as in the header, found 1");
    CHECK_FAILS(vsh_csv_next(begun("a\n\"1\n"), &there, &err), &err, VSH_EINPUT,
                "t.csv:2: expected a closing quote");
    CHECK_FAILS(vsh_csv_next(begun("a\n\"1\"2\n"), &there, &err), &err, VSH_EINPUT,
                "t.csv:2: expected a comma after a quoted field");
}

static void pairs_go_where_the_table_says(void)
{
    const char *first = NULL, *second = NULL;
    const vsh_csv_key keys[] = {
        {"first", &first}, {"1st", &first}, {"second", &second}, {NULL, NULL}};

    REQUIRE_OK(vsh_csv_pairs(vsh_test_arena(), "--columns", "1st=a b,second==", keys, "", &err),
               &err);
    CHECK_TEXT(first, "a b");
    CHECK_TEXT(second, "=");
    CHECK_FAILS(vsh_csv_pairs(vsh_test_arena(), "--columns", "first", keys, "first=A", &err), &err,
                VSH_EINPUT, "--columns: expected pairs such as first=A, got \"first\"");
    CHECK_FAILS(vsh_csv_pairs(vsh_test_arena(), "--set", "secnd=1", keys, "", &err), &err,
                VSH_EINPUT, "--set: expected first or second, got \"secnd\"; did you mean second");
}

const vsh_test vsh_tests[] = {
    {"quotes_blanks_and_comments_are_as_rfc_4180_says",
     quotes_blanks_and_comments_are_as_rfc_4180_says},
    {"columns_are_found_by_name_once", columns_are_found_by_name_once},
    {"where_leaves_rows_out_and_counts_them", where_leaves_rows_out_and_counts_them},
    {"numbers_are_positive_or_left_to_their_default",
     numbers_are_positive_or_left_to_their_default},
    {"broken_lines_are_named", broken_lines_are_named},
    {"pairs_go_where_the_table_says", pairs_go_where_the_table_says},
    {NULL, NULL}};
