/* A model as the YAML description that vsh_model_read takes, every key written out. */
#ifndef VSH_MODEL_WRITE_H
#define VSH_MODEL_WRITE_H

#include "core/model.h"
#include "core/text.h"

/* Lines "key: value", each after indent. */
void vsh_model_write(const vsh_model *model, const char *indent, vsh_text *out);

#endif
