#include "cli/prediction_output.hpp"

#include <fmt/format.h>

#include <cmath>
#include <functional>
#include <nlohmann/json.hpp>
#include <optional>
#include <span>
#include <string>

#include "cli/cli.hpp"
#include "cli/output.hpp"
#include "data/csv.hpp"

namespace pitot::cli {
namespace {

// One prediction, as it is printed.
struct Line {
    const std::string& platform;
    const std::string& module;
    double runtime_us;
    std::span<const double> bound_us;  // one a confidence, NaN = none
    Basis basis;
    std::optional<bool> measured;  // this very combination, if the model says
    bool measured_alone;
    bool measured_beside_others;
};

struct Counts {
    std::int64_t rows = 0;
    std::int64_t features = 0;  // rows that rest on side information alone
    std::int64_t average = 0;   // on not even that
    std::int64_t bounded = 0;   // rows that have the bounds asked for
};

// What is asked of one platform.
std::vector<std::int32_t> modules_for(const Predictor& predictor, const Selection& selection, std::int32_t platform) {
    std::vector<std::int32_t> modules;
    for (const std::int32_t module : selection.modules) {
        if (!selection.unmeasured_only || !predictor.measured(platform, module, selection.with).value_or(false)) {
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
            counts.bounded += basis == Basis::kMeasured && !selection.confidences.empty() ? 1 : 0;
            print({name(predictor.platforms(), i), name(predictor.modules(), modules[n]), answer->runtime_us[n],
                   answer->bound_us.view().row(static_cast<std::int64_t>(n)), basis,
                   predictor.measured(i, modules[n], selection.with), predictor.measured(i, modules[n]),
                   predictor.measured_beside_others(i, modules[n]).value_or(false)});
        }
    }
    return counts;
}

// The nearest measurement that the model learned from. What it ignores is none.
const char* basis_text(const Line& line, const Predictor& predictor, const Selection& selection) {
    switch (line.basis) {
        case Basis::kMeasured:
            break;
        case Basis::kFeatures:
            return "features alone";
        case Basis::kAverage:
            return "average of others";
    }
    const bool together = predictor.config().train.together_weight > 0.0;
    if (selection.with.empty() ? line.measured_alone : together && line.measured.value_or(false)) {
        return selection.with.empty() ? "this pair" : "this combination";
    }
    if (line.measured_alone) {
        return line.measured ? "this pair alone" : "this pair";
    }
    return together && line.measured_beside_others ? "this pair beside others" : "other pairs";
}

// What there is to say of the bounds: rows without any, and bounds that calibration did not try.
void note_bounds(const Counts& counts, const Predictor& predictor, const Selection& selection) {
    const auto asked = static_cast<std::int64_t>(selection.with.size());
    if (const auto most = predictor.calibrated_co_runners(); counts.bounded > 0 && most && asked > *most) {
        note(fmt::format("bounds for {} co-runners rest on calibration rows with at most {}", asked, *most));
    }
    const auto note_unbounded = [&](std::int64_t count, const char* on) {
        if (count > 0) {
            note(fmt::format("{} of these predictions rest on {}{}", format_count(count), on,
                             selection.confidences.empty()
                                 ? ""
                                 : " and have no upper bound: no calibration row speaks for a row never measured"));
        }
    };
    note_unbounded(counts.features, "side information alone");
    note_unbounded(counts.average, "the average of others");
}

// --unmeasured left nothing: what to ask instead.
void note_all_measured(const Predictor& predictor, const Selection& selection) {
    if (!selection.with.empty()) {
        note("every combination asked for was measured; without --unmeasured they are predicted too");
    } else if (predictor.config().model.interference_types > 0) {
        note(
            "every pair asked for was measured alone; --with MODULE --unmeasured lists those never measured beside "
            "that module, and without --unmeasured all are predicted");
    } else {
        note("every pair asked for was measured alone; without --unmeasured they are predicted too");
    }
}

void add_notes(const Counts& counts, const Predictor& predictor, const Selection& selection) {
    counts.rows == 0 ? note_all_measured(predictor, selection) : note_bounds(counts, predictor, selection);
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

Result<void> print_predictions_csv(const Predictor& predictor, const Selection& selection) {
    std::string header = "platform,module,with,runtime_us";
    for (const double confidence : selection.confidences) {
        header += fmt::format(",bound_{}_us", confidence);
    }
    const std::string with = selection.with.empty() ? "" : csv_field(names_of(predictor, selection.with, ";"));
    bool first = true;
    const auto counts = for_each_line(predictor, selection, 0, [&](const Line& line) {
        if (first) {
            fmt::print("{},basis,measured\n", header);
            first = false;
        }
        std::string bounds;
        for (const double bound : line.bound_us) {
            bounds += "," + number(bound);
        }
        fmt::print("{},{},{},{}{},{},{}\n", csv_field(line.platform), csv_field(line.module), with,
                   number(line.runtime_us), bounds, to_string(line.basis),
                   !line.measured   ? ""
                   : *line.measured ? "yes"
                                    : "no");
    });
    if (!counts) {
        return Failure(counts.error());
    }
    if (first) {
        fmt::print("{},basis,measured\n", header);
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
        json["measured"] = line.measured ? Json(*line.measured) : Json();
        if (!selection.with.empty()) {
            json["measured_alone"] = line.measured_alone;
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
        cells.emplace_back(basis_text(line, predictor, selection));
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
