/* What a call answers: a status that is also the exit code, and one line of text for the user. */
#ifndef VSH_STATUS_H
#define VSH_STATUS_H

typedef enum {
    VSH_OK = 0,       /* done */
    VSH_ENO = 1,      /* ran, and the answer is no: nothing fits, a check failed */
    VSH_EINPUT = 2,   /* bad usage or bad input */
    VSH_ESTOPPED = 3, /* stopped, resumable */
    VSH_EMACHINE = 4  /* the machine's fault: disk, memory, an unwritable place */
} vsh_status;

/* Owned by the caller; written by the call that fails first and by nobody on the way up. */
typedef struct {
    char text[640];
} vsh_error;

/* Formats one line into err (NULL is allowed), control characters replaced, and returns status. */
vsh_status vsh_fail(vsh_error *err, vsh_status status, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Forwards a failure unchanged. */
#define VSH_TRY(call)                                                                              \
    do {                                                                                           \
        vsh_status vsh_try_ = (call);                                                              \
        if (vsh_try_ != VSH_OK)                                                                    \
            return vsh_try_;                                                                       \
    } while (0)

#endif
