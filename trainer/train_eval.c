#include "trainer/train_commands.h"
vsh_status train_run_eval(train_session *s, vsh_error *err)
{
    (void)s;
    return vsh_fail(err, VSH_EINPUT, "eval: not built yet");
}
vsh_status train_run_sample(train_session *s, vsh_error *err)
{
    (void)s;
    return vsh_fail(err, VSH_EINPUT, "sample: not built yet");
}
