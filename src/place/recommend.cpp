#include "place/recommend.hpp"

#include <algorithm>
#include <cmath>
#include <compare>
#include <cstddef>
#include <limits>
#include <numeric>
#include <span>
#include <utility>

#include <fmt/core.h>

#include "calibrate/ranks.hpp"
#include "place/assignment.hpp"
#include "predict/parts.hpp"

namespace pitot::place {
namespace {

using Rows = std::vector<std::int32_t>;

Result<void> check_row(std::int32_t row, std::int64_t size, const char* kind) {
    return row >= 0 && row < size ? Result<void>()
                                  : fail(ErrorCode::kUsage, fmt::format("there is no {} number {}: the model has "
                                                                        "numbers 0 to {}",
                                                                        kind, row, size - 1));
}

Result<void> check_recommend(const Predictor& predictor, std::span<const std::int32_t> modules,
                             const RecommendOptions& options) {
    Rows all_modules(modules.begin(), modules.end());
    all_modules.insert(all_modules.end(), options.with.begin(), options.with.end());
    Rows platforms = options.platforms;
    for (const Occupant& occupant : options.running) {
        platforms.push_back(occupant.platform);
        all_modules.push_back(occupant.module);
    }
    for (const std::int32_t module : all_modules) {
        if (auto ok = check_row(module, predictor.modules().size(), "module"); !ok) {
            return ok;
        }
    }
    for (const std::int32_t platform : platforms) {
        if (auto ok = check_row(platform, predictor.platforms().size(), "platform"); !ok) {
            return ok;
        }
    }
    if (options.deadline_us && !(*options.deadline_us > 0.0)) {
        return fail(ErrorCode::kUsage, fmt::format("a deadline of {} us is not above 0", *options.deadline_us));
    }
    return calibrate::check_confidence(options.confidence);
}

Rows platforms_of(const Predictor& predictor, const RecommendOptions& options) {
    if (!options.platforms.empty()) {
        return options.platforms;
    }
    Rows all(static_cast<std::size_t>(predictor.platforms().size()));
    std::iota(all.begin(), all.end(), 0);
    return all;
}

// What runs on a platform already.
Rows occupants(const RecommendOptions& options, std::int32_t platform) {
    Rows there = options.with;
    for (const Occupant& occupant : options.running) {
        if (occupant.platform == platform) {
            there.push_back(occupant.module);
        }
    }
    return there;
}

Meets meets(const Candidate& candidate, const RecommendOptions& options) {
    if (!options.deadline_us) {
        return Meets::kNotAsked;
    }
    if (candidate.counted_us() > *options.deadline_us) {
        return Meets::kNo;
    }
    return std::isnan(candidate.bound_us) ? Meets::kPointOnly : Meets::kYes;
}

Result<Candidate> candidate_on(const Predictor& predictor, std::int32_t platform, std::int32_t module, Rows beside,
                               const RecommendOptions& options) {
    PITOT_TRY(const auto answer, predictor.predict_pair(platform, module, options.confidence, beside));
    PITOT_TRY(const auto source, predictor.bound_source(platform, module, options.confidence, beside));
    Candidate candidate{platform, answer.runtime_us, answer.bound_us, source.missing, answer.basis};
    candidate.meets = meets(candidate, options);
    candidate.beside = std::move(beside);
    return candidate;
}

// What the newcomer does to those beside it.
Result<void> add_disturbed(const Predictor& predictor, std::int32_t module, Candidate& candidate) {
    if (!predictor.parts().model->tells_co_runners()) {
        return {};
    }
    for (std::size_t n = 0; n < candidate.beside.size(); ++n) {
        Rows others = candidate.beside;
        const std::int32_t own = others[n];
        others.erase(others.begin() + static_cast<std::ptrdiff_t>(n));
        PITOT_TRY(const auto before, predictor.predict_pair(candidate.platform, own, {}, others));
        others.push_back(module);
        PITOT_TRY(const auto after, predictor.predict_pair(candidate.platform, own, {}, others));
        candidate.disturbed.push_back({own, before.runtime_us, after.runtime_us});
    }
    return {};
}

// What a placement costs, compared in this order: a deadline missed weighs more than any bounds, and a bound less more
// than any runtimes.
struct Cost {
    std::int64_t late = 0;
    std::int64_t unbounded = 0;
    double times = 0.0;  // what is counted on, over the best, summed over modules

