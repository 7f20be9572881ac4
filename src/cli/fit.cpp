// pitot fit: a dataset becomes a model file.
#include "pitot/fit.hpp"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <chrono>
#include <cmath>
#include <filesystem>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <system_error>
#include <vector>

#include "cli/default_config.hpp"
#include "cli/interrupt.hpp"
#include "cli/options.hpp"
#include "cli/output.hpp"
#include "cli/output_file.hpp"
#include "cli/prediction_output.hpp"
#include "cli/progress.hpp"
#include "cli/verbs.hpp"
#include "core/atomic_file.hpp"
#include "dataset/split.hpp"
#include "predict/parts.hpp"

namespace pitot::cli {
namespace fit_command {
namespace {

struct Options {
    DatasetOptions dataset;
    ConfigOptions config;
    RunFlags run;
    std::string output;
    OutputFlags output_flags;
    bool json = false;
};

// The calibration share that would set the least number of combinations aside, in whole hundredths; nothing if none
// leaves half of them to train.
std::optional<double> share_that_suffices(std::int64_t combinations) {
    const double share = std::ceil(100.0 * static_cast<double>(dataset::kLeastCalibration) /
                                   static_cast<double>(std::max<std::int64_t>(combinations, 1))) /
                         100.0;
    return share <= 0.5 ? std::optional(share) : std::nullopt;
}

// Which bounds predictions will lack.
void note_bounds(const Dataset& dataset, const Predictor& predictor) {
    for (const bool together : {false, true}) {
        const std::int64_t rows = together ? dataset.rows_beside_others() : dataset.pools[kAlone].rows;
        if (rows == 0 || predictor.check_bound(together ? 1 : 0, 0.9)) {
            continue;
        }
        const char* which = together ? "with co-runners" : "alone";
        const std::int64_t combinations =
            together ? *predictor.parts().measured_beside_others() : predictor.measured_pairs();
        auto share = share_that_suffices(combinations);
        if (share && *share <= predictor.config().calibration_share) {
            share.reset();  // what is missing is not the share but combinations that training can spare
        }
        note(fmt::format(
            "no bounds {}: one of 90 % needs {} combinations set aside, and a calibration share of {:g} "
            "of {} does not give as many that training can spare; {}",
            which, dataset::kLeastCalibration, predictor.config().calibration_share, format_count(combinations),
            share ? fmt::format("try --calibration-share {:g}", *share) : "measure more"));
    }
}

// Where the scale of a part of the fleet is unknown.
void note_parts(const Predictor& predictor) {
    const std::int32_t parts = predictor.parts_apart();
    if (parts < 2) {
        return;
    }
    std::vector<std::string> first(static_cast<std::size_t>(parts));
    for (std::int32_t i = 0; i < predictor.platforms().size(); ++i) {
        if (const std::int32_t part = predictor.platform_part(i); part >= 0) {
            std::string& name = first[static_cast<std::size_t>(part)];
            name = name.empty() ? predictor.platforms().names[static_cast<std::size_t>(i)] : name;
        }
    }
    note(fmt::format(
        "the fleet falls into {} parts without a common platform or module, such as those of '{}' and '{}': "
        "their scales cannot be compared, and predictions across parts have no bound; measure a module "
        "of one on a platform of the other",
        parts, printable(first[0]), printable(first[1])));
}

// Whether bounds alone or beside others rest on combinations learned from, each left out in turn.
bool rests_on_learned(const Predictor& predictor, int co_runners) {
    const calibrate::Calibration& calibration = predictor.parts().calibration;
    const std::size_t pool = calibrate::pool_beside(co_runners, calibration.pools());
    return calibration.pool(static_cast<std::int32_t>(pool)).source == calibrate::ScoreSource::kLeaveOneOut;
}

void print_calibration(const Predictor& predictor) {
    std::int64_t aside = 0;
    std::int64_t learned = 0;
    std::string of;
    for (const int co_runners : {0, 1}) {
        const std::int64_t rows = predictor.calibration_rows(co_runners);
        const bool left_out = rows > 0 && rests_on_learned(predictor, co_runners);
        (left_out ? learned : aside) += rows;
        of = !left_out ? of : co_runners == 0 ? " alone" : " beside others";
    }
    if (learned == 0 || aside > 0) {
        fmt::print("set {} aside to calibrate bounds\n", format_count(aside, "combination"));
    }
    if (learned > 0) {
        fmt::print("bounds{} rest on {} learned from, each predicted without itself\n", aside > 0 ? of : "",
                   format_count(learned, "combination"));
    }
}

void print_summary(const Options& options, const Dataset& dataset, const Predictor& predictor, double seconds) {
    std::error_code ignored;
    const auto size = std::filesystem::file_size(options.output, ignored);
    const auto bytes = ignored ? 0 : size;  // a FIFO keeps none
    if (options.json) {
        print_json({{"model", options.output},
                    {"preset", predictor.config().preset},
                    {"bytes", bytes},
                    {"platforms", dataset.platforms.size()},
                    {"modules", dataset.modules.size()},
                    {"rows_alone", dataset.pools[kAlone].rows},
                    {"rows_together", dataset.rows_beside_others()},
                    {"calibration_rows_alone", predictor.calibration_rows(0)},
                    {"calibration_rows_together", predictor.calibration_rows(1)},
                    {"dataset_digest", predictor.dataset_digest()},
                    {"seconds", seconds}});
        return;
    }
    const std::int64_t rows = dataset.observations.size();
    const std::int64_t folds = predictor.parts().model->describe().folds;
    fmt::print("fitted {} on {}, {} and {}{} in {}\n", printable(predictor.config().preset),
               format_count(dataset.platforms.size(), "platform"), format_count(dataset.modules.size(), "module"),
               format_count(rows, "observation"), folds > 0 ? fmt::format(" ({})", format_count(folds, "fold")) : "",
               format_duration({seconds * 1e6}));
    print_calibration(predictor);
    fmt::print("wrote {} ({})\n", printable(options.output), format_bytes(bytes));
}

Result<void> run(const Options& options) {
    Paths inputs = options.dataset.inputs();
    if (!options.config.config_file.empty()) {
        inputs.push_back(options.config.config_file);
    }
    // Before minutes of training.
    auto ok = options.output_flags.check(options.output, OutputKind::kModel, inputs).and_then([&] {
        return core::check_writable(options.output);
    });
    if (!ok) {
        return ok;
    }
    PITOT_TRY(auto context, options.run.to_context());
    PITOT_TRY(const auto dataset, options.dataset.read());
    PITOT_TRY(const auto config, resolve_config(options.config, dataset));
    const auto started = std::chrono::steady_clock::now();
    const auto predictor = [&] {
        const Interrupt interrupt;
        Progress progress("fitting " + config.preset);
        context.stop = interrupt.token();
        context.progress = progress.callback();
        return fit(dataset, config, context);
    }();
    const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - started).count();
    if (!predictor) {
        const bool stopped = predictor.error().code() == ErrorCode::kCancelled;
        return stopped ? fail(ErrorCode::kCancelled, "stopped; nothing was written") : Failure(predictor.error());
    }
    if (auto saved = predictor->save(options.output); !saved) {
        return saved;
    }
    print_summary(options, dataset, *predictor, seconds);
    note_bounds(dataset, *predictor);
    note_parts(*predictor);
    note_disagreement(*predictor, all_rows(predictor->platforms()), all_rows(predictor->modules()));
    return {};
}

Action add(CLI::App& app) {
    auto options = std::make_shared<Options>();
    options->dataset.add_to(app);
    app.add_option("-o,--output", options->output, "Model file to write, by custom NAME.pitot")
        ->required()
        ->type_name("FILE");
    options->output_flags.add_to(app);
    app.add_flag("--json", options->json, "Print the summary as JSON");
    options->config.add_to(app, false);
    options->run.add_to(app);
    app.footer(
        "Without --preset: kernel, on all rows, those with co-runners too. A fleet too large for it gets "
        "embedding/128, or\n"
        "interference/2 if some rows have co-runners; a line says so.\n"
        "Training takes every combination of platform, module and co-runners, with all its runs, but the calibration\n"
        "share, which upper bounds are calibrated on. Nothing is set aside where too little would be for a 90 % "
        "bound,\n"
        "and never what alone connects a platform or a module with the rest.\n"
        "\n"
        "Examples:\n"
        "  pitot fit examples/fleet.csv -o fleet.pitot\n"
        "  pitot fit examples/fleet.csv --module-features examples/opcodes.csv --platform-features "
        "examples/devices.csv -o features.pitot\n"
        "  pitot fit examples/fleet.csv examples/beside.csv --module-features examples/opcodes.csv --platform-features "
        "examples/devices.csv -o busy.pitot\n"
        "  pitot fit examples/fleet.csv --preset linear/64 --folds 5 --checkpoints 20 -o quick.pitot\n"
        "  pitot fit examples/fleet.csv --preset linear/64 --checkpoints 20 --backend auto -o somewhere.pitot\n"
        "  pitot fit data/fleet.npz --preset interference/2 --set train.objectives.together.rows=0 --folds 2 "
        "--checkpoints 10 -o network.pitot");
    return [options] { return run(*options); };
}

}  // namespace
}  // namespace fit_command

Verb fit_verb() { return {"fit", "Fit a model on a dataset and write it to a file", fit_command::add}; }

}  // namespace pitot::cli
