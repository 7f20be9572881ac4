#include "pitot/advise.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <limits>
#include <memory>
#include <numbers>
#include <numeric>
#include <optional>
#include <span>
#include <utility>

#include <fmt/core.h>

#include "core/border.hpp"
#include "core/parallel.hpp"
#include "models/scale.hpp"
#include "pitot/observe.hpp"
#include "predict/parts.hpp"

namespace pitot {
namespace predict {
namespace {

using Rows = std::vector<std::int32_t>;

// Numbers that are kept of a fleet at most: 800 MB.
constexpr double kMostNumbers = 1e8;

// Candidates and targets: pairs of some platforms with some modules that were never learned from.
struct Field {
    Rows platforms, modules;
    Matrix<char> open;     // never learned from, and not yet advised
    Matrix<char> offered;  // can be measured
    Matrix<double> cost;   // of a run
    [[nodiscard]] std::int64_t targets() const { return std::ranges::count(open.flat(), 1); }
};

// |e^z - 1| of a normal z of this variance, for small ones; a bound of 90 % over the prediction, less 1.
double expected_error(double variance) { return std::sqrt(2.0 / std::numbers::pi * variance); }
double expected_margin(double variance) {
    constexpr double quantile = 1.2815515655446004;  // of 0.9
    return std::expm1(quantile * std::sqrt(variance));
}

struct Choice {
    std::int64_t platform = -1;  // places in the field
    std::int64_t module = -1;
    double gain = 0.0;
};

// How well pairs are known, and what a run of one would tell of the others.
class Knowledge {
public:
    Knowledge() = default;
    Knowledge(const Knowledge&) = delete;
    Knowledge& operator=(const Knowledge&) = delete;
    virtual ~Knowledge() = default;
    /// Called before gains are asked for.
    virtual void look_at(const Field& field) = 0;
    [[nodiscard]] virtual double gain(std::int64_t p, std::int64_t m) const = 0;
    virtual void learn(std::int64_t p, std::int64_t m) = 0;
    /// Of a new run.
    [[nodiscard]] virtual double variance(std::int64_t p, std::int64_t m) const = 0;
};

// A matrix after one of its variables was seen with noise.
void downdate(Matrix<double>& covariance, std::int64_t x, double noise) {
    const std::int64_t n = covariance.rows();
    std::vector<double> column(static_cast<std::size_t>(n));
    for (std::int64_t k = 0; k < n; ++k) {
        column[static_cast<std::size_t>(k)] = covariance(k, x);
    }
    const double scale = 1.0 / (covariance(x, x) + noise);
    for (std::int64_t u = 0; u < n; ++u) {
        for (std::int64_t v = 0; v < n; ++v) {
            covariance(u, v) -= column[static_cast<std::size_t>(u)] * column[static_cast<std::size_t>(v)] * scale;
        }
    }
}

// The pairs of one platform or of one module.
class Line final : public Knowledge {
public:
    Line(models::JointPosterior posterior, bool of_platform)
        : covariance_(std::move(posterior.covariance)), noise_(std::move(posterior.noise)), of_platform_(of_platform) {}

    void look_at(const Field& field) override { open_.assign(field.open.flat().begin(), field.open.flat().end()); }

    [[nodiscard]] double gain(std::int64_t p, std::int64_t m) const override {
        const std::int64_t x = place(p, m);
        double sum = 0.0;
        for (std::int64_t k = 0; k < covariance_.rows(); ++k) {
            sum += open_[static_cast<std::size_t>(k)] != 0 ? covariance_(k, x) * covariance_(k, x) : 0.0;
        }
        return sum / (covariance_(x, x) + noise(x));
    }
    void learn(std::int64_t p, std::int64_t m) override { downdate(covariance_, place(p, m), noise(place(p, m))); }
    [[nodiscard]] double variance(std::int64_t p, std::int64_t m) const override {
        return covariance_(place(p, m), place(p, m)) + noise(place(p, m));
    }

private:
    [[nodiscard]] double noise(std::int64_t x) const { return noise_[static_cast<std::size_t>(x)]; }
    [[nodiscard]] std::int64_t place(std::int64_t p, std::int64_t m) const { return of_platform_ ? m : p; }

