#include "predict/combination_set.hpp"

#include <algorithm>
#include <compare>
#include <functional>
#include <iterator>
#include <numeric>

#include "dataset/row_groups.hpp"

namespace pitot::predict {
namespace {

// The order of combinations on one platform.
std::strong_ordering order(std::int32_t module_a, std::span<const std::int32_t> beside_a, std::int32_t module_b,
                           std::span<const std::int32_t> beside_b) {
    if (module_a != module_b) {
        return module_a <=> module_b;
    }
    return std::lexicographical_compare_three_way(beside_a.begin(), beside_a.end(), beside_b.begin(), beside_b.end());
}

// Of observations without co-runners: a few passes over them.
CombinationSet make_pair_set(const ObservationView& observations, std::int64_t platforms) {
    CombinationSet set;
    set.offsets.assign(static_cast<std::size_t>(platforms) + 1, 0);
    for (const std::int32_t platform : observations.platform) {
        ++set.offsets[static_cast<std::size_t>(platform) + 1];
    }
    std::partial_sum(set.offsets.begin(), set.offsets.end(), set.offsets.begin());
    // Modules by platform first, then each platform's sorted and moved up to where those before it end now.
    set.modules.resize(observations.module.size());
    std::vector<std::int64_t> next(set.offsets.begin(), set.offsets.end() - 1);
    for (std::size_t i = 0; i < observations.platform.size(); ++i) {
        const auto place = next[static_cast<std::size_t>(observations.platform[i])]++;
        set.modules[static_cast<std::size_t>(place)] = observations.module[i];
    }
    auto end = set.modules.begin();
    for (std::size_t i = 0; i + 1 < set.offsets.size(); ++i) {
        const auto first = set.modules.begin() + set.offsets[i];
        const auto last = set.modules.begin() + set.offsets[i + 1];
        std::sort(first, last);
        set.offsets[i] = end - set.modules.begin();
        end = std::move(first, std::unique(first, last), end);
    }
    set.offsets.back() = end - set.modules.begin();
    set.modules.erase(end, set.modules.end());
    return set;
}

}  // namespace

std::span<const std::int32_t> CombinationSet::beside(std::int64_t combination) const {
    const auto w = static_cast<std::size_t>(width);
    return std::span(co_runners).subspan(static_cast<std::size_t>(combination) * w, w);
}

CombinationSet::Range CombinationSet::of_pair(std::int32_t platform, std::int32_t module) const {
    const auto at = static_cast<std::size_t>(platform);
    if (platform < 0 || at + 1 >= offsets.size()) {
        return {0, 0};
    }
    const auto [first, last] =
        std::equal_range(modules.begin() + offsets[at], modules.begin() + offsets[at + 1], module);
    return {first - modules.begin(), last - modules.begin()};
}

std::optional<std::int64_t> CombinationSet::find(std::int32_t platform, std::int32_t module,
                                                 std::span<const std::int32_t> with) const {
    std::vector<std::int32_t> wanted;
    std::ranges::copy_if(with, std::back_inserter(wanted), [](std::int32_t k) { return k >= 0; });
    if (wanted.size() > static_cast<std::size_t>(width)) {
        return std::nullopt;
    }
    wanted.resize(static_cast<std::size_t>(width), -1);
    std::ranges::sort(wanted, std::greater<>());
    auto [first, last] = of_pair(platform, module);
    while (first < last) {
        const std::int64_t middle = first + (last - first) / 2;
        const std::strong_ordering is = order(module, beside(middle), module, wanted);
        if (is == std::strong_ordering::equal) {
            return middle;
        }
        (is == std::strong_ordering::less ? first : last) = is == std::strong_ordering::less ? middle + 1 : middle;
    }
    return std::nullopt;
}

bool CombinationSet::valid(std::int64_t module_count) const {
    if (offsets.empty() || offsets.front() != 0 || offsets.back() != size() || !std::ranges::is_sorted(offsets) ||
        width < 0 || co_runners.size() != modules.size() * static_cast<std::size_t>(width)) {
        return false;
    }
    const auto in_range = [&](std::int32_t least) {
        return [=](std::int32_t k) { return k >= least && k < module_count; };
    };
    if (!std::ranges::all_of(modules, in_range(0)) || !std::ranges::all_of(co_runners, in_range(-1))) {
        return false;
    }
    for (std::size_t i = 0; i + 1 < offsets.size(); ++i) {
        for (std::int64_t c = offsets[i]; c < offsets[i + 1]; ++c) {
            const auto at = static_cast<std::size_t>(c);
            if (!std::ranges::is_sorted(beside(c), std::greater<>()) ||
                (c > offsets[i] &&
                 order(modules[at - 1], beside(c - 1), modules[at], beside(c)) != std::strong_ordering::less)) {
                return false;
            }
        }
    }
    return true;
}

CombinationSet make_combination_set(const ObservationView& observations, std::int64_t platforms) {
    if (observations.width == 0) {
        return make_pair_set(observations, platforms);
    }
    CombinationSet set;
    set.width = observations.width;
    set.offsets.push_back(0);
    dataset::visit_by_combination(observations, platforms, [&](core::RowNumbers rows, const std::vector<bool>& first) {
        for (std::size_t n = 0; n < rows.size(); ++n) {
            if (first[n]) {
                const std::vector<std::int32_t> beside = dataset::sorted_co_runners(observations, rows[n]);
                set.modules.push_back(observations.module[static_cast<std::size_t>(rows[n])]);
                set.co_runners.insert(set.co_runners.end(), beside.begin(), beside.end());
            }
        }
        set.offsets.push_back(set.size());
    });
    return set;
}

}  // namespace pitot::predict
