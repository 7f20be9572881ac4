// A file's bytes, mapped into memory for reading.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>

namespace pitot::core {

/// The first bytes of a file for as long as anybody holds them. They are read from the file as they are looked at, so
/// the file must not be changed meanwhile; that it is removed or replaced under its name does no harm.
class MappedFile {
public:
    /// Nothing if the file cannot be mapped or has not exactly `size` bytes (> 0).
    [[nodiscard]] static std::shared_ptr<const MappedFile> open(const std::filesystem::path& file, std::uint64_t size);
    MappedFile(const MappedFile&) = delete;
    MappedFile& operator=(const MappedFile&) = delete;
    ~MappedFile();

    [[nodiscard]] std::span<const std::byte> bytes() const { return bytes_; }

private:
    explicit MappedFile(std::span<const std::byte> bytes) : bytes_(bytes) {}
    std::span<const std::byte> bytes_;
};

}  // namespace pitot::core
