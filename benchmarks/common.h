// What the programs of the suite share: random numbers, checks, the digest of a result. Valid as C11 and as C++20.
#ifndef PITOT_BENCHMARKS_COMMON_H
#define PITOT_BENCHMARKS_COMMON_H

#include <inttypes.h>
#include <math.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#ifndef SIZE
#error "SIZE is set by scripts/build-wasm.sh, from benchmarks/programs.txt"
#endif

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

// SplitMix64; any state is a valid seed.
typedef struct {
    uint64_t state;
} Random;

static inline uint64_t random_next(Random* random) {
    uint64_t z = (random->state += 0x9e3779b97f4a7c15u);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

// In [0, bound).
static inline uint32_t random_below(Random* random, uint32_t bound) {
    return (uint32_t)(((random_next(random) >> 32) * bound) >> 32);
}

// In [0, 1), of 53 bits.
static inline double random_unit(Random* random) { return (double)(random_next(random) >> 11) * 0x1p-53; }

// Ends the program with status 1 and says what was wrong, unless `ok`.
static inline void require(bool ok, const char* what) {
    if (!ok) {
        fprintf(stderr, "wrong result: %s\n", what);
        exit(1);
    }
}

// Never null; not initialised.
static inline void* allocate(size_t bytes) {
    void* memory = malloc(bytes);
    if (memory == NULL && bytes > 0) {
        fprintf(stderr, "out of memory: %zu bytes\n", bytes);
        exit(1);
    }
    return memory;
}

// The digest of what `digest` stands for, followed by `value`.
static inline uint64_t mix(uint64_t digest, uint64_t value) {
    digest = (digest ^ value) * 0xff51afd7ed558ccdu;
    return digest ^ (digest >> 32);
}

// To five decimals, so that mathematical libraries that differ in the last place give one digest.
static inline uint64_t rounded(double value) { return (uint64_t)(int64_t)floor(value * 1e5 + 0.5); }

// The last statement of main: the one line of output.
static inline int finish(uint64_t digest) {
    printf("ok %016" PRIx64 "\n", digest);
    return 0;
}

#endif
