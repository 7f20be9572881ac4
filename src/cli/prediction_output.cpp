#include "cli/prediction_output.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>
#include <nlohmann/json.hpp>
#include <numeric>
#include <optional>
#include <span>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "cli/cli.hpp"
#include "cli/names.hpp"
#include "cli/output.hpp"
#include "formats/csv.hpp"
#include "predict/parts.hpp"

namespace pitot::cli {
namespace {

// One prediction, as it is printed.
struct Line {
    const std::string& platform;
    const std::string& module;
    double runtime_us;
    double deviation;                  // of ln t; NaN = the model does not tell
    std::span<const double> bound_us;  // one a confidence, NaN = none
    double low_us;                     // of the interval; NaN = none
    double high_us;
    std::vector<BoundSource> sources;  // of bound_us, then of the interval if one was asked for
    std::optional<std::int64_t> platform_runs;
    std::optional<std::int64_t> module_runs;
    Basis basis;
    std::optional<Evidence> evidence;  // of this very combination, if the model says
    Evidence alone;                    // of the pair alone
    Evidence beside_others;            // of the pair beside whatever others
};

struct Counts {
    std::int64_t rows = 0;
    std::int64_t features = 0;  // rows that rest on side information alone
    std::int64_t average = 0;   // on not even that
    std::int64_t apart = 0;     // on parts of the fleet whose scales cannot be compared
    std::int64_t measured = 0;  // on runtimes
    std::int64_t bounded = 0;   // rows that have one of the bounds asked for
    std::int64_t below = 0;     // rows of which one of the bounds lies below the prediction
    std::int64_t left_out = 0;  // rows with a bound from leave-one-out scores
    std::int64_t held_out = 0;  // rows with a bound from platforms or modules held out
    std::int64_t guesses = 0;   // rows that may be off by a factor of ten
    std::int64_t unknown = 0;   // rows left out because they have no bound to be below of
};

// Whether a combination was measured, if the model says.
std::optional<bool> measured(std::optional<Evidence> evidence) {
    return evidence ? std::optional(*evidence != Evidence::kNone) : std::nullopt;
}

// What is asked of one platform.
std::vector<std::int32_t> modules_for(const Predictor& predictor, const Selection& selection, std::int32_t platform) {
    std::vector<std::int32_t> modules;
    for (const std::int32_t module : selection.modules) {
        if (!selection.unmeasured_only ||
            !measured(predictor.evidence(platform, module, selection.with)).value_or(false)) {
            modules.push_back(module);
        }
    }
    return modules;
}

// Confidences to ask for: those of the bounds, then that of either side of the interval.
std::vector<double> asked_confidences(const Selection& selection) {
    std::vector<double> asked = selection.confidences;
    if (selection.interval) {
        asked.push_back(0.5 * (1.0 + *selection.interval));
    }
    return asked;
}

// Whether a row's platform or module has few runs.
bool thin(const Line& line) {
    return line.platform_runs.value_or(kThinRuns) < kThinRuns || line.module_runs.value_or(kThinRuns) < kThinRuns;
}

Result<std::vector<BoundSource>> sources_of(const Predictor& predictor, const Selection& selection,
                                            std::int32_t platform, std::int32_t module) {
    std::vector<BoundSource> sources;
    for (const double confidence : asked_confidences(selection)) {
        PITOT_TRY(auto source, predictor.bound_source(platform, module, confidence, selection.with));
        sources.push_back(std::move(source));
    }
    return sources;
}

// Pairs to predict, beside the selection's co-runners.
struct PairList {
    std::vector<std::int32_t> platform{};
    std::vector<std::int32_t> module{};

