#include "dataset/side_table.hpp"

#include <fmt/format.h>

#include <cmath>
#include <cstdio>
#include <string_view>
#include <unordered_map>
#include <utility>

#include "core/suggest.hpp"
#include "core/utf8.hpp"
#include "formats/csv_file.hpp"

namespace pitot::dataset {
namespace {

bool are_whole_counts(const Side& side, std::int64_t column) {
    for (std::int64_t i = 0; i < side.size(); ++i) {
        if (const double count = opcode_count(side.features(i, column)); count != std::round(count)) {
            return false;
        }
    }
    return true;
}

}  // namespace

double opcode_count(double feature) {
    const double count = std::expm1(feature);
    const double whole = std::round(count);
    return std::abs(count - whole) <= 1e-6 * whole ? whole : count;
}

const char* word(Axis axis) { return axis == Axis::kPlatform ? "platform" : "module"; }

std::string near_names(std::string_view unknown, std::span<const std::string> known) {
    const std::string text = core::suggestion(unknown, known);  // "; did you mean …?"
    return text.empty() ? text : fmt::format(" ({})", text.substr(2));
}

Result<void> check_names(const std::vector<std::string>& names, const std::string& where) {
    std::unordered_map<std::string_view, std::size_t> seen;
    for (std::size_t i = 0; i < names.size(); ++i) {
        if (const char* fault = core::name_fault(names[i]); fault != nullptr) {
            return fail(ErrorCode::kInput,
                        fmt::format("{}: name {} (counted from 0) {}; give it a name", where, i, fault));
        }
        if (const auto [first, is_new] = seen.emplace(names[i], i); !is_new) {
            return fail(ErrorCode::kInput,
                        fmt::format("{}: names {} and {} (counted from 0) are both '{}'; names must not "
                                    "repeat, rename one",
                                    where, first->second, i, core::printable(names[i])));
        }
    }
    return {};
}

Result<core::NewFile> make_side_table(const Side& side, Axis axis, const std::filesystem::path& file) {
    return formats::make_csv_file(file, [&](formats::CsvFile& out) -> Result<void> {
        out.put("name");
        for (std::size_t j = 0; j < side.feature_names.size(); ++j) {
            // Counts that are not whole could be taken for logarithms.
            const bool whole = axis == Axis::kPlatform || are_whole_counts(side, static_cast<std::int64_t>(j));
            out.put(whole ? side.feature_names[j] : fmt::format("count({})", side.feature_names[j]));
        }
        out.end_record();
        for (std::int64_t i = 0; i < side.size(); ++i) {
            out.put(side.names[static_cast<std::size_t>(i)]);
            for (std::size_t j = 0; j < side.feature_names.size(); ++j) {
                const double feature = side.features(i, static_cast<std::int64_t>(j));
                const double value = axis == Axis::kModule ? opcode_count(feature) : feature;
                if (!std::isfinite(value) || (axis == Axis::kModule && value < 0)) {
                    return fail(
                        ErrorCode::kInput,
                        fmt::format("cannot write '{}': feature '{}' of module '{}' ({}) is not ln(1 + an opcode "
                                    "count); write .npz instead",
                                    file.string(), core::printable(side.feature_names[j]),
                                    core::printable(side.names[static_cast<std::size_t>(i)]), feature));
                }
                out.put(value);
            }
            out.end_record();
        }
        return {};
    });
}

}  // namespace pitot::dataset