    Cost& operator+=(const Cost& other) {
        late += other.late;
        unbounded += other.unbounded;
        times += other.times;
        return *this;
    }
    friend Cost operator+(Cost a, const Cost& b) { return a += b; }
    friend Cost operator-(const Cost& a, const Cost& b) {
        return {a.late - b.late, a.unbounded - b.unbounded, a.times - b.times};
    }
    friend auto operator<=>(const Cost&, const Cost&) = default;
};

Failure stopped() { return fail(ErrorCode::kCancelled, "stopped before all modules were placed"); }

// Modules on platforms while a batch is placed. Platforms are numbered as they are to be chosen from.
class Batch {
public:
    Batch(const Predictor& predictor, const Rows& modules, const RecommendOptions& options, std::int64_t most)
        : predictor_(predictor),
          modules_(modules),
          options_(options),
          platforms_(platforms_of(predictor, options)),
          most_(static_cast<std::size_t>(most)),
          there_(platforms_.size()),
          platform_of_(modules.size(), kNowhere),
          best_us_(modules.size(), 1.0) {
        for (const std::int32_t platform : platforms_) {
            occupants_.push_back(occupants(options, platform));
        }
    }

    // What each module is counted on with, on every platform by itself, over the best of them.
    Result<void> weigh() {
        for (std::size_t n = 0; n < modules_.size(); ++n) {
            if (options_.stop.stop_requested()) {
                return stopped();
            }
            std::vector<Candidate> candidates;
            double best = std::numeric_limits<double>::infinity();
            for (std::size_t p = 0; p < platforms_.size(); ++p) {
                PITOT_TRY(auto candidate, on(n, p, {}));
                best = std::min(best, candidate.counted_us());
                candidates.push_back(std::move(candidate));
            }
            best_us_[n] = best;
            for (const Candidate& candidate : candidates) {
                alone_.push_back(cost_of(n, candidate));
            }
        }
        return {};
    }

    // Whether modules placed together change nothing of each other, bounds included.
    [[nodiscard]] Result<bool> independent() const {
        if (most_ == 1) {
            return true;
        }
        const auto measured = [&](std::int32_t module) {
            return predictor_.co_runner_basis(module) == Basis::kMeasured;
        };
        if (predictor_.parts().model->tells_co_runners() || !std::ranges::all_of(modules_, measured)) {
            return false;
        }
        // What is left to differ is the bound, by how many are beside.
        for (std::size_t n = 0; n < modules_.size(); ++n) {
            if (options_.stop.stop_requested()) {
                return stopped();
            }
            for (std::size_t p = 0; p < platforms_.size(); ++p) {
                Numbers others;
                for (std::size_t m = 0; m < modules_.size() && others.size() + 1 < most_; ++m) {
                    if (m == n) {
                        continue;
                    }
                    others.push_back(m);
                    PITOT_TRY(const auto candidate, on(n, p, others));
                    if (cost_of(n, candidate) != alone_[n * platforms_.size() + p]) {
                        return false;
                    }
                }
            }
        }
        return true;
    }

    Result<void> place_optimally() {
        // The program adds up numbers, of modules by themselves: weights keep the order of what they stand for.
        double largest = 1.0;
        for (const Cost& cost : alone_) {
            largest = std::max(largest, cost.times);
        }
        const double steps = static_cast<double>(modules_.size()) + 1.0;
        const double of_bound = largest * steps;
        const double of_deadline = of_bound * steps;
        Matrix<double> weights(std::ssize(modules_), std::ssize(platforms_));
        std::ranges::transform(alone_, weights.flat().begin(), [&](const Cost& cost) {
            return cost.times + of_bound * static_cast<double>(cost.unbounded) +
                   of_deadline * static_cast<double>(cost.late);
        });
        PITOT_TRY(const auto column, assign(weights.view(), static_cast<std::int64_t>(most_), options_.stop));
        for (std::size_t n = 0; n < modules_.size(); ++n) {
            put(n, static_cast<std::size_t>(column[n]));
        }
        return {};
    }

