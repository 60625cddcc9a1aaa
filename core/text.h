/* Text: a growing buffer, strict numbers (the same in every locale), figures as people read them,
 * and the nearest word to a misspelt one. */
#ifndef VSH_TEXT_H
#define VSH_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/arena.h"

/* A buffer in an arena. failed is sticky: memory ran out and what is there is not complete. */
typedef struct {
    vsh_arena *arena;
    char *data; /* NUL-terminated once anything was added */
    size_t length, capacity;
    bool failed;
} vsh_text;

void vsh_text_put(vsh_text *text, const char *bytes, size_t length);
void vsh_text_add(vsh_text *text, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* The content as a string; "" when empty. */
const char *vsh_text_string(const vsh_text *text);

/* What a quantity measures; decides the units that may follow the number. */
typedef enum {
    VSH_DIM_NUMBER,    /* no unit */
    VSH_DIM_BYTES,     /* B kB MB GB TB (powers of 1000), KiB MiB GiB TiB (powers of 1024) */
    VSH_DIM_BYTE_RATE, /* MB/s GB/s TB/s MiB/s GiB/s TiB/s */
    VSH_DIM_FLOP_RATE, /* MFLOP/s GFLOP/s TFLOP/s PFLOP/s, and GOP/s TOP/s POP/s for integers */
    VSH_DIM_HERTZ,     /* kHz MHz GHz */
    VSH_DIM_SECONDS,   /* ns us ms s */
    VSH_DIM_WATTS,     /* mW W kW */
    VSH_DIM_USD_RATE   /* USD/h; the value is USD an hour */
} vsh_dimension;

/* Each returns false, and leaves *value alone, unless the whole text is one finite number.
 * Nothing is guessed: "1_000", "010", "0x10", "nan", "80GBs" and "80,5" are refused. */
bool vsh_parse_real(const char *text, double *value);
bool vsh_parse_integer(const char *text, int64_t *value);
/* A number with an optional SI suffix: k M G T P E, and B (billion) as the field writes 8B. */
bool vsh_parse_si(const char *text, double *value);
/* A number and one unit of the dimension, at most one blank between, into base units. */
bool vsh_parse_quantity(const char *text, vsh_dimension dimension, double *value);
/* What a message says was expected, such as "a rate such as \"3.35 TB/s\"". */
const char *vsh_dimension_example(vsh_dimension dimension);

/* Room for one formatted figure, so that a call can be nested in a printf. */
typedef struct {
    char text[32];
} vsh_figure_text;

/* Three significant digits and an SI prefix: 354.2e6 -> "354 M", 8.5e9 -> "8.50 G". */
vsh_figure_text vsh_show_si(double value);
/* The same with the field's B for 1e9 and T for 1e12: "8.47 B". */
vsh_figure_text vsh_show_count(double value);
/* Powers of 1000 with a byte unit: "5.68 GB". */
vsh_figure_text vsh_show_bytes(double bytes);
/* "31.4 ms", "22.2 s", "4.61 h". */
vsh_figure_text vsh_show_time(double seconds);
/* Three significant digits, no prefix. */
vsh_figure_text vsh_show_real(double value);
/* Digits in groups of three: 16200 -> "16,200". */
vsh_figure_text vsh_show_integer(int64_t value);
/* Three digits below a thousand, whole and grouped above, with an SI prefix from 1e9 on. */
vsh_figure_text vsh_show_amount(double value);
/* Of money, 0 or more: "$24.60", "$12,400", and from 1e5 on three digits and k, M, B or T. */
vsh_figure_text vsh_show_usd(double usd);
/* "10" with its exponent raised: 19 -> "10¹⁹". */
vsh_figure_text vsh_show_ten_to(int exponent);
/* As one types it, without the plus sign and the zeros of a printf: 1.8e19 -> "1.8e19". */
vsh_figure_text vsh_show_exponent(double value);
/* Three digits and a power of ten: 1.8e19 -> "1.80 × 10¹⁹". */
vsh_figure_text vsh_show_power(double value);

/* The digits alone, in the arena, as a command line has them; NULL: out of memory. */
const char *vsh_integer_text(vsh_arena *arena, int64_t value);

/* Words at blanks, broken into lines of at most width columns; the cursor stands at column indent,
 * where later lines begin. Ends the last line. */
void vsh_text_wrap(vsh_text *text, const char *words, int indent, int width);

/* Damerau-Levenshtein distance with adjacent transpositions; INT_MAX for words over 64 bytes. */
int vsh_edit_distance(const char *a, const char *b);

/* Writes the words nearest to a misspelt or shortened one as "; did you mean a or b?" into room, ""
 * when it begins none of three letters and more and none lies within a Damerau-Levenshtein distance
 * of max(1, length/3). Never act on the guess. */
void vsh_suggest(char *room, size_t room_bytes, const char *word, const char *const *words,
                 size_t word_count);

/* Columns a UTF-8 string takes on a terminal, counted as code points. */
int vsh_columns(const char *utf8);

/* Characters that move a cursor or turn the order of letters: C0 but line breaks and tabs, DEL, C1,
 * and the bidirectional controls U+200E-F, U+202A-E, U+2066-9. The text is UTF-8. */
bool vsh_is_control(const char *utf8);

/* Bytes of the UTF-8 character at text, of which left are there, at least one; 0 when it is
 * malformed, overlong, a surrogate or cut off. */
int vsh_utf8_bytes(const char *text, int64_t left);
/* Of a text that a NUL closes. */
int vsh_utf8_length(const char *text);

#endif
