// A CSV file being written, whole or not at all.
#pragma once

#include <cstdio>
#include <filesystem>
#include <functional>
#include <string>
#include <string_view>

#include "core/atomic_file.hpp"
#include "pitot/result.hpp"

namespace pitot::formats {

/// Records go out as they end, so a file larger than memory can be written.
class CsvFile {
public:
    explicit CsvFile(std::FILE* file) : file_(file) {}

    void put(std::string_view text);
    /// The shortest digits that read back as the same number.
    void put(double number);
    void end_record();
    /// Hands what is left to the system; false if anything could not be written.
    [[nodiscard]] bool flush();

private:
    void separate();

    std::FILE* file_;
    std::string buffer_;
    bool inside_ = false;  // a record has begun
    bool ok_ = true;
};

/// Writes what is to become `target` through `fill` and brings it to the disk; NewFile::put() puts it in its place.
/// Errors: kEnvironment naming the target, or fill's own.
[[nodiscard]] Result<core::NewFile> make_csv_file(const std::filesystem::path& target,
                                                  const std::function<Result<void>(CsvFile&)>& fill);

}  // namespace pitot::formats
