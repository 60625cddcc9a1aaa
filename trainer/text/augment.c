#include "trainer/text/augment.h"

#include <stddef.h>

const char *const vsh_augment_words[] = {"none", "infill", "backtranslate", NULL};