    Result<void> place_greedily() {
        std::vector<std::size_t> order(modules_.size());
        std::iota(order.begin(), order.end(), std::size_t{0});
        std::ranges::stable_sort(order, [&](std::size_t a, std::size_t b) { return best_us_[a] > best_us_[b]; });
        for (const std::size_t n : order) {
            Cost least;
            std::size_t best = kNowhere;
            for (std::size_t p = 0; p < platforms_.size(); ++p) {
                if (there_[p].size() >= most_) {
                    continue;
                }
                PITOT_TRY(const Cost more, growth(p, {}, n));
                if (best == kNowhere || more < least) {
                    least = more;
                    best = p;
                }
            }
            put(n, best);
        }
        return {};
    }

    // Moves and swaps while one of them helps.
    Result<void> improve() {
        constexpr int most_rounds = 50;
        bool changed = true;
        for (int round = 0; round < most_rounds && changed; ++round) {
            changed = false;
            for (std::size_t n = 0; n < modules_.size(); ++n) {
                if (options_.stop.stop_requested()) {
                    return stopped();
                }
                PITOT_TRY(const bool moved, move_better(n));
                PITOT_TRY(const bool swapped, swap_better(n));
                changed = changed || moved || swapped;
            }
        }
        return {};
    }

    [[nodiscard]] Result<BatchPlacement> placement() const {
        BatchPlacement result;
        for (std::size_t n = 0; n < modules_.size(); ++n) {
            const std::size_t p = platform_of_[n];
            PITOT_TRY(auto candidate, on(n, p, without(there_[p], n)));
            result.cost += candidate.counted_us() / best_us_[n];
            if (auto ok = add_disturbed(predictor_, modules_[n], candidate); !ok) {
                return Failure(ok.error());
            }
            result.placed.push_back(std::move(candidate));
        }
        return result;
    }

private:
    using Numbers = std::vector<std::size_t>;
    static constexpr std::size_t kNowhere = std::numeric_limits<std::size_t>::max();

    static Numbers without(Numbers numbers, std::size_t n) {
        std::erase(numbers, n);
        return numbers;
    }

    // Module n on platform p beside other modules of the batch.
    [[nodiscard]] Result<Candidate> on(std::size_t n, std::size_t p, const Numbers& others) const {
        Rows beside = occupants_[p];
        for (const std::size_t other : others) {
            beside.push_back(modules_[other]);
        }
        return candidate_on(predictor_, platforms_[p], modules_[n], std::move(beside), options_);
    }

    [[nodiscard]] Cost cost_of(std::size_t n, const Candidate& candidate) const {
        return {candidate.meets == Meets::kNo ? 1 : 0, std::isnan(candidate.bound_us) ? 1 : 0,
                candidate.counted_us() / best_us_[n]};
    }

    // What a platform costs with these modules on it.
    [[nodiscard]] Result<Cost> cost(std::size_t p, const Numbers& modules) const {
        Cost sum;
        for (const std::size_t n : modules) {
            PITOT_TRY(const auto candidate, on(n, p, without(modules, n)));
            sum += cost_of(n, candidate);
        }
        return sum;
    }

    // What module n more and those of `less` away change in the cost of platform p.
    [[nodiscard]] Result<Cost> growth(std::size_t p, const Numbers& less, std::size_t more) const {
        Numbers after = there_[p];
        for (const std::size_t n : less) {
            std::erase(after, n);
        }
        if (more != kNowhere) {
            after.push_back(more);
        }
        PITOT_TRY(const Cost before_cost, cost(p, there_[p]));
        PITOT_TRY(const Cost after_cost, cost(p, after));
        return after_cost - before_cost;
    }

    void put(std::size_t n, std::size_t p) {
        if (platform_of_[n] != kNowhere) {
            std::erase(there_[platform_of_[n]], n);
        }
        there_[p].push_back(n);
        platform_of_[n] = p;
    }

    // Changes smaller than this are rounding.
    static constexpr double kLeastGain = 1e-9;

