#include "cli/cli.hpp"

#include <gtest/gtest.h>

#include <CLI/CLI.hpp>
#include <array>
#include <memory>
#include <new>
#include <stdexcept>
#include <string>
#include <vector>

#include "core/check.hpp"

namespace pitot::cli {
namespace {

struct Outcome {
    int status = 0;
    std::string out;
    std::string err;
};

/// Runs a command line with one verb, "act", that takes --n N and does `action`.
Outcome run_with(std::vector<std::string> arguments, const Action& action) {
    const std::array groups{
        VerbGroup{"All",
                  {Verb{"act", "Do it",
                        [action](CLI::App& app) {
                            auto n = std::make_shared<int>(0);
                            app.add_option("--number", *n, "A number");
                            auto kind = std::make_shared<std::string>();
                            app.add_option("--kind", *kind, "A kind")->check(CLI::IsMember({"round", "square"}));
                            return Action([action, n, kind] { return action(); });
                        }},
                   Verb{"make", "Make it", [action](CLI::App& app) {
                            auto file = std::make_shared<std::string>();
                            app.add_option("--output", *file, "What to write")->required()->type_name("FILE");
                            return Action([action, file] { return action(); });
                        }}}}};
    arguments.insert(arguments.begin(), "pitot");
    std::vector<char*> argv;
    for (std::string& argument : arguments) {
        argv.push_back(argument.data());
    }
    ::testing::internal::CaptureStdout();
    ::testing::internal::CaptureStderr();
    Outcome outcome;
    outcome.status = run(static_cast<int>(argv.size()), argv.data(), groups);
    outcome.out = ::testing::internal::GetCapturedStdout();
    outcome.err = ::testing::internal::GetCapturedStderr();
    return outcome;
}

Result<void> succeed() { return {}; }

TEST(Cli, AFindingIsAStatusOfItsOwnAndNoError) {
    for (const bool found : {false, true}) {
        const Outcome outcome =
            run_with({"act"}, [found]() -> Result<Finding> { return found ? Finding::kFound : Finding::kNothing; });
        EXPECT_EQ(outcome.status, found ? 5 : 0);
        EXPECT_EQ(outcome.err, "");
    }
}

TEST(Cli, ErrorCodesBecomeExitStatuses) {
    const std::array<std::pair<ErrorCode, int>, 5> statuses{{{ErrorCode::kUsage, 2},
                                                             {ErrorCode::kInput, 3},
                                                             {ErrorCode::kEnvironment, 4},
                                                             {ErrorCode::kCancelled, 130},
                                                             {ErrorCode::kBug, 1}}};
    for (const auto& [code, status] : statuses) {
        const Outcome outcome = run_with({"act"}, [code = code]() -> Result<void> {
            Error error(code, "it broke");
            return fail(error, "reading x");
        });
        EXPECT_EQ(outcome.status, status);
        EXPECT_EQ(outcome.err, "pitot: error: reading x: it broke\n");
        EXPECT_EQ(outcome.out, "");
    }
}

TEST(Cli, SuccessIsZero) { EXPECT_EQ(run_with({"act", "--number", "3"}, succeed).status, 0); }

TEST(Cli, WrongUseNeverActs) {
    const std::vector<std::vector<std::string>> lines{
        {}, {"atc"}, {"--nonsense"}, {"act", "x"}, {"act", "--numbr", "1"}, {"act", "--number", "x"},
    };
    for (const auto& line : lines) {
        bool acted = false;
        const Outcome outcome = run_with(line, [&]() -> Result<void> {
            acted = true;
            return {};
        });
        EXPECT_EQ(outcome.status, 2);
        EXPECT_FALSE(acted);
        EXPECT_EQ(outcome.out, "");
        EXPECT_NE(outcome.err, "");
    }
}

TEST(Cli, UnknownNamesAreAnsweredWithTheNearest) {
    EXPECT_NE(run_with({"atc"}, succeed).err.find("did you mean 'act'?"), std::string::npos);
    EXPECT_NE(run_with({"act", "--numbr", "1"}, succeed).err.find("did you mean '--number'?"), std::string::npos);
}

TEST(Cli, WrongUseIsToldInWords) {
    const auto error_of = [](std::vector<std::string> arguments) {
        const Outcome outcome = run_with(std::move(arguments), succeed);
        return outcome.err.substr(0, outcome.err.find('\n'));
    };
    EXPECT_EQ(error_of({"act", "--number", "x"}), "pitot: error: --number: 'x' is not a number it can be");
    EXPECT_EQ(error_of({"act", "--kind", "roudn"}),
              "pitot: error: --kind: 'roudn' is none of round, square; did you mean 'round'?");
    EXPECT_EQ(error_of({"act", "--quiet", "--number", "1", "--verbose", "x"}), "pitot: error: unexpected argument 'x'");
    EXPECT_EQ(error_of({"make"}), "pitot: error: --output FILE is missing: What to write");
}

TEST(Cli, HelpGoesToStandardOutput) {
    for (const std::vector<std::string>& line : std::vector<std::vector<std::string>>{
             {"--help"}, {"-h"}, {"help"}, {"help", "act"}, {"act", "--help"}, {"act", "-h"}}) {
        const Outcome outcome = run_with(line, succeed);
        EXPECT_EQ(outcome.status, 0);
        EXPECT_NE(outcome.out.find("Do it"), std::string::npos);
        EXPECT_EQ(outcome.err, "");
    }
}

TEST(Cli, ExceptionsAreReported) {
    EXPECT_EQ(run_with({"act"}, []() -> Result<void> { throw std::bad_alloc(); }).status, 4);
    EXPECT_EQ(run_with({"act"}, []() -> Result<void> { throw std::runtime_error("x"); }).status, 1);
}

TEST(Cli, ErrorsDoNothingToATerminal) {
    const Outcome outcome =
        run_with({"act"}, []() -> Result<void> { return fail(ErrorCode::kInput, "name \x1b[2J is unknown"); });
    EXPECT_EQ(outcome.err, "pitot: error: name \\x1b[2J is unknown\n");
}

TEST(CliDeathTest, ABrokenPromiseEndsWithOne) {
    const auto break_it = [] {
        std::array<char, 6> program{"pitot"};
        std::array<char, 4> verb{"act"};
        std::array<char*, 2> argv{program.data(), verb.data()};
        const std::array groups{VerbGroup{"All", {Verb{"act", "Do it", [](CLI::App& /*app*/) {
                                                           return Action([]() -> Result<void> {
                                                               PITOT_CHECK(1 + 1 == 3);
                                                               return {};
                                                           });
                                                       }}}}};
        return run(static_cast<int>(argv.size()), argv.data(), groups);
    };
    EXPECT_EXIT(static_cast<void>(break_it()), ::testing::ExitedWithCode(1), "1 \\+ 1 == 3 does not hold");
}

}  // namespace
}  // namespace pitot::cli
