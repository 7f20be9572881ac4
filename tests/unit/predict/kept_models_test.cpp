// Model files that earlier versions wrote, one of each family and schema in unit/predict/fixtures, with what those
// versions predicted from them: they load, and say the same.
#include <gtest/gtest.h>

#include <cmath>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include "pitot/predictor.hpp"

namespace pitot::predict {
namespace {

namespace fs = std::filesystem;

const fs::path kKept = fs::path(PITOT_SOURCE_DIR) / "tests/unit/predict/fixtures";

std::vector<std::string> cells_of(const std::string& line) {
    std::vector<std::string> cells;
    std::istringstream in(line);
    for (std::string cell; std::getline(in, cell, ',');) {
        cells.push_back(cell);
    }
    return cells;
}

class KeptModels : public testing::TestWithParam<std::string> {};

// A line of the table: platform, module, what runs beside, runtime and 80 % bound in microseconds, basis.
TEST_P(KeptModels, SayWhatTheySaidWhenTheyWereWritten) {
    const auto predictor = Predictor::load(kKept / (GetParam() + ".pitot"));
    ASSERT_TRUE(predictor) << predictor.error().to_string();
    std::ifstream table(kKept / (GetParam() + ".csv"));
    int rows = 0;
    for (std::string line; std::getline(table, line); ++rows) {
        const std::vector<std::string> cells = cells_of(line);
        ASSERT_GE(cells.size(), 6U) << line;
        std::vector<std::int32_t> beside;
        if (!cells[2].empty()) {
            beside.push_back(predictor->find_module(cells[2]).value());
        }
        const auto answer = predictor
                                ->predict_pair(predictor->find_platform(cells[0]).value(),
                                               predictor->find_module(cells[1]).value(), 0.8, beside)
                                .value();
        const double runtime_us = std::stod(cells[3]);
        EXPECT_NEAR(answer.runtime_us, runtime_us, 1e-5 * runtime_us) << line;
        EXPECT_EQ(std::isnan(answer.bound_us), cells[4].empty()) << line;
        if (!cells[4].empty()) {
            EXPECT_NEAR(answer.bound_us, std::stod(cells[4]), 1e-5 * answer.bound_us) << line;
        }
        EXPECT_EQ(to_string(answer.basis), cells[5]) << line;
    }
    EXPECT_EQ(rows, 24);
}

INSTANTIATE_TEST_SUITE_P(Files, KeptModels,
                         testing::Values("schema1/linear_scaling", "schema1/factorization", "schema1/network",
                                         "schema1/platform_network", "schema2/linear_scaling", "schema2/factorization",
                                         "schema2/network", "schema2/platform_network"),
                         [](const auto& tested) {
                             std::string name = tested.param;
                             name.replace(name.find('/'), 1, "_");
                             return name;
                         });

}  // namespace
}  // namespace pitot::predict
