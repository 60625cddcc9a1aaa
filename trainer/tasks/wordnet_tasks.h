/* Questions with known answers, made of WordNet 3.0 by rule: the same bytes on every machine. */
#ifndef VSH_WORDNET_TASKS_H
#define VSH_WORDNET_TASKS_H

#include <stdbool.h>

#include "core/arena.h"
#include "core/status.h"

/* Writes folder/qa.jsonl and folder/nli.jsonl; *there false, and nothing written, when WordNet is
 * not on this machine (wordnet: its folder, /usr/share/wordnet). */
vsh_status vsh_wordnet_tasks_write(const char *wordnet, const char *folder, bool *there,
                                   vsh_error *err);

#endif
