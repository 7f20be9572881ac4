/* WASI preview 1 for modules that wabt 1.0.32's wasm2c has turned into C: arguments, an environment (variables of the
 * process called PITOT_ENV_NAME), clocks, random bytes, the standard streams. There are no folders. Compiled together
 * with wasm2c's output, whose module name is "module", and wasm-rt-impl.c. Exit status: the module's, or 134 after a
 * trap.
 *
 * With PITOT_WARM=N the module is called once and N times more, each time in a new instance. What it prints is
 * discarded, and after each call a line tells its time on the wall, of the user and of the system, in microseconds. */
#define _GNU_SOURCE
#include <errno.h>
#include <sched.h>
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#include "module.h"
#include "wasm-rt-impl.h"

enum { OK = 0, BADF = 8, FAULT = 21, INVAL = 28, IO = 29, NOSYS = 52, SPIPE = 70 };
enum { TRAPPED = 134, MOST_VECTORS = 64 };

struct Z_wasi_snapshot_preview1_instance_t {
    wasm_rt_memory_t* memory;
    int argc;
    char** argv;
    int variable_count;
    char** variables;
    bool warm;    /* one of several calls */
    jmp_buf left; /* where such a call ends with a status */
    u32 status;
};
typedef struct Z_wasi_snapshot_preview1_instance_t Wasi;

#define WASI(name) Z_wasi_snapshot_preview1Z_##name

static bool within(Wasi* w, u32 at, u64 size) { return at + size <= w->memory->size; }

static u32 put(Wasi* w, u32 at, const void* data, size_t size) {
    if (!within(w, at, size))
        return FAULT;
    memcpy(w->memory->data + at, data, size);
    return OK;
}
static u32 put32(Wasi* w, u32 at, u32 value) { return put(w, at, &value, sizeof value); }
static u32 put64(Wasi* w, u32 at, u64 value) { return put(w, at, &value, sizeof value); }

static u32 put_sizes(Wasi* w, int texts, char** text, u32 count, u32 bytes) {
    u32 size = 0;
    for (int i = 0; i < texts; ++i)
        size += (u32)strlen(text[i]) + 1;
    const u32 error = put32(w, count, (u32)texts);
    return error ? error : put32(w, bytes, size);
}

static u32 put_texts(Wasi* w, int texts, char** text, u32 pointers, u32 bytes) {
    for (int i = 0; i < texts; ++i) {
        const u32 size = (u32)strlen(text[i]) + 1;
        if (put32(w, pointers + 4 * (u32)i, bytes) || put(w, bytes, text[i], size))
            return FAULT;
        bytes += size;
    }
    return OK;
}

u32 WASI(args_sizes_get)(Wasi* w, u32 count, u32 bytes) { return put_sizes(w, w->argc, w->argv, count, bytes); }
u32 WASI(args_get)(Wasi* w, u32 pointers, u32 bytes) { return put_texts(w, w->argc, w->argv, pointers, bytes); }
u32 WASI(environ_sizes_get)(Wasi* w, u32 count, u32 bytes) {
    return put_sizes(w, w->variable_count, w->variables, count, bytes);
}
u32 WASI(environ_get)(Wasi* w, u32 pointers, u32 bytes) {
    return put_texts(w, w->variable_count, w->variables, pointers, bytes);
}

static int clock_of(u32 id) {
    static const int clocks[] = {CLOCK_REALTIME, CLOCK_MONOTONIC, CLOCK_PROCESS_CPUTIME_ID, CLOCK_THREAD_CPUTIME_ID};
    return id < 4 ? clocks[id] : -1;
}

static u32 put_time(Wasi* w, u32 at, struct timespec time) {
    return put64(w, at, (u64)time.tv_sec * 1000000000u + (u64)time.tv_nsec);
}

u32 WASI(clock_time_get)(Wasi* w, u32 id, u64 precision, u32 at) {
    (void)precision;
    struct timespec now;
    return id > 3 || clock_gettime(clock_of(id), &now) ? INVAL : put_time(w, at, now);
}

u32 WASI(clock_res_get)(Wasi* w, u32 id, u32 at) {
    struct timespec resolution;
    return id > 3 || clock_getres(clock_of(id), &resolution) ? INVAL : put_time(w, at, resolution);
}

u32 WASI(random_get)(Wasi* w, u32 at, u32 size) {
    if (!within(w, at, size))
        return FAULT;
    while (size > 0) {
        const ssize_t got = getrandom(w->memory->data + at, size, 0);
        if (got < 0 && errno != EINTR)
            return IO;
        if (got > 0)
            at += (u32)got, size -= (u32)got;
    }
    return OK;
}

