#include "core/term.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

enum { AUTO, ALWAYS };

vsh_term vsh_term_choose(int descriptor, int choice, const char *no_color, const char *term_name)
{
    bool willing = !(no_color && *no_color) && !(term_name && strcmp(term_name, "dumb") == 0);

    return (vsh_term){choice == ALWAYS || (choice == AUTO && willing && isatty(descriptor))};
}

const char *vsh_term_bold(vsh_term term) { return term.colour ? "\033[1m" : ""; }
const char *vsh_term_warn(vsh_term term) { return term.colour ? "\033[33m" : ""; }
const char *vsh_term_plain(vsh_term term) { return term.colour ? "\033[0m" : ""; }

vsh_status vsh_term_write(FILE *stream, const vsh_text *text, vsh_error *err)
{
    if (text->failed)
        return vsh_fail(err, VSH_EMACHINE, "output: out of memory");
    if (fwrite(vsh_text_string(text), 1, text->length, stream) != text->length ||
        fflush(stream) != 0)
        return vsh_fail(err, VSH_EMACHINE, "output: %s", strerror(errno));
    return VSH_OK;
}
