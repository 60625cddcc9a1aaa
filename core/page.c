#include "core/page.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static const char colour_style[] =
    ":root{color-scheme:light "
    "dark;--ink:#16191d;--soft:#5a6169;--line:#d9dde1;--page:#f4f5f6;--card:#fff;"
    "--accent:#0060a0;--warn:#a84300;--strong:#eef4f9;--blue:#0072b2;--vermillion:#d55e00;--green:#"
    "009e73;"
    "--purple:#cc79a7;--grey:#7f7f7f}\n"
    "@media "
    "(prefers-color-scheme:dark){:root{--ink:#e9ebed;--soft:#a4abb3;--line:#343a41;--page:#0e1012;"
    "--card:#181b1f;--accent:#6cb6f0;--warn:#f0955a;--strong:#1f2a34;--blue:#4aa3e0;--vermillion:#"
    "f27d2c;--green:#2fbf94;"
    "--purple:#dc97bd;--grey:#969696}}\n";
static const char screen_style[] =
    "*{box-sizing:border-box}\n"
    "html{-webkit-text-size-adjust:100%}\n"
    "body{margin:0;background:var(--page);color:var(--ink);font:16px/1.5 system-ui,sans-serif}\n"
    "main{max-width:940px;margin:0 auto;padding:28px 20px 60px}\n"
    "h1{font-size:1.7rem;line-height:1.2;margin:0 0 6px;text-wrap:balance;overflow-wrap:anywhere}\n"
    "h2{font-size:1.2rem;margin:40px 0 12px}\n"
    "h3{font-size:1rem;margin:0 0 4px}\n"
    "p{margin:0 0 10px;overflow-wrap:anywhere}\n"
    "a{color:var(--accent)}\n"
    ".soft{color:var(--soft)}\n"
    ".small{font-size:.875rem;color:var(--soft)}\n"
    ".lead{font-size:1.15rem;margin:0 0 4px}\n"
    ".card,figure{background:var(--card);border:1px solid "
    "var(--line);border-radius:10px;padding:18px 20px;"
    "margin:0 0 18px}\n"
    ".card{overflow-x:auto}\n"
    ".card>:last-child{margin-bottom:0}\n"
    ".warn{border-left:4px solid var(--warn)}\n"
    ".warn h3{color:var(--warn)}\n"
    "dl.figures{display:grid;grid-template-columns:repeat(auto-fill,minmax(190px,1fr));gap:14px "
    "20px;"
    "margin:16px 0 0}\n"
    "dl.figures div{border-top:1px solid var(--line);padding-top:6px}\n"
    "dl.figures dt{color:var(--soft);font-size:.875rem}\n"
    "dl.figures dd{margin:0;font-size:1.25rem;font-weight:600;font-variant-numeric:tabular-nums}\n"
    "dl.figures dd.note{font-size:.875rem;font-weight:400;color:var(--soft)}\n"
    "dl.facts{display:grid;grid-template-columns:max-content 1fr;gap:2px 18px;margin:0}\n"
    "dl.facts dt{color:var(--soft)}\n"
    "dl.facts dd{margin:0;overflow-wrap:anywhere}\n"
    "ul{margin:0;padding-left:1.2em}\n"
    "li{margin:0 0 6px;overflow-wrap:anywhere}\n"
    "code,pre{font:.875rem/1.45 ui-monospace,monospace}\n"
    "code{overflow-wrap:anywhere}\n"
    "pre{white-space:pre-wrap;overflow-wrap:anywhere;margin:0}\n"
    "table{width:100%;border-collapse:collapse;font-size:.9375rem}\n"
    "th,td{padding:7px 10px;text-align:left;vertical-align:top;border-bottom:1px solid var(--line);"
    "overflow-wrap:break-word}\n"
    "th{font-weight:600;color:var(--soft);font-size:.875rem}\n"
    "tr:last-child td{border-bottom:0}\n"
    ".number{text-align:right;white-space:nowrap;font-variant-numeric:tabular-nums}\n"
    "td:first-child{white-space:nowrap}\n"
    ".wide{min-width:12rem}\n"
    "tr.strong td{background:var(--strong);font-weight:600}\n"
    "figure{padding:14px 16px 16px;break-inside:avoid}\n"
    "figure svg{display:block;width:100%;max-width:740px;height:auto;margin:0 auto}\n"
    "figcaption{max-width:46rem;margin:8px auto 0}\n"
    "svg.chart{color:var(--ink)}\n"
    "@media screen and (min-width:701px){\n"
    ".many{font-size:.8125rem}\n"
    ".many th,.many td{padding:5px 4px}\n"
    "}\n";
