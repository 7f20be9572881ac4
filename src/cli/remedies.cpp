#include "cli/remedies.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <map>
#include <optional>
#include <sstream>
#include <string_view>
#include <utility>
#include <vector>

#include "experiment/record.hpp"
#include "experiment/summary.hpp"
#include "experiment/sweep.hpp"

namespace pitot::cli {
namespace {

namespace fs = std::filesystem;
using About = std::span<const std::string>;

// Remedies that are the same words whatever they are about.
struct Words {
    Remedy remedy;
    const char* words;
};
constexpr std::array kWords{
    Words{Remedy::kSkipInvalid, " with --skip-invalid"},
    Words{Remedy::kPlatformFeatures, " with --platform-features"},
    Words{Remedy::kModuleFeatures, " with --module-features"},
    Words{Remedy::kUnit, " (--unit)"},
    Words{Remedy::kColumns, " (--map)"},
    Words{Remedy::kDevice, " (--device)"},
    Words{Remedy::kDecimalMark, " (--decimal)"},
    Words{Remedy::kMakeModuleFeatures, " with 'pitot opcodes'"},
    Words{Remedy::kMakePlatformFeatures, " with 'pitot platforms'"},
    Words{Remedy::kJoinDevices,
          " (--join-devices); 'pitot measure --name' and 'pitot device --name' give a machine a name of its own"},
    Words{Remedy::kWallTimes, " with --target wall"},
    Words{Remedy::kCpuTimes, " with --target cpu"},
    Words{Remedy::kWarmCalls, " with --kind warm or both"},
    Words{Remedy::kListModel, "; 'pitot info MODEL --names' lists them"},
    Words{Remedy::kShowPreset, ": 'pitot presets embedding/128 --json' prints it"},
    Words{Remedy::kFewerFolds, " (--folds)"},
    Words{Remedy::kUseCpuBackend, " (--backend)"},
    Words{Remedy::kListPresets, "; 'pitot presets' lists them all"},
    Words{Remedy::kListPublishedPresets, "; 'pitot experiments --list' lists them all"},
    Words{Remedy::kEvaluate, " ('pitot evaluate')"},
    Words{Remedy::kShares, " (-s)"},
    Words{Remedy::kEpochSizeOrShare, " (-n, -s)"},
    Words{Remedy::kRepeatAnyResults, " with 'pitot experiments --force'"},
    Words{Remedy::kReplaceResults, " (--force, -o)"},
    Words{Remedy::kNameResults, " ('pitot experiments', -p)"},
    Words{Remedy::kNameDataset, " with -d"},
    Words{Remedy::kNameDatasetOrRepeat, " (-d, 'pitot experiments --force')"},
    Words{Remedy::kNameTogetherDataset, " with --if_data"},
    Words{Remedy::kSummariseAll, "; 'pitot summary' without a name takes all"},
    Words{Remedy::kReplaceSimulation, " (-o, --force)"},
    Words{Remedy::kLeaveOutOptimum, " with --no-optimal"},
    Words{Remedy::kCountStatically, " with --static"},
    Words{Remedy::kUseNode, " with --engine node"},
    Words{Remedy::kUseNodeOrStatic, " (--engine node, --static)"},
    Words{Remedy::kUseInterpreter, " with --engine wabt"},
    Words{Remedy::kGiveArguments, " (behind --, and --dir)"},
    Words{Remedy::kGiveTime, " (--timeout)"},
    Words{Remedy::kArgumentsOrPartial, " (behind --; --dir; --partial)"},
    Words{Remedy::kTimeOrPartial, " (--timeout, --partial)"},
    Words{Remedy::kTakePartial, " with --partial"},
    Words{Remedy::kRunScript, " (pitot profile --node)"},
    Words{Remedy::kTabulatePlatforms, " ('pitot platforms', -p COLLECTION; 'pitot predict' takes devices)"},
    Words{Remedy::kMeasureAgain, " ('pitot measure' with the same options)"},
};

// Options of `pitot measure` and `pitot profile`, by the field that they set.
constexpr std::array<std::pair<std::string_view, std::string_view>, 19> kFieldOptions{{
    {"alone", "--together-only"},
    {"abandon", "--abandon"},
    {"cell_seconds", "--cell-seconds"},
    {"compile_limit_s", "--compile-limit"},
    {"cores", "--cores"},
    {"count_static", "--static"},
    {"engines", "--engines"},
    {"imports_module", "--imports"},
    {"jobs", "--jobs"},
    {"limit_s", "--limit"},
    {"profile_limit_s", "--profile-limit"},
    {"repeat", "--repeat"},
    {"script", "--node"},
    {"seed", "--seed"},
    {"sets", "--sets"},
    {"stub_imports", "--stub-imports"},
    {"together", "--together"},
    {"together_limit_s", "--together-limit"},
    {"warm", "--warm"},
}};

std::string option_names(About fields) {
    std::vector<std::string_view> names;
    for (const std::string& field : fields) {
        const auto known =
            std::ranges::find(kFieldOptions, field, &std::pair<std::string_view, std::string_view>::first);
        names.push_back(known == kFieldOptions.end() ? std::string_view(field) : known->second);
    }
    return fmt::format(" ({})", fmt::join(names, ", "));
}

// A word of a command line.
std::string quoted(const std::string& text) {
    constexpr const char* plain = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789/._-+=:@%";
    if (!text.empty() && text.find_first_not_of(plain) == std::string::npos) {
        return text;
    }
    std::string out = "'";
    for (const char c : text) {
        out += c == '\'' ? "'\\''" : std::string(1, c);
    }
    return out + "'";
}

std::string words_of(const std::vector<std::string>& arguments) {
    std::vector<std::string> words(arguments.size());
    std::ranges::transform(arguments, words.begin(), quoted);
    return fmt::format("{}", fmt::join(words, " "));
}

std::string folder_word(const fs::path& folder) { return quoted(folder.empty() ? "." : folder.string()); }

Answered answered;  // NOLINT(cppcoreguidelines-avoid-non-const-global-variables): one program, one command

// " -d FILE" as the command that is answered has it; else that of the public dataset that a preset was published
// on, where it is not the default one.
std::string data_option_of(const std::string& method) {
    if (!answered.data.empty()) {
        return " -d " + words_of(answered.data);
    }
    const std::string data = experiment::usual_dataset(method);
    return data == experiment::usual_dataset("") ? "" : " -d " + data;
}

// "pitot experiments METHOD …" for results that nothing is known of.
std::string usual_command(const fs::path& results, const std::string& method, const std::string& share) {
    return fmt::format("pitot experiments {}{}{} -o {}", method, share.empty() ? "" : " -s " + share,
                       data_option_of(method), folder_word(results));
}

// The options of `pitot experiments` that give a record's configuration, as far as they differ from the preset's.
std::string options_of(const experiment::ResultRecord& record) {
    std::string options;
    const auto usual = preset(record.config.preset);
    const FitConfig base = usual.value_or(FitConfig());
    const auto number = [&](const char* name, auto value, auto standard) {
        if (value != standard) {
            options += fmt::format(" {} {}", name, value);
        }
    };
    number("-k", record.config.train.checkpoints, base.train.checkpoints);
    number("-n", record.config.train.epoch_samples, base.train.epoch_samples);
    number("--key", record.config.seed, base.seed);
    number("--replicates", record.config.train.replicates, base.train.replicates);
    number("--folds", record.config.train.folds, base.train.folds);
    if (!record.backend.empty() && record.backend != "cpu") {
        options += " --backend " + quoted(record.backend);
    }
    if (!record.precision.empty() && record.precision != "auto") {
        options += " --precision " + quoted(record.precision);
    }
    return options;
}

// The command that makes RESULTS/METHOD/SHARE.npz, the file or its record, as it was made; presets are called
// FAMILY/MEMBER.
std::string repeat_command(const fs::path& file) {
    const fs::path member = file.parent_path();
    const fs::path family = member.parent_path();
    const std::string method = (family.filename() / member.filename()).generic_string();
    const auto record = experiment::read_record(fs::path(file).replace_extension(".json"));
    if (!record) {
        double share = 0.0;
        std::istringstream in(file.stem().string());
        return usual_command(family.parent_path(), method, in >> share ? experiment::share_name(share) : "");
    }
    std::string data = record->dataset.empty() ? "" : " -d";
    for (const std::string& name : record->dataset) {
        data += " " + quoted(name);
    }
    return fmt::format("pitot experiments {} -s {}{}{} -o {}", method, experiment::share_name(record->config.share),
                       data, options_of(*record), folder_word(family.parent_path()));
}

// The options that made the first results in a folder, for results to be compared with them: shares, dataset (unless it
// is a public one, which differ by preset) and configuration. Nothing where there are none.
struct NeighbourOptions {
    std::string shares{};
    std::string data{};
    std::string others{};
};

// Whether a file is the public dataset that a preset was published on: as it is called, or found in a folder of theirs.
bool is_public(const fs::path& file, const std::string& method) {
    const fs::path usual = experiment::usual_dataset(method);
    const bool theirs = file.parent_path().filename().string().starts_with("pitot-20");
    return file == usual || (theirs && file.filename() == usual.filename());
}

NeighbourOptions neighbour_options(const fs::path& results) {
    NeighbourOptions options;
    const auto methods = experiment::methods_with_results(results);
    if (!methods || methods->empty()) {
        return options;
    }
    const std::string& method = methods->front();
    std::vector<double> shares = experiment::shares_with_results(results, method);
    if (shares.empty()) {
        return options;
    }
    const auto record = experiment::read_record(results / method / (experiment::share_name(shares.front()) + ".json"));
    if (!record) {
        return options;
    }
    std::ranges::reverse(shares);
    if (shares != experiment::SweepOptions{}.shares) {
        for (const double share : shares) {
            options.shares += (options.shares.empty() ? " -s " : " ") + experiment::share_name(share);
        }
    }
    if (!record->dataset.empty() && !is_public(record->dataset.front(), method)) {
        options.data = " -d " + words_of(record->dataset);
    }
    options.others = options_of(*record);
    return options;
}

// The commands that make results of presets like those that are there, then all summaries.
std::string compared_commands(const fs::path& results, About untrained) {
    const NeighbourOptions like = neighbour_options(results);
    std::map<std::string, std::vector<std::string>> by_data;
    for (const std::string& method : untrained) {
        // Runs without SMT are a dataset of their own.
        const bool own = like.data.empty() || method.ends_with("/no-smt");
        by_data[own ? data_option_of(method) : like.data].push_back(method);
    }
    const std::string folder = quoted(results.string());
    std::string commands;
    for (const auto& [data, methods] : by_data) {
        commands += fmt::format("pitot experiments {}{}{}{} -o {} && ", fmt::join(methods, " "), like.shares, data,
                                like.others, folder);
    }
    return fmt::format("{}pitot summary -p {}", commands, folder);
}

// A command that does it; nothing where the remedy is none.
std::optional<std::string> command_of(Remedy remedy, About about) {
    switch (remedy) {
        case Remedy::kFitModel:
            return fmt::format("pitot fit {} -o MODEL.pitot", quoted(about[0]));
        case Remedy::kMakeResults:
            return about.size() < 2
                       ? std::nullopt
                       : std::optional(usual_command(about[0], about[1], about.size() > 2 ? about[2] : ""));
        case Remedy::kMakeSomeResults:
            return fmt::format("pitot experiments embedding/128{} -o {}", data_option_of("embedding/128"),
                               quoted(about[0]));
        case Remedy::kRepeatResults:
            return repeat_command(about[0]) + " --force";
        case Remedy::kRepeatPreset:
            return about.size() < 2 ? std::nullopt
                                    : std::optional(fmt::format("pitot experiments {}{} -o {} --force", about[1],
                                                                data_option_of(about[1]), quoted(about[0])));
        case Remedy::kSummarise:
            return fmt::format("pitot summary{} -p {}", about.size() > 1 ? " " + about[1] : "", quoted(about[0]));
        case Remedy::kMakeCompared:
            return compared_commands(about[0], about.subspan(1));
        case Remedy::kMakeSimulation:
            return answered.verb == "simulate" ? fmt::format("pitot simulate {}", words_of(answered.arguments))
                                               : fmt::format("pitot simulate -o {}", quoted(about[0]));
        case Remedy::kRepeatSimulation:
            return answered.verb == "simulate" ? fmt::format("pitot simulate {} --force", words_of(answered.arguments))
                                               : fmt::format("pitot simulate --force -o {}", quoted(about[0]));
        default:
            return std::nullopt;
    }
}

}  // namespace

void set_answered(Answered command) { answered = std::move(command); }

const Answered& answered_command() { return answered; }

std::string remedy_words(Remedy remedy, std::span<const std::string> about) {
    if (remedy == Remedy::kSettings) {
        return option_names(about);
    }
    if (remedy == Remedy::kColumns && !about.empty()) {
        return fmt::format(" (--map {})", quoted(about[0]));
    }
    if (const auto command = about.empty() ? std::nullopt : command_of(remedy, about)) {
        return " with: " + *command;
    }
    const auto known = std::ranges::find(kWords, remedy, &Words::remedy);
    return known == kWords.end() ? "" : known->words;
}

std::string told(const Error& error) {
    std::string text = error.to_string();
    std::string words = remedy_words(error.remedy(), error.remedy_about());
    if (text.ends_with('?') && words.starts_with(';')) {
        words.erase(0, 1);  // "; did you mean 'a'? 'pitot …' lists them"
    }
    return text + words;
}

std::string told(const traces::TraceProblem& problem) { return problem.to_string() + remedy_words(problem.remedy); }

}  // namespace pitot::cli
