#include "pitot/hold_out.hpp"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <exception>
#include <iterator>
#include <optional>
#include <utility>

#include <fmt/core.h>

#include "calibrate/ranks.hpp"
#include "core/border.hpp"
#include "core/key.hpp"
#include "evaluate/absolute_errors.hpp"
#include "evaluate/bound_tally.hpp"
#include "evaluate/held_out_rows.hpp"
#include "models/model_family.hpp"
#include "models/objectives.hpp"
#include "pitot/advise.hpp"
#include "pitot/fit.hpp"
#include "pitot/observe.hpp"
#include "predict/bounds.hpp"
#include "predict/fit_steps.hpp"

namespace pitot {
namespace evaluation {
namespace {

constexpr std::int64_t kMostCells = 1'000'000;

Result<void> check_share(const char* name, double share, const char* meaning) {
    const bool fits = share > 0.0 && share < 1.0;
    return fits ? Result<void>()
                : fail(ErrorCode::kUsage, fmt::format("{} {} is not between 0 and 1: {}", name, share, meaning));
}

Result<void> check_options(const HoldOutOptions& options) {
    if (auto ok = check_share("share", options.share,
                              "it is the share of the other rows' combinations to train on, such as 0.9");
        !ok) {
        return ok;
    }
    if (auto ok = check_share("held_out", options.held_out, "it is the share of rows to hold out, such as 0.2"); !ok) {
        return ok;
    }
    constexpr std::int64_t most_replicates = 1'000'000;
    if (options.replicates < 1 || options.replicates > most_replicates) {
        return fail(ErrorCode::kUsage,
                    fmt::format("replicates {} is not from 1 to {}", options.replicates, most_replicates));
    }
    for (const double confidence : options.confidences) {
        if (auto ok = calibrate::check_confidence(confidence); !ok) {
            return ok;
        }
    }
    if (options.cells.empty()) {
        return fail(ErrorCode::kUsage, "no number of cells is given, such as 0 for predictions from features alone");
    }
    for (std::size_t n = 0; n < options.cells.size(); ++n) {
        const std::int64_t cells = options.cells[n];
        if (cells < 0 || cells > kMostCells) {
            return fail(ErrorCode::kUsage, fmt::format("cells {} is not from 0 to {}", cells, kMostCells));
        }
        if (n > 0 && cells <= options.cells[n - 1]) {
            return fail(ErrorCode::kUsage,
                        fmt::format("cells {} stands behind {}: numbers of cells ascend", cells, options.cells[n - 1]));
        }
    }
    return {};
}

std::vector<std::int64_t> joined(std::span<const std::int64_t> a, std::span<const std::int64_t> b) {
    std::vector<std::int64_t> all(a.begin(), a.end());
    all.insert(all.end(), b.begin(), b.end());
    std::ranges::sort(all);
    return all;
}

// Fits predictors of one evaluation, and counts them for its progress.
class Learner {
public:
    Learner(const Dataset& dataset, FitConfig config, Context context, std::int64_t fits, predict::Bounds bounds)
        : dataset_(dataset), config_(std::move(config)), context_(std::move(context)), fits_(fits), bounds_(bounds) {
        if (bounds_ == predict::Bounds::kUnwanted) {  // nothing of what a replicate learns from is lost to calibration
            config_.calibration_share = 0.0;
        }
    }

    [[nodiscard]] Result<Predictor> fitted(std::span<const std::int64_t> rows, std::int64_t replicate) {
        FitConfig config = config_;
        config.seed = core::Key(config_.seed).fold("hold out").fold(static_cast<std::uint64_t>(replicate)).value();
        Context context = context_;
        if (context_.progress) {
            context.progress = [this](std::int64_t done, std::int64_t total) {
                context_.progress(count_ * total + done, fits_ * total);
            };
        }
        auto predictor = predict::fit(subset(dataset_, rows), config, context, bounds_);
        ++count_;
        return predictor;
    }

    /// The predictor `base` of `rows` after it learned from `more`, too: folded in, or fitted again by families that
    /// cannot.
    [[nodiscard]] Result<Predictor> taught(const std::optional<Predictor>& base, std::span<const std::int64_t> rows,
                                           std::span<const std::int64_t> more, std::int64_t replicate) {
        if (base && base->learns_on()) {
            const Dataset runs = subset(dataset_, joined(more, {}));
            if (runs.pool(kAlone).size() > 0) {
                ++count_;
                return base->observe(runs).map([](Observed&& observed) { return std::move(observed.predictor); });
            }
        }
        return fitted(joined(rows, more), replicate);
    }

    [[nodiscard]] bool folds_in() const { return models::family_of(config_.model).learns_on(dataset_, config_); }