static const char small_style[] =
    "@media screen and (max-width:700px){\n"
    "main{padding:18px 10px 40px}\n"
    ".card{padding:14px}\n"
    "figure{padding:8px 2px 14px}\n"
    "figcaption{padding:0 12px}\n"
    "dl.figures{grid-template-columns:repeat(2,1fr)}\n"
    "dl.figures dd{font-size:1.1rem}\n"
    "dl.facts{grid-template-columns:1fr;gap:0}\n"
    "dl.facts dd{margin-bottom:8px}\n"
    "table.cards,.cards tbody,.cards tr,.cards td{display:block;width:100%}\n"
    ".cards thead{position:absolute;clip-path:inset(50%);width:1px;height:1px;overflow:hidden}\n"
    ".cards tr{padding:8px 0;border-bottom:1px solid var(--line)}\n"
    ".cards tr:last-child{border-bottom:0}\n"
    ".cards tr.strong{background:var(--strong);padding:8px;border-radius:6px}\n"
    ".cards td,.cards "
    "td.number{display:flex;justify-content:space-between;gap:16px;border:0;padding:1px 0;"
    "text-align:right;white-space:normal}\n"
    ".cards "
    "td::before{content:attr(data-head);color:var(--soft);font-weight:400;text-align:left;flex:"
    "none}\n"
    ".cards td:first-child{font-weight:600;white-space:normal}\n"
    ".cards td.wide{display:block;min-width:0;text-align:left}\n"
    ".cards td:first-child::before,.cards td.wide::before{content:none}\n"
    "}\n";
static const char print_style[] = "@media print{\n"
                                  ":root{color-scheme:light;--ink:#000;--soft:#444;--line:#bbb;--"
                                  "page:#fff;--card:#fff;--accent:#000;"
                                  "--warn:#000;--strong:#eee;--blue:#0072b2;--vermillion:#d55e00;--"
                                  "green:#009e73;--purple:#cc79a7;"
                                  "--grey:#7f7f7f}\n"
                                  "@page{margin:16mm}\n"
                                  "body{font-size:10.5pt}\n"
                                  "main{max-width:none;padding:0}\n"
                                  ".card,figure{border-radius:0;break-inside:avoid}\n"
                                  ".card.long{break-inside:auto}\n"
                                  ".card{overflow:visible}\n"
                                  "table{font-size:8.5pt}\n"
                                  "th,td{padding:4px 6px;font-size:8.5pt}\n"
                                  ".wide{min-width:0}\n"
                                  "figure svg{max-width:150mm}\n"
                                  "h2,h3{break-after:avoid}\n"
                                  "tr{break-inside:avoid}\n"
                                  "}\n";

/* ---- text ------------------------------------------------------------------------------------ */

static const char *escape_of(char c)
{
    switch (c) {
    case '&':
        return "&amp;";
    case '<':
        return "&lt;";
    case '>':
        return "&gt;";
    case '"':
        return "&quot;";
    case '\'':
        return "&#39;";
    default:
        return NULL;
    }
}

/* Also characters that turn the direction of the text after them: U+202A-202E and U+2066-2069. */
static bool is_shown(const unsigned char *text, int length)
{
    if (length == 1)
        return (*text >= 0x20 && *text != 0x7f) || *text == '\n' || *text == '\t';
    if (length == 2)
        return text[0] != 0xc2 || text[1] >= 0xa0;
    if (length == 3 && text[0] == 0xe2)
        return !(text[1] == 0x80 && text[2] >= 0xaa && text[2] <= 0xae) &&
               !(text[1] == 0x81 && text[2] >= 0xa6 && text[2] <= 0xa9);
    return length > 0;
}

void vsh_page_text(vsh_text *page, const char *text)
{
    const unsigned char *at = (const unsigned char *)text;

    while (*at) {
        int length = vsh_utf8_length((const char *)at);
        const char *escape = escape_of((char)*at);
        if (escape)
            vsh_text_put(page, escape, strlen(escape));
        else if (is_shown(at, length))
            vsh_text_put(page, (const char *)at, (size_t)length);
        else
            vsh_text_put(page, "\uFFFD", strlen("\uFFFD"));
        at += length ? length : 1;
    }
}

static void put_escaped(vsh_text *page, const char *format, va_list args)
{
    char room[2048];

    vsnprintf(room, sizeof room, format, args);
    vsh_page_text(page, room);
}

