// Which modules were measured beside which others.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "pitot/dataset.hpp"

namespace pitot::predict {

/// A set of (platform, module, co-runners), compressed by platform. Co-runners have no order, but a module may be among
/// them more than once.
struct CombinationSet {
    std::vector<std::int64_t> offsets;     ///< platforms + 1; platform i's are offsets[i] … offsets[i + 1]
    std::vector<std::int32_t> modules;     ///< ascending within a platform, then by co-runners
    std::vector<std::int32_t> co_runners;  ///< combinations × width, descending within one: -1 = none comes last
    std::int32_t width = 0;

    [[nodiscard]] std::int64_t size() const { return static_cast<std::int64_t>(modules.size()); }
    [[nodiscard]] std::span<const std::int32_t> beside(std::int64_t combination) const;

    /// Its number, or nothing if it is not one of them. Co-runners in any order, -1 = none.
    [[nodiscard]] std::optional<std::int64_t> find(std::int32_t platform, std::int32_t module,
                                                   std::span<const std::int32_t> co_runners) const;
    /// Numbers first … last of those of a pair, beside whatever others.
    struct Range {
        std::int64_t first;
        std::int64_t last;
    };
    [[nodiscard]] Range of_pair(std::int32_t platform, std::int32_t module) const;

    /// Whether it is one: offsets ascend from 0 to size(), modules and co-runners are below `module_count` and sorted.
    [[nodiscard]] bool valid(std::int64_t module_count) const;
};

/// The combinations of `observations`.
[[nodiscard]] CombinationSet make_combination_set(const ObservationView& observations, std::int64_t platforms);

}  // namespace pitot::predict