    Result<bool> move_better(std::size_t n) {
        const std::size_t from = platform_of_[n];
        PITOT_TRY(const Cost leaving, growth(from, {n}, kNowhere));
        Cost least{0, 0, -kLeastGain};
        std::size_t best = kNowhere;
        for (std::size_t p = 0; p < platforms_.size(); ++p) {
            if (p == from || there_[p].size() >= most_) {
                continue;
            }
            PITOT_TRY(const Cost coming, growth(p, {}, n));
            if (leaving + coming < least) {
                least = leaving + coming;
                best = p;
            }
        }
        if (best != kNowhere) {
            put(n, best);
        }
        return best != kNowhere;
    }

    Result<bool> swap_better(std::size_t n) {
        Cost least{0, 0, -kLeastGain};
        std::size_t best = kNowhere;
        for (std::size_t m = 0; m < modules_.size(); ++m) {
            if (platform_of_[m] == platform_of_[n] || modules_[m] == modules_[n]) {
                continue;
            }
            PITOT_TRY(const Cost here, growth(platform_of_[n], {n}, m));
            PITOT_TRY(const Cost there, growth(platform_of_[m], {m}, n));
            if (here + there < least) {
                least = here + there;
                best = m;
            }
        }
        if (best != kNowhere) {
            const std::size_t own = platform_of_[n];
            const std::size_t other = platform_of_[best];
            put(n, other);
            put(best, own);
        }
        return best != kNowhere;
    }

    const Predictor& predictor_;
    const Rows& modules_;
    const RecommendOptions& options_;
    Rows platforms_;
    std::size_t most_;
    std::vector<Rows> occupants_;  // of each platform
    std::vector<Numbers> there_;   // modules of the batch on each platform
    std::vector<std::size_t> platform_of_;
    std::vector<double> best_us_;  // counted on, on the best platform
    std::vector<Cost> alone_;      // modules × platforms: without others of the batch
};

}  // namespace

double Candidate::counted_us() const { return std::isnan(bound_us) ? runtime_us : bound_us; }

Result<std::vector<Candidate>> recommend(const Predictor& predictor, std::int32_t module,
                                         const RecommendOptions& options) {
    if (auto ok = check_recommend(predictor, {&module, 1}, options); !ok) {
        return Failure(ok.error());
    }
    std::vector<Candidate> candidates;
    for (const std::int32_t platform : platforms_of(predictor, options)) {
        if (options.stop.stop_requested()) {
            return fail(ErrorCode::kCancelled, "stopped before all platforms were looked at");
        }
        PITOT_TRY(auto candidate, candidate_on(predictor, platform, module, occupants(options, platform), options));
        if (auto ok = add_disturbed(predictor, module, candidate); !ok) {
            return Failure(ok.error());
        }
        candidates.push_back(std::move(candidate));
    }
    std::ranges::stable_sort(candidates, {}, [](const Candidate& candidate) {
        return std::pair(std::isnan(candidate.bound_us), candidate.counted_us());
    });
    return candidates;
}

Result<BatchPlacement> place_batch(const Predictor& predictor, const std::vector<std::int32_t>& modules,
                                   const RecommendOptions& options, const BatchOptions& batch) {
    if (auto ok = check_recommend(predictor, modules, options); !ok) {
        return Failure(ok.error());
    }
    const std::int64_t platforms = std::ssize(platforms_of(predictor, options));
    if (batch.most < 1 || std::ssize(modules) > batch.most * platforms) {
        return fail(ErrorCode::kUsage,
                    fmt::format("{} modules do not fit on {} platforms that take {} each: choose from more platforms, "
                                "or let each take more",
                                modules.size(), platforms, batch.most));
    }
    Batch work(predictor, modules, options, batch.most);
    if (auto ok = work.weigh(); !ok) {
        return Failure(ok.error());
    }
    bool proven = false;
    if (batch.optimal) {
        PITOT_TRY(proven, work.independent());
    }
    auto done = batch.optimal ? work.place_optimally() : work.place_greedily();
    if (done && !proven) {
        done = work.improve();
    }
    if (!done) {
        return Failure(done.error());
    }
    return work.placement().map([&](BatchPlacement&& placement) {
        placement.proven = proven;
        return std::move(placement);
    });
}

}  // namespace pitot::place
