#include "core/progress.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "tests/harness.h"

const char vsh_suite[] = "progress";

enum { ROOM = 4096 };

/* What a stream was given by a number of calls. */
static const char *after(bool redraws, int calls, bool clear)
{
    char *room = vsh_alloc(vsh_test_arena(), ROOM, 1);
    FILE *stream = fmemopen(room, ROOM - 1, "w");
    vsh_progress p = {.stream = stream, .redraws = redraws};

    REQUIRE(stream != NULL);
    for (int i = 0; i < calls; i++)
        vsh_progress_show(&p, "reading", i / (double)calls, 2e6, 3);
    if (clear)
        vsh_progress_clear(&p);
    fclose(stream);
    return room;
}

static void on_a_terminal_a_line_is_drawn_over(void)
{
    const char *said = after(true, 1, false);

    CHECK_HAS(said, "\r");
    CHECK_HAS(said, "reading");
    CHECK_HAS(said, "0 %");
    CHECK_HAS(said, "2.00 MB/s");
    CHECK_HAS(said, "eta 3.00 s");
    CHECK(strchr(said, '\n') == NULL);
}

static void many_calls_at_once_draw_it_once(void)
{
    CHECK_TEXT(after(true, 100, false), after(true, 1, false));
}

static void it_goes_when_it_is_cleared(void)
{
    const char *said = after(true, 1, true), clear[] = "\r\033[K";

    CHECK_TEXT(said + strlen(said) - strlen(clear), clear);
}

static void elsewhere_what_is_soon_over_says_nothing(void)
{
    CHECK_TEXT(after(false, 100, true), "");
}

static void without_a_stream_nothing_is_said(void)
{
    vsh_progress p = {0};

    vsh_progress_show(&p, "reading", (double)NAN, (double)NAN, (double)NAN);
    vsh_progress_clear(&p);
    CHECK(!p.open);
}

static void what_is_not_known_is_left_out(void)
{
    char room[256] = "";
    FILE *stream = fmemopen(room, sizeof room - 1, "w");
    vsh_progress p = {.stream = stream, .redraws = true};

    REQUIRE(stream != NULL);
    vsh_progress_show(&p, "training", (double)NAN, (double)NAN, (double)NAN);
    fclose(stream);
    CHECK_HAS(room, "training");
    CHECK(!strstr(room, "%") && !strstr(room, "eta") && !strstr(room, "/s"));
}

const vsh_test vsh_tests[] = {
    {"on_a_terminal_a_line_is_drawn_over", on_a_terminal_a_line_is_drawn_over},
    {"many_calls_at_once_draw_it_once", many_calls_at_once_draw_it_once},
    {"it_goes_when_it_is_cleared", it_goes_when_it_is_cleared},
    {"elsewhere_what_is_soon_over_says_nothing", elsewhere_what_is_soon_over_says_nothing},
    {"without_a_stream_nothing_is_said", without_a_stream_nothing_is_said},
    {"what_is_not_known_is_left_out", what_is_not_known_is_left_out},
    {NULL, NULL}};