void vsh_page_put(vsh_text *page, const char *element, const char *class, const char *format, ...)
{
    va_list args;

    vsh_text_add(page, class ? "<%s class=\"%s\">" : "<%s>", element, class);
    va_start(args, format);
    put_escaped(page, format, args);
    va_end(args);
    vsh_text_add(page, "</%s>\n", element);
}

void vsh_page_open(vsh_text *page, const char *title)
{
    vsh_text_add(page, "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
                       "<meta name=\"generator\" content=\"" VSH_PAGE_GENERATOR "\">\n"
                       "<meta name=\"viewport\" content=\"width=device-width,initial-scale=1\">\n"
                       "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; "
                       "style-src 'unsafe-inline'\">\n"
                       "<meta name=\"color-scheme\" content=\"light dark\">\n");
    vsh_page_put(page, "title", NULL, "%s", title);
    vsh_text_add(page, "<style>\n");
    vsh_text_put(page, colour_style, sizeof colour_style - 1);
    vsh_text_put(page, screen_style, sizeof screen_style - 1);
    vsh_text_put(page, small_style, sizeof small_style - 1);
    vsh_text_put(page, print_style, sizeof print_style - 1);
    vsh_text_add(page, "</style>\n</head>\n<body>\n<main>\n");
}

void vsh_page_close(vsh_text *page) { vsh_text_add(page, "</main>\n</body>\n</html>\n"); }

/* ---- tables ---------------------------------------------------------------------------------- */

/* "#" of figures, "+" of sentences, in front of a head. */
static const char *class_of(const char *head)
{
    return head[0] == '#' ? "number" : head[0] == '+' ? "wide" : NULL;
}
static const char *words_of(const char *head) { return head + (class_of(head) != NULL); }

vsh_table vsh_table_open(vsh_text *page, const char *const *heads, int column_count)
{
    assert(column_count > 0 && column_count <= VSH_TABLE_COLUMNS);
    vsh_text_add(page, "<table%s>\n<thead><tr>",
                 column_count > 7   ? " class=\"cards many\""
                 : column_count > 3 ? " class=\"cards\""
                                    : "");
    for (int i = 0; i < column_count; i++)
        vsh_page_put(page, "th", class_of(heads[i]), "%s", words_of(heads[i]));
    vsh_text_add(page, "</tr></thead>\n<tbody>\n");
    return (vsh_table){page, heads, column_count, column_count};
}

void vsh_table_row(vsh_table *table, const char *class)
{
    assert(table->column == table->column_count);
    vsh_text_add(table->page, class ? "<tr class=\"%s\">" : "<tr>", class);
    table->column = 0;
}

void vsh_table_cell(vsh_table *table, const char *format, ...)
{
    const char *head = table->heads[table->column];
    va_list args;

    assert(table->column < table->column_count);
    vsh_text_add(table->page, class_of(head) ? "<td class=\"%s\" data-head=\"" : "<td data-head=\"",
                 class_of(head));
    vsh_page_text(table->page, words_of(head));
    vsh_text_add(table->page, "\"><span>");
    va_start(args, format);
    put_escaped(table->page, format, args);
    va_end(args);
    vsh_text_add(table->page, "</span></td>");
    if (++table->column == table->column_count)
        vsh_text_add(table->page, "</tr>\n");
}

void vsh_table_close(vsh_table *table)
{
    assert(table->column == table->column_count);
    vsh_text_add(table->page, "</tbody>\n</table>\n");
}

/* ---- pictures -------------------------------------------------------------------------------- */

/* What a gnuplot picture is made of; a picture with anything else is not taken in. */
static bool is_known_element(const char *tag)
{
    static const char *const known[] = {"svg",    "title",   "desc",     "g",          "defs",
                                        "rect",   "circle",  "path",     "use",        "text",
                                        "tspan",  "polygon", "polyline", "line",       "pattern",
                                        "filter", "feFlood", "clipPath", "feComposite"};
    size_t length = strcspn(tag, " \t\r\n/>");

    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
        if (strlen(known[i]) == length && strncmp(tag, known[i], length) == 0)
            return true;
    return false;
}

static bool is_plain_picture(const char *svg)
{
    for (const char *at = strchr(svg, '<'); at; at = strchr(at + 1, '<'))
        if (!is_known_element(at[1] == '/' ? at + 2 : at + 1))
            return false;
    return strstr(svg, "</svg>") != NULL;
}

/* Where an identifier begins: it is made this picture's own. */
static size_t identifier_at(const char *at)
{
    static const char *const before[] = {" id=\"", " id='", "href=\"#", "href='#", "url(#"};

    for (size_t i = 0; i < sizeof before / sizeof before[0]; i++)
        if (strncmp(at, before[i], strlen(before[i])) == 0)
            return strlen(before[i]);
    return 0;
}

