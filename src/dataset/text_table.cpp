#include "dataset/text_table.hpp"

#include <fmt/format.h>

#include <utility>

#include "formats/input.hpp"

namespace pitot::dataset {

Result<void> TextTable::for_each_record(const formats::RecordHandler& handler) const {
    if (!listed) {
        return delimited.for_each_record(handler);
    }
    for (std::size_t i = 0; i < records.size(); ++i) {
        if (auto taken = handler(static_cast<std::int64_t>(i), records[i]); !taken) {
            return taken;
        }
    }
    return {};
}

std::string TextTable::place(std::int64_t number) const {
    return fmt::format("{} {}", listed ? "entry" : "line", number);
}

Result<TextTable> text_table(std::string name, std::string bytes) {
    if (const char* what = formats::other_content(bytes); what != nullptr) {
        return fail(ErrorCode::kInput,
                    fmt::format("{}: is {}, which is not read; save it as CSV in UTF-8", name, what));
    }
    PITOT_TRY(auto text, formats::decode_text(std::move(bytes), name));
    std::vector<std::string> notes;
    if (auto decoded = formats::decode_windows_1252(text)) {
        text = std::move(*decoded);
        notes.push_back(fmt::format(
            "{}: is not in UTF-8 and was read as Windows-1252; if names look wrong, save it as UTF-8", name));
    }
    if (formats::is_json(text)) {
        PITOT_TRY(auto listed, table_of_json(name, text));
        listed.notes.insert(listed.notes.begin(), notes.begin(), notes.end());
        return listed;
    }
    TextTable table;
    table.notes = std::move(notes);
    table.delimited = formats::delimited_text(name, std::move(text));
    table.name = std::move(name);
    if (table.delimited.comments > 0) {
        table.notes.push_back(fmt::format(
            "{}: {} before the header {} with '#' and {} passed over", table.name,
            table.delimited.comments == 1 ? std::string("the line") : fmt::format("{} lines", table.delimited.comments),
            table.delimited.comments == 1 ? "begins" : "begin", table.delimited.comments == 1 ? "is" : "are"));
    }
    return table;
}

}  // namespace pitot::dataset
