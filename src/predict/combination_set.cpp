#include "predict/combination_set.hpp"

#include <algorithm>
#include <compare>
#include <functional>
#include <numeric>

namespace pitot {
namespace {

// The order of combinations on one platform.
std::strong_ordering order(std::int32_t module_a, std::span<const std::int32_t> beside_a, std::int32_t module_b,
                           std::span<const std::int32_t> beside_b) {
    if (module_a != module_b) {
        return module_a <=> module_b;
    }
    return std::lexicographical_compare_three_way(beside_a.begin(), beside_a.end(), beside_b.begin(), beside_b.end());
}

// Row numbers of `observations` by platform, and where each platform's begin.
struct RowsByPlatform {
    std::vector<std::int64_t> offsets;
    std::vector<std::int64_t> rows;
};

RowsByPlatform rows_by_platform(const ObservationView& observations, std::int64_t platforms) {
    RowsByPlatform by;
    by.offsets.assign(static_cast<std::size_t>(platforms) + 1, 0);
    for (const std::int32_t platform : observations.platform) {
        ++by.offsets[static_cast<std::size_t>(platform) + 1];
    }
    std::partial_sum(by.offsets.begin(), by.offsets.end(), by.offsets.begin());
    by.rows.resize(observations.platform.size());
    std::vector<std::int64_t> next(by.offsets.begin(), by.offsets.end() - 1);
    for (std::size_t row = 0; row < observations.platform.size(); ++row) {
        const auto place = next[static_cast<std::size_t>(observations.platform[row])]++;
        by.rows[static_cast<std::size_t>(place)] = static_cast<std::int64_t>(row);
    }
    return by;
}

// The combinations that these rows, all of one platform, are of.
void append_platform(const ObservationView& observations, std::span<const std::int64_t> rows, CombinationSet& set) {
    const auto width = static_cast<std::size_t>(observations.width);
    std::vector<std::int32_t> co_runners;
    co_runners.reserve(rows.size() * width);
    for (const std::int64_t row : rows) {
        const auto beside = observations.co_runner.subspan(static_cast<std::size_t>(row) * width, width);
        co_runners.insert(co_runners.end(), beside.begin(), beside.end());
        std::sort(co_runners.end() - static_cast<std::ptrdiff_t>(width), co_runners.end(), std::greater<>());
    }
    const auto module_of = [&](std::size_t n) { return observations.module[static_cast<std::size_t>(rows[n])]; };
    const auto beside = [&](std::size_t n) {
        return std::span<const std::int32_t>(co_runners).subspan(n * width, width);
    };
    const auto compare = [&](std::size_t a, std::size_t b) {
        return order(module_of(a), beside(a), module_of(b), beside(b));
    };
    std::vector<std::size_t> sorted(rows.size());
    std::iota(sorted.begin(), sorted.end(), 0);
    std::ranges::sort(sorted, [&](std::size_t a, std::size_t b) { return compare(a, b) < 0; });
    const auto same = [&](std::size_t a, std::size_t b) { return compare(a, b) == 0; };
    sorted.erase(std::unique(sorted.begin(), sorted.end(), same), sorted.end());
    for (const std::size_t n : sorted) {
        set.modules.push_back(module_of(n));
        set.co_runners.insert(set.co_runners.end(), beside(n).begin(), beside(n).end());
    }
}

}  // namespace

std::span<const std::int32_t> CombinationSet::beside(std::int64_t combination) const {
    const auto w = static_cast<std::size_t>(width);
    return std::span(co_runners).subspan(static_cast<std::size_t>(combination) * w, w);
}

CombinationSet::Range CombinationSet::of_pair(std::int32_t platform, std::int32_t module) const {
    const auto at = static_cast<std::size_t>(platform);
    if (at + 1 >= offsets.size()) {
        return {0, 0};
    }
    const auto [first, last] =
        std::equal_range(modules.begin() + offsets[at], modules.begin() + offsets[at + 1], module);
    return {first - modules.begin(), last - modules.begin()};
}

bool CombinationSet::contains(std::int32_t platform, std::int32_t module) const {
    const Range range = of_pair(platform, module);
    return range.first < range.last;
}

bool CombinationSet::contains(std::int32_t platform, std::int32_t module, std::span<const std::int32_t> with) const {
    std::vector<std::int32_t> wanted;
    std::ranges::copy_if(with, std::back_inserter(wanted), [](std::int32_t k) { return k >= 0; });
    if (wanted.size() > static_cast<std::size_t>(width)) {
        return false;
    }
    wanted.resize(static_cast<std::size_t>(width), -1);
    std::ranges::sort(wanted, std::greater<>());
    auto [first, last] = of_pair(platform, module);
    while (first < last) {
        const std::int64_t middle = first + (last - first) / 2;
        const std::strong_ordering is = order(module, beside(middle), module, wanted);
        if (is == std::strong_ordering::equal) {
            return true;
        }
        (is == std::strong_ordering::less ? first : last) = is == std::strong_ordering::less ? middle + 1 : middle;
    }
    return false;
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
    const RowsByPlatform by = rows_by_platform(observations, platforms);
    CombinationSet set;
    set.width = observations.width;
    set.offsets.push_back(0);
    for (std::size_t i = 0; i + 1 < by.offsets.size(); ++i) {
        const auto first = static_cast<std::size_t>(by.offsets[i]);
        const auto count = static_cast<std::size_t>(by.offsets[i + 1]) - first;
        append_platform(observations, std::span(by.rows).subspan(first, count), set);
        set.offsets.push_back(set.size());
    }
    return set;
}

}  // namespace pitot
