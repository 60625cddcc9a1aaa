/* One HTML page that needs nothing beside it: style and pictures are inside, there is no script,
 * and it follows the reader's colour scheme, a phone's width and a printer's paper. Text is escaped
 * where it enters; a caller adds markup of its own with vsh_text_add, and only literals. */
#ifndef VSH_PAGE_H
#define VSH_PAGE_H

#include <stdbool.h>

#include "core/text.h"

/* Stands near the top of every page made here, so that a program knows its own. */
#define VSH_PAGE_GENERATOR "vishwa"

void vsh_page_open(vsh_text *page, const char *title);
void vsh_page_close(vsh_text *page);

/* Text from anywhere: markup escaped, control characters and broken UTF-8 replaced. */
void vsh_page_text(vsh_text *page, const char *text);
/* <element class="style">text</element>; style NULL: none. The formatted text is escaped. */
void vsh_page_put(vsh_text *page, const char *element, const char *style, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

/* A table under column heads; on a phone the rows of one with more than three columns become cards
 * whose cells carry their head; one with more than seven is set smaller. A mark before a head, not
 * shown, says what is in its column: '#' figures, aligned right; '+' sentences, given room. */
enum { VSH_TABLE_COLUMNS = 12 };
typedef struct {
    vsh_text *page;
    const char *const *heads;
    int column_count, column;
} vsh_table;

vsh_table vsh_table_open(vsh_text *page, const char *const *heads, int column_count);
/* style NULL: none; "strong" is set off. */
void vsh_table_row(vsh_table *table, const char *style);
void vsh_table_cell(vsh_table *table, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
void vsh_table_close(vsh_table *table);

/* A picture that gnuplot drew, put inside the page: identifiers get the prefix, the
 * colours of core/chart.h become the scheme's, and what a picture has no need of is refused: false,
 * and nothing was added. */
bool vsh_page_picture(vsh_text *page, const char *svg, const char *prefix, const char *title);

#endif
