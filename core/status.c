#include "core/status.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>

vsh_status vsh_fail(vsh_error *err, vsh_status status, const char *format, ...)
{
    va_list args;

    assert(status != VSH_OK && format);
    if (!err)
        return status;
    va_start(args, format);
    vsnprintf(err->text, sizeof err->text, format, args);
    va_end(args);
    /* Text from a file may hold anything; a message is one line and moves no cursor. */
    for (char *c = err->text; *c; c++)
        if ((unsigned char)*c < 0x20 || *c == 0x7f)
            *c = '?';
    return status;
}
