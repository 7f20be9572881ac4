#include "cli/names.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <fnmatch.h>

#include <algorithm>
#include <cstddef>
#include <set>
#include <utility>

#include "cli/output.hpp"
#include "pitot/remedy.hpp"

namespace pitot::cli {
namespace {

bool is_pattern(const std::string& word) { return word.find_first_of("*?[") != std::string::npos; }

// Rows that words name one by one or, once each, by patterns.
class NamedRows {
public:
    explicit NamedRows(bool repeat) : repeat_(repeat) {}

    // A name given again is another one if names may repeat; not if but a pattern was there before.
    void add_name(std::int32_t row) {
        const bool by_pattern = by_pattern_.erase(row) > 0;
        if (!by_pattern && (repeat_ || std::ranges::find(rows_, row) == rows_.end())) {
            rows_.push_back(row);
        }
    }
    void add_match(std::int32_t row) {
        if (std::ranges::find(rows_, row) == rows_.end()) {
            rows_.push_back(row);
            by_pattern_.insert(row);
        }
    }
    [[nodiscard]] std::vector<std::int32_t> done() { return std::move(rows_); }

private:
    bool repeat_;
    std::vector<std::int32_t> rows_;
    std::set<std::int32_t> by_pattern_;
};

Result<std::vector<std::int32_t>> named(const Side& side, std::span<const std::string> words, const char* kind,
                                        const auto& find, bool repeat = false) {
    NamedRows rows(repeat);
    for (const std::string& word : words) {
        const Result<std::int32_t> row = find(word);
        if (row) {
            rows.add_name(*row);
            continue;
        }
        if (!is_pattern(word)) {
            return Failure(row.error());
        }
        bool matched = false;
        for (std::int32_t i = 0; i < side.size(); ++i) {
            if (fnmatch(word.c_str(), name_of(side, i).c_str(), 0) == 0) {
                rows.add_match(i);
                matched = true;
            }
        }
        if (!matched) {
            return fail(ErrorCode::kInput,
                        fmt::format("no {} of the model matches '{}'; it has {}", kind, printable(word),
                                    format_count(side.size(), kind)),
                        Remedy::kListModel);
        }
    }
    return rows.done();
}

}  // namespace

Result<std::vector<std::int32_t>> named_platforms(const Predictor& predictor, std::span<const std::string> words) {
    return named(predictor.platforms(), words, "platform",
                 [&](const std::string& word) { return predictor.find_platform(word); });
}

Result<std::vector<std::int32_t>> named_modules(const Predictor& predictor, std::span<const std::string> words) {
    return named(predictor.modules(), words, "module",
                 [&](const std::string& word) { return predictor.find_module(word); });
}

Result<std::vector<std::int32_t>> named_jobs(const Predictor& predictor, std::span<const std::string> words) {
    return named(
        predictor.modules(), words, "module", [&](const std::string& word) { return predictor.find_module(word); },
        true);
}

Result<std::vector<std::int32_t>> listed_modules(const Predictor& predictor, std::span<const std::string> lists) {
    std::vector<std::string> names;
    for (const std::string& list : lists) {
        if (predictor.find_module(list)) {
            names.push_back(list);
            continue;
        }
        std::size_t from = 0;
        while (from <= list.size()) {
            const std::size_t comma = std::min(list.find(',', from), list.size());
            names.push_back(list.substr(from, comma - from));
            from = comma + 1;
        }
    }
    return predictor.find_modules(names);
}

const std::string& name_of(const Side& side, std::int32_t row) { return side.names[static_cast<std::size_t>(row)]; }

std::vector<std::string> names_of(const Side& side, std::span<const std::int32_t> rows) {
    std::vector<std::string> names;
    for (const std::int32_t row : rows) {
        names.push_back(name_of(side, row));
    }
    return names;
}

std::string names_of(const Side& side, std::span<const std::int32_t> rows, std::string_view separator) {
    return fmt::format("{}", fmt::join(names_of(side, rows), separator));
}

}  // namespace pitot::cli