    [[nodiscard]] Result<Predictor> linear_scaling(std::span<const std::int64_t> rows) const {
        FitConfig config = preset("baseline/linear_scaling").value();
        config.calibration_share = 0.0;
        Context context = context_;
        context.progress = {};
        return predict::fit(subset(dataset_, rows), config, context, predict::Bounds::kUnwanted);
    }

private:
    const Dataset& dataset_;
    FitConfig config_;
    Context context_;
    std::int64_t fits_;
    predict::Bounds bounds_;
    std::int64_t count_ = 0;
};

// Refuses predictors that have nothing to say of a row never measured: those that refuse one more like `row`.
Result<void> check_answers_new(const Predictor& predictor, HoldOut side, std::int32_t row) {
    const bool modules = side == HoldOut::kModules;
    const Side& known = modules ? predictor.modules() : predictor.platforms();
    Side more{
        {known.names[static_cast<std::size_t>(row)]}, known.feature_names, Matrix<double>(1, known.features.cols())};
    while (std::ranges::find(known.names, more.names.front()) != known.names.end()) {
        more.names.front() += '+';
    }
    std::ranges::copy(known.features.view().row(row), more.features.flat().begin());
    const auto extended = modules ? predictor.with_rows({}, more) : predictor.with_rows(more, {});
    return extended ? Result<void>()
                    : fail(extended.error().code(),
                           fmt::format("without cells of a held-out row nothing is known of it: {}; or leave 0 out of "
                                       "the numbers of cells",
                                       extended.error().message()));
}

// What the caller's function answers; what it throws is the caller's.
Result<std::vector<std::size_t>> asked(const ChooseCells& choose, const CellQuestion& question) {
    try {
        return choose(question);
    } catch (...) {
        throw core::CallersException{std::current_exception()};
    }
}

// The order in which the cells of a held-out row are measured, by those who choose.
Result<std::vector<std::size_t>> chosen_cells(const HoldOutOptions& options, const Predictor& predictor,
                                              const Dataset& dataset, const HeldOutDraw& draw, const HeldOutRow& row) {
    std::vector<std::int32_t> platform, module;
    std::vector<std::size_t> candidates = row.cells;
    std::ranges::sort(candidates);
    for (const std::size_t c : candidates) {
        const auto at = static_cast<std::size_t>(draw.held[c].rows.front());
        platform.push_back(dataset.observations.platform[at]);
        module.push_back(dataset.observations.module[at]);
    }
    const std::int64_t most = std::min<std::int64_t>(options.cells.back(), std::ssize(candidates));
    PITOT_TRY(const std::vector<std::size_t> places, asked(options.choose, {predictor, platform, module, most}));
    std::vector<std::size_t> cells;
    for (const std::size_t place : places) {
        const bool known = place < candidates.size();
        if (!known || std::ranges::find(cells, candidates[place]) != cells.end()) {
            return fail(ErrorCode::kUsage, fmt::format("the cells chosen have place {} {}; there are {} candidates",
                                                       place, known ? "twice" : "", candidates.size()));
        }
        cells.push_back(candidates[place]);
    }
    if (std::ssize(cells) < most) {
        return fail(ErrorCode::kUsage, fmt::format("{} cells were chosen of {} asked for", cells.size(), most));
    }
    return cells;
}

// Combinations of a draw that are tested, by pool.
struct Tested {
    std::vector<std::int32_t> platform, module, co_runner;
    std::vector<double> runtime_us, weight;  // weights: the runs of a combination have 1 together
};

Tested tested(const Dataset& dataset, const HeldOutDraw& draw, const std::vector<bool>& learned, std::size_t pool) {
    const ObservationView table = dataset.observations.view();
    const auto width = pool == kAlone ? 0 : static_cast<std::size_t>(table.width);
    Tested rows;
    for (std::size_t c = 0; c < draw.held.size(); ++c) {
        if (learned[c] || draw.held[c].pool != pool) {
            continue;
        }
        for (const std::int64_t n : draw.held[c].rows) {
            const auto row = static_cast<std::size_t>(n);
            rows.platform.push_back(table.platform[row]);
            rows.module.push_back(table.module[row]);
            rows.runtime_us.push_back(table.runtime_us[row]);
            rows.weight.push_back(1.0 / static_cast<double>(draw.held[c].rows.size()));
            const auto beside = table.co_runner.subspan(row * width, width);
            rows.co_runner.insert(rows.co_runner.end(), beside.begin(), beside.end());
        }
    }
    return rows;
}

Result<void> add_errors(const Predictor& predictor, const Tested& rows, std::int32_t width, AbsoluteErrors& errors) {
    PITOT_TRY(const auto answers, predictor.predict({rows.platform, rows.module, rows.co_runner, width}));
    std::vector<double> values(rows.runtime_us.size());
    std::ranges::transform(answers.runtime_us, rows.runtime_us, values.begin(),
                           [](double p, double t) { return std::abs(p / t - 1.0); });
    return add_replicate(errors, values, rows.weight);
}

// Bounds of each confidence on the rows, and what each rests on.
Result<void> add_bounds(const Predictor& predictor, const Tested& rows, std::int32_t width,
                        std::vector<BoundTally>& tallies) {
    for (BoundTally& tally : tallies) {
        const std::vector<double> confidence{tally.confidence()};
        PITOT_TRY(const auto answers,
                  predictor.predict({rows.platform, rows.module, rows.co_runner, width}, confidence));
        std::vector<BoundSource> sources;
        const auto count = static_cast<std::size_t>(width);
        for (std::size_t n = 0; n < rows.platform.size(); ++n) {
            PITOT_TRY(auto source, predictor.bound_source(rows.platform[n], rows.module[n], confidence.front(),
                                                          std::span(rows.co_runner).subspan(n * count, count)));
            sources.push_back(std::move(source));
        }
        tally.add({rows.platform, rows.module, rows.runtime_us, answers.runtime_us, rows.weight,
                   std::vector<bool>(rows.platform.size(), false)},
                  answers.bound_us.flat(), sources);
        tally.finish();
    }
    return {};
}

// What is gathered of a pool's rows with one number of cells.
struct Gathered {
    HoldOutMetrics metrics;
    std::vector<BoundTally> bounds;
};

// One evaluation at work.
class HoldOutRun {
public:
    HoldOutRun(const Dataset& dataset, const FitConfig& config, const HoldOutOptions& options, HeldOutRows rows)
        : dataset_(dataset),
          options_(options),
          seed_(config.seed),
          rows_(std::move(rows)),
          learner_(dataset, config, predict::guarded(options.context), options.replicates * fits_each(),
                   options.confidences.empty() ? predict::Bounds::kUnwanted : predict::Bounds::kWanted),
          gathered_(dataset.pools.size() * options.cells.size()) {
        for (std::size_t m = 0; m < gathered_.size(); ++m) {
            gathered_[m].metrics.objective = models::published_name(dataset.pools[m / options.cells.size()].name);
            gathered_[m].metrics.cells = options.cells[m % options.cells.size()];
            for (const double confidence : options.confidences) {
                gathered_[m].bounds.emplace_back(confidence, dataset.platforms.size(), dataset.modules.size());
            }
        }
    }

