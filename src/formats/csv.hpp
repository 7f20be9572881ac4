// Comma-separated values (RFC 4180, UTF-8), a record at a time.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "pitot/result.hpp"

namespace pitot::formats {

/// A file, or a text that stands for one of that name.
struct CsvInput {
    std::filesystem::path file;
    std::optional<std::string_view> text;
};

/// Called with the line a record starts on (from 1) and its fields; an error ends the reading.
using RecordHandler = std::function<Result<void>(std::int64_t line, std::span<const std::string> fields)>;

/// Hands on every record. Lines end in LF, CR LF or CR; empty lines and a byte order mark are passed over; spaces
/// around a field that is not quoted do not belong to it. Errors: kEnvironment if the file cannot be read, kInput for a
/// quote out of place, or the handler's own.
[[nodiscard]] Result<void> read_csv(const CsvInput& input, const RecordHandler& handler);

/// A field as it is written: quoted where it has to be.
[[nodiscard]] std::string csv_field(std::string_view text);

/// The number a whole field holds ("nan" and "inf" included); nothing if it holds anything else.
[[nodiscard]] std::optional<double> parse_number(std::string_view field);

}  // namespace pitot::formats
