// pitot evaluate: how well a configuration predicts a dataset.
#include "pitot/evaluate.hpp"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cmath>
#include <limits>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "cli/default_config.hpp"
#include "cli/hold_out.hpp"
#include "cli/interrupt.hpp"
#include "cli/options.hpp"
#include "cli/output.hpp"
#include "cli/progress.hpp"
#include "cli/verbs.hpp"
#include "dataset/connections.hpp"
#include "dataset/split.hpp"
#include "evaluate/evaluation_json.hpp"

namespace pitot::cli {
namespace evaluate_command {
namespace {

struct Options {
    DatasetOptions dataset;
    ConfigOptions config;
    RunFlags run;
    HoldOutFlags hold_out;
    std::optional<double> share;
    bool bounds = false;
    bool json = false;
};

std::string with_spread(const Spread& spread, bool several) {
    return several ? fmt::format("{} ± {:.2f}", format_percent(spread.mean), 100.0 * spread.std)
                   : format_percent(spread.mean);
}

void print_errors(const Evaluation& evaluation, bool modelled) {
    const bool several = evaluation.replicates > 1;
    bool exact = true;
    Table table({{"RUNS"},
                 {"PREDICTOR"},
                 {"MEAN ERROR (MAPE)", Align::kRight},
                 {"1st PCT", Align::kRight, 3},
                 {"5th", Align::kRight, 2},
                 {"25th", Align::kRight, 1},
                 {"50th", Align::kRight, 1},
                 {"75th", Align::kRight, 1},
                 {"95th", Align::kRight, 2},
                 {"99th", Align::kRight, 3}});
    for (const ObjectiveMetrics& objective : evaluation.objectives) {
        const auto add = [&](const char* name, const ErrorMetrics& metrics) {
            std::vector<std::string> cells{objective_text(objective.objective), name,
                                           with_spread(metrics.mape, several)};
            for (const std::size_t q : {1U, 5U, 25U, 50U, 75U, 95U, 99U}) {
                cells.push_back(fmt::format("{:+.1f} %", 100.0 * metrics.percentile[q]));
            }
            table.add(std::move(cells));
        };
        if (modelled) {
            add("model", objective.model);
        }
        add("linear scaling", objective.baseline);
        exact = exact && objective.model.percentile_exact;
    }
    fmt::print("{}", table.to_string());
    if (!exact) {
        fmt::print("percentiles of this many errors are rounded to {:g} % of themselves\n", 100.0 * kPercentileError);
    }
}

void print_bounds(const Evaluation& evaluation) {
    const bool several = evaluation.replicates > 1;
    Table table({{"RUNS"},
                 {"CALIBRATION", Align::kRight},
                 {"CONFIDENCE", Align::kRight},
                 {"COVERAGE", Align::kRight},
                 {"OVER-PROVISIONING", Align::kRight}});
    std::string remarks;
    for (const ObjectiveMetrics& objective : evaluation.objectives) {
        for (const BoundMetrics& bound : objective.bounds) {
            const bool has = bound.unavailable.empty();
            table.add({objective_text(objective.objective), format_count(objective.calibration_rows),
                       fmt::format("{:g} %", 100.0 * bound.confidence),
                       has ? with_spread(bound.coverage, several) : "-",
                       has ? with_spread(bound.over_provisioning, several) : "-"});
            if (!has && objective.calibration_rows > 0) {
                remarks += fmt::format("{}: {}\n", objective_text(objective.objective), bound.unavailable);
            }
        }
        if (!objective.bounds.empty() && objective.calibration_rows == 0) {
            remarks += fmt::format(
                "{}: nothing was set aside: the calibration share does not give the {} combinations that a bound of "
                "90 % needs, or training cannot spare them; raise --calibration-share or --share, or add "
                "observations\n",
                objective_text(objective.objective), dataset::kLeastCalibration);
        }
    }
    if (!table.empty()) {
        fmt::print("\n{}{}", table.to_string(), remarks);
    }
}

// What coverage on average is made of.
void print_parts_of_coverage(const Evaluation& evaluation) {
    const bool several = evaluation.replicates > 1;
    std::string text;
    for (const ObjectiveMetrics& objective : evaluation.objectives) {
        for (const BoundMetrics& bound : objective.bounds) {
            if (!bound.unavailable.empty()) {
                continue;
            }
            std::vector<std::string> parts;
            if (bound.seen) {
                parts.push_back(fmt::format("pairs seen in training {}, others {}", with_spread(*bound.seen, several),
                                            with_spread(*bound.unseen, several)));
            }
            const auto add_range = [&](const char* of, const CoverageRange& range) {
                if (range.groups > 1) {
                    parts.push_back(
                        fmt::format("single {} {:.0f} to {:.0f} %", of, 100.0 * range.least, 100.0 * range.most));
                    if (range.short_by_tenth > 0.0) {
                        parts.back() += fmt::format(" (least {}; {} of them more than 10 points short)",
                                                    printable(range.least_name), format_percent(range.short_by_tenth));
                    }
                }
            };
            add_range("platforms", bound.platforms);
            add_range("modules", bound.modules);
            if (!bound.tenths.empty()) {
                std::string tenths;
                for (const double tenth : bound.tenths) {
                    tenths += fmt::format("{}{:.0f}", tenths.empty() ? "" : " ", 100.0 * tenth);
                }
                parts.push_back(fmt::format("tenths from the fastest to the slowest {} %", tenths));
            }
            for (const PoolCoverage& pool : bound.pools) {
                if (bound.pools.size() > 1 || pool.from != BoundFrom::kSetAside) {
                    parts.push_back(fmt::format("'{}' ({}, {} rows) {}", printable(pool.pool), to_string(pool.from),
                                                format_count(static_cast<std::int64_t>(std::llround(pool.rows))),
                                                with_spread(pool.coverage, several)));
                }
            }
            if (bound.unbounded_rows > 0) {
                parts.push_back(fmt::format("{} without a bound{}", format_count(bound.unbounded_rows, "row"),
                                            several ? " in all replicates" : ""));
            }
            if (!parts.empty()) {
                text += fmt::format("{} at {:g} %: {}\n", objective_text(objective.objective), 100.0 * bound.confidence,
                                    fmt::join(parts, "; "));
            }
        }
    }
    if (!text.empty()) {
        fmt::print("\ncoverage within the fleet\n{}", text);
    }
}

std::string error_verdict(const ObjectiveMetrics& objective) {
    const double model = objective.model.mape.mean;
    const double baseline = objective.baseline.mape.mean;
    constexpr double exact = 0.001;
    if (!(model >= baseline) || model < exact) {
        return "";
    }
    return fmt::format(
        "{}: the model is no better than linear scaling ({} against {}). Measure more of the pairs, add features, or "
        "take --preset baseline/linear_scaling, which is simpler.\n",
        objective_text(objective.objective), format_percent(model), format_percent(baseline));
}

// What is short by more than chance explains: two standard errors, over replicates or over rows, and half a point.
std::string bound_verdict(const ObjectiveMetrics& objective, const BoundMetrics& bound, double replicates) {
    constexpr double margin = 0.005;
    const double rows =
        replicates * static_cast<double>(objective.test_rows) - static_cast<double>(bound.unbounded_rows);
    if (!bound.unavailable.empty() || rows < 1.0) {
        return "";
    }
    const double chance = std::max(std::sqrt(bound.confidence * (1.0 - bound.confidence) / rows),
                                   bound.coverage.std / std::sqrt(replicates));
    if (bound.coverage.mean >= bound.confidence - 2.0 * chance - margin) {
        return "";
    }
    return fmt::format("{}: the {} bound does not hold: {} of the runs lie within it.\n",
                       objective_text(objective.objective), format_confidence(bound.confidence),
                       format_percent(bound.coverage.mean));
}

// What figures alone do not say to whoever sees them for the first time.
void print_verdicts(const Evaluation& evaluation, bool modelled) {
    std::string text;
    for (const ObjectiveMetrics& objective : evaluation.objectives) {
        text += modelled ? error_verdict(objective) : "";
        for (const BoundMetrics& bound : objective.bounds) {
            text += bound_verdict(objective, bound, static_cast<double>(evaluation.replicates));
        }
    }
    if (!text.empty()) {
        fmt::print("\n{}", text);
    }
}

void print_as_text(const Evaluation& evaluation, const FitConfig& config) {
    const bool stepped = evaluation.steps > 0;
    const bool modelled = config.model.family != Family::kLinearScaling;
    fmt::print("{} at share {:g}: {}{}{}, seed {}\n", printable(config.preset), config.share,
               evaluation.complete ? "" : fmt::format("{} of ", format_count(evaluation.replicates)),
               format_count(evaluation.replicates_asked, "replicate"),
               stepped ? fmt::format(" of {}", format_count(config.train.folds, "fold")) : "", config.seed);
    const auto average = [&](double rows) {
        const std::string count =
            rows < 100.0 ? fmt::format("{:.3g}", rows) : format_count(static_cast<std::int64_t>(std::llround(rows)));
        return evaluation.replicates > 1 ? "on average " + count : count;
    };
    for (const ObjectiveMetrics& objective : evaluation.objectives) {
        fmt::print("{}: {} a replicate\n", objective_text(objective.objective),
                   format_count(objective.test_rows, "test row"));
        if (objective.unlearned_rows > 0) {
            fmt::print(
                "  {} of a platform, module or co-runner without a training row, predicted from features or the "
                "average of others\n",
                average(objective.unlearned_rows));
        }
        if (objective.apart_rows > 0) {
            fmt::print(
                "  {} across parts of the fleet that no training row connects: their scales cannot be compared\n",
                average(objective.apart_rows));
        }
    }
    fmt::print("\n");
    print_errors(evaluation, modelled);
    print_bounds(evaluation);
    print_parts_of_coverage(evaluation);
    print_verdicts(evaluation, modelled);
    fmt::print("\ntime: {}", format_duration({evaluation.seconds * 1e6}));
    if (stepped) {
        fmt::print(", {} training steps, {} steps/s", format_count(evaluation.steps),
                   format_count(static_cast<std::int64_t>(evaluation.steps_per_second)));
    }
    fmt::print("\n");
}

// Errors within parts of a fleet say nothing of predictions from one to the other.
void note_parts(const Dataset& dataset) {
    dataset::Connections connections(dataset.platforms.size(), dataset.modules.size());
    const ObservationView rows = dataset.observations.view();
    for (std::size_t n = 0; n < rows.platform.size(); ++n) {
        connections.join(rows.platform[n], rows.module[n]);
    }
    if (const std::int32_t parts = std::ranges::max(connections.parts()) + 1; parts > 1) {
        note(
            fmt::format("the fleet falls into {} parts without a common platform or module: these figures are of pairs "
                        "within one of them, and nothing measured tells of the others",
                        parts));
    }
}

Result<void> run(const Options& options) {
    if (auto ok = options.hold_out.check(); !ok) {
        return ok;
    }
    PITOT_TRY(const auto context, options.run.to_context());
    const Result<Dataset> dataset = options.dataset.read();
    if (!dataset) {
        return Failure(dataset.error());
    }
    Result<FitConfig> config = resolve_config(options.config, *dataset);
    if (!config) {
        return Failure(config.error());
    }
    config->share = options.share.value_or(options.hold_out.default_share(config->share));
    if (options.hold_out.given()) {
        return options.hold_out.evaluate(*dataset, *config, context, options.bounds, options.json);
    }
    EvaluateOptions evaluate_options;
    evaluate_options.share = config->share;
    evaluate_options.replicates = config->train.replicates;
    evaluate_options.bounds = options.bounds;
    const auto evaluation = [&] {
        const Interrupt interrupt;
        Progress progress("evaluating " + config->preset);
        evaluate_options.context = context;
        evaluate_options.context.stop = interrupt.token();
        evaluate_options.context.progress = progress.callback();
        return evaluate(*dataset, *config, evaluate_options);
    }();
    if (!evaluation) {
        const bool stopped = evaluation.error().code() == ErrorCode::kCancelled;
        return stopped ? fail(ErrorCode::kCancelled, "stopped before a replicate was finished")
                       : Failure(evaluation.error());
    }
    options.json ? print_json(evaluation::to_json(*evaluation, *config)) : print_as_text(*evaluation, *config);
    note_parts(*dataset);
    if (!evaluation->complete) {
        return fail(ErrorCode::kCancelled, fmt::format("stopped; the figures are of {}",
                                                       format_count(evaluation->replicates, "finished replicate")));
    }
    return {};
}

Action add(CLI::App& app) {
    auto options = std::make_shared<Options>();
    options->dataset.add_to(app);
    app.add_option(
           "--share", options->share,
           "Share of the combinations (platform, module, co-runners) to train on; the others test. Default: 0.9, or "
           "0.1 with --hold-out pairs")
        ->type_name("X");
    app.add_flag("--bounds", options->bounds,
                 "Set the calibration share of the other combinations aside and test upper bounds too");
    options->hold_out.add_to(app);
    app.add_flag("--json", options->json, "Print JSON: all percentiles, every replicate, the configuration");
    options->config.add_to(app, true);
    options->run.add_to(app);
    app.footer(
        "Tested is what 'pitot fit' would make of the training share, on combinations that it has not seen: with all\n"
        "runs of a combination on one side (--set split=rows, as published, splits single runs).\n"
        "Errors are relative: prediction / runtime - 1. MAPE is their mean size over a replicate's test combinations, "
        "then\n"
        "mean and standard deviation over replicates; percentiles are of the signed errors of single runs, of all "
        "replicates.\n"
        "With --hold-out, a fifth of the platforms (or modules, or devices) is held out a replicate and --share of the "
        "other\n"
        "rows' combinations train. Errors are of the held-out rows: from features alone (0 cells), then with some of "
        "their "
        "cells,\n"
        "drawn at random or, with --choose advised, one by one the most telling, learned from too: folded in as "
        "'pitot\n"
        "observe' does where the family can. A device is all platforms named RUNTIME.DEVICE or RUNTIME:DEVICE.\n"
        "With pairs, a share of all combinations trains, and the cells are of the whole fleet. Every way and number "
        "of\n"
        "cells is tested on the same rows: those of which none of them learned. With\n"
        "--bounds, the bounds of these rows are tested: after cells were folded in, those that 'pitot observe' makes,\n"
        "whose rows set aside are answered anew; else those of a new fit.\n"
        "Ctrl-C prints what finished replicates gave.\n"
        "\n"
        "Examples:\n"
        "  pitot evaluate data/fleet.npz --preset embedding/128 --share 0.5 --replicates 1 --folds 2 --checkpoints 10\n"
        "  pitot evaluate examples/fleet.csv --share 0.7 --replicates 5 --bounds\n"
        "  pitot evaluate examples/fleet.csv examples/beside.csv --replicates 1 --json > result.json\n"
        "  pitot evaluate examples/fleet.csv --preset baseline/linear_scaling\n"
        "  pitot evaluate examples/fleet.csv --preset linear/64 --checkpoints 10 --replicates 2 --backend auto\n"
        "  pitot evaluate examples/fleet.csv --hold-out devices --cells 1,3,6 --replicates 2\n"
        "  pitot evaluate examples/fleet.csv --hold-out platforms --cells 1,3 --choose both --replicates 2 --plot "
        "new-platforms.png\n"
        "  pitot evaluate examples/fleet.csv --hold-out pairs --share 0.5 --cells 0,20 --choose both --refit "
        "--replicates 2\n"
        "  pitot evaluate examples/fleet.csv --module-features examples/opcodes.csv --hold-out modules --cells 0 "
        "--bounds --replicates 2");
    return [options] { return run(*options); };
}

}  // namespace
}  // namespace evaluate_command

Verb evaluate_verb() {
    return {"evaluate", "Measure how well a configuration predicts a dataset", evaluate_command::add};
}

}  // namespace pitot::cli
