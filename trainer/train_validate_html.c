#include "trainer/train_validate.h"

vsh_status train_report_validation(const validation *v, vsh_error *err)
{
    return vsh_fail(err, VSH_EMACHINE, "%s: not built yet", v->asked->report);
}
