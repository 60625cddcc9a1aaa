/* What a character is, for all that judge or compare texts. */
#ifndef VSH_CHARACTERS_H
#define VSH_CHARACTERS_H

#include <stdint.h>

/* Letters are those of every script; digits those of ASCII. Punctuation is what stands in prose,
 * with the quotation marks, dashes and dots of U+2010 to U+205E; the other signs, arrows, boxes and
 * pictures are symbols. */
typedef enum {
    VSH_LETTER,
    VSH_DIGIT,
    VSH_SPACE,
    VSH_PUNCTUATION,
    VSH_SYMBOL,
    VSH_CONTROL,
    VSH_MALFORMED, /* a byte that begins no UTF-8 character */
    VSH_CHARACTER_KINDS
} vsh_character_kind;

/* Of the character at text, of which bytes (at least one) may be read, and its length. */
vsh_character_kind vsh_character_at(const char *text, int64_t bytes, int *length);

/* The code point there, ASCII too, and its length; 0 for NUL and a byte that is not UTF-8. */
uint32_t vsh_code_point_at(const char *text, int64_t bytes, int *length);

#endif