/* The colours of core/chart.h as properties of the page, so that they follow the scheme. */
static const struct {
    int red, green, blue;
    const char *property;
} colours[] = {{0, 0, 0, "currentColor"},     {255, 255, 255, "var(--card)"},
               {0, 114, 178, "var(--blue)"},  {213, 94, 0, "var(--vermillion)"},
               {0, 158, 115, "var(--green)"}, {204, 121, 167, "var(--purple)"},
               {127, 127, 127, "var(--grey)"}};

static const char *property_of(int red, int green, int blue)
{
    for (size_t i = 0; i < sizeof colours / sizeof colours[0]; i++)
        if (colours[i].red == red && colours[i].green == green && colours[i].blue == blue)
            return colours[i].property;
    return NULL;
}

/* The property for the colour that is written at this place, and the length of what is written;
 * NULL when there is none of ours. */
static const char *colour_at(const char *at, size_t *length)
{
    int red, green, blue, used = 0;

    if (strncmp(at, "rgb(", 4) == 0 &&
        sscanf(at, "rgb(%3d,%3d,%3d)%n", &red, &green, &blue, &used) == 3 && used > 0) {
        *length = (size_t)used;
        return property_of(red, green, blue);
    }
    *length = 7;
    if (strncmp(at, "#FFFFFF", 7) == 0 || strncmp(at, "#ffffff", 7) == 0)
        return "var(--card)";
    *length = 5;
    return strncmp(at, "black", 5) == 0 && (at[-1] == '"' || at[-1] == '\'') ? "currentColor"
                                                                             : NULL;
}

/* After a group that holds nothing, or a title or description of gnuplot's; at itself otherwise. */
static const char *skip_empty(const char *at)
{
    const char *end = at;

    if (strncmp(at, "<title>", 7) == 0 && (end = strstr(at, "</title>")))
        return end + strlen("</title>");
    if (strncmp(at, "<desc>", 6) == 0 && (end = strstr(at, "</desc>")))
        return end + strlen("</desc>");
    if (strncmp(at, "<g ", 3) != 0 || !(end = strchr(at, '>')))
        return at;
    end++;
    end += strspn(end, " \t\r\n");
    return strncmp(end, "</g>", 4) == 0 ? end + 4 : at;
}

/* Copies a tag up to its '>', which it returns. */
static const char *copy_tag(vsh_text *page, const char *at, const char *prefix)
{
    vsh_text_put(page, at++, 1);
    while (*at && *at != '>') {
        size_t length = identifier_at(at);
        const char *property;
        if (length > 0) {
            vsh_text_put(page, at, length);
            vsh_text_add(page, "%s-", prefix);
        } else if ((property = colour_at(at, &length))) {
            vsh_text_put(page, property, strlen(property));
        } else {
            vsh_text_put(page, at, length = 1);
        }
        at += length;
    }
    return at;
}

static void copy_inside(vsh_text *page, const char *at, const char *end, const char *prefix)
{
    while (at < end) {
        const char *after = *at == '<' ? skip_empty(at) : at;
        if (after != at) {
            at = after;
        } else if (*at == '<') {
            at = copy_tag(page, at, prefix);
        } else if (*at == '\n' || *at == '\t') {
            size_t blank = strspn(at, "\n\t ");
            vsh_text_put(page, "\n", 1);
            at += blank;
        } else {
            vsh_text_put(page, at++, 1);
        }
    }
}

bool vsh_page_picture(vsh_text *page, const char *svg, const char *prefix, const char *title)
{
    const char *open = strstr(svg, "<svg"), *box = strstr(svg, "viewBox=\""), *inside, *end = NULL;
    size_t box_length;

    if (!open || !box || !is_plain_picture(open) || !(inside = strchr(open, '>')))
        return false;
    for (const char *at = strstr(inside, "</svg>"); at; at = strstr(at + 1, "</svg>"))
        end = at;
    box += strlen("viewBox=\"");
    box_length = strspn(box, "0123456789. -");
    vsh_text_add(page,
                 "<svg class=\"chart\" role=\"img\" xmlns=\"http://www.w3.org/2000/svg\" "
                 "xmlns:xlink=\"http://www.w3.org/1999/xlink\" viewBox=\"%.*s\" aria-label=\"",
                 (int)box_length, box);
    vsh_page_text(page, title);
    vsh_text_add(page, "\">");
    copy_inside(page, inside + 1, end, prefix);
    vsh_text_add(page, "</svg>\n");
    return true;
}
