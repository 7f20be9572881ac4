// The pairs of a batch on the host: drawn or loaded, their targets, predictions and slopes.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <numeric>
#include <span>
#include <vector>

#include "backend/host/huber.hpp"
#include "backend/host/layout.hpp"
#include "backend/host/objectives.hpp"
#include "backend/host/part.hpp"
#include "backend/observations.hpp"
#include "core/key.hpp"

namespace pitot::backend {

/// The rows of a named side that batches use, in the order in which they first occur.
class NamedRows {
public:
    /// Prepares for a side of `rows` rows.
    void resize(std::int64_t rows) { place_.assign(static_cast<std::size_t>(rows), -1); }
    void clear() {
        for (const std::int32_t row : rows_) {
            place_[static_cast<std::size_t>(row)] = -1;
        }
        rows_.clear();
    }
    /// Replaces row numbers by their places in rows(), to which new ones are added; -1 stays.
    void name(std::span<std::int32_t> numbers) {
        for (std::int32_t& number : numbers) {
            if (number < 0) {
                continue;
            }
            std::int32_t& place = place_[static_cast<std::size_t>(number)];
            if (place < 0) {
                place = static_cast<std::int32_t>(rows_.size());
                rows_.push_back(number);
            }
            number = place;
        }
    }
    [[nodiscard]] std::span<const std::int32_t> rows() const { return rows_; }

private:
    std::vector<std::int32_t> rows_;
    std::vector<std::int32_t> place_;
};

template <typename T>
class Batch {
public:
    /// Rows first … first + n of `data`, in their order.
    void load(const PairColumns& data, std::int64_t first, std::int64_t n) {
        held_ = taken_ = nullptr;
        grid_wanted_ = false;
        draws_.resize(static_cast<std::size_t>(n));
        std::iota(draws_.begin(), draws_.end(), first);
        gather(data.platform, platform_);
        gather_rest(data);
    }

    /// Batch number `step` of an objective, which must stay where it is: which rows, and their platforms. sort()
    /// completes it.
    template <typename K>
    void draw(const ReplicaObjective& objective, core::Key key, std::int64_t step) {
        const core::RowNumbers& from = objective.rows;
        held_ = taken_ = nullptr;
        grid_wanted_ = false;
        data_ = &objective.data;
        draws_.resize(static_cast<std::size_t>(objective.batch));
        K::fill_below(key, static_cast<std::uint64_t>(step * objective.batch), static_cast<std::uint64_t>(from.size()),
                      draws_);
        for (std::int64_t& d : draws_) {
            d = static_cast<std::int64_t>(from[static_cast<std::size_t>(d)]);
        }
        gather(data_->platform, platform_);
    }

    /// All rows of an objective, which must stay where it is, in place of drawn ones. `keep`: whether row numbers will
    /// not be replaced by places, so that the batch can be kept from step to step.
    void take_all(const ReplicaObjective& objective, bool keep) {
        if (held_ == &objective) {
            return;
        }
        held_ = nullptr;
        taken_ = keep ? &objective : nullptr;
        data_ = &objective.data;
        draws_.assign(objective.rows.begin(), objective.rows.end());
        gather(data_->platform, platform_);
    }

    /// Orders the drawn rows by platform, keeping the order of those with the same one, and fetches what else is known
    /// of them. `platforms`: one more than the largest number among them. Rows of one platform together are read and
    /// added to in registers.
    void sort(std::int64_t platforms) {
        if (held_ != nullptr) {
            return;
        }
        platforms_ = platforms;
        count(platform_, platforms);
        spare_draws_.resize(draws_.size());
        spare_.resize(platform_.size());
        for (std::size_t b = 0; b < platform_.size(); ++b) {
            const auto to = static_cast<std::size_t>(starts_[static_cast<std::size_t>(platform_[b])]++);
            spare_draws_[to] = draws_[b];
            spare_[to] = platform_[b];
        }
        std::swap(draws_, spare_draws_);
        std::swap(platform_, spare_);
        gather_rest(*data_);
    }

    void name_platforms(NamedRows& platforms) { platforms.name(platform_); }
    void name_modules(NamedRows& modules) {
        modules.name(module_);
        modules.name(co_runner_);
    }

    /// Finds an order of the pairs by module, which parts that are the whole batch hand on as Part::by_module.
    /// `modules`: one more than the largest number among them. Where there are many modules, few pairs have the same,
    /// and the order stays that of the batch.
    void order_modules(std::int64_t modules) {
        constexpr std::int64_t many = 8;
        if (held_ != nullptr) {
            return;
        }
        held_ = taken_;
        grid_wanted_ = held_ != nullptr && platforms_ * modules <= kGridPairs * size();
        by_module_.resize(module_.size());
        if (modules > many * size()) {
            std::iota(by_module_.begin(), by_module_.end(), 0);
            return;
        }
        count(module_, modules);
        for (std::size_t b = 0; b < module_.size(); ++b) {
            by_module_[static_cast<std::size_t>(starts_[static_cast<std::size_t>(module_[b])]++)] =
                static_cast<std::int32_t>(b);
        }
    }