    Result<void> add(std::int64_t replicate) {
        HeldOutDraw draw = rows_.draw(seed_, replicate, options_.share);
        std::optional<Predictor> base;
        if (needs_base()) {
            PITOT_TRY(auto predictor, learner_.fitted(draw.training, replicate));
            base.emplace(std::move(predictor));
        }
        if (options_.cells.front() == 0 && replicate == 0) {
            if (auto ok = check_answers_new(*base, options_.side, draw.rows.front().number); !ok) {
                return ok;
            }
        }
        for (HeldOutRow& row : draw.rows) {
            if (options_.choose) {
                PITOT_TRY(row.cells, chosen_cells(options_, *base, dataset_, draw, row));
            }
        }
        std::vector<Gathered> more = gathered_;  // a replicate counts as a whole or not at all
        for (std::size_t n = 0; n < options_.cells.size(); ++n) {
            if (auto ok = add_cells(draw, base, replicate, n, more); !ok) {
                return ok;
            }
        }
        gathered_ = std::move(more);
        return {};
    }

    [[nodiscard]] HoldOutEvaluation finished(std::int64_t replicates) && {
        HoldOutEvaluation evaluation;
        evaluation.rows = rows_.count();
        evaluation.held_out = rows_.held_out();
        evaluation.replicates = replicates;
        evaluation.replicates_asked = options_.replicates;
        for (Gathered& gathered : gathered_) {
            HoldOutMetrics& metrics = gathered.metrics;
            if (!metrics.model.mape_replicates.empty()) {
                metrics.test_rows /= static_cast<double>(metrics.model.mape_replicates.size());
                finish(metrics.model);
                finish(metrics.baseline);
                for (const BoundTally& bound : gathered.bounds) {
                    metrics.bounds.push_back(bound.metrics(dataset_.platforms.names, dataset_.modules.names));
                }
                evaluation.metrics.push_back(std::move(metrics));
            }
        }
        return evaluation;
    }

private:
    [[nodiscard]] bool needs_base() const {
        return options_.cells.front() == 0 || options_.choose || learner_.folds_in();
    }
    [[nodiscard]] std::int64_t fits_each() const {
        return std::ssize(options_.cells) + (options_.cells.front() > 0 ? 1 : 0);
    }

