#include "data/split.hpp"

#include <algorithm>

#include "core/check.hpp"

namespace pitot {
namespace {

// Rows a fold validates on: int(rest / folds).
std::size_t fold_rows(const Split& split) {
    return split.folds < 2 ? 0 : split.rest.size() / static_cast<std::size_t>(split.folds);
}

}  // namespace

std::span<const std::int64_t> Split::validation(std::int64_t fold) const {
    PITOT_CHECK(fold >= 0 && fold < folds);
    const std::size_t size = fold_rows(*this);
    return std::span(rest).subspan(static_cast<std::size_t>(fold) * size, size);
}

std::vector<std::int64_t> Split::training(std::int64_t fold) const {
    const auto held_out = validation(fold);
    const auto first = rest.begin() + (held_out.data() - rest.data());
    std::vector<std::int64_t> rows;
    rows.reserve(rest.size() - held_out.size());
    rows.insert(rows.end(), rest.begin(), first);
    rows.insert(rows.end(), first + static_cast<std::ptrdiff_t>(held_out.size()), rest.end());
    return rows;
}

Split make_split(std::int64_t n, double share, double calibration_share, std::int64_t folds, Key key) {
    PITOT_CHECK(n >= 0 && share > 0 && share <= 1 && calibration_share >= 0 && calibration_share < 1 && folds >= 1);
    const std::vector<std::int64_t> order = permutation(key.fold("rows"), n);
    // Both products are rounded to double and then cut, as Python's int(n * (1 - share)) does.
    const auto test = static_cast<std::int64_t>(static_cast<double>(n) * (1.0 - share));
    const auto calibration = static_cast<std::int64_t>(static_cast<double>(n - test) * calibration_share);
    const auto cut = order.begin() + test;
    Split split;
    split.folds = folds;
    split.test.assign(order.begin(), cut);
    split.calibration.assign(cut, cut + calibration);
    const auto left = std::span(order).subspan(static_cast<std::size_t>(test + calibration));
    split.rest.reserve(left.size());
    for (const std::int64_t place : permutation(key.fold("folds"), static_cast<std::int64_t>(left.size()))) {
        split.rest.push_back(left[static_cast<std::size_t>(place)]);
    }
    return split;
}

}  // namespace pitot
