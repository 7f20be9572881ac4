#include "dataset/table_head.hpp"

#include <algorithm>
#include <cctype>
#include <string_view>

#include "dataset/gaps.hpp"
#include "formats/quantity.hpp"

namespace pitot::dataset {

Result<TableHead> head_of(const TextTable& table) {
    constexpr std::int64_t most = 1000;
    TableHead head;
    std::int64_t seen = 0;
    const auto look = [&](std::int64_t line, std::span<const std::string> fields) -> Result<void> {
        if (head.header.empty()) {
            head.line = line;
            head.header.assign(fields.begin(), fields.end());
            head.facts.resize(fields.size());
            return {};
        }
        for (std::size_t i = 0; i < std::min(fields.size(), head.header.size()) && seen < most; ++i) {
            const auto by_point = formats::parse_quantity(fields[i], formats::DecimalMark::kPoint);
            const auto number = by_point ? by_point : formats::parse_quantity(fields[i], formats::DecimalMark::kComma);
            if (number) {
                ++head.facts[i].numbers;
                head.facts[i].with_unit += number->unit ? 1 : 0;
                head.facts[i].fractions += number->digits.find_first_of(".,eE") != std::string::npos ? 1 : 0;
            } else if (!is_gap_among_numbers(fields[i])) {
                ++head.facts[i].texts;
            }
        }
        // An error ends the reading; it is none.
        return ++seen < most ? Result<void>() : fail(ErrorCode::kCancelled, "");
    };
    if (auto read = table.for_each_record(look); !read && read.error().code() != ErrorCode::kCancelled) {
        return Failure(read.error());
    }
    return head;
}

std::string platform_of(const TableColumns& columns, const std::string& device, std::span<const std::string> fields) {
    const bool named = columns.platform != kNoColumn;
    const std::string& on = named                         ? fields[columns.platform]
                            : columns.device == kNoColumn ? device
                                                          : fields[columns.device];
    std::string engine = columns.engine != kNoColumn ? fields[columns.engine]
                         : columns.command           ? parts_of_command(fields[columns.module]).engine
                                                     : std::string();
    if (engine.empty()) {
        return on;
    }
    for (const std::string_view ending : {".so", ".dylib", ".dll"}) {
        engine.resize(engine.size() - (engine.ends_with(ending) ? ending.size() : 0));
    }
    const bool begins =
        named && on.starts_with(engine) &&
        (on.size() == engine.size() || std::isalnum(static_cast<unsigned char>(on[engine.size()])) == 0);
    if (begins) {
        return on;
    }
    return on.empty() ? engine : engine + "." + on;
}

std::size_t platform_column(const TableColumns& columns) {
    return columns.platform != kNoColumn ? columns.platform
           : columns.engine != kNoColumn ? columns.engine
           : columns.device != kNoColumn ? columns.device
           : columns.command             ? columns.module
                                         : kNoColumn;
}

}  // namespace pitot::dataset
