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
    Words{Remedy::kJoinDevices, " (--join-devices)"},
    Words{Remedy::kWallTimes, " with --target wall"},
    Words{Remedy::kCpuTimes, " with --target cpu"},
    Words{Remedy::kListModel, "; 'pitot info --json' lists them"},
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
};

// Options of `pitot measure`, by the field that they set.
constexpr std::array<std::pair<std::string_view, std::string_view>, 14> kMeasureOptions{{
    {"alone", "--together-only"},
    {"abandon", "--abandon"},
    {"cell_seconds", "--cell-seconds"},
    {"compile_limit_s", "--compile-limit"},
    {"cores", "--cores"},
    {"engines", "--engines"},
    {"jobs", "--jobs"},
    {"limit_s", "--limit"},
    {"profile_limit_s", "--profile-limit"},
    {"repeat", "--repeat"},
    {"seed", "--seed"},
    {"sets", "--sets"},
    {"together", "--together"},
    {"together_limit_s", "--together-limit"},
}};

std::string option_names(About fields) {
    std::vector<std::string_view> names;
    for (const std::string& field : fields) {
        const auto known =
            std::ranges::find(kMeasureOptions, field, &std::pair<std::string_view, std::string_view>::first);
        names.push_back(known == kMeasureOptions.end() ? std::string_view(field) : known->second);
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

std::string folder_word(const fs::path& folder) { return quoted(folder.empty() ? "." : folder.string()); }

// " -d FILE" of the public dataset that a preset was published on, where it is not the default one.
std::string data_option_of(const std::string& method) {
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

// The commands that make results of presets, then all summaries.
std::string compared_commands(const std::string& results, About untrained) {
    std::map<std::string, std::vector<std::string>> by_data;
    for (const std::string& method : untrained) {
        by_data[data_option_of(method)].push_back(method);
    }
    std::string commands;
    for (const auto& [data, methods] : by_data) {
        commands += fmt::format("pitot experiments {}{} -o {} && ", fmt::join(methods, " "), data, results);
    }
    return fmt::format("{}pitot summary -p {}", commands, results);
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
            return fmt::format("pitot experiments embedding/128 -o {}", quoted(about[0]));
        case Remedy::kRepeatResults:
            return repeat_command(about[0]) + " --force";
        case Remedy::kRepeatPreset:
            return about.size() < 2
                       ? std::nullopt
                       : std::optional(fmt::format("pitot experiments {} -o {} --force", about[1], quoted(about[0])));
        case Remedy::kSummarise:
            return fmt::format("pitot summary{} -p {}", about.size() > 1 ? " " + about[1] : "", quoted(about[0]));
        case Remedy::kMakeCompared:
            return compared_commands(quoted(about[0]), about.subspan(1));
        case Remedy::kMakeSimulation:
            return fmt::format("pitot simulate -o {}", quoted(about[0]));
        case Remedy::kRepeatSimulation:
            return fmt::format("pitot simulate --force -o {}", quoted(about[0]));
        default:
            return std::nullopt;
    }
}

}  // namespace

std::string remedy_words(Remedy remedy, std::span<const std::string> about) {
    if (remedy == Remedy::kSettings) {
        return option_names(about);
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
