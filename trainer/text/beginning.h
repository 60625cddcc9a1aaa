/* What a document is known by when its side is drawn: documents that begin alike (chapters,
 * versions) have the same, and so have the pieces of one that is cut. */
#ifndef VSH_BEGINNING_H
#define VSH_BEGINNING_H

#include <stdint.h>

/* A line that has so many letters or digits says what a document is. More than a shebang has
 * ("#!/usr/bin/env python3": 16), a fence, "<!DOCTYPE html>" or "Table of Contents"; less than most
 * sentences. Only so many bytes are looked at: a reader has them of whatever it cuts. */
enum { VSH_BEGINNING_LETTERS = 20, VSH_BEGINNING_BYTES = 1 << 16 };

/* The hash of the first such line, without white space around it; of all bytes (at most
 * VSH_BEGINNING_BYTES) when there is none. */
uint64_t vsh_beginning_hash(const char *text, int64_t bytes);

#endif