/* readv or writev on a standard stream, as far as it goes at once. */
static u32 move(Wasi* w, ssize_t (*call)(int, const struct iovec*, int), u32 fd, u32 vectors, u32 count, u32 moved) {
    struct iovec native[MOST_VECTORS];
    if (count > MOST_VECTORS)
        count = MOST_VECTORS;
    for (u32 i = 0; i < count; ++i) {
        u32 vector[2];
        if (!within(w, vectors + 8 * i, sizeof vector))
            return FAULT;
        memcpy(vector, w->memory->data + vectors + 8 * i, sizeof vector);
        if (!within(w, vector[0], vector[1]))
            return FAULT;
        native[i].iov_base = w->memory->data + vector[0];
        native[i].iov_len = vector[1];
    }
    ssize_t done = 0;
    if (w->warm && fd == 1) {
        for (u32 i = 0; i < count; ++i)
            done += (ssize_t)native[i].iov_len;
        return put32(w, moved, (u32)done);
    }
    do {
        done = call((int)fd, native, (int)count);
    } while (done < 0 && errno == EINTR);
    return done < 0 ? IO : put32(w, moved, (u32)done);
}

u32 WASI(fd_write)(Wasi* w, u32 fd, u32 vectors, u32 count, u32 written) {
    return fd == 1 || fd == 2 ? move(w, writev, fd, vectors, count, written) : BADF;
}

u32 WASI(fd_read)(Wasi* w, u32 fd, u32 vectors, u32 count, u32 read) {
    return fd == 0 ? move(w, readv, fd, vectors, count, read) : BADF;
}

/* No stream is a terminal, so that the module's library buffers alike wherever it runs. */
u32 WASI(fd_fdstat_get)(Wasi* w, u32 fd, u32 at) {
    if (fd > 2)
        return BADF;
    const u64 stat[3] = {0, ~(u64)0, ~(u64)0};
    return put(w, at, stat, sizeof stat);
}

u32 WASI(fd_close)(Wasi* w, u32 fd) { return (void)w, fd > 2 ? BADF : OK; }
u32 WASI(fd_seek)(Wasi* w, u32 fd, u64 by, u32 from, u32 at) {
    return (void)w, (void)by, (void)from, (void)at, fd > 2 ? BADF : SPIPE;
}
u32 WASI(fd_tell)(Wasi* w, u32 fd, u32 at) { return (void)w, (void)at, fd > 2 ? BADF : SPIPE; }
u32 WASI(fd_prestat_get)(Wasi* w, u32 fd, u32 at) { return (void)w, (void)fd, (void)at, BADF; }
u32 WASI(fd_prestat_dir_name)(Wasi* w, u32 fd, u32 at, u32 size) {
    return (void)w, (void)fd, (void)at, (void)size, BADF;
}
u32 WASI(sched_yield)(Wasi* w) { return (void)w, sched_yield() ? IO : OK; }
void WASI(proc_exit)(Wasi* w, u32 status) {
    /* The system keeps the low 8 bits of a status, and 256 is no success. */
    w->status = (status & 255) == 0 && status != 0 ? 1 : status & 255;
    if (w->warm)
        longjmp(w->left, 1);
    _exit((int)w->status);
}

/* What takes files, sockets or signals, which there are none of. */
#define ABSENT(name, ...) \
    u32 WASI(name)(Wasi * w, __VA_ARGS__) { return (void)w, NOSYS; }
#if defined(__GNUC__) || defined(__clang__)
#pragma GCC diagnostic ignored "-Wunused-parameter"
#endif
ABSENT(fd_advise, u32 a, u64 b, u64 c, u32 d)
ABSENT(fd_allocate, u32 a, u64 b, u64 c)
ABSENT(fd_datasync, u32 a)
ABSENT(fd_fdstat_set_flags, u32 a, u32 b)
ABSENT(fd_fdstat_set_rights, u32 a, u64 b, u64 c)
ABSENT(fd_filestat_get, u32 a, u32 b)
ABSENT(fd_filestat_set_size, u32 a, u64 b)
ABSENT(fd_filestat_set_times, u32 a, u64 b, u64 c, u32 d)
ABSENT(fd_pread, u32 a, u32 b, u32 c, u64 d, u32 e)
ABSENT(fd_pwrite, u32 a, u32 b, u32 c, u64 d, u32 e)
ABSENT(fd_readdir, u32 a, u32 b, u32 c, u64 d, u32 e)
ABSENT(fd_renumber, u32 a, u32 b)
ABSENT(fd_sync, u32 a)
ABSENT(path_create_directory, u32 a, u32 b, u32 c)
ABSENT(path_filestat_get, u32 a, u32 b, u32 c, u32 d, u32 e)
ABSENT(path_filestat_set_times, u32 a, u32 b, u32 c, u32 d, u64 e, u64 f, u32 g)
ABSENT(path_link, u32 a, u32 b, u32 c, u32 d, u32 e, u32 f, u32 g)
ABSENT(path_open, u32 a, u32 b, u32 c, u32 d, u32 e, u64 f, u64 g, u32 h, u32 i)
ABSENT(path_readlink, u32 a, u32 b, u32 c, u32 d, u32 e, u32 f)
ABSENT(path_remove_directory, u32 a, u32 b, u32 c)
ABSENT(path_rename, u32 a, u32 b, u32 c, u32 d, u32 e, u32 f)
ABSENT(path_symlink, u32 a, u32 b, u32 c, u32 d, u32 e)
ABSENT(path_unlink_file, u32 a, u32 b, u32 c)
ABSENT(poll_oneoff, u32 a, u32 b, u32 c, u32 d)
ABSENT(proc_raise, u32 a)
ABSENT(sock_accept, u32 a, u32 b, u32 c)
ABSENT(sock_recv, u32 a, u32 b, u32 c, u32 d, u32 e, u32 f)
ABSENT(sock_send, u32 a, u32 b, u32 c, u32 d, u32 e)
ABSENT(sock_shutdown, u32 a, u32 b)

