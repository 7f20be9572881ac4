#include "pitot/hold_out.hpp"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <iterator>
#include <optional>
#include <utility>

#include <fmt/core.h>

#include "calibrate/ranks.hpp"
#include "core/border.hpp"
#include "evaluate/bound_tally.hpp"
#include "evaluate/chosen_cells.hpp"
#include "evaluate/held_out_rows.hpp"
#include "evaluate/learner.hpp"
#include "evaluate/test_rows.hpp"
#include "models/model_family.hpp"
#include "models/objectives.hpp"
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
    if (options.choose.empty()) {
        return fail(ErrorCode::kUsage, "no way to choose cells is given: an empty function draws them at random");
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

// What is gathered of a pool's rows with one way and number of cells.
struct Gathered {
    HoldOutMetrics metrics;
    std::vector<BoundTally> bounds;
};

// What fits of a replicate are made: of none of the cells, and of each number of them chosen in each way.
struct Fits {
    bool base = false;
    std::int64_t taught = 0;
};

Fits fits_of(const FitConfig& config, const HoldOutOptions& options) {
    const bool chosen = std::ranges::any_of(options.choose, [](const ChooseCells& way) { return bool(way); });
    const bool none = options.cells.front() == 0;
    const bool folds_in = !options.refit && models::family_of(config.model).learns_on();
    return {none || chosen || folds_in,
            std::ssize(options.choose) * (std::ssize(options.cells) - static_cast<std::int64_t>(none))};
}

// A replicate: what it holds out, the predictor of none of that, and what predictors answered.
struct Replicate {
    std::int64_t number = 0;
    HeldOutDraw draw;
    std::optional<Predictor> base{};
    std::vector<TestRows> pools{};
    std::vector<bool> learned{};                      // combinations held out of which a predictor learned
    std::vector<std::vector<TestAnswers>> answers{};  // of a way and number of cells, then of a pool
};

Result<void> check_left(const std::vector<bool>& learned, std::int64_t cells, HoldOut side) {
    return std::ranges::find(learned, false) != learned.end()
               ? Result<void>()
               : fail(ErrorCode::kInput,
                      fmt::format("{} of {} no row to test on: lower the number of cells or add observations",
                                  cells == 1 ? "1 cell" : fmt::format("{} cells", cells),
                                  fmt::format("{} {}", side == HoldOut::kPairs ? "the fleet" : "each held-out row",
                                              cells == 1 ? "leaves" : "leave")));
}

// One evaluation at work.
class HoldOutRun {
public:
    HoldOutRun(const Dataset& dataset, const FitConfig& config, const HoldOutOptions& options, HeldOutRows rows)
        : dataset_(dataset),
          options_(options),
          seed_(config.seed),
          rows_(std::move(rows)),
          fits_(fits_of(config, options)),
          learner_(dataset, config, predict::guarded(options.context),
                   options.replicates * (fits_.taught + static_cast<std::int64_t>(fits_.base)),
                   options.confidences.empty() ? predict::Bounds::kUnwanted : predict::Bounds::kWanted, options.refit) {
        for (std::size_t way = 0; way < options.choose.size(); ++way) {
            for (const Pool& pool : dataset.pools) {
                for (const std::int64_t cells : options.cells) {
                    Gathered& gathered = gathered_.emplace_back();
                    gathered.metrics.way = way;
                    gathered.metrics.objective = models::published_name(pool.name);
                    gathered.metrics.cells = cells;
                    for (const double confidence : options.confidences) {
                        gathered.bounds.emplace_back(confidence, dataset.platforms.size(), dataset.modules.size());
                    }
                }
            }
        }
    }

    Result<void> add(std::int64_t number) {
        Replicate replicate{number, rows_.draw(seed_, number, options_.share)};
        if (auto ok = begin(replicate); !ok) {
            return ok;
        }
        for (const ChooseCells& choose : options_.choose) {
            if (auto ok = answer(choose, replicate); !ok) {
                return ok;
            }
        }
        return test(replicate);
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
    // Fits without the cells, where that is needed.
    Result<void> begin(Replicate& replicate) {
        const HeldOutDraw& draw = replicate.draw;
        std::vector<bool> most(draw.held.size(), false);
        for (const HeldOutRow& row : draw.rows) {
            const std::int64_t cells = std::min(options_.cells.back(), std::ssize(row.cells));
            for (std::int64_t c = 0; c < cells; ++c) {
                most[row.cells[static_cast<std::size_t>(c)]] = true;
            }
        }
        if (auto ok = check_left(most, options_.cells.back(), options_.side); !ok) {
            return ok;
        }
        replicate.learned.assign(draw.held.size(), false);
        for (std::size_t pool = 0; pool < dataset_.pools.size(); ++pool) {
            replicate.pools.push_back(test_rows(dataset_, draw, pool));
        }
        if (fits_.base) {
            PITOT_TRY(auto predictor, learner_.fitted(draw.training, replicate.number));
            replicate.base.emplace(std::move(predictor));
        }
        if (options_.cells.front() == 0 && replicate.number == 0 && options_.side != HoldOut::kPairs) {
            return check_answers_new(*replicate.base, options_.side, draw.rows.front().number);
        }
        return {};
    }

    // Learns from more and more cells, chosen in one way, and answers for all that is held out.
    Result<void> answer(const ChooseCells& choose, Replicate& replicate) {
        const HeldOutDraw& draw = replicate.draw;
        std::vector<std::vector<std::size_t>> measured(draw.rows.size());
        std::optional<Predictor> latest = replicate.base;
        for (const std::int64_t cells : options_.cells) {
            std::vector<std::int64_t> more;
            for (std::size_t r = 0; r < draw.rows.size(); ++r) {
                auto ok =
                    choose_cells(choose, latest ? &*latest : nullptr, dataset_, draw, draw.rows[r], cells, measured[r]);
                if (!ok) {
                    return ok;
                }
                for (const std::size_t c : measured[r]) {
                    replicate.learned[c] = true;
                    more.insert(more.end(), draw.held[c].rows.begin(), draw.held[c].rows.end());
                }
            }
            if (cells > 0) {
                PITOT_TRY(auto taught, learner_.taught(replicate.base, draw.training, more, replicate.number));
                latest.emplace(std::move(taught));
            }
            PITOT_TRY(const Predictor baseline, learner_.linear_scaling(joined(draw.training, more)));
            std::vector<TestAnswers>& of_pools = replicate.answers.emplace_back();
            for (const TestRows& rows : replicate.pools) {
                PITOT_TRY(auto answers, answers_of(*latest, baseline, rows, options_.confidences));
                of_pools.push_back(std::move(answers));
            }
        }
        return {};
    }

    // Tests the answers on what no predictor learned from. A replicate counts as a whole or not at all.
    Result<void> test(const Replicate& replicate) {
        if (auto ok = check_left(replicate.learned, options_.cells.back(), options_.side); !ok) {
            return ok;
        }
        std::vector<Gathered> more = gathered_;
        const std::size_t numbers = options_.cells.size();
        for (std::size_t p = 0; p < replicate.pools.size(); ++p) {
            const TestRows& rows = replicate.pools[p];
            const std::vector<std::size_t> places = tested_places(rows, replicate.learned);
            for (std::size_t a = 0; a < replicate.answers.size() && !places.empty(); ++a) {
                const TestAnswers& answers = replicate.answers[a][p];
                const std::size_t way = a / numbers;
                Gathered& to = more[(way * replicate.pools.size() + p) * numbers + a % numbers];
                to.metrics.test_rows += static_cast<double>(places.size());
                auto ok = add_errors(rows, answers.model_us, places, to.metrics.model).and_then([&] {
                    return add_errors(rows, answers.baseline_us, places, to.metrics.baseline);
                });
                if (!ok) {
                    return ok;
                }
                add_bounds(rows, answers, places, to.bounds);
            }
        }
        gathered_ = std::move(more);
        return {};
    }

    const Dataset& dataset_;
    const HoldOutOptions& options_;
    std::uint64_t seed_;
    HeldOutRows rows_;
    Fits fits_;
    Learner learner_;
    std::vector<Gathered> gathered_;  // of way w, pool p and the n-th number of cells: (w * pools + p) * numbers + n
};

}  // namespace
}  // namespace evaluation

std::string_view to_string(HoldOut side) {
    switch (side) {
        case HoldOut::kPlatforms:
            return "platforms";
        case HoldOut::kModules:
            return "modules";
        case HoldOut::kDevices:
            return "devices";
        case HoldOut::kPairs:
            break;
    }
    return "pairs";
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
        PITOT_TRY(auto rows, evaluation::HeldOutRows::make(dataset, options.side, options.held_out, options.share));
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
