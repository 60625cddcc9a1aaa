#include "tests/harness.h"

#include <CUnit/CUnit.h>
#include <CUnit/TestRun.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Under AddressSanitizer a request nobody can serve returns NULL, as it does without. */
const char *__asan_default_options(void);
const char *__asan_default_options(void) { return "allocator_may_return_null=1"; }

/* Of the running test, except the counts. */
static struct {
    vsh_arena arena;
    const char *name;
    int checks;
    bool skipped;
    int passed_count, failed_count, skipped_count;
} now;

void vsh_skip(const char *why)
{
    fprintf(stderr, "%s: %s: skipped: %s\n", vsh_suite, now.name, why);
    now.skipped = true;
}

vsh_arena *vsh_test_arena(void) { return &now.arena; }

/* Counts a check; a failed one has printed its own line. */
static void count(bool holds, const char *file, int line, const char *what, bool fatal)
{
    now.checks++;
    CU_assertImplementation(holds, (unsigned)line, what, file, "", fatal);
}

static void say_place(const char *file, int line)
{
    fprintf(stderr, "%s:%d: %s: %s: ", file, line, vsh_suite, now.name);
}

void vsh_check(bool holds, const char *file, int line, const char *what, bool fatal)
{
    if (!holds) {
        say_place(file, line);
        fprintf(stderr, "%s does not hold\n", what);
    }
    count(holds, file, line, what, fatal);
}

void vsh_check_near(double got, double want, double rel, double abs, const char *file, int line,
                    const char *what)
{
    double off = fabs(got - want);
    bool holds = got == want || off <= fmax(rel * fabs(want), abs);

    if (!holds) {
        say_place(file, line);
        fprintf(stderr, "%s is %.17g, expected %.17g (off by %.3g, relative %.3g)\n", what, got,
                want, off, off / fabs(want));
    }
    count(holds, file, line, what, false);
}

void vsh_check_int(int64_t got, int64_t want, const char *file, int line, const char *what)
{
    if (got != want) {
        say_place(file, line);
        fprintf(stderr, "%s is %" PRId64 ", expected %" PRId64 "\n", what, got, want);
    }
    count(got == want, file, line, what, false);
}

void vsh_check_text(const char *got, const char *want, bool inside, const char *file, int line,
                    const char *what)
{
    bool holds = got && want && (inside ? strstr(got, want) != NULL : strcmp(got, want) == 0);

    if (!holds) {
        say_place(file, line);
        fprintf(stderr, "%s is \"%s\", expected %s\"%s\"\n", what, got ? got : "(null)",
                inside ? "somewhere in it " : "", want ? want : "(null)");
    }
    count(holds, file, line, what, false);
}

void vsh_check_ok(vsh_status status, const vsh_error *err, const char *file, int line,
                  const char *what, bool fatal)
{
    if (status != VSH_OK) {
        say_place(file, line);
        fprintf(stderr, "%s failed with %d: %s\n", what, (int)status, err ? err->text : "");
    }
    count(status == VSH_OK, file, line, what, fatal);
}

void vsh_check_fails(vsh_status got, const vsh_error *err, vsh_status want, const char *part,
                     const char *file, int line, const char *what)
{
    bool holds = got == want && strstr(err->text, part) != NULL;

    if (!holds) {
        say_place(file, line);
        fprintf(stderr, "%s returned %d \"%s\", expected %d with \"%s\"\n", what, (int)got,
                got == VSH_OK ? "" : err->text, (int)want, part);
    }
    count(holds, file, line, what, false);
}

vsh_doc vsh_test_doc_at(const char *text, const char *file, int line)
{
    vsh_doc doc = {0};
    vsh_error err;

    vsh_check_ok(vsh_doc_parse(&now.arena, "test.yaml", text, strlen(text), &doc, &err), &err, file,
                 line, "the document", true);
    return doc;
}

vsh_model vsh_test_model_at(const char *text, const char *file, int line)
{
    static vsh_model model; /* large; copied out */
    vsh_doc doc = vsh_test_doc_at(text, file, line);
    vsh_error err;

    vsh_check_ok(vsh_model_from_doc(&doc, &model, &err), &err, file, line, "the model", true);
    return model;
}

/* ---- running --------------------------------------------------------------------------------- */

static void on_start(const CU_pTest test, const CU_pSuite suite)
{
    (void)suite;
    now.name = test->pName;
    now.checks = 0;
    now.skipped = false;
}

/* A test that checks nothing proves nothing. */
static void on_complete(const CU_pTest test, const CU_pSuite suite, const CU_pFailureRecord failure)
{
    (void)suite;
    vsh_arena_free(&now.arena);
    if (!failure && !now.skipped && now.checks == 0) {
        fprintf(stderr, "%s: %s: checks nothing\n", vsh_suite, test->pName);
        now.failed_count++;
    } else if (failure) {
        now.failed_count++;
    } else if (now.skipped) {
        now.skipped_count++;
    } else {
        now.passed_count++;
    }
}

static bool add_tests(const char *filter)
{
    CU_pSuite suite = CU_add_suite(vsh_suite, NULL, NULL);

    for (const vsh_test *test = vsh_tests; suite && test->name; test++)
        if (strstr(test->name, filter) && !CU_add_test(suite, test->name, test->run))
            return false;
    return suite != NULL;
}

/* CUnit's run functions answer 0 when tests fail: the counts decide. */
int main(int argc, char **argv)
{
    bool ran, clean;

    if (CU_initialize_registry() != CUE_SUCCESS || !add_tests(argc > 1 ? argv[1] : "")) {
        fprintf(stderr, "%s: CUnit: %s\n", vsh_suite, CU_get_error_msg());
        return EXIT_FAILURE;
    }
    CU_set_test_start_handler(on_start);
    CU_set_test_complete_handler(on_complete);
    ran = CU_run_all_tests() == CUE_SUCCESS;
    clean = ran && now.failed_count == 0 && CU_get_number_of_failures() == 0 &&
            CU_get_number_of_suites_failed() == 0 && CU_get_number_of_tests_failed() == 0;
    CU_cleanup_registry();
    printf("%d passed, %d failed", now.passed_count, now.failed_count);
    if (now.skipped_count)
        printf(", %d skipped", now.skipped_count);
    printf("\n");
    return clean && fflush(stdout) == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