    [[nodiscard]] std::int64_t size() const { return static_cast<std::int64_t>(platform_.size()); }
    [[nodiscard]] std::span<const T> prediction() const { return prediction_; }

    /// Calls visit(part) for all rows, `most` of them at a time.
    template <typename Visit>
    void for_each_part(std::int64_t most, Visit visit) {
        const Part<T> whole{platform_, module_, co_runner_, width_, prediction_, slope_, 0, {}, nullptr};
        if (most < size()) {
            unordered_.resize(static_cast<std::size_t>(most));
            std::iota(unordered_.begin(), unordered_.end(), 0);
        }
        for (std::int64_t first = 0; first < size(); first += most) {
            Part<T> part = whole.rows(first, std::min(most, size() - first));
            part.first = 0;
            part.by_module = most < size() ? std::span(unordered_).first(part.platform.size()) : std::span(by_module_);
            part.grid = grid_wanted_ && most >= size() ? &grid_ : nullptr;
            at_ = static_cast<std::size_t>(first);
            visit(part);
        }
    }

    /// Fills the slopes of the part being visited and returns its share of the loss, which is weight * mean over the
    /// batch.
    double slope_of_loss(const Part<T>& part, const Program& program, double weight) {
        const double scale = weight / static_cast<double>(size());
        if (program.loss == Loss::kHuber) {
            return slope_of_huber(part, program.huber_delta, scale);
        }
        const auto slope_scale = static_cast<T>(2.0 * scale);
        std::array<double, 4> sums{};  // of every fourth row, so that no addition waits for the one before
        for (std::size_t n = 0; n < part.prediction.size(); ++n) {
            const T target = target_[at_ + n];
            const T unit = program.loss == Loss::kRelative ? T{1} / target : T{1};
            const T error = (part.prediction[n] - target) * unit;
            sums[n % 4] += static_cast<double>(error) * static_cast<double>(error);
            slope_[at_ + n] = slope_scale * error * unit;
        }
        return ((sums[0] + sums[1]) + (sums[2] + sums[3])) * scale;
    }

private:
    // A batch has a grid if it has at least one in so many of all pairs: a product of whole sides takes a fraction of
    // the time, a pair, of one that fetches rows pair by pair.
    static constexpr std::int64_t kGridPairs = 4;

    double slope_of_huber(const Part<T>& part, double delta, double scale) {
        std::array<double, 4> sums{};
        for (std::size_t n = 0; n < part.prediction.size(); ++n) {
            const T error = part.prediction[n] - target_[at_ + n];
            sums[n % 4] += huber_loss(static_cast<double>(error), delta);
            slope_[at_ + n] = static_cast<T>(scale) * huber_slope(error, static_cast<T>(delta));
        }
        return ((sums[0] + sums[1]) + (sums[2] + sums[3])) * scale;
    }
    // Makes starts_[n] the count of numbers below n.
    void count(std::span<const std::int32_t> numbers, std::int64_t end) {
        starts_.assign(static_cast<std::size_t>(end) + 1, 0);
        for (const std::int32_t n : numbers) {
            ++starts_[static_cast<std::size_t>(n) + 1];
        }
        std::partial_sum(starts_.begin(), starts_.end(), starts_.begin());
    }
    template <typename From, typename To>
    void gather(const From& column, To& to) const {
        to.resize(draws_.size());
        for (std::size_t b = 0; b < draws_.size(); ++b) {
            to[b] = static_cast<typename To::value_type>(column[static_cast<std::size_t>(draws_[b])]);
        }
    }
    // One loop a column, so that cache misses overlap; there are many where the data lie in a large file.
    void gather_rest(const PairColumns& data) {
        const std::size_t n = draws_.size();
        const auto width = static_cast<std::size_t>(data.width);
        width_ = data.width;
        gather(data.module, module_);
        target_.clear();
        if (!data.target.empty()) {
            gather(data.target, target_);
        }
        co_runner_.resize(n * width);
        for (std::size_t b = 0; width > 0 && b < n; ++b) {
            const auto from = data.co_runner.subspan(static_cast<std::size_t>(draws_[b]) * width, width);
            std::ranges::copy(from, co_runner_.begin() + static_cast<std::ptrdiff_t>(b * width));
        }
        prediction_.resize(n);
        slope_.resize(n);
    }

    const PairColumns* data_ = nullptr;              // where the rows were drawn
    std::vector<std::int64_t> draws_, spare_draws_;  // row numbers in the data
    std::vector<std::int32_t> platform_, module_, co_runner_, spare_, by_module_, unordered_;
    std::int32_t width_ = 0;
    AlignedVector<T> target_, prediction_, slope_;
    std::vector<std::int32_t> starts_;
    const ReplicaObjective* taken_ = nullptr;  // of which the batch has all rows, if it may be kept
    const ReplicaObjective* held_ = nullptr;   // the same once the batch is complete
    std::int64_t platforms_ = 0;
    bool grid_wanted_ = false;
    PairGrid<T> grid_;
    std::size_t at_ = 0;  // first row of the part being visited
};

}  // namespace pitot::backend