    Matrix<double> covariance_;
    std::vector<double> noise_;
    bool of_platform_;
    std::vector<char> open_;
};

// Σ values² weights: four sums, so that the processor need not wait for one.
double weighted_squares(std::span<const double> values, std::span<const double> weights) {
    std::array<double, 4> sum{};
    std::size_t n = 0;
    for (; n + 4 <= values.size(); n += 4) {
        for (std::size_t k = 0; k < 4; ++k) {
            sum[k] += values[n + k] * values[n + k] * weights[n + k];
        }
    }
    for (; n < values.size(); ++n) {
        sum[0] += values[n] * values[n] * weights[n];
    }
    return (sum[0] + sum[1]) + (sum[2] + sum[3]);
}

// The pairs of many platforms with many modules: covariances along each of both. Each knows of other cells near it, and
// no variance is smaller than given all: of both, the smaller one holds.
class Fleet final : public Knowledge {
public:
    /// `noise`: of a run, a platform.
    Fleet(std::vector<Matrix<double>> of_platform, std::vector<Matrix<double>> of_module, std::vector<double> noise)
        : of_platform_(std::move(of_platform)), of_module_(std::move(of_module)), noise_(std::move(noise)) {
        Matrix<double> least(std::ssize(of_platform_), std::ssize(of_module_));
        for (std::int64_t p = 0; p < least.rows(); ++p) {
            for (std::int64_t m = 0; m < least.cols(); ++m) {
                least(p, m) = std::max(std::min(row(p)(m, m), column(m)(p, p)), kLeast);
            }
        }
        for (std::int64_t p = 0; p < least.rows(); ++p) {
            rescale(row(p), [&](std::int64_t m) { return least(p, m); });
        }
        for (std::int64_t m = 0; m < least.cols(); ++m) {
            rescale(column(m), [&](std::int64_t p) { return least(p, m); });
        }
    }

    // Σ cov((q, k), (p, m))² = Σ_q ρ² var(p, m) Σ_k cov((q, k), (q, m))² / var(q, m).
    void look_at(const Field& field) override {
        const std::int64_t platforms = std::ssize(of_platform_);
        const std::int64_t modules = std::ssize(of_module_);
        gain_ = Matrix<double>(platforms, modules);
        Matrix<double> reach(modules, platforms);
        for (std::int64_t q = 0; q < platforms; ++q) {
            const auto open = field.open.view().row(q);
            const std::vector<double> counts(open.begin(), open.end());
            for (std::int64_t m = 0; m < modules; ++m) {
                reach(m, q) = weighted_squares(row(q).view().row(m), counts) / std::max(row(q)(m, m), kLeast);
            }
        }
        for (std::int64_t m = 0; m < modules; ++m) {
            for (std::int64_t q = 0; q < platforms; ++q) {
                reach(m, q) /= std::max(column(m)(q, q), kLeast);
            }
            for (std::int64_t p = 0; p < platforms; ++p) {
                const double sum = weighted_squares(column(m).view().row(p), reach.view().row(m));
                gain_(p, m) = sum / std::max(column(m)(p, p), kLeast) * row(p)(m, m) / (row(p)(m, m) + noise(p));
            }
        }
    }

    [[nodiscard]] double gain(std::int64_t p, std::int64_t m) const override { return gain_(p, m); }

    void learn(std::int64_t p, std::int64_t m) override {
        std::vector<double> by_platform, by_module;
        for (std::int64_t q = 0; q < std::ssize(of_platform_); ++q) {
            by_platform.push_back(correlation(column(m), q, p));
        }
        for (std::int64_t k = 0; k < std::ssize(of_module_); ++k) {
            by_module.push_back(correlation(row(p), k, m));
        }
        const double share = row(p)(m, m) / (row(p)(m, m) + noise(p));
        for (std::int64_t q = 0; q < std::ssize(of_platform_); ++q) {
            const double along = by_platform[static_cast<std::size_t>(q)];
            lessen(row(q), m, along * along * share);
        }
        for (std::int64_t k = 0; k < std::ssize(of_module_); ++k) {
            const double along = by_module[static_cast<std::size_t>(k)];
            lessen(column(k), p, along * along * share);
        }
    }

