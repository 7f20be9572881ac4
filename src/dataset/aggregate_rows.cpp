#include "dataset/aggregate_rows.hpp"

#include <algorithm>
#include <array>

namespace pitot::dataset {

using namespace std::string_view_literals;

bool AggregateRows::has(std::string_view stem, std::string_view ending) const {
    return names_.contains(std::string(stem).append(ending));
}

std::string_view AggregateRows::module_of(std::string_view name) const {
    constexpr std::array endings{"_mean"sv, "_median"sv, "_stddev"sv, "_cv"sv};
    const auto ending = std::ranges::find_if(endings, [&](std::string_view e) { return name.ends_with(e); });
    if (ending == endings.end()) {
        return name;
    }
    const std::string_view stem = name.substr(0, name.size() - ending->size());
    if (has(stem, "")) {
        return {};
    }
    const bool summed_up = has(stem, "_mean") && has(stem, "_median") && has(stem, "_stddev");
    return !summed_up ? name : *ending == "_mean" ? stem : std::string_view();
}

}  // namespace pitot::dataset
