#include "core/named.h"

#include <string.h>

#include "core/hardware_auto.h"

vsh_status vsh_named_hardware(vsh_session *s, const char *name, bool refresh,
                              vsh_hardware *hardware, vsh_error *err)
{
    const char *path;

    if (!name)
        return vsh_fail(err, VSH_EINPUT, "--hw: expected a profile such as tpu-v5e, got nothing");
    if (strcmp(name, "auto") == 0)
        return vsh_hardware_auto(s->arena, s->cache_folder, s->common->threads, refresh, hardware,
                                 err);
    VSH_TRY(vsh_library_find(s->arena, &s->library, "hwprofiles", "--hw: no profile", name, &path,
                             err));
    return vsh_hardware_read(s->arena, path, hardware, err);
}

vsh_status vsh_named_model(vsh_session *s, const char *name, vsh_model *model, vsh_error *err)
{
    const char *path;

    if (!name)
        return vsh_fail(err, VSH_EINPUT,
                        "--model: expected a model such as gpt2-124m, got nothing");
    VSH_TRY(
        vsh_library_find(s->arena, &s->library, "models", "--model: no model", name, &path, err));
    return vsh_model_read(s->arena, path, model, err);
}
