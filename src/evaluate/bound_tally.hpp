// How upper bounds of one confidence fare on test rows, gathered over replicates.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "pitot/evaluate.hpp"

namespace pitot::evaluation {

/// Some test rows and what a predictor answered for them.
struct TestedRows {
    std::span<const std::int32_t> platform;
    std::span<const std::int32_t> module;
    std::span<const double> runtime_us;
    std::span<const double> predicted_us;
    std::span<const double> weight;  ///< of a row; the runs of a combination have 1 together
    std::vector<bool> seen;          ///< whether the model learned from the row's pair, alone or beside others
};

class BoundTally {
public:
    BoundTally(double confidence, std::int64_t platforms, std::int64_t modules);

    /// bound_us: NaN for a row without a bound. sources: what each bound rests on; one of all rows, or one a row.
    void add(const TestedRows& rows, std::span<const double> bound_us, std::span<const BoundSource> sources);
    /// Ends a replicate.
    void finish();
    /// Names of the platforms and modules, for the one with the least coverage.
    [[nodiscard]] BoundMetrics metrics(const std::vector<std::string>& platforms,
                                       const std::vector<std::string>& modules) const;
    [[nodiscard]] double confidence() const { return confidence_; }

    /// Why there is no such bound.
    void set_unavailable(std::string reason) { unavailable_ = std::move(reason); }

private:
    // Weight of rows that have a bound, and of those of them that did not exceed it.
    struct Share {
        double covered = 0.0;
        double all = 0.0;

        void add(double weight, bool is_covered) {
            all += weight;
            covered += is_covered ? weight : 0.0;
        }
        [[nodiscard]] double value() const { return covered / all; }
    };
    // A row with a bound, for the order of predictions.
    struct Row {
        double predicted_us;
        double weight;
        bool covered;
    };
    // Of the rows whose bounds rest on one pool: of the replicate under way, and of the finished ones.
    struct OfPool {
        BoundFrom from = BoundFrom::kSetAside;
        Share share;
        double over = 0.0;
        std::int64_t rows = 0;
        std::vector<double> coverage, excess;
    };
    CoverageRange range_of(const std::vector<Share>& groups, const std::vector<std::string>& names) const;
    void add_tenths();

    double confidence_;
    std::string unavailable_;
    // Of the replicate under way.
    Share all_, seen_, unseen_;
    double over_ = 0.0;
    std::int64_t unbounded_ = 0;
    std::vector<Row> rows_;
    // Of the finished ones.
    std::vector<double> coverage_, seen_coverage_, unseen_coverage_, excess_;
    std::int64_t unbounded_rows_ = 0;
    std::vector<Share> platforms_, modules_;
    std::array<Share, 10> tenths_{};
    std::map<std::string, OfPool> pools_;
    std::int64_t replicates_ = 0;
};

}  // namespace pitot::evaluation
