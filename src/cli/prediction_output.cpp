#include "cli/prediction_output.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <nlohmann/json.hpp>
#include <numeric>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "cli/cli.hpp"
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
    std::span<const double> bound_us;  // one a confidence, NaN = none
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

const std::string& name(const Side& side, std::int32_t row) { return side.names[static_cast<std::size_t>(row)]; }

// Predicts platform by platform and hands on the first `limit` lines (0 = all); counts them all.
Result<Counts> for_each_line(const Predictor& predictor, const Selection& selection, std::int64_t limit,
                             const std::function<void(const Line&)>& print) {
    Counts counts;
    for (const std::int32_t i : selection.platforms) {
        const std::vector<std::int32_t> modules = modules_for(predictor, selection, i);
        if (limit > 0 && counts.rows >= limit) {
            counts.rows += static_cast<std::int64_t>(modules.size());
            continue;
        }
        const std::vector<std::int32_t> platform(modules.size(), i);
        std::vector<std::int32_t> beside;
        for (std::size_t n = 0; n < modules.size(); ++n) {
            beside.insert(beside.end(), selection.with.begin(), selection.with.end());
        }
        const auto width = static_cast<std::int32_t>(selection.with.size());
        const auto answer = predictor.predict({platform, modules, beside, width}, selection.confidences);
        if (!answer) {
            return Failure(answer.error());
        }
        for (std::size_t n = 0; n < modules.size(); ++n, ++counts.rows) {
            if (limit > 0 && counts.rows >= limit) {
                continue;
            }
            const Basis basis = answer->basis[n];
            counts.features += basis == Basis::kFeatures ? 1 : 0;
            counts.average += basis == Basis::kAverage ? 1 : 0;
            counts.apart += basis == Basis::kApart ? 1 : 0;
            const auto bounds = answer->bound_us.view().row(static_cast<std::int64_t>(n));
            const bool bounded = std::ranges::any_of(bounds, [](double b) { return !std::isnan(b); });
            counts.bounded += bounded ? 1 : 0;
            const auto is_below = [&](double bound) { return bound < answer->runtime_us[n]; };
            counts.below += std::ranges::any_of(bounds, is_below) ? 1 : 0;
            counts.measured += basis == Basis::kMeasured ? 1 : 0;
            print({name(predictor.platforms(), i), name(predictor.modules(), modules[n]), answer->runtime_us[n], bounds,
                   basis, predictor.evidence(i, modules[n], selection.with), *predictor.evidence(i, modules[n]),
                   predictor.evidence_beside_others(i, modules[n]).value_or(Evidence::kNone)});
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
    const char* const unmeasured = "no calibration row speaks for a row never measured";
    note_unbounded(counts.features, "side information alone", unmeasured);
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

void add_notes(const Counts& counts, const Predictor& predictor, const Selection& selection) {
    if (counts.rows == 0) {
        note_all_measured(predictor, selection);
        return;
    }
    note_bounds(counts, predictor, selection);
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
        add(predictor.platform_disagreement(i), "platform", name(predictor.platforms(), i));
    }
    for (const std::int32_t j : modules) {
        add(predictor.module_disagreement(j), "module", name(predictor.modules(), j));
    }
    std::ranges::stable_sort(found, std::greater<>(), &std::pair<double, std::string>::first);
    std::string text;
    for (std::size_t n = 0; n < std::min(shown, found.size()); ++n) {
        text += (n == 0 ? "" : ", ") + found[n].second;
    }
    return found.size() <= shown ? text : text + fmt::format(" and {} more", found.size() - shown);
}

std::string names_of(const Predictor& predictor, const std::vector<std::int32_t>& modules, const char* separator) {
    std::string text;
    for (const std::int32_t module : modules) {
        text += (text.empty() ? "" : separator) + name(predictor.modules(), module);
    }
    return text;
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
    std::string header = "platform,module,with,runtime_us";
    for (const double confidence : selection.confidences) {
        header += fmt::format(",bound_{}_us", confidence);
    }
    const std::string with = selection.with.empty() ? "" : formats::csv_field(names_of(predictor, selection.with, ";"));
    bool first = true;
    const auto counts = for_each_line(predictor, selection, 0, [&](const Line& line) {
        if (first) {
            fmt::print("{},basis,measured,evidence\n", header);
            first = false;
        }
        std::string bounds;
        for (const double bound : line.bound_us) {
            bounds += "," + number(bound);
        }
        const auto is_measured = measured(line.evidence);
        fmt::print("{},{},{},{}{},{},{},{}\n", formats::csv_field(line.platform), formats::csv_field(line.module), with,
                   number(line.runtime_us), bounds, to_string(line.basis),
                   !is_measured   ? ""
                   : *is_measured ? "yes"
                                  : "no",
                   line.evidence ? to_string(*line.evidence) : "");
    });
    if (!counts) {
        return Failure(counts.error());
    }
    if (first) {
        fmt::print("{},basis,measured,evidence\n", header);
    }
    add_notes(*counts, predictor, selection);
    return {};
}

Result<void> print_predictions_json(const Predictor& predictor, const Selection& selection) {
    using Json = nlohmann::ordered_json;
    Json with = Json::array();
    for (const std::int32_t module : selection.with) {
        with.push_back(name(predictor.modules(), module));
    }
    bool first = true;
    const auto counts = for_each_line(predictor, selection, 0, [&](const Line& line) {
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

Result<void> print_predictions_table(const Predictor& predictor, const Selection& selection, std::int64_t limit) {
    std::vector<Column> columns{{"PLATFORM"}, {"MODULE"}};
    if (!selection.with.empty()) {
        columns.push_back({"WITH"});
    }
    columns.push_back({"PREDICTED", Align::kRight});
    for (const double confidence : selection.confidences) {
        columns.push_back({fmt::format("{:g} % BOUND", 100.0 * confidence), Align::kRight});
    }
    columns.push_back({"BASIS"});
    Table table(columns);
    const std::string with = names_of(predictor, selection.with, ", ");
    const auto counts = for_each_line(predictor, selection, limit, [&](const Line& line) {
        std::vector<std::string> cells{line.platform, line.module};
        if (!selection.with.empty()) {
            cells.push_back(with);
        }
        cells.push_back(format_duration({line.runtime_us}));
        for (const double bound : line.bound_us) {
            cells.push_back(std::isnan(bound) ? "none" : format_duration({bound}));
        }
        cells.push_back(basis_text(line, selection));
        table.add(std::move(cells));
    });
    if (!counts) {
        return Failure(counts.error());
    }
    if (counts->rows > 0) {
        fmt::print("{}", table.to_string());
    }
    if (limit > 0 && counts->rows > limit) {
        note(fmt::format("the first {} of {} predictions; --limit 0 shows all, --format csv writes them for programs",
                         format_count(limit), format_count(counts->rows)));
    }
    add_notes(*counts, predictor, selection);
    return {};
}

}  // namespace pitot::cli
