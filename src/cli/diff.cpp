// pitot diff: what changed from one model to another, and which is better.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "cli/options.hpp"
#include "cli/output.hpp"
#include "cli/verbs.hpp"
#include "pitot/difference.hpp"
#include "pitot/predictor.hpp"

namespace pitot::cli {
namespace diff_command {
namespace {

using Json = nlohmann::ordered_json;

struct Options {
    std::string first;
    std::string second;
    std::vector<std::string> data;
    DatasetOptions dataset;
    double confidence = 0.9;
    std::int64_t most = 5;
    bool json = false;

    // Of each kind; half of all there can be, so that twice as many are no more than a number holds.
    [[nodiscard]] std::int64_t shown() const { return most == 0 ? INT64_MAX / 2 : most; }
};

void print_side_change(const SideChange& change, const char* kind) {
    constexpr std::size_t most = 8;
    fmt::print("{} in both", format_count(change.common, kind));
    if (!change.only_first.empty()) {
        fmt::print("; gone: {}", some_of(change.only_first, most));
    }
    if (!change.only_second.empty()) {
        fmt::print("; new: {}", some_of(change.only_second, most));
    }
    fmt::print("\n");
}

void print_shifts(const std::vector<PredictionShift>& shifts, const char* title, std::int64_t most) {
    Table table({{title}, {"SECOND / FIRST", Align::kRight}, {"TYPICAL CHANGE", Align::kRight}});
    for (const PredictionShift& shift : shifts) {
        if (std::ssize(shifts) <= most || &shift - shifts.data() < most) {
            table.add({shift.name, fmt::format("× {:#.3g}", shift.factor), format_percent(shift.size, 1)});
        }
    }
    fmt::print("{}\n", table.to_string());
}

void print_difference(const ModelDifference& told, const Options& options) {
    fmt::print("fitted on {} data\n", told.same_dataset ? "equal" : "different");
    print_side_change(told.platforms, "platform");
    print_side_change(told.modules, "module");
    fmt::print("pairs alone learned from: {} and {}, {} of them in both\n", format_count(told.learned_first),
               format_count(told.learned_second), format_count(told.learned_both));
    if (told.configuration.empty()) {
        fmt::print("configuration: the same\n");
    } else {
        Table table({{"CONFIGURATION"}, {"FIRST"}, {"SECOND"}});
        for (const FieldChange& change : told.configuration) {
            table.add({change.field, change.first, change.second});
        }
        fmt::print("\n{}", table.to_string());
    }
    fmt::print(
        "\npredictions of {} alone: second / first is {:.4g} in the middle; half differ by more than {}, a tenth "
        "by more than {}\n",
        format_count(told.all.pairs, "pair"), told.all.factor, format_percent(told.all.size, 1),
        format_percent(told.size_90, 1));
    if (told.bounded > 0) {
        fmt::print("{} bounds: second / first is {:.4g} in the middle\n", format_confidence(options.confidence),
                   told.bound_factor);
    }
    fmt::print("\n");
    if (told.all.size == 0.0 && told.size_90 == 0.0) {
        return;
    }
    print_shifts(told.by_platform, "PLATFORM", options.shown());
    print_shifts(told.by_module, "MODULE", options.shown());
    Table table(
        {{"PLATFORM", Align::kName}, {"MODULE", Align::kName}, {"FIRST", Align::kRight}, {"SECOND", Align::kRight}});
    for (const PairShift& pair : told.largest) {
        table.add({pair.platform, pair.module, format_duration({pair.first_us}), format_duration({pair.second_us})});
    }
    fmt::print("{}", table.to_string());
}

const char* verdict(const ModelJudgement& told) {
    return told.better == 1 ? "the first is better" : told.better == 2 ? "the second is better" : "neither is better";
}

void print_judgement(const ModelJudgement& told, const Options& options) {
    fmt::print("\non {} that neither learned from: {}\n\n", format_count(told.all.combinations, "combination"),
               verdict(told));
    Table table({{""},
                 {"COMBINATIONS", Align::kRight},
                 {"FIRST ERROR", Align::kRight},
                 {"SECOND ERROR", Align::kRight},
                 {"CHANGE", Align::kRight}});
    const auto add_group = [&](const JudgedGroup& group, const std::string& name) {
        table.add({name, format_count(group.combinations), format_percent(group.first_error),
                   format_percent(group.second_error),
                   fmt::format("{:+.2f} %", 100.0 * (group.second_error - group.first_error))});
    };
    add_group(told.all, "all");
    const auto count = static_cast<std::int64_t>(told.by_platform.size());
    for (std::int64_t n = 0; n < count; ++n) {
        // Those that gain most and those that lose most.
        if (count <= 2 * options.shown() || n < options.shown() || n >= count - options.shown()) {
            add_group(told.by_platform[static_cast<std::size_t>(n)],
                      told.by_platform[static_cast<std::size_t>(n)].name);
        }
    }
    fmt::print("{}\n", table.to_string());
    if (std::isfinite(told.low)) {
        fmt::print("change of the error: {:+.2f} to {:+.2f} % (95 % interval), p = {:.2g}\n", 100.0 * told.low,
                   100.0 * told.high, told.p);
    }
    if (told.bounded > 0) {
        fmt::print("{} bounds hold for {} and {} of {}, {} and {} above predictions on average\n",
                   format_confidence(options.confidence), format_percent(told.first_coverage, 1),
                   format_percent(told.second_coverage, 1), format_count(told.bounded, "combination"),
                   format_percent(told.first_margin, 1), format_percent(told.second_margin, 1));
    }
}

Json shift_json(const PredictionShift& shift) {
    return {{"name", shift.name}, {"pairs", shift.pairs}, {"factor", shift.factor}, {"typical_change", shift.size}};
}

Json side_json(const SideChange& change) {
    return {{"common", change.common}, {"only_first", change.only_first}, {"only_second", change.only_second}};
}

Json group_json(const JudgedGroup& group) {
    return {{"name", group.name},
            {"combinations", group.combinations},
            {"first_error", group.first_error},
            {"second_error", group.second_error}};
}

Json judgement_json(const ModelJudgement& told) {
    Json json{{"better", told.better == 1   ? Json("first")
                         : told.better == 2 ? Json("second")
                                            : Json()},
              {"combinations", told.all.combinations},
              {"first_error", told.all.first_error},
              {"second_error", told.all.second_error},
              {"change_low", told.low},
              {"change_high", told.high},
              {"p", told.p},
              {"bounded", told.bounded},
              {"first_coverage", told.first_coverage},
              {"second_coverage", told.second_coverage},
              {"first_margin", told.first_margin},
              {"second_margin", told.second_margin},
              {"left_out_learned", told.learned},
              {"left_out_unknown", told.unknown}};
    json["platforms"] = Json::array();
    for (const JudgedGroup& group : told.by_platform) {
        json["platforms"].push_back(group_json(group));
    }
    return json;
}

void print_as_json(const ModelDifference& told, const std::optional<ModelJudgement>& judged) {
    Json json{{"same_dataset", told.same_dataset},
              {"platforms", side_json(told.platforms)},
              {"modules", side_json(told.modules)},
              {"pairs_learned_first", told.learned_first},
              {"pairs_learned_second", told.learned_second},
              {"pairs_learned_both", told.learned_both},
              {"predictions", shift_json(told.all)},
              {"change_90", told.size_90},
              {"bounded", told.bounded},
              {"bound_factor", told.bound_factor}};
    json["predictions"].erase("name");
    json["configuration"] = Json::array();
    for (const FieldChange& change : told.configuration) {
        json["configuration"].push_back({{"field", change.field}, {"first", change.first}, {"second", change.second}});
    }
    const auto list = [&](const char* name, const std::vector<PredictionShift>& shifts) {
        json[name] = Json::array();
        for (const PredictionShift& shift : shifts) {
            json[name].push_back(shift_json(shift));
        }
    };
    list("by_platform", told.by_platform);
    list("by_module", told.by_module);
    json["largest"] = Json::array();
    for (const PairShift& pair : told.largest) {
        json["largest"].push_back({{"platform", pair.platform},
                                   {"module", pair.module},
                                   {"first_us", pair.first_us},
                                   {"second_us", pair.second_us}});
    }
    json["judgement"] = judged ? judgement_json(*judged) : Json();
    print_json(json);
}

Result<std::optional<ModelJudgement>> judge_if_asked(const Predictor& first, const Predictor& second,
                                                     const Options& options) {
    if (options.data.empty()) {
        return std::optional<ModelJudgement>();
    }
    PITOT_TRY(const auto runs, options.dataset.read_files(options.data));
    return judge(first, second, runs, options.confidence).map([](ModelJudgement&& told) {
        return std::optional(std::move(told));
    });
}

Result<void> run(const Options& options) {
    PITOT_TRY(const auto first, Predictor::load(options.first));
    PITOT_TRY(const auto second, Predictor::load(options.second));
    PITOT_TRY(const auto told, difference(first, second, options.confidence, options.shown()));
    PITOT_TRY(const auto judged, judge_if_asked(first, second, options));
    if (options.json) {
        print_as_json(told, judged);
    } else {
        print_difference(told, options);
        if (judged) {
            print_judgement(*judged, options);
        }
    }
    if (judged && judged->learned + judged->unknown > 0) {
        note(
            fmt::format("not judged by: {} that a model learned from or calibrated with, {} with a name that a model "
                        "lacks",
                        format_count(judged->learned, "combination"), format_count(judged->unknown)));
    }
    return {};
}

Action add(CLI::App& app) {
    auto options = std::make_shared<Options>();
    app.add_option("first", options->first, "Model file")->required()->type_name("MODEL_A");
    app.add_option("second", options->second, "Model file")->required()->type_name("MODEL_B");
    app.add_option("data", options->data, "Runs to judge both by, as far as neither learned from them")
        ->type_name("DATA");
    options->dataset.add_reading_to(app);
    app.add_option("--confidence", options->confidence, "Confidence of bounds. Default: 0.9")->type_name("X");
    whole(app.add_option("--limit", options->most,
                         "Platforms, modules and pairs to show of each kind; 0 = all. Default: 5"),
          0, 1'000'000)
        ->type_name("N");
    app.add_flag("--json", options->json, "Print JSON");
    app.footer(
        "Tells what changed from MODEL_A to MODEL_B: configuration, platforms and modules (matched by name), pairs\n"
        "learned from, and how far predictions differ and where. With DATA, also which predicts better: mean errors\n"
        "on combinations that neither learned from nor calibrated with, and a paired test that allows for\n"
        "combinations of one platform or one module having errors in common.\n"
        "\n"
        "Examples:\n"
        "  pitot diff fleet.pitot learned.pitot\n"
        "  pitot diff fleet.pitot quick.pitot examples/today.csv --limit 0 --json");
    return [options] { return run(*options); };
}

}  // namespace
}  // namespace diff_command

Verb diff_verb() {
    return {"diff", "Say what changed from one model to another, and which is better", diff_command::add};
}

}  // namespace pitot::cli
