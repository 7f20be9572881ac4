// pitot advise: what to measure next.
#include "pitot/advise.hpp"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "cli/interrupt.hpp"
#include "cli/options.hpp"
#include "cli/output.hpp"
#include "cli/verbs.hpp"
#include "pitot/predictor.hpp"
#include "predict/told_json.hpp"

namespace pitot::cli {
namespace advise_command {
namespace {

struct Options {
    std::string model;
    std::vector<std::string> platforms;
    std::vector<std::string> modules;
    std::int64_t budget = 10;
    std::string cost = "runs";
    int threads = 0;
    bool json = false;
};

const std::string& platform_name(const Predictor& predictor, const AdvisedPair& pair) {
    return predictor.platforms().names[static_cast<std::size_t>(pair.platform)];
}

const std::string& module_name(const Predictor& predictor, const AdvisedPair& pair) {
    return predictor.modules().names[static_cast<std::size_t>(pair.module)];
}

void print_as_text(const Predictor& predictor, const Advice& advice) {
    fmt::print("{} the model did not learn from: expected off by {} on average, 90 % bounds {} above predictions\n\n",
               format_count(advice.targets, "pair"), format_percent(advice.error), format_percent(advice.bound));
    Table table({{"", Align::kRight},
                 {"PLATFORM", Align::kName},
                 {"MODULE", Align::kName},
                 {"PREDICTED", Align::kRight},
                 {"ERROR AFTER", Align::kRight},
                 {"BOUND AFTER", Align::kRight}});
    std::int64_t number = 0;
    double seconds = 0.0;
    for (const AdvisedPair& pair : advice.pairs) {
        seconds += pair.runtime_us * 1e-6;
        table.add({format_count(++number), platform_name(predictor, pair), module_name(predictor, pair),
                   format_duration({pair.runtime_us}), format_percent(pair.error), format_percent(pair.bound)});
    }
    fmt::print("{}\none run of each takes {}\n", table.to_string(), format_duration({seconds * 1e6}));
}

Result<void> run(const Options& options) {
    PITOT_TRY(const auto predictor, Predictor::load(options.model));
    AdviseOptions wanted;
    PITOT_TRY(wanted.platforms, predictor.find_platforms(options.platforms));
    PITOT_TRY(wanted.modules, predictor.find_modules(options.modules));
    wanted.budget = options.budget;
    wanted.by_seconds = options.cost == "seconds";
    wanted.context.threads = options.threads;
    const auto advice = [&] {
        const Interrupt interrupt;
        wanted.context.stop = interrupt.token();
        return predictor.advise(wanted);
    }();
    if (!advice) {
        return Failure(advice.error());
    }
    options.json ? print_json(predict::to_json(predictor, *advice, wanted.by_seconds))
                 : print_as_text(predictor, *advice);
    return {};
}

Action add(CLI::App& app) {
    auto options = std::make_shared<Options>();
    app.add_option("model", options->model, "Model file that 'pitot fit' or 'pitot observe' wrote")
        ->required()
        ->type_name("MODEL");
    whole(app.add_option("--budget", options->budget, "Pairs to name. Default: 10"), 1, 1'000'000)->type_name("N");
    add_repeated(app, "--platform", options->platforms, "Platform to know better; may be repeated. Default: all")
        ->type_name("NAME");
    add_repeated(app, "--module", options->modules, "Module to know better; may be repeated. Default: all")
        ->type_name("NAME");
    app.add_option("--cost", options->cost,
                   "What a run costs: runs (all the same) or seconds (its predicted runtime). Default: runs")
        ->check(CLI::IsMember({"runs", "seconds"}))
        ->type_name("UNIT");
    app.add_flag("--json", options->json, "Print JSON");
    whole(app.add_option("--threads", options->threads, "Threads; 0 = all there are"), 0, 4096)->type_name("N");
    app.footer(
        "Names pairs (platform, module) whose runs would tell most of those never learned from, one by one, each "
        "given\n"
        "those before it: the one that lowers the sum of their variances most, for its cost. ERROR AFTER and BOUND\n"
        "AFTER are what is expected once it and those before it were measured: the mean relative error of the pairs "
        "not\n"
        "learned from, and how far a 90 % bound lies above the prediction; measured pairs count as known.\n"
        "'pitot evaluate --hold-out platforms --choose advised' measures what following the advice brings.\n"
        "\n"
        "Examples:\n"
        "  pitot advise fleet.pitot\n"
        "  pitot advise learned.pitot --platform jit.phone2 --budget 5\n"
        "  pitot advise fleet.pitot --module fft --cost seconds --json");
    return [options] { return run(*options); };
}

}  // namespace
}  // namespace advise_command

Verb advise_verb() { return {"advise", "Say which pairs to measure next", advise_command::add}; }

}  // namespace pitot::cli
