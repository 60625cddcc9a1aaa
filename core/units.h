/* Quantities have types: bytes and seconds do not add, and going from one unit to another is a
 * named function. A wrapped double costs nothing at run time. Base units: B, s, FLOP, W, J, USD. */
#ifndef VSH_UNITS_H
#define VSH_UNITS_H

#define VSH_UNIT_LIST(UNIT)                                                                        \
    UNIT(bytes)     /* B */                                                                        \
    UNIT(seconds)   /* s */                                                                        \
    UNIT(flops)     /* floating-point operations, a count */                                       \
    UNIT(tokens)    /* tokens, a count that may be huge */                                         \
    UNIT(byte_rate) /* B/s */                                                                      \
    UNIT(flop_rate) /* FLOP/s */                                                                   \
    UNIT(hertz)     /* 1/s */                                                                      \
    UNIT(watts)     /* W */                                                                        \
    UNIT(joules)    /* J */                                                                        \
    UNIT(usd)       /* US dollars */

/* For each unit: its type, the sum of two, a multiple, the ratio of two. */
#define VSH_UNIT_DEFINE(unit)                                                                      \
    typedef struct {                                                                               \
        double v;                                                                                  \
    } vsh_##unit;                                                                                  \
    static inline vsh_##unit vsh_##unit##_add(vsh_##unit a, vsh_##unit b)                          \
    {                                                                                              \
        return (vsh_##unit){a.v + b.v};                                                            \
    }                                                                                              \
    static inline vsh_##unit vsh_##unit##_times(vsh_##unit a, double factor)                       \
    {                                                                                              \
        return (vsh_##unit){a.v * factor};                                                         \
    }                                                                                              \
    static inline double vsh_##unit##_ratio(vsh_##unit a, vsh_##unit b) { return a.v / b.v; }

VSH_UNIT_LIST(VSH_UNIT_DEFINE)

static inline vsh_seconds vsh_time_compute(vsh_flops work, vsh_flop_rate peak)
{
    return (vsh_seconds){work.v / peak.v};
}
static inline vsh_seconds vsh_time_move(vsh_bytes data, vsh_byte_rate rate)
{
    return (vsh_seconds){data.v / rate.v};
}
static inline vsh_flops vsh_work_done(vsh_flop_rate rate, vsh_seconds time)
{
    return (vsh_flops){rate.v * time.v};
}
static inline vsh_joules vsh_energy(vsh_watts power, vsh_seconds time)
{
    return (vsh_joules){power.v * time.v};
}
static inline vsh_seconds vsh_hours(double hours) { return (vsh_seconds){hours * 3600.0}; }
static inline double vsh_in_hours(vsh_seconds time) { return time.v / 3600.0; }
static inline double vsh_in_kwh(vsh_joules energy) { return energy.v / 3.6e6; }

#endif