    [[nodiscard]] double variance(std::int64_t p, std::int64_t m) const override {
        return std::max(row(p)(m, m), 0.0) + noise(p);
    }

private:
    static constexpr double kLeast = 1e-12;

    [[nodiscard]] double noise(std::int64_t p) const { return noise_[static_cast<std::size_t>(p)]; }
    [[nodiscard]] Matrix<double>& row(std::int64_t p) { return of_platform_[static_cast<std::size_t>(p)]; }
    [[nodiscard]] const Matrix<double>& row(std::int64_t p) const { return of_platform_[static_cast<std::size_t>(p)]; }
    [[nodiscard]] Matrix<double>& column(std::int64_t m) { return of_module_[static_cast<std::size_t>(m)]; }
    [[nodiscard]] const Matrix<double>& column(std::int64_t m) const { return of_module_[static_cast<std::size_t>(m)]; }

    [[nodiscard]] static double correlation(const Matrix<double>& covariance, std::int64_t a, std::int64_t b) {
        return a == b ? 1.0
                      : covariance(a, b) /
                            std::sqrt(std::max(covariance(a, a), kLeast) * std::max(covariance(b, b), kLeast));
    }

    // The same correlations with other variances.
    static void rescale(Matrix<double>& covariance, const auto& variance) {
        std::vector<double> factor;
        for (std::int64_t k = 0; k < covariance.rows(); ++k) {
            factor.push_back(std::sqrt(variance(k) / std::max(covariance(k, k), kLeast)));
        }
        for (std::int64_t u = 0; u < covariance.rows(); ++u) {
            for (std::int64_t v = 0; v < covariance.rows(); ++v) {
                covariance(u, v) *= factor[static_cast<std::size_t>(u)] * factor[static_cast<std::size_t>(v)];
            }
        }
    }

    // Takes away a share of what variable x explains, at most all of it: positive semi-definite it stays.
    static void lessen(Matrix<double>& covariance, std::int64_t x, double share) {
        const std::int64_t n = covariance.rows();
        if (share == 0.0 || covariance(x, x) <= kLeast) {
            return;
        }
        const double scale = share / covariance(x, x);
        std::vector<double> of_x;
        for (std::int64_t k = 0; k < n; ++k) {
            of_x.push_back(covariance(k, x));
        }
        for (std::int64_t u = 0; u < n; ++u) {
            const double times = scale * of_x[static_cast<std::size_t>(u)];
            double* row = covariance.flat().data() + u * n;
            for (const double value : of_x) {
                *row++ -= times * value;
            }
        }
    }

