// What people give to be read: files, compressed files and standard input; told apart by their first bytes.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

#include "pitot/result.hpp"

namespace pitot::formats {

/// The name that stands for standard input.
inline constexpr const char* kStandardInput = "-";

/// What messages call an input: its path, or "standard input".
[[nodiscard]] std::string input_name(const std::filesystem::path& file);

/// All bytes of a file or of standard input ("-"), unpacked if they are gzip. Errors: those of core::read_file();
/// kInput if what is packed is damaged or larger than core::kLargestFile.
[[nodiscard]] Result<std::string> read_input(const std::filesystem::path& file);

/// The same of bytes at hand, which messages call `name`.
[[nodiscard]] Result<std::string> unpacked_input(std::string bytes, const std::string& name);

/// The first bytes of a regular file (at most 4 KiB); "" where there is none to look into.
[[nodiscard]] std::string first_bytes(const std::filesystem::path& file);

[[nodiscard]] bool is_zip(std::string_view bytes);
[[nodiscard]] bool is_gzip(std::string_view bytes);
/// Whether bytes are text that begins as JSON objects and arrays do. `text` has no byte order mark.
[[nodiscard]] bool is_json(std::string_view text);

/// What bytes are that hold no text and no archive of arrays ("a Parquet file", …), or nullptr.
[[nodiscard]] const char* other_content(std::string_view bytes);

/// A text as UTF-8 without a byte order mark: UTF-16 and UTF-32 are told by theirs, UTF-16 also by its zeros. Bytes
/// that are not well-formed in UTF-8 are left as they are. Errors (kInput) name the input: broken UTF-16 or UTF-32, or
/// bytes that are no text.
[[nodiscard]] Result<std::string> decode_text(std::string bytes, const std::string& name);

/// A text in Windows-1252, which programs on Windows write where they do not write UTF-8, as UTF-8. Nothing if it is
/// well-formed UTF-8 already, or if it has bytes that no text in Windows-1252 has.
[[nodiscard]] std::optional<std::string> decode_windows_1252(std::string_view bytes);

}  // namespace pitot::formats
