// What Adam does to a row while no batch names it: its gradient is 0, but its moments decay and it moves on with them.
// Computed when the row is named again, in one go instead of update by update.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

#include "backend/ops/adam/adam.hpp"

namespace pitot::backend {

/// The updates a row has missed, in closed form. After update t with moments m and v, i updates without gradient later
///     p -= m w_i / (sqrt(v) + epsilon b_i),   w_i = rate_(t+i) beta1^i b_i,   b_i = 1 / (root_(t+i) beta2^(i/2)).
/// The b_i differ little where the w_i are not negligible, so with their weighted mean b
///     sum of w_i / (sqrt(v) + epsilon b_i) = sum over n of moments[n] (-u)^n / d,
///     d = sqrt(v) + epsilon b,   u = epsilon / d,   moments[n] = sum of w_i (b_i - b)^n,
/// which eight terms give to 2e-6 of the movement from t = kReplayed on, whatever v is, and to 1e-9 from t = 250 on
/// (with the usual Adam). Where u is below kSeriesBelow, as it is for all but the smallest gradients, they are as good
/// for any t: no |b_i - b| is much above 1. Where `steps` is set and u is not, the updates are done one by one, with
/// the scalars that stand there: for t below kReplayed or, with an Adam whose beta2 is further from 1 or nearer to
/// beta1, for any t.
struct SkippedTerms {
    static constexpr std::size_t kMoments = 8;
    static constexpr double kSeriesBelow = 1.0 / 32.0;
    std::int64_t missed = 0;   ///< 0: nothing to do
    double beta1_power = 1.0;  ///< beta1^missed
    double beta2_power = 1.0;
    double centre = 0.0;
    std::array<double, kMoments> moments{};
    std::int64_t replay = 0;  ///< so many updates one by one, then only the powers of the rest
    const AdamStep* steps = nullptr;
};

/// Keeps the terms for every update a row may have been left at. Memory does not grow without end: once beta2^t is
/// nothing beside 1, all updates leave the same terms behind.
class SkippedUpdates {
public:
    /// `updates`: those done before, by which every row has been brought up to date. Needs
    /// adam.catches_up_in_closed_form().
    explicit SkippedUpdates(const Adam& adam, std::int64_t updates = 0);

    /// Whether the terms can be had while the learning rate is constant: updates without gradient die away soon enough
    /// (beta1 well below sqrt(beta2)), and the series gives their sum to kAccuracy where u is below kSeriesBelow.
    [[nodiscard]] static bool possible(const Adam& adam);
    static constexpr double kAccuracy = 5e-6;  ///< of a row's movement, beside what single precision loses

    /// One more update has been done.
    void advance();
    [[nodiscard]] std::int64_t updates() const { return updates_; }
    [[nodiscard]] const Adam& adam() const { return adam_; }
    /// What a row last updated by update `last` (>= 1, and not before those the constructor was told of) has missed
    /// since. Good until the next advance().
    [[nodiscard]] SkippedTerms terms(std::int64_t last) const;

    static constexpr std::int64_t kReplayed = 64;

private:
    struct Entry {
        double centre = 0.0;
        std::array<double, SkippedTerms::kMoments> moments{};
    };
    static constexpr std::int64_t kPowers = 4096;

    [[nodiscard]] std::size_t index(std::int64_t update) const;
    void add_entry(std::int64_t update);
    [[nodiscard]] std::pair<double, double> powers_of(std::int64_t updates) const;  ///< beta1^updates, beta2^updates

    Adam adam_;
    std::int64_t first_;                             ///< updates done before there were terms
    std::int64_t window_;                            ///< updates after which a row's movement is over
    std::int64_t kept_;                              ///< the last update with an entry of its own
    std::vector<double> beta1_;                      ///< beta1^i, i = 0 … window
    std::vector<std::pair<double, double>> powers_;  ///< powers_of() the first kPowers
    std::vector<double> growth_;                     ///< beta2^(-i/2)
    std::int64_t replayed_;                          ///< a row left at an update before this one may be replayed
    std::vector<AdamStep> steps_;                    ///< of updates first + 1, …; the last stand for all later ones
    std::vector<Entry> entries_;  ///< of updates first … kept, then a ring of the latest window + 1
    Entry settled_;               ///< of any later update whose window is over
    std::int64_t updates_;
};

}  // namespace pitot::backend
