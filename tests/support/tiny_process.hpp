// A Gaussian process small enough for plain loops: what a family with deviations and leave-one-out answers has to say.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <span>
#include <utility>
#include <vector>

#include "models/fitted_model.hpp"
#include "models/model_family.hpp"
#include "models/scale.hpp"
#include "pitot/dataset.hpp"
#include "train/row_draw.hpp"

namespace pitot::test {

/// y = c + a_i + b_j + g_ij + h_n + noise, all normal with variances given; n co-runners have an effect h_n. Rows never
/// learned from are answered by what is left of the sum.
struct TinyVariances {
    double platform = 1.0;
    double module = 1.0;
    double pair = 0.01;
    double beside = 0.05;
    double noise = 0.002;
};

class TinyProcess final : public models::FittedModel {
public:
    struct Cell {
        std::int32_t platform;
        std::int32_t module;
        std::vector<std::int32_t> beside;
        double sum = 0.0;
        int runs = 0;
    };

    TinyProcess(std::vector<Cell> cells, TinyVariances variances) : cells_(std::move(cells)), variances_(variances) {
        double sum = 0.0;
        for (const Cell& cell : cells_) {
            sum += mean_of(cell);
        }
        centre_ = cells_.empty() ? 0.0 : sum / static_cast<double>(cells_.size());
        solve();
    }

    void predict(const models::PairQuery& query, const models::Answer& answer,
                 std::unique_ptr<models::ModelScratch>& /*scratch*/) const override {
        const auto width = static_cast<std::size_t>(query.width);
        for (std::size_t n = 0; n < query.platform.size(); ++n) {
            Cell cell{query.platform[n], query.module[n], {}};
            for (const std::int32_t k : query.co_runner.subspan(n * width, width)) {
                if (k >= 0) {
                    cell.beside.push_back(k);
                }
            }
            const auto [mean, deviation] = answer_of(cell);
            answer.mean[n] = mean;
            if (!answer.deviation.empty()) {
                answer.deviation[n] = deviation;
            }
        }
    }

    [[nodiscard]] bool has_deviation() const override { return true; }

    [[nodiscard]] std::optional<models::WithheldAnswers> answers_left_out() const override {
        models::WithheldAnswers answers = none();
        for (std::size_t c = 0; c < cells_.size(); ++c) {
            const double precision = inverse_[c * cells_.size() + c];
            // The variance of what is left out has the noise of its mean; a new run has that of one run.
            const double noise = variances_.noise - variances_.noise / cells_[c].runs;
            add(answers, cells_[c], mean_of(cells_[c]) - alpha_[c] / precision,
                std::sqrt(std::max(1.0 / precision + noise, 1e-12)));
        }
        return answers;
    }

    [[nodiscard]] Result<std::optional<models::HeldOutAnswers>> answers_held_out(
        const Side& /*platforms*/, const Side& /*modules*/, const Context& /*context*/) const override {
        models::HeldOutAnswers answers{none(), none(), none()};
        std::set<std::int32_t> platforms, modules;
        for (const Cell& cell : cells_) {
            platforms.insert(cell.platform);
            modules.insert(cell.module);
        }
        for (const std::int32_t row : platforms) {
            add_without(answers.platform, [&](const Cell& cell) { return cell.platform == row; });
        }
        for (const std::int32_t row : modules) {
            add_without(answers.module, [&](const Cell& cell) { return cell.module == row; });
        }
        for (std::size_t c = 0; c < cells_.size(); c += 7) {
            const Cell& own = cells_[c];
            add_without(
                answers.both,
                [&](const Cell& cell) { return cell.platform == own.platform || cell.module == own.module; },
                [&](const Cell& cell) { return &cell == &own; });
        }
        return answers;
    }

    [[nodiscard]] Result<std::shared_ptr<const models::FittedModel>> with_rows(
        const models::AppendedRows& /*rows*/) const override {
        return std::make_shared<const TinyProcess>(cells_, variances_);
    }
    [[nodiscard]] bool tells_co_runners() const override { return true; }
    [[nodiscard]] models::ModelFacts describe() const override { return {.kind = "tiny process", .co_runners = "one"}; }
    void save(formats::NpzWriter& /*npz*/) const override {}
    [[nodiscard]] Result<void> keep(const Dataset& /*dataset*/, const train::ReplicateRows& /*rows*/, int /*threads*/,
                                    const models::KeepArray& /*put*/) const override {
        return {};
    }

private:
    [[nodiscard]] models::WithheldAnswers none() const {
        models::WithheldAnswers answers;
        for (const Cell& cell : cells_) {
            answers.width = std::max(answers.width, static_cast<std::int32_t>(cell.beside.size()));
        }
        return answers;
    }

    static double mean_of(const Cell& cell) { return cell.sum / cell.runs; }

    static void add(models::WithheldAnswers& answers, const Cell& cell, double mean, double deviation) {
        answers.platform.push_back(cell.platform);
        answers.module.push_back(cell.module);
        for (std::int32_t k = 0; k < answers.width; ++k) {
            const auto at = static_cast<std::size_t>(k);
            answers.co_runner.push_back(at < cell.beside.size() ? cell.beside[at] : -1);
        }
        answers.mean.push_back(mean);
        answers.deviation.push_back(deviation);
    }

