#include "trainer/base/hash64.h"

#include <string.h>

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "words are read as they lie in memory");

/* the five primes of the specification */
static const uint64_t prime1 = 0x9e3779b185ebca87, prime2 = 0xc2b2ae3d27d4eb4f,
                      prime3 = 0x165667b19e3779f9, prime4 = 0x85ebca77c2b2ae63,
                      prime5 = 0x27d4eb2f165667c5;

enum { STRIPE = 32 };

static uint64_t rotate(uint64_t x, int by) { return x << by | x >> (64 - by); }

static uint64_t word64(const unsigned char *at)
{
    uint64_t word;

    memcpy(&word, at, sizeof word);
    return word;
}

static uint64_t word32(const unsigned char *at)
{
    uint32_t word;

    memcpy(&word, at, sizeof word);
    return word;
}

static uint64_t mix(uint64_t sum, uint64_t word)
{
    return rotate(sum + word * prime2, 31) * prime1;
}

static uint64_t merge(uint64_t sum, uint64_t lane)
{
    return (sum ^ mix(0, lane)) * prime1 + prime4;
}

/* Four lanes over the whole stripes of 32 bytes. */
static uint64_t hash_stripes(const unsigned char *at, size_t stripes)
{
    uint64_t a = prime1 + prime2, b = prime2, c = 0, d = 0 - prime1;
    uint64_t sum;

    for (size_t i = 0; i < stripes; i++, at += STRIPE) {
        a = mix(a, word64(at));
        b = mix(b, word64(at + 8));
        c = mix(c, word64(at + 16));
        d = mix(d, word64(at + 24));
    }
    sum = rotate(a, 1) + rotate(b, 7) + rotate(c, 12) + rotate(d, 18);
    return merge(merge(merge(merge(sum, a), b), c), d);
}

/* The less than 32 bytes after the stripes. */
static uint64_t hash_rest(uint64_t sum, const unsigned char *at, size_t length)
{
    for (; length >= 8; at += 8, length -= 8)
        sum = rotate(sum ^ mix(0, word64(at)), 27) * prime1 + prime4;
    if (length >= 4) {
        sum = rotate(sum ^ word32(at) * prime1, 23) * prime2 + prime3;
        at += 4;
        length -= 4;
    }
    for (; length > 0; at++, length--)
        sum = rotate(sum ^ *at * prime5, 11) * prime1;
    return sum;
}

uint64_t vsh_hash64(const void *bytes, size_t length)
{
    const unsigned char *at = bytes;
    size_t striped = length / STRIPE * STRIPE;
    uint64_t sum = striped ? hash_stripes(at, striped / STRIPE) : prime5;

    sum += length;
    if (length > striped)
        sum = hash_rest(sum, at + striped, length - striped);
    sum = (sum ^ sum >> 33) * prime2;
    sum = (sum ^ sum >> 29) * prime3;
    return sum ^ sum >> 32;
}
