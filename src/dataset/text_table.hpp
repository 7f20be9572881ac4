// A table of texts: a delimited file, or what JSON lists, with a header in front.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "formats/csv.hpp"
#include "pitot/result.hpp"

namespace pitot::dataset {

struct TextTable {
    std::string name;  ///< of the file, for messages
    formats::DelimitedText delimited;
    bool listed = false;                            ///< the records are those below, not those of `delimited`
    std::vector<std::vector<std::string>> records;  ///< header first
    std::vector<std::string> notes;                 ///< harmless oddities found while it was made

    /// Hands on every record, header first: its line, or its number as an entry (the header is 0).
    [[nodiscard]] Result<void> for_each_record(const formats::RecordHandler& handler) const;
    /// "line 3" or "entry 3".
    [[nodiscard]] std::string place(std::int64_t number) const;
    [[nodiscard]] char delimiter() const { return listed ? ',' : delimited.delimiter; }
};

/// Text of a file, decoded, as a table: JSON is told by its beginning.
/// Errors: kInput for text that is no text, JSON that is broken or of no known form.
[[nodiscard]] Result<TextTable> text_table(std::string name, std::string bytes);

/// A command as benchmark tools list it, "wasmtime run --dir . a.wasm 5": what runs a module, and the module with its
/// arguments.
struct CommandParts {
    std::string engine;  ///< "wasmtime run --dir ."; "" where no word is a module
    std::string module;  ///< "a.wasm 5", or all of the command
};
[[nodiscard]] CommandParts parts_of_command(const std::string& command);

/// Results of other tools, and lists of records, in JSON (docs/csv.md tells which): a table with columns that
/// recognise_columns() knows. Errors: kInput for JSON that is broken, of no known form or without times.
[[nodiscard]] Result<TextTable> table_of_json(const std::string& name, std::string_view text);

}  // namespace pitot::dataset
