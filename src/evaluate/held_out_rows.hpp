// Which rows of a dataset a replicate holds out, trains on and adds as cells.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "core/row_numbers.hpp"
#include "dataset/row_groups.hpp"
#include "pitot/dataset.hpp"
#include "pitot/hold_out.hpp"
#include "pitot/result.hpp"

namespace pitot::evaluation {

/// A combination of platform, module and co-runners with its runs.
struct Combination {
    std::size_t pool = 0;
    std::vector<std::int64_t> rows{};  ///< of Dataset::observations
};

/// A held-out platform or module, or the whole fleet.
struct HeldOutRow {
    std::int32_t number = 0;           ///< on its side; -1: the fleet
    std::vector<std::size_t> cells{};  ///< places in HeldOutDraw::held of its pairs alone, in random order
};

/// One replicate.
struct HeldOutDraw {
    std::vector<std::int64_t> training;  ///< rows of Dataset::observations, rising
    std::vector<Combination> held;       ///< of held-out rows, pool by pool
    std::vector<HeldOutRow> rows;        ///< in the order of their numbers; each has a pair alone
};

/// Draws replicates. The dataset must outlive it.
class HeldOutRows {
public:
    /// `held_out` is a share of platforms, modules or devices; of pairs, all are held out that the share `trained` does
    /// not take. kInput: fewer than two platforms, modules, devices or pairs with runs alone, or names that tell no
    /// device.
    [[nodiscard]] static Result<HeldOutRows> make(const Dataset& dataset, HoldOut side, double held_out,
                                                  double trained = 0.9);

    /// The draw depends on seed, side, replicate and share alone.
    [[nodiscard]] HeldOutDraw draw(std::uint64_t seed, std::int64_t replicate, double share) const;

    /// Platforms, modules, devices or pairs with runs alone, and how many of them a draw holds out.
    [[nodiscard]] std::int64_t count() const { return count_; }
    [[nodiscard]] std::int64_t held_out() const { return held_out_; }

private:
    HeldOutRows(const Dataset& dataset, HoldOut side) : dataset_(&dataset), side_(side) {}
    void note_combinations();
    [[nodiscard]] HeldOutDraw draw_pairs(std::uint64_t seed, std::int64_t replicate, double share) const;
    [[nodiscard]] bool is_held(std::int64_t row, const std::vector<bool>& held) const;
    [[nodiscard]] bool beside_held(std::int64_t row, const std::vector<bool>& held) const;

    const Dataset* dataset_;
    HoldOut side_;
    std::int64_t count_ = 0;
    std::int64_t held_out_ = 0;
    std::vector<std::vector<std::int32_t>> groups_;  // rows of the side that are held out together
    std::vector<Combination> combinations_;          // pool by pool
};

/// The rows `rows` (rising) of a dataset's observations, with both sides whole.
[[nodiscard]] Dataset subset(const Dataset& dataset, std::span<const std::int64_t> rows);

}  // namespace pitot::evaluation