    std::vector<Matrix<double>> of_platform_, of_module_;
    std::vector<double> noise_;
    Matrix<double> gain_;
};

Result<models::JointPosterior> line_posterior(const PredictorParts& parts, const Rows& platforms, const Rows& modules) {
    Rows platform, module;
    for (const std::int32_t i : platforms) {
        for (const std::int32_t j : modules) {
            platform.push_back(i);
            module.push_back(j);
        }
    }
    return parts.model->posterior(platform, module, parts.platforms, parts.modules);
}

Result<std::unique_ptr<Knowledge>> knowledge_of(const PredictorParts& parts, const Field& field,
                                                const Context& context) {
    if (field.platforms.size() == 1 || field.modules.size() == 1) {
        PITOT_TRY(auto posterior, line_posterior(parts, field.platforms, field.modules));
        return std::make_unique<Line>(std::move(posterior), field.platforms.size() == 1);
    }
    const std::int64_t lines = std::ssize(field.platforms) + std::ssize(field.modules);
    const double numbers = static_cast<double>(field.platforms.size()) * static_cast<double>(field.modules.size()) *
                           static_cast<double>(lines);
    if (numbers > kMostNumbers) {
        return fail(ErrorCode::kInput, fmt::format("{} platforms × {} modules are too many to be advised on at once: "
                                                   "name those that matter",
                                                   field.platforms.size(), field.modules.size()));
    }
    std::vector<Matrix<double>> of_platform, of_module;
    std::vector<double> noise;
    std::optional<Error> error;
    core::parallel_ordered(
        core::threads_for(context.threads, lines), lines,
        [&](std::int64_t line) {
            const auto at = static_cast<std::size_t>(line);
            return at < field.platforms.size()
                       ? line_posterior(parts, {field.platforms[at]}, field.modules)
                       : line_posterior(parts, field.platforms, {field.modules[at - field.platforms.size()]});
        },
        [&](std::int64_t line, Result<models::JointPosterior>&& posterior) {
            if (!posterior || context.stop.stop_requested()) {
                error =
                    posterior ? Error(ErrorCode::kCancelled, "stopped before the advice was found") : posterior.error();
                return false;
            }
            if (line < std::ssize(field.platforms)) {
                noise.push_back(posterior->noise.front());
            }
            (line < std::ssize(field.platforms) ? of_platform : of_module).push_back(std::move(posterior->covariance));
            return true;
        });
    if (error) {
        return Failure(*error);
    }
    return std::make_unique<Fleet>(std::move(of_platform), std::move(of_module), std::move(noise));
}

// The open pair whose run is worth most.
Choice best(Knowledge& knowledge, const Field& field) {
    knowledge.look_at(field);
    Choice choice;
    for (std::int64_t p = 0; p < field.open.rows(); ++p) {
        for (std::int64_t m = 0; m < field.open.cols(); ++m) {
            if (field.open(p, m) == 0 || field.offered(p, m) == 0) {
                continue;
            }
            const double gain = knowledge.gain(p, m) / field.cost(p, m);
            if (choice.platform < 0 || gain > choice.gain) {
                choice = {p, m, gain};
            }
        }
    }
    return choice;
}

// Means over the pairs that were open at first; a measured one is known.
void expect(const Knowledge& knowledge, const Field& field, std::int64_t targets, double& error, double& bound) {
    error = bound = 0.0;
    for (std::int64_t p = 0; p < field.open.rows(); ++p) {
        for (std::int64_t m = 0; m < field.open.cols(); ++m) {
            if (field.open(p, m) != 0) {
                error += expected_error(knowledge.variance(p, m)) / static_cast<double>(targets);
                bound += expected_margin(knowledge.variance(p, m)) / static_cast<double>(targets);
            }
        }
    }
}

Result<Rows> checked_rows(const Rows& given, std::int64_t size, const char* kind) {
    Rows rows = given;
    std::ranges::sort(rows);
    rows.erase(std::unique(rows.begin(), rows.end()), rows.end());
    if (!rows.empty() && (rows.front() < 0 || rows.back() >= size)) {
        return fail(ErrorCode::kUsage, fmt::format("there is no {} number {}: the model has numbers 0 to {}", kind,
                                                   rows.front() < 0 ? rows.front() : rows.back(), size - 1));
    }
    if (rows.empty()) {
        rows.resize(static_cast<std::size_t>(size));
        std::iota(rows.begin(), rows.end(), 0);
    }
    return rows;
}

// Whether each pair of the field is one of `among`, or all where that is empty.
Result<void> offer(Field& field, const std::vector<std::pair<std::int32_t, std::int32_t>>& among) {
    field.offered = Matrix<char>(field.open.rows(), field.open.cols());
    std::ranges::fill(field.offered.flat(), static_cast<char>(among.empty() ? 1 : 0));
    for (const auto& pair : among) {
        const auto p = std::ranges::lower_bound(field.platforms, pair.first);
        const auto m = std::ranges::lower_bound(field.modules, pair.second);
        if (p == field.platforms.end() || *p != pair.first || m == field.modules.end() || *m != pair.second) {
            return fail(
                ErrorCode::kUsage,
                fmt::format("platform {} with module {} is to be measured, but is none of the pairs asked about",
                            pair.first, pair.second));
        }
        field.offered(p - field.platforms.begin(), m - field.modules.begin()) = 1;
    }
    return {};
}

// How many pairs can be advised.
std::int64_t offers(const Field& field) {
    std::int64_t count = 0;
    for (std::size_t n = 0; n < field.open.flat().size(); ++n) {
        count += field.open.flat()[n] != 0 && field.offered.flat()[n] != 0 ? 1 : 0;
    }
    return count;
}

Result<Field> field_of(const Predictor& predictor, const AdviseOptions& options, std::vector<double>& runtime_us) {
    Field field;
    PITOT_TRY(field.platforms, checked_rows(options.platforms, predictor.platforms().size(), "platform"));
    PITOT_TRY(field.modules, checked_rows(options.modules, predictor.modules().size(), "module"));
    field.open = Matrix<char>(std::ssize(field.platforms), std::ssize(field.modules));
    field.cost = Matrix<double>(field.open.rows(), field.open.cols());
    Rows platform, module;
    for (std::int64_t p = 0; p < field.open.rows(); ++p) {
        for (std::int64_t m = 0; m < field.open.cols(); ++m) {
            platform.push_back(field.platforms[static_cast<std::size_t>(p)]);
            module.push_back(field.modules[static_cast<std::size_t>(m)]);
            field.open(p, m) = predictor.evidence(platform.back(), module.back()) == Evidence::kLearned ? 0 : 1;
        }
    }
    PITOT_TRY(auto answers, predictor.predict({platform, module, {}, 0}));
    runtime_us = std::move(answers.runtime_us);
    for (std::size_t n = 0; n < runtime_us.size(); ++n) {
        field.cost.flat()[n] = options.by_seconds ? runtime_us[n] * 1e-6 : 1.0;
    }
    if (auto ok = offer(field, options.among); !ok) {
        return Failure(ok.error());
    }
    if (offers(field) == 0) {
        return fail(ErrorCode::kInput, "there is nothing to advise: the model learned from every pair asked about");
    }
    return field;
}

Result<Advice> advise(const Predictor& predictor, const AdviseOptions& options) {
    if (options.budget < 1) {
        return fail(ErrorCode::kUsage, fmt::format("budget {} is not 1 or more", options.budget));
    }
    std::vector<double> runtime_us;
    PITOT_TRY(auto field, field_of(predictor, options, runtime_us));
    PITOT_TRY(const auto knowledge, knowledge_of(predictor.parts(), field, options.context));
    Advice advice;
    advice.targets = field.targets();
    expect(*knowledge, field, advice.targets, advice.error, advice.bound);
    const std::int64_t most = std::min(options.budget, offers(field));
    while (std::ssize(advice.pairs) < most) {
        if (options.context.stop.stop_requested()) {
            return fail(ErrorCode::kCancelled, "stopped before the advice was found");
        }
        const Choice choice = best(*knowledge, field);
        knowledge->learn(choice.platform, choice.module);
        field.open(choice.platform, choice.module) = 0;
        AdvisedPair& pair = advice.pairs.emplace_back();
        pair.platform = field.platforms[static_cast<std::size_t>(choice.platform)];
        pair.module = field.modules[static_cast<std::size_t>(choice.module)];
        pair.runtime_us = runtime_us[static_cast<std::size_t>(choice.platform * field.open.cols() + choice.module)];
        expect(*knowledge, field, advice.targets, pair.error, pair.bound);
    }
    return advice;
}

}  // namespace
}  // namespace predict

Result<Advice> Predictor::advise(const AdviseOptions& options) const {
    return core::at_border("advising", [&] { return predict::advise(*this, options); });
}

}  // namespace pitot
