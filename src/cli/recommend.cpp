// pitot recommend: where modules should run.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cmath>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "cli/duration.hpp"
#include "cli/interrupt.hpp"
#include "cli/names.hpp"
#include "cli/options.hpp"
#include "cli/output.hpp"
#include "cli/verbs.hpp"
#include "pitot/predictor.hpp"
#include "place/recommend.hpp"
#include "predict/parts.hpp"

namespace pitot::cli {
namespace recommend_command {
namespace {

using Json = nlohmann::ordered_json;

// Of a table unless --limit says otherwise.
constexpr std::int64_t kTablePlatforms = 20;

struct Options {
    std::string model;
    std::vector<std::string> modules;
    std::vector<std::string> with;
    std::vector<std::string> running;
    std::vector<std::string> among;
    std::string deadline;
    double confidence = 0.9;
    std::int64_t most = 1;
    std::string placement = "optimal";
    std::optional<std::int64_t> limit;
    bool json = false;
};

// --running PLATFORM=A,B; the platform may be a pattern, and its name may have a '='.
Result<std::vector<place::Occupant>> running_of(const Predictor& predictor, const std::vector<std::string>& words) {
    std::vector<place::Occupant> occupants;
    for (const std::string& word : words) {
        std::size_t equals = word.find('=');
        while (equals != std::string::npos && !named_platforms(predictor, std::vector{word.substr(0, equals)}) &&
               word.find('=', equals + 1) != std::string::npos) {
            equals = word.find('=', equals + 1);
        }
        if (equals == std::string::npos || equals == 0 || equals + 1 == word.size()) {
            return fail(ErrorCode::kUsage, fmt::format("--running '{}' is not PLATFORM=MODULES: write what runs where, "
                                                       "as in --running jetson=fft,sort",
                                                       printable(word)));
        }
        PITOT_TRY(const auto platforms, named_platforms(predictor, std::vector{word.substr(0, equals)}));
        PITOT_TRY(const auto modules, listed_modules(predictor, std::vector{word.substr(equals + 1)}));
        for (const std::int32_t platform : platforms) {
            for (const std::int32_t module : modules) {
                occupants.push_back({platform, module});
            }
        }
    }
    return occupants;
}

Result<place::RecommendOptions> wanted_of(const Predictor& predictor, const Options& options) {
    place::RecommendOptions wanted;
    PITOT_TRY(wanted.platforms, named_platforms(predictor, options.among));
    PITOT_TRY(wanted.with, listed_modules(predictor, options.with));
    PITOT_TRY(wanted.running, running_of(predictor, options.running));
    wanted.confidence = options.confidence;
    if (!options.deadline.empty()) {
        PITOT_TRY(const auto deadline, parse_duration(options.deadline, "--deadline"));
        wanted.deadline_us = deadline.value;
    }
    return wanted;
}

const char* word(place::Meets meets) {
    switch (meets) {
        case place::Meets::kYes:
            return "yes";
        case place::Meets::kPointOnly:
            return "point only";
        case place::Meets::kNo:
            return "no";
        case place::Meets::kNotAsked:
            break;
    }
    return "-";
}

double factor(const place::Disturbed& disturbed) { return disturbed.after_us / disturbed.before_us; }

// "fft × 1.2, sort × 1.05": the worst first.
std::string disturbed_text(const Predictor& predictor, const place::Candidate& candidate) {
    std::vector<place::Disturbed> worst = candidate.disturbed;
    std::ranges::stable_sort(worst, [](const auto& a, const auto& b) { return factor(a) > factor(b); });
    std::string text;
    for (const place::Disturbed& other : worst) {
        text += fmt::format("{}{} × {:#.3g}", text.empty() ? "" : ", ", name_of(predictor.modules(), other.module),
                            factor(other));
    }
    return text.empty() ? "-" : text;
}

std::vector<Column> columns_of(const place::RecommendOptions& wanted, bool beside, const char* first) {
    std::vector<Column> columns{{first, Align::kName}};
    columns.push_back({"PREDICTED", Align::kRight});
    columns.push_back({format_confidence(wanted.confidence) + " BOUND", Align::kRight});
    if (wanted.deadline_us) {
        columns.push_back({"MEETS " + format_duration({*wanted.deadline_us})});
    }
    if (beside) {
        columns.push_back({"BESIDE"});
        columns.push_back({"SLOWS DOWN"});
    }
    return columns;
}

std::vector<std::string> cells_of(const Predictor& predictor, const place::RecommendOptions& wanted,
                                  const place::Candidate& candidate, bool beside, const std::string& first) {
    std::vector<std::string> cells{first, format_duration({candidate.runtime_us}),
                                   std::isnan(candidate.bound_us) ? "none" : format_duration({candidate.bound_us})};
    if (wanted.deadline_us) {
        cells.emplace_back(word(candidate.meets));
    }
    if (beside) {
        const std::string there = names_of(predictor.modules(), candidate.beside, ", ");
        cells.push_back(there.empty() ? "-" : there);
        cells.push_back(disturbed_text(predictor, candidate));
    }
    return cells;
}

bool any_beside(const std::vector<place::Candidate>& candidates) {
    return std::ranges::any_of(candidates, [](const place::Candidate& c) { return !c.beside.empty(); });
}

// Why candidates have no bound.
std::string why(NoBound reason, const Predictor& predictor, const std::vector<place::Candidate>& candidates,
                double confidence) {
    if (reason == NoBound::kNeverMeasured) {
        return "the platform, the module or one beside it was never measured";
    }
    if (reason == NoBound::kApart) {
        return "platform and module lie in parts of the fleet that no measurement connects";
    }
    int most = 0;
    for (const place::Candidate& candidate : candidates) {
        most = candidate.missing == reason ? std::max(most, static_cast<int>(candidate.beside.size())) : most;
    }
    const auto bound = predictor.check_bound(most, confidence);
    return bound ? "too few combinations like it were set aside for the confidence" : bound.error().message();
}

// What there is to say of the platforms without a bound: a clause for each reason, with their number if it is not all.
void note_unbounded(const Predictor& predictor, const std::vector<place::Candidate>& candidates,
                    const place::RecommendOptions& wanted, const char* ranked) {
    const auto count =
        std::ranges::count_if(candidates, [](const place::Candidate& c) { return std::isnan(c.bound_us); });
    if (count == 0) {
        return;
    }
    std::vector<std::string> clauses;
    for (const NoBound reason : {NoBound::kNeverMeasured, NoBound::kApart, NoBound::kFewCalibrationRows}) {
        const auto own = std::ranges::count(candidates, reason, &place::Candidate::missing);
        if (own > 0) {
            clauses.push_back((own < count ? fmt::format("of {}, ", format_count(own)) : std::string()) +
                              why(reason, predictor, candidates, wanted.confidence));
        }
    }
    note(fmt::format("{} of {} without a bound, {}: {}", format_count(count), format_count(std::ssize(candidates)),
                     ranked, fmt::join(clauses, "; ")));
}

void note_co_runners(const Predictor& predictor, bool beside) {
    if (beside && !predictor.parts().model->tells_co_runners()) {
        note(
            "this model ignores co-runners: nothing is known of what modules do to each other; fit rows beside others");
    }
}

Json candidate_json(const Predictor& predictor, const place::Candidate& candidate) {
    Json json{{"platform", name_of(predictor.platforms(), candidate.platform)},
              {"runtime_us", candidate.runtime_us},
              {"bound_us", std::isnan(candidate.bound_us) ? Json() : Json(candidate.bound_us)},
              {"basis", to_string(candidate.basis)}};
    json["no_bound"] = candidate.missing == NoBound::kNothing ? Json() : Json(to_string(candidate.missing));
    json["meets_deadline"] = candidate.meets == place::Meets::kYes  ? Json(true)
                             : candidate.meets == place::Meets::kNo ? Json(false)
                                                                    : Json();
    json["beside"] = names_of(predictor.modules(), candidate.beside);
    json["slows_down"] = Json::array();
    for (const place::Disturbed& other : candidate.disturbed) {
        json["slows_down"].push_back({{"module", name_of(predictor.modules(), other.module)},
                                      {"factor", factor(other)},
                                      {"before_us", other.before_us},
                                      {"after_us", other.after_us}});
    }
    return json;
}

Json head_json(const place::RecommendOptions& wanted) {
    Json json{{"confidence", wanted.confidence}};
    json["deadline_us"] = wanted.deadline_us ? Json(*wanted.deadline_us) : Json();
    return json;
}

Result<void> run_one(const Predictor& predictor, const Options& options, const place::RecommendOptions& wanted,
                     std::int32_t module) {
    PITOT_TRY(const auto candidates, place::recommend(predictor, module, wanted));
    const std::int64_t limit = options.limit.value_or(options.json ? 0 : kTablePlatforms);
    const auto shown = limit == 0 ? candidates.size() : std::min(candidates.size(), static_cast<std::size_t>(limit));
    if (options.json) {
        Json json = head_json(wanted);
        json["module"] = name_of(predictor.modules(), module);
        json["platforms_in_all"] = candidates.size();
        json["platforms"] = Json::array();
        for (std::size_t n = 0; n < shown; ++n) {
            json["platforms"].push_back(candidate_json(predictor, candidates[n]));
        }
        print_json(json);
    } else {
        const bool beside = any_beside(candidates);
        if (wanted.deadline_us) {
            const auto meets = std::ranges::count(candidates, place::Meets::kYes, &place::Candidate::meets);
            fmt::print("{} of {} within {} with {} confidence\n\n", format_count(meets),
                       format_count(std::ssize(candidates), "platform"), format_duration({*wanted.deadline_us}),
                       format_confidence(wanted.confidence));
        }
        Table table(columns_of(wanted, beside, "PLATFORM"));
        for (std::size_t n = 0; n < shown; ++n) {
            table.add(cells_of(predictor, wanted, candidates[n], beside,
                               name_of(predictor.platforms(), candidates[n].platform)));
        }
        fmt::print("{}", table.to_string());
    }
    if (shown < candidates.size()) {
        note(fmt::format("the best {} of {}; --limit 0 shows all", format_count(static_cast<std::int64_t>(shown)),
                         format_count(std::ssize(candidates), "platform")));
    }
    note_unbounded(predictor, candidates, wanted, "ranked behind the others by their predictions");
    note_co_runners(predictor, any_beside(candidates));
    return {};
}

void print_batch(const Predictor& predictor, const place::RecommendOptions& wanted,
                 const std::vector<std::int32_t>& modules, const place::BatchPlacement& placement) {
    const bool beside = any_beside(placement.placed);
    std::vector<Column> columns = columns_of(wanted, beside, "PLATFORM");
    columns.insert(columns.begin(), {"MODULE", Align::kName});
    Table table(columns);
    for (std::size_t n = 0; n < modules.size(); ++n) {
        const place::Candidate& candidate = placement.placed[n];
        std::vector<std::string> cells =
            cells_of(predictor, wanted, candidate, beside, name_of(predictor.platforms(), candidate.platform));
        cells.insert(cells.begin(), name_of(predictor.modules(), modules[n]));
        table.add(std::move(cells));
    }
    fmt::print("{}\n", table.to_string());
    if (wanted.deadline_us) {
        const auto meets = std::ranges::count(placement.placed, place::Meets::kYes, &place::Candidate::meets);
        fmt::print("{} of {} within {} with {} confidence\n", format_count(meets),
                   format_count(std::ssize(modules), "module"), format_duration({*wanted.deadline_us}),
                   format_confidence(wanted.confidence));
    }
    fmt::print("on average {:.3g} times as long as each on the best platform for it{}\n",
               placement.cost / static_cast<double>(modules.size()),
               placement.proven ? "; no placement is better" : "");
}

Result<void> run_batch(const Predictor& predictor, const Options& options, const place::RecommendOptions& wanted,
                       const std::vector<std::int32_t>& modules) {
    const std::int64_t platforms =
        wanted.platforms.empty() ? predictor.platforms().size() : std::ssize(wanted.platforms);
    if (std::ssize(modules) > platforms * options.most) {
        return fail(ErrorCode::kUsage,
                    fmt::format("{} do not fit on {} that take {} each: give --most {} or more, or more of --among",
                                format_count(std::ssize(modules), "module"), format_count(platforms, "platform"),
                                options.most, (std::ssize(modules) + platforms - 1) / platforms));
    }
    PITOT_TRY(const auto placement,
              place::place_batch(predictor, modules, wanted, {options.most, options.placement == "optimal"}));
    if (options.json) {
        Json json = head_json(wanted);
        json["times_best"] = placement.cost / static_cast<double>(modules.size());
        json["proven_best"] = placement.proven;
        json["placed"] = Json::array();
        for (std::size_t n = 0; n < modules.size(); ++n) {
            Json placed{{"module", name_of(predictor.modules(), modules[n])}};
            placed.update(candidate_json(predictor, placement.placed[n]));
            json["placed"].push_back(std::move(placed));
        }
        print_json(json);
    } else {
        print_batch(predictor, wanted, modules, placement);
    }
    note_unbounded(predictor, placement.placed, wanted, "placed by their predictions");
    note_co_runners(predictor, any_beside(placement.placed));
    return {};
}

Result<void> run(const Options& options) {
    PITOT_TRY(const auto predictor, Predictor::load(options.model));
    PITOT_TRY(const auto modules, named_jobs(predictor, options.modules));
    PITOT_TRY(auto wanted, wanted_of(predictor, options));
    const Interrupt interrupt;
    wanted.stop = interrupt.token();
    return modules.size() == 1 ? run_one(predictor, options, wanted, modules.front())
                               : run_batch(predictor, options, wanted, modules);
}

Action add(CLI::App& app) {
    auto options = std::make_shared<Options>();
    app.add_option("model", options->model, "Model file that 'pitot fit' wrote")->required()->type_name("MODEL");
    add_repeated(app, "--module", options->modules,
                 "Module to run, or a pattern; several are placed as a batch, a name as often as it is given")
        ->required()
        ->type_name("NAME");
    add_repeated(app, "--with", options->with, "Modules that run on every platform already: --with M2,M3")
        ->type_name("NAMES");
    add_repeated(app, "--running", options->running, "Modules that run on some platforms already; may be repeated")
        ->type_name("PLATFORM=NAMES");
    add_repeated(app, "--among", options->among, "Platform to choose from, or a pattern; may be repeated. Default: all")
        ->type_name("NAME");
    app.add_option("--deadline", options->deadline, "Time that a run must not exceed, with its unit: 50ms")
        ->type_name("TIME");
    app.add_option("--confidence", options->confidence, "Confidence of bounds. Default: 0.9")->type_name("X");
    whole(app.add_option("--most", options->most, "Modules of a batch that a platform takes. Default: 1"), 1, 1'000'000)
        ->type_name("N");
    app.add_option("--placement", options->placement, "How a batch is placed: optimal or greedy. Default: optimal")
        ->check(CLI::IsMember({"optimal", "greedy"}))
        ->type_name("HOW");
    whole(app.add_option("--limit", options->limit, "Platforms to show; 0 = all. Default: 20 of a table, else all"), 0,
          INT64_MAX)
        ->type_name("N");
    app.add_flag("--json", options->json, "Print JSON");
    app.footer(
        "Platforms for a module, the lowest bound first, then those without a bound by their predictions. MEETS says\n"
        "whether the bound is within the deadline ('point only': the prediction is, and there is no bound). SLOWS\n"
        "DOWN names those that run there already and how many times longer each is predicted to take beside the\n"
        "newcomer. A bound holds with its confidence for a platform named beforehand; for the best of many, somewhat\n"
        "less often.\n"
        "\n"
        "Several modules are placed at once, so that as many as can be meet the deadline, as few as can be lack a\n"
        "bound, and each takes, added up over modules, the fewest times as long as on the best platform for it.\n"
        "'optimal' is proven to be so where a platform takes one module, or the model knows no co-runners and bounds\n"
        "beside others are those alone; else single moves and swaps that help follow. 'greedy' places the longest\n"
        "first.\n"
        "\n"
        "Examples:\n"
        "  pitot recommend fleet.pitot --module fft --deadline 50ms\n"
        "  pitot recommend fleet.pitot --module fft --among 'jit.*' --confidence 0.8\n"
        "  pitot recommend busy.pitot --module fft --with sort --running jit.desk=png,json\n"
        "  pitot recommend fleet.pitot --module fft --module sort --module png --json");
    return [options] { return run(*options); };
}

}  // namespace
}  // namespace recommend_command

Verb recommend_verb() {
    return {"recommend", "Say where modules should run, and whether a deadline holds", recommend_command::add};
}

}  // namespace pitot::cli