    // Cells that are left out, or some of them, answered by a process without them.
    template <typename Out>
    void add_without(models::WithheldAnswers& answers, Out out) const {
        add_without(answers, out, out);
    }
    template <typename Out, typename Asked>
    void add_without(models::WithheldAnswers& answers, Out out, Asked asked) const {
        std::vector<Cell> others;
        std::ranges::copy_if(cells_, std::back_inserter(others), [&](const Cell& cell) { return !out(cell); });
        const TinyProcess without(std::move(others), variances_);
        for (const Cell& cell : cells_) {
            if (asked(cell)) {
                const auto [mean, deviation] = without.answer_of(cell);
                add(answers, cell, mean, deviation);
            }
        }
    }

    [[nodiscard]] double kernel(const Cell& a, const Cell& b) const {
        const bool platform = a.platform == b.platform;
        const bool module = a.module == b.module;
        const bool pair = platform && module && a.beside == b.beside;
        const bool beside = !a.beside.empty() && a.beside.size() == b.beside.size();
        return (platform ? variances_.platform : 0.0) + (module ? variances_.module : 0.0) +
               (pair ? variances_.pair : 0.0) + (beside ? variances_.beside : 0.0);
    }

    [[nodiscard]] std::pair<double, double> answer_of(const Cell& cell) const {
        const std::size_t n = cells_.size();
        std::vector<double> k(n);
        double mean = centre_;
        for (std::size_t c = 0; c < n; ++c) {
            k[c] = kernel(cell, cells_[c]);
            mean += k[c] * alpha_[c];
        }
        double known = 0.0;
        for (std::size_t r = 0; r < n; ++r) {
            double sum = 0.0;
            for (std::size_t c = 0; c < n; ++c) {
                sum += inverse_[r * n + c] * k[c];
            }
            known += k[r] * sum;
        }
        return {mean, std::sqrt(std::max(kernel(cell, cell) - known, 0.0) + variances_.noise)};
    }

    // K^-1 by elimination, and alpha.
    void solve() {
        const std::size_t n = cells_.size();
        std::vector<double> k(n * n);
        inverse_.assign(n * n, 0.0);
        for (std::size_t r = 0; r < n; ++r) {
            for (std::size_t c = 0; c < n; ++c) {
                k[r * n + c] = kernel(cells_[r], cells_[c]) + (r == c ? variances_.noise / cells_[r].runs : 0.0);
            }
            inverse_[r * n + r] = 1.0;
        }
        for (std::size_t p = 0; p < n; ++p) {
            const double pivot = k[p * n + p];
            for (std::size_t c = 0; c < n; ++c) {
                k[p * n + c] /= pivot;
                inverse_[p * n + c] /= pivot;
            }
            for (std::size_t r = 0; r < n; ++r) {
                const double factor = k[r * n + p];
                if (r == p || factor == 0.0) {
                    continue;
                }
                for (std::size_t c = 0; c < n; ++c) {
                    k[r * n + c] -= factor * k[p * n + c];
                    inverse_[r * n + c] -= factor * inverse_[p * n + c];
                }
            }
        }
        alpha_.assign(n, 0.0);
        for (std::size_t r = 0; r < n; ++r) {
            for (std::size_t c = 0; c < n; ++c) {
                alpha_[r] += inverse_[r * n + c] * (mean_of(cells_[c]) - centre_);
            }
        }
    }

    std::vector<Cell> cells_;
    TinyVariances variances_;
    double centre_ = 0.0;
    std::vector<double> inverse_;
    std::vector<double> alpha_;
};

/// A process that learned from the `rest` of all pools.
inline models::Fitted fit_tiny(const Dataset& dataset, const FitConfig& config, train::ReplicateRows rows,
                               TinyVariances variances = {}) {
    const models::Scale scale(config.model);
    std::vector<TinyProcess::Cell> cells;
    for (std::size_t p = 0; p < rows.pools.size(); ++p) {
        const ObservationView table = dataset.pool(p);
        const auto width = static_cast<std::size_t>(table.width);
        for (const std::int64_t row : rows.pools[p].rest) {
            const auto at = static_cast<std::size_t>(row);
            std::vector<std::int32_t> beside;
            for (const std::int32_t k : table.co_runner.subspan(at * width, width)) {
                if (k >= 0) {
                    beside.push_back(k);
                }
            }
            const auto same = std::ranges::find_if(cells, [&](const TinyProcess::Cell& cell) {
                return cell.platform == table.platform[at] && cell.module == table.module[at] && cell.beside == beside;
            });
            TinyProcess::Cell& cell =
                same != cells.end()
                    ? *same
                    : cells.emplace_back(TinyProcess::Cell{table.platform[at], table.module[at], beside});
            cell.sum += scale.target(table.runtime_us[at]);
            ++cell.runs;
        }
    }
    models::Fitted fitted;
    fitted.rows = std::move(rows);
    fitted.model = std::make_shared<const TinyProcess>(std::move(cells), variances);
    return fitted;
}

}  // namespace pitot::test
