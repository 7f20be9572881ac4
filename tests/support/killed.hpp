// Processes that are killed between two changes of a folder. The program's own linkat(), rename(), unlink() and
// remove() stand before the C library's and count; hence one file of a program includes this.
#pragma once

#include <fcntl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdio>

namespace pitot::test {

inline int changes_left = -1;  // negative: no end

inline void count_change() {
    if (changes_left >= 0 && changes_left-- == 0) {
        ::kill(::getpid(), SIGKILL);
    }
}

/// Runs `act` in a process of its own, which is killed when it is about to make its change `n` (counted from 0) of a
/// folder. False if it ended before.
template <typename Act>
[[nodiscard]] bool killed_before_change(int n, const Act& act) {
    const pid_t child = ::fork();
    if (child == 0) {
        changes_left = n;
        act();
        ::_exit(0);
    }
    int status = 0;
    ::waitpid(child, &status, 0);
    return WIFSIGNALED(status);
}

}  // namespace pitot::test

extern "C" {

int linkat(int from_folder, const char* from, int to_folder, const char* to, int flags) noexcept {
    pitot::test::count_change();
    return static_cast<int>(::syscall(SYS_linkat, from_folder, from, to_folder, to, flags));
}

int rename(const char* from, const char* to) noexcept {
    pitot::test::count_change();
    return static_cast<int>(::syscall(SYS_renameat2, AT_FDCWD, from, AT_FDCWD, to, 0));
}

int unlink(const char* name) noexcept {
    pitot::test::count_change();
    return static_cast<int>(::syscall(SYS_unlinkat, AT_FDCWD, name, 0));
}

int remove(const char* name) noexcept {
    const int removed = unlink(name);
    return removed != 0 && errno == EISDIR ? ::rmdir(name) : removed;
}

}  // extern "C"
