/* WASI preview 1 for modules that wabt 1.0.32's wasm2c has turned into C: arguments, clocks, random bytes, the standard
 * streams. There are no folders and no environment. Compiled together with wasm2c's output, whose module name is
 * "module", and wasm-rt-impl.c. Exit status: the module's, or 134 after a trap. */
#define _GNU_SOURCE
#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <sys/random.h>
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

u32 WASI(args_sizes_get)(Wasi* w, u32 count, u32 bytes) {
    u32 size = 0;
    for (int i = 0; i < w->argc; ++i)
        size += (u32)strlen(w->argv[i]) + 1;
    const u32 error = put32(w, count, (u32)w->argc);
    return error ? error : put32(w, bytes, size);
}

u32 WASI(args_get)(Wasi* w, u32 pointers, u32 bytes) {
    for (int i = 0; i < w->argc; ++i) {
        const u32 size = (u32)strlen(w->argv[i]) + 1;
        if (put32(w, pointers + 4 * (u32)i, bytes) || put(w, bytes, w->argv[i], size))
            return FAULT;
        bytes += size;
    }
    return OK;
}

u32 WASI(environ_sizes_get)(Wasi* w, u32 count, u32 bytes) {
    const u32 error = put32(w, count, 0);
    return error ? error : put32(w, bytes, 0);
}

u32 WASI(environ_get)(Wasi* w, u32 pointers, u32 bytes) {
    (void)w, (void)pointers, (void)bytes;
    return OK;
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
    (void)w;
    _exit((int)status);
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

int main(int argc, char** argv) {
    static Z_module_instance_t instance;
    static Wasi wasi;
    wasi.argc = argc;
    wasi.argv = argv;
    wasm_rt_init();
    const int trap = wasm_rt_impl_try();
    if (trap != 0) {
        fprintf(stderr, "trap: %s\n", wasm_rt_strerror((wasm_rt_trap_t)trap));
        return TRAPPED;
    }
    Z_module_init_module();
    /* Modules that import nothing take one argument. */
    ((void (*)(Z_module_instance_t*, Wasi*))Z_module_instantiate)(&instance, &wasi);
    wasi.memory = Z_moduleZ_memory(&instance);
    Z_moduleZ__start(&instance);
    return 0;
}
