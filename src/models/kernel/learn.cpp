#include "models/kernel/learn.hpp"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <numeric>
#include <utility>

namespace pitot::models::kernel {
namespace {

constexpr double kBeta1 = 0.9;
constexpr double kBeta2 = 0.95;
constexpr double kEpsilon = 1e-8;
constexpr std::int64_t kWarmUp = 5;
constexpr double kLastRate = 0.02;  // of the full one, at the end of the cosine

double rate_at(const LearnOptions& options, std::int64_t step) {
    if (step < kWarmUp) {
        return options.rate * static_cast<double>(step + 1) / static_cast<double>(kWarmUp);
    }
    const double part = static_cast<double>(step - kWarmUp) / static_cast<double>(options.steps - kWarmUp);
    return options.rate * (kLastRate + (1.0 - kLastRate) * 0.5 * (1.0 + std::cos(std::numbers::pi * part)));
}

// Draws the cells of each step.
class Subsets {
public:
    Subsets(const SideDistances& platforms, const SideDistances& modules, const Cells& cells, std::int64_t most,
            core::Key key)
        : platform_nearness_(nearness(platforms)),
          module_nearness_(nearness(modules)),
          cells_(cells),
          most_(static_cast<std::size_t>(most)),
          key_(key) {}

    [[nodiscard]] std::vector<std::int64_t> at(std::int64_t step) const {
        std::vector<std::int64_t> all(cells_.size());
        std::iota(all.begin(), all.end(), 0);
        if (all.size() <= most_) {
            return all;
        }
        const core::Key key = key_.fold(static_cast<std::uint64_t>(step));
        return step % 2 == 0 ? random(key, std::move(all)) : block(key);
    }

private:
    [[nodiscard]] std::vector<std::int64_t> random(core::Key key, std::vector<std::int64_t> all) const {
        for (std::size_t n = 0; n < most_; ++n) {
            std::swap(all[n], all[n + key.below(n, all.size() - n)]);
        }
        all.resize(most_);
        std::ranges::sort(all);
        return all;
    }

    // The rows of a side nearest a random one.
    static std::vector<bool> near(const Matrix<double>& nearness, double part, std::uint64_t row) {
        const auto from = nearness.view().row(static_cast<std::int64_t>(row));
        std::vector<std::size_t> order(from.size());
        std::iota(order.begin(), order.end(), std::size_t{0});
        std::ranges::stable_sort(order, {}, [&](std::size_t i) { return from[i]; });
        std::vector<bool> chosen(from.size(), false);
        const auto count = static_cast<std::size_t>(std::ceil(part * static_cast<double>(from.size())));
        for (std::size_t n = 0; n < count; ++n) {
            chosen[order[n]] = true;
        }
        return chosen;
    }

    [[nodiscard]] std::vector<std::int64_t> block(core::Key key) const {
        const double part = std::sqrt(static_cast<double>(most_) / static_cast<double>(cells_.size()));
        const auto rows = [](const Matrix<double>& m) { return static_cast<std::uint64_t>(m.rows()); };
        const auto platforms = near(platform_nearness_, part, key.below(0, rows(platform_nearness_)));
        const auto modules = near(module_nearness_, part, key.below(1, rows(module_nearness_)));
        std::vector<std::int64_t> chosen;
        for (std::size_t n = 0; n < cells_.size(); ++n) {
            if (platforms[static_cast<std::size_t>(cells_.platform[n])] &&
                modules[static_cast<std::size_t>(cells_.module[n])]) {
                chosen.push_back(static_cast<std::int64_t>(n));
            }
        }
        if (chosen.size() < most_ / 4) {  // measured unevenly: a block may be all but empty
            std::vector<std::int64_t> all(cells_.size());
            std::iota(all.begin(), all.end(), 0);
            return random(key, std::move(all));
        }
        // A dense corner holds more than its share.
        chosen.resize(std::min(chosen.size(), most_ + most_ / 10));
        return chosen;
    }

    Matrix<double> platform_nearness_, module_nearness_;
    const Cells& cells_;
    std::size_t most_;
    core::Key key_;
};

}  // namespace

Matrix<double> nearness(const SideDistances& side) {
    Matrix<double> sum(side.rows, side.rows);
    for (const Matrix<double>& group : side.groups) {
        const std::span<const double> from = group.flat();
        const double mean = std::accumulate(from.begin(), from.end(), 0.0) / static_cast<double>(from.size());
        for (std::size_t n = 0; n < from.size() && mean > 0.0; ++n) {
            sum.flat()[n] += from[n] / mean;
        }
    }
    return sum;
}

Result<std::vector<double>> descend(std::vector<double> start, std::span<const double> prior,
                                    std::span<const std::size_t> noise, const LearnOptions& options,
                                    const std::function<LearnStep(std::int64_t step)>& at,
                                    const std::function<bool()>& step_done) {
    std::vector<double> values = std::move(start);
    std::vector<double> mean(values.size(), 0.0);
    std::vector<double> square(values.size(), 0.0);
    for (std::int64_t step = 0; step < options.steps; ++step) {
        const LearnStep one = at(step);
        PITOT_TRY(auto point, one.likelihood(values));
        constexpr int kAttempts = 40;
        for (int attempt = 0; !point; ++attempt) {
            if (attempt == kAttempts) {
                return fail(ErrorCode::kInput, "the covariance matrix of the observations is not positive definite");
            }
            for (const std::size_t place : noise) {
                values[place] += 1.0;
            }
            PITOT_TRY(point, one.likelihood(values));
        }
        const double first = 1.0 - std::pow(kBeta1, static_cast<double>(step + 1));
        const double second = 1.0 - std::pow(kBeta2, static_cast<double>(step + 1));
        const double rate = rate_at(options, step);
        for (std::size_t p = 0; p < values.size(); ++p) {
            const double g = point->gradient[p] + (values[p] - prior[p]) / (kPriorDeviation * kPriorDeviation) /
                                                      static_cast<double>(one.cells);
            mean[p] = kBeta1 * mean[p] + (1.0 - kBeta1) * g;
            square[p] = kBeta2 * square[p] + (1.0 - kBeta2) * g * g;
            values[p] -= rate * (mean[p] / first) / (std::sqrt(square[p] / second) + kEpsilon);
        }
        if (!step_done()) {
            return fail(ErrorCode::kCancelled, "stopped before the hyper-parameters were learned");
        }
    }
    return values;
}

Result<std::vector<double>> learn_hyper(const Layout& layout, const SideDistances& platforms,
                                        const SideDistances& modules, const Cells& cells,
                                        const std::vector<double>& target, const LearnOptions& options, core::Key key,
                                        const Machine& machine, const std::function<bool()>& step_done) {
    const std::vector<double> start = layout.start(key.fold("start"));
    const Subsets subsets(platforms, modules, cells, options.subset, key.fold("subsets"));
    const std::vector<std::size_t> noise{layout.noise()};
    Cells some;
    std::vector<double> y;
    const auto at = [&](std::int64_t step) {
        const std::vector<std::int64_t> numbers = subsets.at(step);
        some = subset_of(cells, numbers);
        y.clear();
        for (const std::int64_t n : numbers) {
            y.push_back(target[static_cast<std::size_t>(n)]);
        }
        return LearnStep{std::ssize(numbers), [&](std::span<const double> values) {
                             return likelihood(layout, values, platforms, modules, some, y,
                                               static_cast<double>(cells.size()), machine);
                         }};
    };
    return descend(start, start, noise, options, at, step_done);
}

}  // namespace pitot::models::kernel
