// Rows at work on the host: drawn or loaded, their targets, and everything computed for them.
#pragma once

#include <algorithm>
#include <cstdint>
#include <numeric>
#include <span>
#include <vector>

#include "backend/backend.hpp"

namespace pitot {

template <typename T>
struct Batch {
    std::vector<std::int64_t> draws;  ///< row numbers in the objective's data, of the whole batch
    // Of the rows at work, a part of the batch.
    std::vector<std::int32_t> platform, module, co_runner;
    std::int32_t width = 0;
    AlignedVector<T> target, prediction, slope;  ///< slope = d loss / d prediction
    AlignedVector<T> values, gradient;           ///< buffers of Role::kPair
    std::int64_t rows = 0;

    /// Names rows first … first + n of some data.
    void number(std::int64_t first, std::int64_t n) {
        draws.resize(static_cast<std::size_t>(n));
        std::iota(draws.begin(), draws.end(), first);
    }

    /// Draws replica g's batch number `step` of an objective.
    void draw(const Objective& objective, std::size_t g, Key key, std::int64_t step, bool sort_by_platform) {
        const auto from = objective.rows[g];
        draws.resize(static_cast<std::size_t>(objective.batch));
        key.fill_below(static_cast<std::uint64_t>(step * objective.batch), from.size(), draws);
        for (std::int64_t& d : draws) {
            d = from[static_cast<std::size_t>(d)];
        }
        if (sort_by_platform) {
            const auto of = objective.data.platform;
            std::ranges::sort(draws, [&](std::int64_t a, std::int64_t b) {
                const auto p = of[static_cast<std::size_t>(a)];
                const auto q = of[static_cast<std::size_t>(b)];
                return p != q ? p < q : a < b;
            });
        }
    }

    /// Calls visit() for the batch's rows, part_rows of them at a time, so that what is computed for them stays in the
    /// second-level cache. `scalars` of Role::kPair belong to a row.
    template <typename Visit>
    void for_each_part(const PairColumns& data, std::int64_t scalars, Visit visit) {
        constexpr std::size_t part_rows = 256;
        for (std::size_t first = 0; first < draws.size(); first += part_rows) {
            gather(data, std::span(draws).subspan(first, std::min(part_rows, draws.size() - first)), scalars);
            visit();
        }
    }

    /// Fills `slope` and returns the loss of the rows at work: their share of weight * mean over the batch.
    double slope_of_loss(Loss kind, double weight) {
        const double scale = weight / static_cast<double>(draws.size());
        const auto slope_scale = static_cast<T>(2.0 * scale);
        double loss = 0.0;
        for (std::size_t b = 0; b < slope.size(); ++b) {
            const T unit = kind == Loss::kRelative ? T{1} / target[b] : T{1};
            const T error = (prediction[b] - target[b]) * unit;
            loss += static_cast<double>(error) * static_cast<double>(error);
            slope[b] = slope_scale * error * unit;
        }
        return loss * scale;
    }

private:
    void gather(const PairColumns& data, std::span<const std::int64_t> numbers, std::int64_t scalars) {
        const std::size_t n = numbers.size();
        const auto co_runners = static_cast<std::size_t>(data.width);
        rows = static_cast<std::int64_t>(n);
        width = data.width;
        platform.resize(n);
        module.resize(n);
        co_runner.resize(n * co_runners);
        target.resize(data.target.empty() ? 0 : n);
        prediction.resize(n);
        slope.resize(n);
        values.resize(n * static_cast<std::size_t>(scalars));
        gradient.resize(values.size());
        for (std::size_t b = 0; b < n; ++b) {
            const auto row = static_cast<std::size_t>(numbers[b]);
            platform[b] = data.platform[row];
            module[b] = data.module[row];
            for (std::size_t c = 0; c < co_runners; ++c) {
                co_runner[b * co_runners + c] = data.co_runner[row * co_runners + c];
            }
            if (!target.empty()) {
                target[b] = static_cast<T>(data.target[row]);
            }
        }
    }
};

}  // namespace pitot
