// Numbers set aside in a file of no name until they are wanted again: memory does not grow with them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>
#include <vector>

#include "pitot/result.hpp"

namespace pitot::core {

/// Bytes in a file that is gone when the spool is, or the process, however it ends. For one thread at a time.
class SpoolFile {
public:
    SpoolFile() = default;
    SpoolFile(SpoolFile&& other) noexcept;
    SpoolFile& operator=(SpoolFile&& other) noexcept;
    SpoolFile(const SpoolFile&) = delete;
    SpoolFile& operator=(const SpoolFile&) = delete;
    ~SpoolFile();

    /// Error: kEnvironment if nothing can be written below `folder`.
    [[nodiscard]] static Result<SpoolFile> create(const std::filesystem::path& folder);
    /// Error: kEnvironment when the disk is full.
    [[nodiscard]] Result<void> append(std::span<const std::byte> bytes);
    /// All of it, mapped; good until the next append() and as long as the spool lives.
    [[nodiscard]] Result<std::span<const std::byte>> bytes();

private:
    void unmap();

    int file_ = -1;
    std::uint64_t size_ = 0;
    std::span<const std::byte> mapped_;
    std::filesystem::path folder_;
};

}  // namespace pitot::core