    // The errors of a replicate with the n-th number of cells.
    Result<void> add_cells(const HeldOutDraw& draw, const std::optional<Predictor>& base, std::int64_t replicate,
                           std::size_t n, std::vector<Gathered>& gathered) {
        const auto cells = static_cast<std::size_t>(options_.cells[n]);
        std::vector<bool> learned(draw.held.size(), false);
        std::vector<std::int64_t> more;
        for (const HeldOutRow& row : draw.rows) {
            for (std::size_t c = 0; c < std::min(cells, row.cells.size()); ++c) {
                const std::vector<std::int64_t>& runs = draw.held[row.cells[c]].rows;
                learned[row.cells[c]] = true;
                more.insert(more.end(), runs.begin(), runs.end());
            }
        }
        if (std::ranges::find(learned, false) == learned.end()) {
            return fail(ErrorCode::kInput,
                        fmt::format("{} cells of each held-out row leave no row to test on: lower the number of cells "
                                    "or add observations",
                                    cells));
        }
        PITOT_TRY(const Predictor predictor,
                  cells == 0 ? Result<Predictor>(*base) : learner_.taught(base, draw.training, more, replicate));
        PITOT_TRY(const Predictor baseline, learner_.linear_scaling(joined(draw.training, more)));
        for (std::size_t p = 0; p < dataset_.pools.size(); ++p) {
            const Tested rows = tested(dataset_, draw, learned, p);
            if (rows.platform.empty()) {
                continue;
            }
            Gathered& to = gathered[p * options_.cells.size() + n];
            HoldOutMetrics& of = to.metrics;
            of.test_rows += static_cast<double>(rows.platform.size());
            const std::int32_t width = p == kAlone ? 0 : dataset_.observations.width;
            auto ok = add_errors(predictor, rows, width, of.model)
                          .and_then([&] { return add_errors(baseline, rows, width, of.baseline); })
                          .and_then([&] { return add_bounds(predictor, rows, width, to.bounds); });
            if (!ok) {
                return ok;
            }
        }
        return {};
    }

    const Dataset& dataset_;
    const HoldOutOptions& options_;
    std::uint64_t seed_;
    HeldOutRows rows_;
    Learner learner_;
    std::vector<Gathered> gathered_;  // of pool p and the n-th number of cells: p * numbers + n
};

}  // namespace
}  // namespace evaluation

ChooseCells advised_cells() {
    return [](const CellQuestion& question) -> Result<std::vector<std::size_t>> {
        AdviseOptions options;
        options.budget = std::max<std::int64_t>(question.most, 1);
        options.platforms.assign(question.platform.begin(), question.platform.end());
        options.modules.assign(question.module.begin(), question.module.end());
        PITOT_TRY(const Advice advice, question.predictor.advise(options));
        std::vector<std::size_t> places;
        for (const AdvisedPair& pair : advice.pairs) {
            for (std::size_t n = 0; n < question.platform.size() && std::ssize(places) < question.most; ++n) {
                if (question.platform[n] == pair.platform && question.module[n] == pair.module) {
                    places.push_back(n);
                }
            }
        }
        return places;
    };
}

std::string_view to_string(HoldOut side) {
    return side == HoldOut::kPlatforms ? "platforms" : side == HoldOut::kModules ? "modules" : "devices";
}

Result<HoldOutEvaluation> evaluate_held_out(const Dataset& dataset, const FitConfig& config,
                                            const HoldOutOptions& options) {
    return core::at_border("evaluating", [&]() -> Result<HoldOutEvaluation> {
        if (auto ok = evaluation::check_options(options)
                          .and_then([&] { return options.context.validate(); })
                          .and_then([&] { return config.validate(); })
                          .and_then([&] { return dataset.validate(); })
                          .and_then([&] { return models::family_of(config.model).check(dataset, config); })
                          .and_then([&] { return predict::check_bounds(dataset, config); });
            !ok) {
            return Failure(ok.error());
        }
        PITOT_TRY(auto rows, evaluation::HeldOutRows::make(dataset, options.side, options.held_out));
        const auto started = std::chrono::steady_clock::now();
        evaluation::HoldOutRun run(dataset, config, options, std::move(rows));
        std::int64_t replicates = 0;
        Result<void> ok;
        while (ok && replicates < options.replicates) {
            ok = run.add(replicates);
            replicates += ok ? 1 : 0;
        }
        if (!ok && (ok.error().code() != ErrorCode::kCancelled || replicates == 0)) {
            return Failure(ok.error());
        }
        HoldOutEvaluation evaluation = std::move(run).finished(replicates);
        evaluation.complete = ok.has_value();
        evaluation.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - started).count();
        return evaluation;
    });
}

}  // namespace pitot
