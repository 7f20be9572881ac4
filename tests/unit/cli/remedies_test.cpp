// Every remedy of the library has words at the terminal, and they name options and commands.
#include "cli/remedies.hpp"

#include <gtest/gtest.h>

#include <array>
#include <string>
#include <vector>

namespace pitot::cli {
namespace {

TEST(Remedies, EveryOneHasWords) {
    const std::vector<std::string> about{"results", "embedding/128"};
    for (int i = 1; i <= static_cast<int>(Remedy::kTabulatePlatforms); ++i) {
        const std::string words = remedy_words(static_cast<Remedy>(i), about);
        EXPECT_TRUE(words.find(" -") != std::string::npos || words.find("(-") != std::string::npos ||
                    words.find("pitot ") != std::string::npos || i == static_cast<int>(Remedy::kSettings))
            << i << ": '" << words << "'";
        EXPECT_TRUE(words.starts_with(' ') || words.starts_with(';') || words.starts_with(':')) << i;
    }
    EXPECT_EQ(remedy_words(Remedy::kNone), "");
}

TEST(Remedies, SettingsAreToldAsOptions) {
    const std::array<std::string, 2> fields{"limit_s", "alone"};
    EXPECT_EQ(remedy_words(Remedy::kSettings, fields), " (--limit, --together-only)");
}

TEST(Remedies, WordsOfCommandsAreQuoted) {
    const std::array<std::string, 1> file{"it's a file.npz"};
    EXPECT_EQ(remedy_words(Remedy::kFitModel, file), " with: pitot fit 'it'\\''s a file.npz' -o MODEL.pitot");
}

TEST(Remedies, RepeatTheOptionsOfTheCommandThatTheyAnswer) {
    set_answered({"simulate", {"-d", "my data.npz", "-j", "100", "-o", "out"}, {"my data.npz"}});
    const std::array<std::string, 3> results{"results", "embedding/128", "0.1"};
    EXPECT_EQ(remedy_words(Remedy::kMakeResults, results),
              " with: pitot experiments embedding/128 -s 0.1 -d 'my data.npz' -o results");
    const std::array<std::string, 1> out{"out"};
    EXPECT_EQ(remedy_words(Remedy::kRepeatSimulation, out),
              " with: pitot simulate -d 'my data.npz' -j 100 -o out --force");
    EXPECT_EQ(remedy_words(Remedy::kMakeSimulation, out), " with: pitot simulate -d 'my data.npz' -j 100 -o out");
    set_answered({});
    EXPECT_EQ(remedy_words(Remedy::kMakeResults, results), " with: pitot experiments embedding/128 -s 0.1 -o results");
    EXPECT_EQ(remedy_words(Remedy::kRepeatSimulation, out), " with: pitot simulate --force -o out");
}

TEST(Remedies, ResultsOfSeveralPresetsAreMadeByDataset) {
    const std::vector<std::string> about{"results", "baseline/mlp", "interference/2", "interference/ignore",
                                         "interference3/no-smt"};
    EXPECT_EQ(remedy_words(Remedy::kMakeCompared, about),
              " with: pitot experiments baseline/mlp -o results && "
              "pitot experiments interference/2 interference/ignore -d data/data.if.npz -o results && "
              "pitot experiments interference3/no-smt -d data/data.if3.mc.npz -o results && "
              "pitot summary -p results");
    const std::array<std::string, 1> nothing_to_train{"results"};
    EXPECT_EQ(remedy_words(Remedy::kMakeCompared, nothing_to_train), " with: pitot summary -p results");
}

TEST(Remedies, AreToldBehindTheMessage) {
    Error error(ErrorCode::kUsage, "501 jobs are too many; leave it out", Remedy::kLeaveOutOptimum);
    error.add_context("simulating");
    EXPECT_EQ(told(error), "simulating: 501 jobs are too many; leave it out with --no-optimal");
    EXPECT_EQ(told(Error(ErrorCode::kUsage, "no 'a'; did you mean 'b'?", Remedy::kListPresets)),
              "no 'a'; did you mean 'b'? 'pitot presets' lists them all");
    EXPECT_EQ(told(Error(ErrorCode::kInput, "broken")), "broken");
}

}  // namespace
}  // namespace pitot::cli