    [[nodiscard]] std::size_t size() const { return platform.size(); }
    void add(std::int32_t i, std::int32_t j) {
        platform.push_back(i);
        module.push_back(j);
    }
};

Result<Predictions> predict_list(const Predictor& predictor, const Selection& selection, const PairList& pairs) {
    std::vector<std::int32_t> beside;
    for (std::size_t n = 0; n < pairs.size(); ++n) {
        beside.insert(beside.end(), selection.with.begin(), selection.with.end());
    }
    return predictor.predict({pairs.platform, pairs.module, beside, static_cast<std::int32_t>(selection.with.size())},
                             asked_confidences(selection), selection.interval ? Sides::kBoth : Sides::kUpper);
}

// Where the bound of the highest confidence stands; nothing where no bounds are asked for.
std::optional<std::size_t> highest(const Selection& selection) {
    const auto found = std::ranges::max_element(selection.confidences);
    return found == selection.confidences.end() ? std::nullopt
                                                : std::optional<std::size_t>(found - selection.confidences.begin());
}

// Counts lines and hands them on.
Result<void> print_list(const Predictor& predictor, const Selection& selection, const PairList& pairs, Counts& counts,
                        const std::function<void(const Line&)>& print) {
    PITOT_TRY(const auto answer, predict_list(predictor, selection, pairs));
    for (std::size_t n = 0; n < pairs.size(); ++n) {
        const std::int32_t i = pairs.platform[n];
        const std::int32_t j = pairs.module[n];
        const Basis basis = answer.basis[n];
        counts.features += basis == Basis::kFeatures ? 1 : 0;
        counts.average += basis == Basis::kAverage ? 1 : 0;
        counts.apart += basis == Basis::kApart ? 1 : 0;
        const auto all_bounds = answer.bound_us.view().row(static_cast<std::int64_t>(n));
        const auto bounds = all_bounds.first(selection.confidences.size());
        PITOT_TRY(auto sources, sources_of(predictor, selection, i, j));
        const auto rests_on = [&](BoundFrom from) {
            return std::ranges::any_of(sources, [&](const BoundSource& source) {
                return source.missing == NoBound::kNothing && source.from == from;
            });
        };
        counts.guesses += is_guess(answer.deviation[n]) ? 1 : 0;
        counts.left_out += rests_on(BoundFrom::kLeaveOneOut) ? 1 : 0;
        counts.held_out += rests_on(BoundFrom::kHeldOut) ? 1 : 0;
        constexpr double none = std::numeric_limits<double>::quiet_NaN();
        const double low = selection.interval ? answer.lower_us.view().row(static_cast<std::int64_t>(n)).back() : none;
        const double high = selection.interval ? all_bounds.back() : none;
        const bool bounded = std::ranges::any_of(bounds, [](double b) { return !std::isnan(b); });
        counts.bounded += bounded ? 1 : 0;
        const auto is_below = [&](double bound) { return bound < answer.runtime_us[n]; };
        counts.below += std::ranges::any_of(bounds, is_below) ? 1 : 0;
        counts.measured += basis == Basis::kMeasured ? 1 : 0;
        print({name_of(predictor.platforms(), i), name_of(predictor.modules(), j), answer.runtime_us[n],
               answer.deviation[n], bounds, low, high, std::move(sources), predictor.platform_runs(i),
               predictor.module_runs(j), basis, predictor.evidence(i, j, selection.with), *predictor.evidence(i, j),
               predictor.evidence_beside_others(i, j).value_or(Evidence::kNone)});
    }
    return {};
}

// A pair with what it is kept and put in order by.
struct RankedPair {
    std::int32_t platform;
    std::int32_t module;
    double key;
};

// The pairs that are below, if asked for.
Result<std::vector<RankedPair>> kept_pairs(const Predictor& predictor, const Selection& selection, Counts& counts) {
    const auto by = highest(selection);
    std::vector<RankedPair> kept;
    for (const std::int32_t i : selection.platforms) {
        PairList pairs;
        for (const std::int32_t j : modules_for(predictor, selection, i)) {
            pairs.add(i, j);
        }
        PITOT_TRY(const auto answer, predict_list(predictor, selection, pairs));
        for (std::size_t n = 0; n < pairs.size(); ++n) {
            const double runtime = answer.runtime_us[n];
            const double bound =
                by ? answer.bound_us(static_cast<std::int64_t>(n), static_cast<std::int64_t>(*by)) : runtime;
            counts.unknown += selection.below_us && std::isnan(bound) ? 1 : 0;
            if (!selection.below_us || bound < *selection.below_us) {
                constexpr double last = std::numeric_limits<double>::infinity();
                kept.push_back({i, pairs.module[n],
                                selection.order == PredictionOrder::kRuntime ? runtime
                                : std::isnan(bound)                          ? last
                                                                             : bound});
            }
        }
    }
    return kept;
}

void put_in_order(const Predictor& predictor, PredictionOrder order, std::vector<RankedPair>& pairs) {
    const auto platform = [&](const RankedPair& pair) -> const std::string& {
        return name_of(predictor.platforms(), pair.platform);
    };
    const auto module = [&](const RankedPair& pair) -> const std::string& {
        return name_of(predictor.modules(), pair.module);
    };
    const auto before = [&](const RankedPair& a, const RankedPair& b) {
        return order == PredictionOrder::kPlatform ? std::tie(platform(a), module(a)) < std::tie(platform(b), module(b))
               : order == PredictionOrder::kModule ? std::tie(module(a), platform(a)) < std::tie(module(b), platform(b))
                                                   : a.key < b.key;
    };
    if (order != PredictionOrder::kAsked) {
        std::ranges::stable_sort(pairs, before);
    }
}

// Hands the lines on, the first `limit` of them in their order, and counts them all: platform by platform so that
// memory does not grow, or all at once where they are sorted or some left out.
Result<Counts> for_each_line(const Predictor& predictor, const Selection& selection,
                             const std::function<void(const Line&)>& print) {
    Counts counts;
    const auto most = selection.limit > 0 ? selection.limit : std::numeric_limits<std::int64_t>::max();
    if (selection.order == PredictionOrder::kAsked && !selection.below_us) {
        for (const std::int32_t i : selection.platforms) {
            const std::vector<std::int32_t> modules = modules_for(predictor, selection, i);
            PairList pairs;
            for (std::size_t n = 0; n < modules.size() && counts.rows + std::ssize(pairs.module) < most; ++n) {
                pairs.add(i, modules[n]);
            }
            counts.rows += std::ssize(modules);
            if (auto done = print_list(predictor, selection, pairs, counts, print); !done) {
                return Failure(done.error());
            }
        }
        return counts;
    }
    PITOT_TRY(auto kept, kept_pairs(predictor, selection, counts));
    put_in_order(predictor, selection.order, kept);
    counts.rows = std::ssize(kept);
    constexpr std::size_t at_once = 1024;
    const std::size_t shown = static_cast<std::size_t>(std::min(counts.rows, most));
    for (std::size_t first = 0; first < shown; first += at_once) {
        PairList pairs;
        for (std::size_t n = first; n < std::min(first + at_once, shown); ++n) {
            pairs.add(kept[n].platform, kept[n].module);
        }
        if (auto done = print_list(predictor, selection, pairs, counts, print); !done) {
            return Failure(done.error());
        }
    }
    return counts;
}

// The nearest measurement that the model learned from.
const char* learned_text(const Line& line, const Selection& selection) {
    if (line.evidence == Evidence::kLearned) {
        return selection.with.empty() ? "this pair" : "this combination";
    }
    return line.alone == Evidence::kLearned           ? "this pair alone"
           : line.beside_others == Evidence::kLearned ? "this pair beside others"
                                                      : "other pairs";
}

std::string basis_text(const Line& line, const Selection& selection) {
    switch (line.basis) {
        case Basis::kMeasured:
            break;
        case Basis::kFeatures:
            return "features alone";
        case Basis::kAverage:
            return "average of others";
        case Basis::kApart:
            return "parts apart";
    }
    const char* unlearned = line.evidence == Evidence::kSetAside ? " (set aside)"
                            : line.evidence == Evidence::kUnused ? " (not used)"
                                                                 : "";
    return std::string(learned_text(line, selection)) + unlearned;
}

// What there is to say of the bounds: rows without any, and bounds that calibration did not try.
void note_bounds(const Counts& counts, const Predictor& predictor, const Selection& selection) {
    const auto asked = static_cast<std::int64_t>(selection.with.size());
    if (const auto most = predictor.calibrated_co_runners(); counts.bounded > 0 && most && asked > *most) {
        note(fmt::format("bounds for {} co-runners rest on calibration rows with at most {}", asked, *most));
    }
    for (const double confidence : selection.confidences) {
        if (const auto bound = predictor.check_bound(static_cast<int>(asked), confidence);
            counts.measured > 0 && !bound) {
            note(fmt::format("no bound: {}", bound.error().message()));
        }
    }
    if (counts.below > 0) {
        note(
            "bounds below the prediction are no mistake: a bound is exceeded as often as its confidence allows, and a "
            "prediction by about half of all runtimes");
    }
    const auto note_unbounded = [&](std::int64_t count, const char* on, const char* why) {
        if (count > 0) {
            note(fmt::format("{} of these predictions {} on {}{}{}", format_count(count), count == 1 ? "rests" : "rest",
                             on,
                             selection.confidences.empty() ? ""
                             : count == 1                  ? " and has no upper bound: "
                                                           : " and have no upper bound: ",
                             selection.confidences.empty() ? "" : why));
        }
    };
    if (counts.left_out > 0) {
        note(
            "bounds 'leave-one-out' rest on combinations that the model learned from, each predicted without "
            "itself: "
            "they hold about as often as asked for, but nothing proves it");
    }
    if (counts.held_out > 0) {
        note(
            "bounds 'held out' rest on platforms and modules that were measured, each predicted as if it were not: "
            "they "
            "hold for new ones like them, and nothing proves it");
    }
    const char* const unmeasured = "no calibration row speaks for a row never measured";
    note_unbounded(counts.features - std::min(counts.features, counts.held_out), "side information alone", unmeasured);
    note_unbounded(counts.average, "the average of others", unmeasured);
    note_unbounded(counts.apart,
                   "parts of the fleet that no common platform or module connects, whose scales cannot be compared",
                   "measure a module of one part on a platform of the other");
}

// --unmeasured left nothing: what to ask instead.
void note_all_measured(const Predictor& predictor, const Selection& selection) {
    if (!selection.with.empty()) {
        note("every combination asked for was measured; without --unmeasured they are predicted too");
    } else if (predictor.parts().model->tells_co_runners()) {
        note(
            "every pair asked for was measured alone; --with MODULE --unmeasured lists those never measured beside "
            "that module, and without --unmeasured all are predicted");
    } else {
        note("every pair asked for was measured alone; without --unmeasured they are predicted too");
    }
}

void add_notes(const Counts& counts, const Predictor& predictor, const Selection& selection, bool table = false) {
    if (selection.limit > 0 && counts.rows > selection.limit) {
        note(fmt::format("the first {} of {} predictions; --limit 0 shows all{}", format_count(selection.limit),
                         format_count(counts.rows), table ? ", --format csv writes them for programs" : ""));
    }
    if (counts.unknown > 0) {
        note(fmt::format("{} left out because they have no bound that could be below; --no-bound goes by predictions",
                         format_count(counts.unknown, "prediction")));
    }
    if (counts.rows == 0 && selection.below_us) {
        note(fmt::format("nothing of what was asked for is below {}", format_duration({*selection.below_us})));
        return;
    }
    if (counts.rows == 0) {
        note_all_measured(predictor, selection);
        return;
    }
    note_bounds(counts, predictor, selection);
    if (counts.guesses > 0) {
        note(
            fmt::format("{} of these predictions {}: one new run in a hundred is expected to be off by a factor of ten",
                        format_count(counts.guesses), counts.guesses == 1 ? "is a guess" : "are guesses"));
    }
    note_disagreement(predictor, selection.platforms, selection.modules);
}

// "platform 'a' (60 % of its pairs), module 'b' (…)": the worst few of those beyond a tenth, or nothing.
std::string disagreement_text(const Predictor& predictor, std::span<const std::int32_t> platforms,
                              std::span<const std::int32_t> modules) {
    constexpr double worth_saying = 0.1;
    constexpr std::size_t shown = 5;
    std::vector<std::pair<double, std::string>> found;
    const auto add = [&](double share, const char* kind, const std::string& name) {
        if (share > worth_saying) {
            found.emplace_back(share,
                               fmt::format("{} '{}' ({:.0f} % of its pairs)", kind, printable(name), 100.0 * share));
        }
    };
    for (const std::int32_t i : platforms) {
        add(predictor.platform_disagreement(i), "platform", name_of(predictor.platforms(), i));
    }
    for (const std::int32_t j : modules) {
        add(predictor.module_disagreement(j), "module", name_of(predictor.modules(), j));
    }
    std::ranges::stable_sort(found, std::greater<>(), &std::pair<double, std::string>::first);
    std::vector<std::string> texts(found.size());
    std::ranges::transform(found, texts.begin(), [](const auto& entry) { return entry.second; });
    return some_of(texts, shown);
}

// "alone, 17 set aside".
std::string source_text(const BoundSource& source) {
    if (source.missing != NoBound::kNothing) {
        return "none";
    }
    return fmt::format("{}, {} {}{}", source.pool, format_count(source.rows), to_string(source.from),
                       source.narrower.empty() ? "" : fmt::format(" (too few {})", source.narrower));
}

// What all bounds of a line rest on; each named by its confidence where they differ.
std::string sources_text(const Line& line, const Selection& selection) {
    std::vector<std::string> texts;
    for (const BoundSource& source : line.sources) {
        texts.push_back(source_text(source));
    }
    if (std::ranges::all_of(texts, [&](const std::string& text) { return text == texts.front(); })) {
        return texts.front();
    }
    std::string all;
    const std::vector<double> asked = asked_confidences(selection);
    for (std::size_t c = 0; c < texts.size(); ++c) {
        all += fmt::format("{}{}: {}", c == 0 ? "" : "; ", format_confidence(asked[c]), texts[c]);
    }
    return all;
}

// "16 / 3 (thin)": runs of the platform and of the module.
std::string runs_text(const Line& line) {
    if (!line.platform_runs || !line.module_runs) {
        return "-";
    }
    return fmt::format("{} / {}{}", format_count(*line.platform_runs), format_count(*line.module_runs),
                       thin(line) ? " (thin)" : "");
}

nlohmann::ordered_json source_json(const BoundSource& source) {
    if (source.missing != NoBound::kNothing) {
        return {{"missing", to_string(source.missing)}};
    }
    nlohmann::ordered_json json{{"pool", source.pool}, {"rows", source.rows}, {"from", to_string(source.from)}};
    if (!source.narrower.empty()) {
        json["too_few"] = source.narrower;
    }
    return json;
}

nlohmann::ordered_json or_null(double value) {
    return std::isnan(value) ? nlohmann::ordered_json() : nlohmann::ordered_json(value);
}

nlohmann::ordered_json or_null(std::optional<std::int64_t> value) {
    return value ? nlohmann::ordered_json(*value) : nlohmann::ordered_json();
}

// Shortest digits that read back as the same number.
std::string number(double value) { return std::isnan(value) ? "" : fmt::format("{}", value); }

}  // namespace

std::vector<std::int32_t> all_rows(const Side& side) {
    std::vector<std::int32_t> rows(static_cast<std::size_t>(side.size()));
    std::iota(rows.begin(), rows.end(), 0);
    return rows;
}

void note_disagreement(const Predictor& predictor, std::span<const std::int32_t> platforms,
                       std::span<const std::int32_t> modules) {
    if (const std::string text = disagreement_text(predictor, platforms, modules); !text.empty()) {
        note(
            fmt::format("the model's folds contradict each other by more than a factor of two on {}: measure more of "
                        "them before you rely on these predictions",
                        text));
    }
}

Result<void> print_predictions_csv(const Predictor& predictor, const Selection& selection) {
    const bool deviation = predictor.has_deviation();
    std::string header = std::string("platform,module,with,runtime_us") + (deviation ? ",deviation" : "");
    for (const double confidence : selection.confidences) {
        header += fmt::format(",bound_{}_us", confidence);
    }
    if (selection.interval) {
        header += fmt::format(",low_{0}_us,high_{0}_us", *selection.interval);
    }
    const std::string with =
        selection.with.empty() ? "" : formats::csv_field(names_of(predictor.modules(), selection.with, ";"));
    bool first = true;
    const auto counts = for_each_line(predictor, selection, [&](const Line& line) {
        if (first) {
            fmt::print("{},basis,measured,evidence,nearest\n", header);
            first = false;
        }
        std::string bounds = deviation ? "," + number(line.deviation) : "";
        for (const double bound : line.bound_us) {
            bounds += "," + number(bound);
        }
        bounds += selection.interval ? fmt::format(",{},{}", number(line.low_us), number(line.high_us)) : "";
        const auto is_measured = measured(line.evidence);
        fmt::print("{},{},{},{}{},{},{},{},{}\n", formats::csv_field(line.platform), formats::csv_field(line.module),
                   with, number(line.runtime_us), bounds, to_string(line.basis),
                   !is_measured   ? ""
                   : *is_measured ? "yes"
                                  : "no",
                   line.evidence ? to_string(*line.evidence) : "", basis_text(line, selection));
    });
    if (!counts) {
        return Failure(counts.error());
    }
    if (first) {
        fmt::print("{},basis,measured,evidence,nearest\n", header);
    }
    add_notes(*counts, predictor, selection);
    return {};
}

Result<void> print_predictions_json(const Predictor& predictor, const Selection& selection) {
    using Json = nlohmann::ordered_json;
    Json with = Json::array();
    for (const std::int32_t module : selection.with) {
        with.push_back(name_of(predictor.modules(), module));
    }
    bool first = true;
    const auto counts = for_each_line(predictor, selection, [&](const Line& line) {
        Json json{
            {"platform", line.platform}, {"module", line.module}, {"with", with}, {"runtime_us", line.runtime_us}};
        Json bounds = Json::object();
        for (std::size_t c = 0; c < selection.confidences.size(); ++c) {
            bounds[fmt::format("{}", selection.confidences[c])] = line.bound_us[c];
        }
        json["bound_us"] = std::move(bounds);
        if (!selection.with.empty() && !selection.confidences.empty()) {
            const auto most = predictor.calibrated_co_runners();
            json["calibrated_co_runners"] = most ? Json(*most) : Json();
        }
        json["basis"] = to_string(line.basis);
        const auto is_measured = measured(line.evidence);
        json["measured"] = is_measured ? Json(*is_measured) : Json();
        json["evidence"] = line.evidence ? Json(to_string(*line.evidence)) : Json();
        if (!selection.with.empty()) {
            json["measured_alone"] = line.alone != Evidence::kNone;
        }
        json["deviation"] = or_null(line.deviation);
        if (!line.sources.empty()) {
            Json sources = Json::object();
            const std::vector<double> asked = asked_confidences(selection);
            for (std::size_t c = 0; c < asked.size(); ++c) {
                sources[fmt::format("{}", asked[c])] = source_json(line.sources[c]);
            }
            json["bound_source"] = std::move(sources);
        }
        if (selection.interval) {
            json["interval"] = {
                {"share", *selection.interval}, {"low_us", or_null(line.low_us)}, {"high_us", or_null(line.high_us)}};
        }
        json["platform_runs"] = or_null(line.platform_runs);
        json["module_runs"] = or_null(line.module_runs);
        json["thin"] = thin(line);
        json["guess"] = is_guess(line.deviation);
        json["nearest"] = basis_text(line, selection);
        fmt::print("{}  {}", first ? "[\n" : ",\n", json.dump(-1, ' ', false, Json::error_handler_t::replace));
        first = false;
    });
    if (!counts) {
        return Failure(counts.error());
    }
    fmt::print("{}", first ? "[]\n" : "\n]\n");
    add_notes(*counts, predictor, selection);
    return {};
}

Result<void> print_predictions_table(const Predictor& predictor, const Selection& selection) {
    std::vector<Column> columns{{"PLATFORM", Align::kName}, {"MODULE", Align::kName}};
    if (!selection.with.empty()) {
        columns.push_back({"WITH", Align::kName});
    }
    columns.push_back({"PREDICTED", Align::kRight});
    if (predictor.has_deviation()) {
        columns.push_back({"DEVIATION", Align::kRight, 1});
    }
    for (const double confidence : selection.confidences) {
        columns.push_back({format_confidence(confidence) + " BOUND", Align::kRight});
    }
    if (selection.interval) {
        columns.push_back({format_confidence(*selection.interval) + " INTERVAL", Align::kRight});
    }
    columns.push_back({"BASIS", Align::kLeft, 2});
    columns.push_back({"RUNS", Align::kLeft, 3});
    if (!asked_confidences(selection).empty()) {
        columns.push_back({"BOUND RESTS ON", Align::kLeft, 4});
    }
    Table table(columns);
    const std::string with = names_of(predictor.modules(), selection.with, ", ");
    const auto counts = for_each_line(predictor, selection, [&](const Line& line) {
        std::vector<std::string> cells{line.platform, line.module};
        if (!selection.with.empty()) {
            cells.push_back(with);
        }
        cells.push_back(format_duration({line.runtime_us}));
        if (predictor.has_deviation()) {
            const double percent = 100.0 * std::expm1(line.deviation);
            cells.push_back((percent < 10.0 ? fmt::format("{:.2g} %", percent) : fmt::format("{:.0f} %", percent)) +
                            (is_guess(line.deviation) ? " (guess)" : ""));
        }
        for (const double bound : line.bound_us) {
            cells.push_back(std::isnan(bound) ? "none" : format_duration({bound}));
        }
        if (selection.interval) {
            cells.push_back(std::isnan(line.low_us) ? "none"
                                                    : fmt::format("{} to {}", format_duration({line.low_us}),
                                                                  format_duration({line.high_us})));
        }
        cells.push_back(basis_text(line, selection));
        cells.push_back(runs_text(line));
        if (!line.sources.empty()) {
            cells.push_back(sources_text(line, selection));
        }
        table.add(std::move(cells));
    });
    if (!counts) {
        return Failure(counts.error());
    }
    if (counts->rows > 0) {
        fmt::print("{}", table.to_string());
    }
    add_notes(*counts, predictor, selection, true);
    return {};
}

}  // namespace pitot::cli