#ifdef __TINYC__
/* What wasm2c takes for granted and tcc does not have. */
int __builtin_popcountll(u64 x) {
    int count = 0;
    for (; x != 0; x &= x - 1)
        ++count;
    return count;
}
int __builtin_popcount(u32 x) { return __builtin_popcountll(x); }
int __builtin_ctzll(u64 x) { return __builtin_popcountll((x & -x) - 1); }
int __builtin_ctz(u32 x) { return __builtin_ctzll(x); }
int __builtin_clzll(u64 x) {
    for (int by = 1; by < 64; by *= 2)
        x |= x >> by;
    return 64 - __builtin_popcountll(x);
}
int __builtin_clz(u32 x) { return __builtin_clzll(x) - 32; }
#endif

/* Not there if the module exports no memory of that name. */
wasm_rt_memory_t* Z_moduleZ_memory(Z_module_instance_t* instance) __attribute__((weak));

static Z_module_instance_t instance;

static void call(Wasi* wasi) {
    static wasm_rt_memory_t no_memory;
    memset(&instance, 0, sizeof instance);
    wasi->memory = &no_memory;
    if (setjmp(wasi->left) != 0)
        return; /* it left by proc_exit, perhaps in the start function */
    /* Modules that import nothing take one argument. */
    ((void (*)(Z_module_instance_t*, Wasi*))Z_module_instantiate)(&instance, wasi);
    if (Z_moduleZ_memory)
        wasi->memory = Z_moduleZ_memory(&instance);
    Z_moduleZ__start(&instance);
}

static double microseconds(struct timeval time) { return (double)time.tv_sec * 1e6 + (double)time.tv_usec; }

/* Calls a module that is called several times, and tells how long that took. */
static void call_timed(Wasi* wasi) {
    struct rusage used[2];
    struct timespec at[2];
    lseek(STDIN_FILENO, 0, SEEK_SET);
#if WASM_RT_USE_STACK_DEPTH_COUNT
    wasm_rt_call_stack_depth = 0;
#endif
    wasi->status = 0;
    getrusage(RUSAGE_SELF, &used[0]);
    clock_gettime(CLOCK_MONOTONIC, &at[0]);
    call(wasi);
    clock_gettime(CLOCK_MONOTONIC, &at[1]);
    getrusage(RUSAGE_SELF, &used[1]);
    Z_module_free(&instance);
    if (wasi->status != 0)
        _exit((int)wasi->status);
    const double wall = (double)(at[1].tv_sec - at[0].tv_sec) * 1e6 + (double)(at[1].tv_nsec - at[0].tv_nsec) * 1e-3;
    dprintf(STDOUT_FILENO, "%.3f %.0f %.0f\n", wall, microseconds(used[1].ru_utime) - microseconds(used[0].ru_utime),
            microseconds(used[1].ru_stime) - microseconds(used[0].ru_stime));
}

/* The variables meant for the module; without their prefix. */
static void take_variables(Wasi* wasi) {
    static const char prefix[] = "PITOT_ENV_";
    int count = 0;
    while (environ[count] != NULL)
        ++count;
    wasi->variables = calloc((size_t)count + 1, sizeof *wasi->variables);
    for (int i = 0; i < count && wasi->variables != NULL; ++i) {
        if (strncmp(environ[i], prefix, sizeof prefix - 1) == 0)
            wasi->variables[wasi->variable_count++] = environ[i] + sizeof prefix - 1;
    }
}

int main(int argc, char** argv) {
    static Wasi wasi;
    wasi.argc = argc;
    wasi.argv = argv;
    take_variables(&wasi);
    const char* warm = getenv("PITOT_WARM");
    wasi.warm = warm != NULL;
    wasm_rt_init();
    const int trap = wasm_rt_impl_try();
    if (trap != 0) {
        fprintf(stderr, "trap: %s\n", wasm_rt_strerror((wasm_rt_trap_t)trap));
        return TRAPPED;
    }
    Z_module_init_module();
    if (!wasi.warm) {
        call(&wasi);
        return 0;
    }
    for (long calls = atol(warm); calls >= 0; --calls)
        call_timed(&wasi);
    return 0;
}
