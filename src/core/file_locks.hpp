// What keeps processes that write the same files, and signals, out of each other's way.
#pragma once

#include <csignal>
#include <filesystem>
#include <functional>

namespace pitot::core {

/// Locks an open file for as long as the process that writes it lives. False if another holds it.
[[nodiscard]] bool lock_file(int file);

/// Calls `make` with TARGET.pitot-tmp-0, then …-1 and so on, until it succeeds; the name that it did, or "". `make`
/// leaves EEXIST in errno where there is such a file; one that a killed process left is removed first.
[[nodiscard]] std::filesystem::path take_temporary_name(const std::filesystem::path& target,
                                                        const std::function<bool(const std::filesystem::path&)>& make);

/// While it lives, no other process puts files in place in that folder. Best effort: some file systems refuse it.
class FolderLock {
public:
    explicit FolderLock(const std::filesystem::path& folder);
    FolderLock(const FolderLock&) = delete;
    FolderLock& operator=(const FolderLock&) = delete;
    ~FolderLock();

private:
    int file_;
};

/// Holds a folder for one process, which writes into it for a while, by a file of its own there (.pitot-writing), which
/// goes with it: whoever puts a single file there meanwhile does not wait.
class FolderHold {
public:
    explicit FolderHold(const std::filesystem::path& folder);
    FolderHold(const FolderHold&) = delete;
    FolderHold& operator=(const FolderHold&) = delete;
    ~FolderHold();
    /// Whether another one holds it. Best effort: some file systems cannot tell.
    [[nodiscard]] bool taken() const { return taken_; }

private:
    std::filesystem::path name_;
    int file_ = -1;
    bool taken_ = false;
};

/// While it lives, signals to a process of one thread wait, if they are `wanted` to.
class SignalsWait {
public:
    explicit SignalsWait(bool wanted);
    SignalsWait(const SignalsWait&) = delete;
    SignalsWait& operator=(const SignalsWait&) = delete;
    ~SignalsWait();

private:
    sigset_t before_{};
};

}  // namespace pitot::core
