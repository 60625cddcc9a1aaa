/* The tests of one module: a table of claims, checks that show their values, and a main that tells
 * the shell the truth. Tests run from the root of the tree. */
#ifndef VSH_HARNESS_H
#define VSH_HARNESS_H

#include <stdbool.h>
#include <stdint.h>

#include "core/arena.h"
#include "core/doc.h"
#include "core/model.h"
#include "core/status.h"

typedef struct {
    const char *name; /* the claim, a sentence in snake_case */
    void (*run)(void);
} vsh_test;

/* Every test file defines these two; the table is closed by NULLs. */
extern const vsh_test vsh_tests[];
extern const char vsh_suite[];

/* Says on stderr why the running test is not decided here; the test then returns. */
void vsh_skip(const char *why);

/* Memory of the running test, released after it. */
vsh_arena *vsh_test_arena(void);

/* A YAML or JSON text literal as a document named "test.yaml", in the test's arena; a text that
 * does not parse ends the test. */
#define vsh_test_doc(text) vsh_test_doc_at((text), __FILE__, __LINE__)
vsh_doc vsh_test_doc_at(const char *text, const char *file, int line);
/* The same for a model description. */
#define vsh_test_model(text) vsh_test_model_at((text), __FILE__, __LINE__)
vsh_model vsh_test_model_at(const char *text, const char *file, int line);

/* Checks print file, line and values on stderr and count; REQUIRE also ends the test. NaN passes
 * no comparison. */
#define CHECK(cond) vsh_check((cond), __FILE__, __LINE__, #cond, false)
#define REQUIRE(cond) vsh_check((cond), __FILE__, __LINE__, #cond, true)
/* |got - want| <= max(rel |want|, abs) */
#define CHECK_NEAR(got, want, rel, abs)                                                            \
    vsh_check_near((got), (want), (rel), (abs), __FILE__, __LINE__, #got)
#define CHECK_INT(got, want) vsh_check_int((got), (want), __FILE__, __LINE__, #got)
#define CHECK_TEXT(got, want) vsh_check_text((got), (want), false, __FILE__, __LINE__, #got)
/* The text has part somewhere in it. */
#define CHECK_HAS(text, part) vsh_check_text((text), (part), true, __FILE__, __LINE__, #text)
/* The call succeeds; its vsh_error is shown when it does not. */
#define CHECK_OK(call, err) vsh_check_ok((call), (err), __FILE__, __LINE__, #call, false)
#define REQUIRE_OK(call, err) vsh_check_ok((call), (err), __FILE__, __LINE__, #call, true)
/* The call fails with this status and its message has part in it. */
#define CHECK_FAILS(call, err, status, part)                                                       \
    vsh_check_fails((call), (err), (status), (part), __FILE__, __LINE__, #call)

void vsh_check(bool holds, const char *file, int line, const char *what, bool fatal);
void vsh_check_near(double got, double want, double rel, double abs, const char *file, int line,
                    const char *what);
void vsh_check_int(int64_t got, int64_t want, const char *file, int line, const char *what);
void vsh_check_text(const char *got, const char *want, bool inside, const char *file, int line,
                    const char *what);
void vsh_check_ok(vsh_status status, const vsh_error *err, const char *file, int line,
                  const char *what, bool fatal);
void vsh_check_fails(vsh_status got, const vsh_error *err, vsh_status want, const char *part,
                     const char *file, int line, const char *what);

#endif
