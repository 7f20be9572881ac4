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
    char delimiter = ',';
    std::int64_t first_line = 1;  ///< number of the text's first line
};

/// Called with the line a record starts on (from 1) and its fields; an error ends the reading.
using RecordHandler = std::function<Result<void>(std::int64_t line, std::span<const std::string> fields)>;

/// Hands on every record. Lines end in LF, CR LF or CR; empty lines and a byte order mark are passed over; spaces
/// around a field that is not quoted do not belong to it. Errors: kEnvironment if the file cannot be read, kInput for a
/// quote out of place, or the handler's own.
[[nodiscard]] Result<void> read_csv(const CsvInput& input, const RecordHandler& handler);

/// A text of delimited values (CSV and the like) in UTF-8, ready to be read as often as wanted.
struct DelimitedText {
    std::string name;  ///< what messages call it
    std::string text;
    std::size_t start = 0;        ///< bytes before the header: comments, Excel's "sep=;"
    std::int64_t first_line = 1;  ///< the header's line
    char delimiter = ',';         ///< comma, semicolon, tab or bar, by the first lines
    std::int64_t comments = 0;    ///< lines before the header that begin with '#'

    /// As read_csv().
    [[nodiscard]] Result<void> for_each_record(const RecordHandler& handler) const;
};

/// Recognises the delimiter of a decoded text, and what stands before its header.
[[nodiscard]] DelimitedText delimited_text(std::string name, std::string text);

/// A field as it is written: quoted where it has to be, and on request where it holds what may be taken for a
/// delimiter.
[[nodiscard]] std::string csv_field(std::string_view text, bool quote_delimiters = false);

/// The number a whole field holds ("nan" and "inf" included); nothing if it holds anything else.
[[nodiscard]] std::optional<double> parse_number(std::string_view field);

}  // namespace pitot::formats
