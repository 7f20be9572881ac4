/* Runs what wasm2c made of a WASI command. Offers what a program without files needs of wasi_snapshot_preview1; what a
   module does not import is not called. Compiled with -include of the module's header. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "wasm-rt-impl.h"

enum { kSuccess = 0, kBadDescriptor = 8, kInvalid = 28, kNotSupported = 58, kNoSeek = 70 };

struct Z_wasi_snapshot_preview1_instance_t {
    int argc;
    char** argv;
};
typedef struct Z_wasi_snapshot_preview1_instance_t Host;
static Z_module_instance_t module;

/* `n` bytes of the module's memory, or the end of the program. */
static u8* bytes_at(u32 at, u64 n) {
    wasm_rt_memory_t* memory = Z_moduleZ_memory(&module);
    if ((u64)at + n > memory->size) {
        fprintf(stderr, "a WASI call's pointer lies outside the memory\n");
        exit(1);
    }
    return memory->data + at;
}
static void put32(u32 at, u32 value) { memcpy(bytes_at(at, 4), &value, 4); }
static void put64(u32 at, u64 value) { memcpy(bytes_at(at, 8), &value, 8); }
static u32 get32(u32 at) {
    u32 value;
    memcpy(&value, bytes_at(at, 4), 4);
    return value;
}

u32 Z_wasi_snapshot_preview1Z_args_sizes_get(Host* host, u32 count, u32 size) {
    u32 sum = 0;
    for (int n = 0; n < host->argc; ++n)
        sum += (u32)strlen(host->argv[n]) + 1;
    put32(count, (u32)host->argc);
    put32(size, sum);
    return kSuccess;
}
u32 Z_wasi_snapshot_preview1Z_args_get(Host* host, u32 pointers, u32 at) {
    for (int n = 0; n < host->argc; ++n) {
        const u32 size = (u32)strlen(host->argv[n]) + 1;
        put32(pointers + 4 * (u32)n, at);
        memcpy(bytes_at(at, size), host->argv[n], size);
        at += size;
    }
    return kSuccess;
}
u32 Z_wasi_snapshot_preview1Z_environ_sizes_get(Host* host, u32 count, u32 size) {
    (void)host;
    put32(count, 0);
    put32(size, 0);
    return kSuccess;
}
u32 Z_wasi_snapshot_preview1Z_environ_get(Host* host, u32 pointers, u32 at) {
    (void)host, (void)pointers, (void)at;
    return kSuccess;
}
u32 Z_wasi_snapshot_preview1Z_clock_time_get(Host* host, u32 id, u64 precision, u32 to) {
    struct timespec now;
    (void)host, (void)precision;
    clock_gettime(id == 0 ? CLOCK_REALTIME : CLOCK_MONOTONIC, &now);
    put64(to, (u64)now.tv_sec * 1000000000u + (u64)now.tv_nsec);
    return kSuccess;
}
u32 Z_wasi_snapshot_preview1Z_random_get(Host* host, u32 at, u32 n) {
    (void)host;
    return getentropy(bytes_at(at, n), n < 256 ? n : 256) == 0 ? kSuccess : kInvalid;
}
void Z_wasi_snapshot_preview1Z_proc_exit(Host* host, u32 status) {
    (void)host;
    exit((int)status);
}
u32 Z_wasi_snapshot_preview1Z_fd_write(Host* host, u32 fd, u32 vectors, u32 count, u32 to) {
    u32 written = 0;
    (void)host;
    if (fd != 1 && fd != 2)
        return kBadDescriptor;
    for (u32 n = 0; n < count; ++n) {
        const u32 size = get32(vectors + 8 * n + 4);
        written += (u32)fwrite(bytes_at(get32(vectors + 8 * n), size), 1, size, fd == 1 ? stdout : stderr);
    }
    put32(to, written);
    return kSuccess;
}
u32 Z_wasi_snapshot_preview1Z_fd_read(Host* host, u32 fd, u32 vectors, u32 count, u32 to) {
    (void)host, (void)vectors, (void)count;
    if (fd != 0)
        return kBadDescriptor;
    put32(to, 0);
    return kSuccess;
}
u32 Z_wasi_snapshot_preview1Z_fd_close(Host* host, u32 fd) {
    (void)host;
    return fd <= 2 ? kSuccess : kBadDescriptor;
}
u32 Z_wasi_snapshot_preview1Z_fd_seek(Host* host, u32 fd, u64 offset, u32 whence, u32 to) {
    (void)host, (void)offset, (void)whence, (void)to;
    return fd <= 2 ? kNoSeek : kBadDescriptor;
}
u32 Z_wasi_snapshot_preview1Z_fd_fdstat_get(Host* host, u32 fd, u32 to) {
    (void)host;
    if (fd > 2)
        return kBadDescriptor;
    memset(bytes_at(to, 24), 0, 24);
    *bytes_at(to, 1) = 2; /* a character device */
    put64(to + 8, 0x42);  /* that can be read and written */
    return kSuccess;
}
u32 Z_wasi_snapshot_preview1Z_fd_prestat_get(Host* host, u32 fd, u32 to) {
    (void)host, (void)fd, (void)to;
    return kBadDescriptor;
}
u32 Z_wasi_snapshot_preview1Z_fd_prestat_dir_name(Host* host, u32 fd, u32 at, u32 n) {
    (void)host, (void)fd, (void)at, (void)n;
    return kInvalid;
}

int main(int argc, char** argv) {
    Host host = {argc, argv};
    wasm_rt_init();
    Z_module_init_module();
    const wasm_rt_trap_t trap = (wasm_rt_trap_t)wasm_rt_impl_try();
    if (trap != 0) {
        fprintf(stderr, "trap: %s\n", wasm_rt_strerror(trap));
        return 1;
    }
    Z_module_instantiate(&module, &host);
    Z_moduleZ__start(&module);
    return 0;
}
