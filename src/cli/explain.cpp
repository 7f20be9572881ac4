// pitot explain: where the prediction for a pair comes from.
#include "pitot/explain.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cmath>
#include <limits>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "cli/options.hpp"
#include "cli/output.hpp"
#include "cli/verbs.hpp"
#include "pitot/predictor.hpp"
#include "pitot/units.hpp"
#include "predict/told_json.hpp"

namespace pitot::cli {
namespace explain_command {
namespace {

struct Options {
    std::string model;
    std::string platform;
    std::string module;
    std::int64_t most = 10;
    bool json = false;
};

double time_of(double log) { return to_time(LogRuntime{log}).value; }

// Of the parts of a deviation, what each is.
std::string words_for(const std::string& part) {
    return part == "noise"      ? "noise of a single run"
           : part == "platform" ? "the platform is not known well: more runs on it would tell"
           : part == "module"   ? "the module is not known well: more runs of it would tell"
                                : "what this pair alone has: runs of the pair itself would tell";
}

std::vector<std::string> co_runners_of(const Predictor& predictor, const PairExplanation::Near& near) {
    std::vector<std::string> names;
    for (const std::int32_t k : near.co_runners) {
        names.push_back(predictor.modules().names[static_cast<std::size_t>(k)]);
    }
    return names;
}

void print_terms(const PairExplanation& told) {
    Table table({{"TERM"},
                 {fmt::format("OF ln(t / {})", format_duration({time_of(0.0)})), Align::kRight},
                 {"", Align::kRight}});
    for (const PairExplanation::Term& term : told.terms) {
        table.add({term.name, fmt::format("{:+.3f}", term.value),
                   term.name == "constant" ? format_duration({time_of(term.value)})
                                           : fmt::format("× {:.3g}", std::exp(term.value))});
    }
    table.add({"sum", fmt::format("{:+.3f}", told.answer), format_duration({time_of(told.answer)})});
    fmt::print("{}\n", table.to_string());
}

void print_deviation(const PairExplanation& told) {
    Table table({{"WHAT LIMITS IT"}, {"VARIANCE", Align::kRight}});
    for (const PairExplanation::Part& part : told.parts) {
        table.add(
            {words_for(part.name), fmt::format("{:.0f} %", 100.0 * part.variance / (told.deviation * told.deviation))});
    }
    fmt::print("a new run's standard deviation: {}\n{}\n", format_percent(std::expm1(told.deviation), 1),
               table.to_string());
}

void print_near(const Predictor& predictor, const PairExplanation& told) {
    const bool beside =
        std::ranges::any_of(told.near, [](const PairExplanation::Near& near) { return !near.co_runners.empty(); });
    std::vector<Column> columns{{"PLATFORM", Align::kName}, {"MODULE", Align::kName}};
    if (beside) {
        columns.push_back({"WITH", Align::kName});
    }
    for (const char* const name : {"RUNS", "MEASURED", "WEIGHT"}) {
        columns.push_back({name, Align::kRight});
    }
    Table table(columns);
    for (const PairExplanation::Near& near : told.near) {
        std::vector<std::string> cells{predictor.platforms().names[static_cast<std::size_t>(near.platform)],
                                       predictor.modules().names[static_cast<std::size_t>(near.module)]};
        if (beside) {
            cells.push_back(fmt::format("{}", fmt::join(co_runners_of(predictor, near), ", ")));
        }
        cells.insert(cells.end(), {format_count(near.runs), format_duration({time_of(near.mean)}),
                                   fmt::format("{:+.3f}", near.weight)});
        table.add(cells);
    }
    fmt::print("measured {} that weigh most, of the nearest {} of {}, which alone give {}\n{}",
               beside ? "combinations" : "pairs", format_count(told.weighed), format_count(told.learned_from),
               format_duration({time_of(told.near_answer)}), table.to_string());
}

Result<void> run(const Options& options) {
    PITOT_TRY(const auto predictor, Predictor::load(options.model));
    PITOT_TRY(const auto platform, predictor.find_platform(options.platform));
    PITOT_TRY(const auto module, predictor.find_module(options.module));
    PITOT_TRY(const auto told, predictor.explain(platform, module, options.most));
    PITOT_TRY(const auto answer, predictor.predict_pair(platform, module, 0.9));
    if (options.json) {
        print_json(predict::to_json(predictor, platform, module, told, answer.bound_us));
        return {};
    }
    fmt::print("{} on {}: {}{}\n\n", printable(options.module), printable(options.platform),
               format_duration({answer.runtime_us}),
               std::isnan(answer.bound_us) ? ", no bound"
                                           : fmt::format(", 90 % bound {}", format_duration({answer.bound_us})));
    print_terms(told);
    print_deviation(told);
    print_near(predictor, told);
    return {};
}

Action add(CLI::App& app) {
    auto options = std::make_shared<Options>();
    app.add_option("model", options->model, "Model file that 'pitot fit' or 'pitot observe' wrote")
        ->required()
        ->type_name("MODEL");
    app.add_option("--platform", options->platform, "Platform")->required()->type_name("NAME");
    app.add_option("--module", options->module, "Module")->required()->type_name("NAME");
    whole(app.add_option("--nearest", options->most, "Measured pairs to name. Default: 10"), 0, 100'000)
        ->type_name("N");
    app.add_flag("--json", options->json, "Print JSON");
    app.footer(
        "The answer is a sum of terms of ln t: a constant, effects of platform and module, and products of both.\n"
        "It is also a weighted sum of what was measured: WEIGHT is what the pair's measured ln t, less the constant,\n"
        "counts in it; weights may be negative and sum up to anything.\n"
        "The deviation has parts: the noise of a run; what measuring everything else on the platform, or of the\n"
        "module, would take away; and what is left, which runs of this very pair alone can tell.\n"
        "\n"
        "Examples:\n"
        "  pitot explain fleet.pitot --platform jit.board --module matmul\n"
        "  pitot explain fleet.pitot --platform jit.board --module matmul --nearest 50 --json");
    return [options] { return run(*options); };
}

}  // namespace
}  // namespace explain_command

Verb explain_verb() { return {"explain", "Say where the prediction for a pair comes from", explain_command::add}; }

}  // namespace pitot::cli
