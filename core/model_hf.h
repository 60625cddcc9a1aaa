/* A Hugging Face config.json read as a vsh_model. Keys that are left out take the default of
 * their family in Transformers; an architecture not in the table is refused by name. */
#ifndef VSH_MODEL_HF_H
#define VSH_MODEL_HF_H

#include "core/model.h"

vsh_status vsh_model_from_hf(const vsh_doc *doc, vsh_model *model, vsh_error *err);

#endif
