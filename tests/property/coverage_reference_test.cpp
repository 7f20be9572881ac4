// The bound on measured data: what the method promises, on runtimes that nobody made up.
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>

#include "pitot/evaluate.hpp"

namespace pitot {
namespace {

std::filesystem::path reference_file(const char* name) {
    const char* folder = std::getenv("PITOT_REFERENCE_DATA");
    const auto root = folder != nullptr ? std::filesystem::path(folder)
                                        : std::filesystem::path(PITOT_SOURCE_DIR) / ".." / "shared" / "data";
    return root / name;
}

// Little training: coverage does not depend on how good the model is, only on exchangeable rows.
FitConfig short_config(const char* name) {
    FitConfig config = preset(name).value();
    config.train.folds = 2;
    config.train.checkpoints = 2;
    config.train.objective("together").rows = 0;
    return config;
}

void expect_coverage(const char* file, const char* name, double tolerance) {
    const std::filesystem::path path = reference_file(file);
    if (!std::filesystem::exists(path)) {
        GTEST_SKIP() << path << " is absent; set PITOT_REFERENCE_DATA";
    }
    const Dataset dataset = read_dataset(std::span(&path, 1)).value();
    const EvaluateOptions options{.share = 0.5, .replicates = 10, .bounds = true};
    const Evaluation evaluation = evaluate(dataset, short_config(name), options).value();
    for (const ObjectiveMetrics& objective : evaluation.objectives) {
        for (const BoundMetrics& bound : objective.bounds) {
            EXPECT_NEAR(bound.coverage.mean, bound.confidence, tolerance)
                << objective.objective << " at " << bound.confidence << " with " << objective.calibration_rows
                << " calibration rows";
        }
    }
}

TEST(ReferenceCoverage, RowsAloneWithinSevenTenthsOfAPoint) {
    expect_coverage("pitot-2023/data.npz", "embedding/128", 0.007);
}

TEST(ReferenceCoverage, HoldsForLinearScalingToo) {
    expect_coverage("pitot-2023/data.npz", "baseline/linear_scaling", 0.007);
}

// 140 calibration rows alone: the standard error of a mean of ten coverages at 90 % is 0.8 points, twice that is
// allowed.
TEST(ReferenceCoverage, RowsWithCoRunnersAreCalibratedApart) {
    expect_coverage("pitot-2023/data.if.npz", "interference/2", 0.016);
}

}  // namespace
}  // namespace pitot
