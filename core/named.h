/* What --hw and --model name: a file of the library, a file, or this machine. */
#ifndef VSH_NAMED_H
#define VSH_NAMED_H

#include "core/hardware.h"
#include "core/model.h"
#include "core/program.h"

/* --hw: a profile, a file, or "auto", measured once unless refresh asks again. */
vsh_status vsh_named_hardware(vsh_session *session, const char *name, bool refresh,
                              vsh_hardware *hardware, vsh_error *err);

/* --model: a preset, a description or a config.json. */
vsh_status vsh_named_model(vsh_session *session, const char *name, vsh_model *model,
                           vsh_error *err);

#endif
