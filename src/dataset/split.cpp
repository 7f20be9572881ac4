#include "dataset/split.hpp"

#include <utility>

#include "core/check.hpp"

namespace pitot::dataset {
namespace {

// How many combinations of an order test, are set aside, and are validated on by a fold.
struct Counts {
    std::int64_t test = 0;
    std::int64_t calibration = 0;
    std::int64_t fold = 0;
};

std::vector<std::size_t> fold_begins(std::int64_t folds, std::int64_t each) {
    std::vector<std::size_t> begins;
    for (std::int64_t f = 0; f <= folds; ++f) {
        begins.push_back(static_cast<std::size_t>(f * each));
    }
    return begins;
}

Split cut(core::RowOrder&& order, std::size_t test, std::size_t calibration, std::size_t set_aside,
          std::vector<std::size_t> begins) {
    Split split;
    split.order = std::make_shared<const core::RowOrder>(std::move(order));
    const core::RowNumbers all = split.order->view();
    split.test = all.piece(0, test);
    split.calibration = all.piece(test, calibration);
    split.set_aside = all.piece(test, set_aside);
    split.rest = all.piece(test + set_aside, all.size() - test - set_aside);
    split.fold_begins = std::move(begins);
    return split;
}

// The rows of combinations in their order, but that of those set aside one run each comes first.
class CombinationWriter {
public:
    CombinationWriter(const SplitPlan& plan, core::RowNumbers combinations)
        : groups_(*plan.groups), combinations_(combinations), order_(plan.rows, plan.narrow_rows) {}

    void write_all(std::int64_t first, std::int64_t last) {
        for (std::int64_t n = first; n < last; ++n) {
            for (const std::int64_t row : rows_of(n)) {
                write(row);
            }
        }
    }
    void write_set_aside(std::int64_t first, std::int64_t last, core::Key key) {
        const auto chosen = [&](std::int64_t n) { return key.below(static_cast<std::uint64_t>(n), rows_of(n).size()); };
        for (std::int64_t n = first; n < last; ++n) {
            write(rows_of(n)[chosen(n)]);
        }
        for (std::int64_t n = first; n < last; ++n) {
            const core::RowNumbers rows = rows_of(n);
            for (std::size_t run = 0; run < rows.size(); ++run) {
                if (run != chosen(n)) {
                    write(rows[run]);
                }
            }
        }
    }
    [[nodiscard]] std::size_t written() const { return place_; }
    [[nodiscard]] core::RowOrder take() { return std::move(order_); }

private:
    [[nodiscard]] core::RowNumbers rows_of(std::int64_t n) const {
        const auto c = static_cast<std::size_t>(combinations_[static_cast<std::size_t>(n)]);
        const auto begin = static_cast<std::size_t>(groups_.offsets[c]);
        return groups_.rows.view().piece(begin, static_cast<std::size_t>(groups_.offsets[c + 1]) - begin);
    }
    void write(std::int64_t row) { order_.set(static_cast<std::int64_t>(place_++), row); }

    const RowGroups& groups_;
    core::RowNumbers combinations_;
    core::RowOrder order_;
    std::size_t place_ = 0;
};

Split expand(const SplitPlan& plan, const core::RowOrder& combinations, const Counts& counts, core::Key key) {
    CombinationWriter writer(plan, combinations.view());
    const std::int64_t first_rest = counts.test + counts.calibration;
    writer.write_all(0, counts.test);
    const std::size_t test = writer.written();
    writer.write_set_aside(counts.test, first_rest, key.fold("run"));
    const std::size_t set_aside = writer.written() - test;
    std::vector<std::size_t> begins{0};
    std::int64_t next = first_rest;
    for (std::int64_t f = 0; f < plan.folds; ++f) {
        writer.write_all(next, next + counts.fold);
        next += counts.fold;
        begins.push_back(writer.written() - test - set_aside);
    }
    writer.write_all(next, static_cast<std::int64_t>(combinations.view().size()));
    return cut(writer.take(), test, static_cast<std::size_t>(counts.calibration), set_aside, std::move(begins));
}

}  // namespace

core::RowNumbers Split::validation(std::int64_t fold) const {
    PITOT_CHECK(fold >= 0 && fold + 1 < static_cast<std::int64_t>(fold_begins.size()));
    const auto f = static_cast<std::size_t>(fold);
    return rest.piece(fold_begins[f], fold_begins[f + 1] - fold_begins[f]);
}

core::RowNumbers Split::training(std::int64_t fold) const {
    PITOT_CHECK(fold >= 0 && fold + 1 < static_cast<std::int64_t>(fold_begins.size()));
    const auto f = static_cast<std::size_t>(fold);
    return rest.without(fold_begins[f], fold_begins[f + 1] - fold_begins[f]);
}

Split make_split(const SplitPlan& plan, core::Key key) {
    PITOT_CHECK(plan.rows >= 0 && plan.share > 0 && plan.share <= 1 && plan.calibration_share >= 0 &&
                plan.calibration_share < 1 && plan.folds >= 1);
    const bool repeated = plan.groups != nullptr && plan.groups->repeated();
    const auto n = repeated ? static_cast<std::int64_t>(plan.groups->offsets.size()) - 1 : plan.rows;
    core::RowOrder order(n, plan.narrow_rows);
    order.shuffle_from(0, key.fold("rows"));
    Counts counts;
    // Both products are rounded to double and then cut, as Python's int(n * (1 - share)) does.
    counts.test = static_cast<std::int64_t>(static_cast<double>(n) * (1.0 - plan.share));
    counts.calibration = static_cast<std::int64_t>(static_cast<double>(n - counts.test) * plan.calibration_share);
    if (plan.must_train && counts.calibration > 0) {
        counts.calibration = order.bring_forward(counts.test, counts.calibration, [&](std::int64_t c) {
            const auto first =
                repeated ? plan.groups->rows
                               .view()[static_cast<std::size_t>(plan.groups->offsets[static_cast<std::size_t>(c)])]
                         : c;
            return !plan.must_train(first);
        });
    }
    order.shuffle_from(counts.test + counts.calibration, key.fold("folds"));
    counts.fold = plan.folds < 2 || !plan.validation ? 0 : (n - counts.test - counts.calibration) / plan.folds;
    if (repeated) {
        return expand(plan, order, counts, key);
    }
    const auto set_aside = static_cast<std::size_t>(counts.calibration);
    return cut(std::move(order), static_cast<std::size_t>(counts.test), set_aside, set_aside,
               fold_begins(plan.folds, counts.fold));
}

}  // namespace pitot::dataset
