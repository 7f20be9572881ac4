// A file that lies in memory, for libraries that write to files alone.
#pragma once

#include <cstddef>
#include <filesystem>
#include <vector>

#include "pitot/result.hpp"

namespace pitot {

class MemoryFile {
public:
    /// Error: kEnvironment if the system gives none.
    [[nodiscard]] static Result<MemoryFile> create();
    MemoryFile(MemoryFile&& other) noexcept;
    MemoryFile& operator=(MemoryFile&& other) noexcept;
    MemoryFile(const MemoryFile&) = delete;
    MemoryFile& operator=(const MemoryFile&) = delete;
    ~MemoryFile();

    /// What to open for writing, in this process.
    [[nodiscard]] std::filesystem::path path() const;
    /// All that was written. Error: kEnvironment.
    [[nodiscard]] Result<std::vector<std::byte>> bytes() const;

private:
    MemoryFile() = default;
    int file_ = -1;
};

}  // namespace pitot
