/* Functions of one number: where they fall below a limit, and where they are least. */
#ifndef VSH_ONE_DIMENSION_H
#define VSH_ONE_DIMENSION_H

typedef double (*vsh_function)(const void *context, double x);

/* The least x between low and high, both above 0, at which a function that falls is at most the
 * limit: by halving in the logarithm, to a part in 2^steps of it. low when it is so all the way,
 * infinite when it is not even at high. */
double vsh_crossing(double low, double high, int steps, double limit, vsh_function of,
                    const void *context);

/* Where a function with one minimum between low and high, both above 0, is least: golden section in
 * the logarithm. */
double vsh_minimum(double low, double high, int steps, vsh_function of, const void *context);

#endif
