#include "data/split.hpp"

#include <utility>

#include "core/check.hpp"

namespace pitot {
namespace {

// Rows a fold validates on: int(rest / folds).
std::size_t fold_rows(const Split& split) {
    return split.folds < 2 ? 0 : split.rest.size() / static_cast<std::size_t>(split.folds);
}

}  // namespace

RowNumbers Split::validation(std::int64_t fold) const {
    PITOT_CHECK(fold >= 0 && fold < folds);
    const std::size_t size = fold_rows(*this);
    return rest.piece(static_cast<std::size_t>(fold) * size, size);
}

RowNumbers Split::training(std::int64_t fold) const {
    PITOT_CHECK(fold >= 0 && fold < folds);
    const std::size_t size = fold_rows(*this);
    return rest.without(static_cast<std::size_t>(fold) * size, size);
}

Split make_split(std::int64_t n, double share, double calibration_share, std::int64_t folds, Key key,
                 std::int64_t narrow_rows) {
    PITOT_CHECK(n >= 0 && share > 0 && share <= 1 && calibration_share >= 0 && calibration_share < 1 && folds >= 1);
    RowOrder order(n, narrow_rows);
    order.shuffle_from(0, key.fold("rows"));
    // Both products are rounded to double and then cut, as Python's int(n * (1 - share)) does.
    const auto test = static_cast<std::int64_t>(static_cast<double>(n) * (1.0 - share));
    const auto calibration = static_cast<std::int64_t>(static_cast<double>(n - test) * calibration_share);
    order.shuffle_from(test + calibration, key.fold("folds"));
    Split split;
    split.folds = folds;
    split.order = std::make_shared<const RowOrder>(std::move(order));
    const RowNumbers all = split.order->view();
    const auto tested = static_cast<std::size_t>(test);
    const auto calibrated = static_cast<std::size_t>(calibration);
    split.test = all.piece(0, tested);
    split.calibration = all.piece(tested, calibrated);
    split.rest = all.piece(tested + calibrated, all.size() - tested - calibrated);
    return split;
}

}  // namespace pitot
