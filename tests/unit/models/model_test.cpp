#include "models/folds/step_program.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <numeric>

#include "models/folds/fold_model.hpp"
#include "models/scaling/linear_scaling.hpp"
#include "support/synthetic.hpp"
#include "train/initial_parameters.hpp"

namespace pitot::models {
namespace {

std::vector<std::int64_t> all_rows(const Dataset& dataset) {
    std::vector<std::int64_t> rows(static_cast<std::size_t>(dataset.pool(kAlone).size()));
    std::iota(rows.begin(), rows.end(), std::int64_t{0});
    return rows;
}

TEST(LinearScaling, RecoversASpeedAndASize) {
    const Dataset dataset = test::synthetic_dataset({.density = 0.5, .interaction = 0.0, .noise = 0.0});
    const auto rows = all_rows(dataset);
    const LinearScaling fit =
        fit_linear_scaling(dataset.pool(kAlone), rows, dataset.platforms.size(), dataset.modules.size());
    for (std::size_t n = 0; n < rows.size(); ++n) {
        const double y = to_log({dataset.pool(kAlone).runtime_us[n]}).value;
        EXPECT_NEAR(fit(dataset.pool(kAlone).platform[n], dataset.pool(kAlone).module[n]), y, 1e-3);
    }
}

TEST(LinearScaling, RowsGoneThroughInTheFileGiveTheSame) {
    const Dataset dataset = test::synthetic_dataset({.density = 0.5});
    std::vector<std::int64_t> rows = all_rows(dataset);
    rows.resize(rows.size() / 2);
    std::ranges::reverse(rows);
    const auto fit = [&](std::int64_t kept) {
        return fit_linear_scaling(dataset.pool(kAlone), rows, dataset.platforms.size(), dataset.modules.size(), kept);
    };
    const LinearScaling in_memory = fit(kKeptLogarithms);
    const LinearScaling in_file = fit(std::ssize(rows) - 1);
    for (std::size_t i = 0; i < in_memory.platform.size(); ++i) {
        EXPECT_NEAR(in_file.platform[i], in_memory.platform[i], 1e-9);
    }
    for (std::size_t j = 0; j < in_memory.module.size(); ++j) {
        EXPECT_NEAR(in_file.module[j], in_memory.module[j], 1e-9);
    }
}

TEST(LinearScaling, EmptyRowsAndColumnsKeepZero) {
    ObservationTable table;
    table.platform = {0, 0, 2};
    table.module = {0, 1, 1};
    table.runtime_us = {25000.0, 50000.0, 100000.0};
    const std::vector<std::int64_t> rows{0, 1};  // platform 2 is measured in a row that is left out
    const LinearScaling fit = fit_linear_scaling(table.view(), rows, 3, 3);
    EXPECT_EQ(fit.platform[1], 0.0);
    EXPECT_EQ(fit.platform[2], 0.0);
    EXPECT_EQ(fit.module[2], 0.0);
    // First sweep: a = mean(0, ln 2), b_j = y - a; nothing changes after it.
    EXPECT_NEAR(fit.platform[0], std::log(2.0) / 2.0, 1e-12);
    EXPECT_NEAR(fit.module[0], -std::log(2.0) / 2.0, 1e-12);
    EXPECT_NEAR(fit.module[1], std::log(2.0) / 2.0, 1e-12);
}

TEST(Model, HasThePublishedParameters) {
    const Dataset dataset = test::synthetic_dataset({.platforms = 10, .modules = 15, .features = 5});
    const auto layout = [&](const char* name) {
        std::map<std::string, std::pair<std::int64_t, std::int64_t>> shapes;
        for (const auto& block : parameter_layout(preset(name)->model, dataset.platforms, dataset.modules)) {
            shapes[block.name] = {block.rows, block.cols};
        }
        return shapes;
    };
    using Shape = std::pair<std::int64_t, std::int64_t>;
    const auto embedding = layout("embedding/64");
    EXPECT_EQ(embedding.at("platform.learned"), Shape(10, 4));
    EXPECT_EQ(embedding.at("platform.layer0.weight"), Shape(9, 128));
    EXPECT_EQ(embedding.at("module.layer1.weight"), Shape(128, 64));
    EXPECT_EQ(embedding.at("module.layer1.bias"), Shape(1, 64));
    EXPECT_EQ(layout("interference/3").at("platform.layer1.weight"), Shape(128, 128 * 7));
    EXPECT_EQ(layout("linear/32").at("module.table"), Shape(15, 32));
    EXPECT_EQ(layout("baseline/device_mlp").at("network.layer0.weight"), Shape(10 * 5, 64));
    EXPECT_EQ(layout("baseline/mlp").at("network.layer2.weight"), Shape(128, 1));
    EXPECT_EQ(layout("baseline/mlp").count("platform.layer0.bias"), 0U);
    EXPECT_TRUE(layout("baseline/linear_scaling").empty());
}

TEST(Model, StartsAsPublished) {
    const Dataset dataset = test::synthetic_dataset({.platforms = 10, .modules = 15, .features = 5});
    const Model model = build_model(preset("embedding/128")->model, dataset.platforms, dataset.modules);
    const auto values = train::initial_parameters(model.program, core::Key(1));
    const auto layout = parameter_layout(preset("embedding/128")->model, dataset.platforms, dataset.modules);
    for (const auto& block : layout) {
        double squares = 0.0;
        double largest = 0.0;
        for (std::int64_t n = block.offset; n < block.offset + block.rows * block.cols; ++n) {
            const double x = values[static_cast<std::size_t>(n)];
            squares += x * x;
            largest = std::max(largest, std::abs(x));
        }
        const double rms = std::sqrt(squares / static_cast<double>(block.rows * block.cols));
        if (block.name.ends_with("bias")) {
            EXPECT_EQ(largest, 0.0) << block.name;
        } else if (block.name.ends_with("learned")) {
            EXPECT_LE(largest, 0.01) << block.name;
            EXPECT_NEAR(rms, 0.01 / std::sqrt(3.0), 0.0015) << block.name;
        } else {
            const double sigma = 1.0 / std::sqrt(static_cast<double>(block.rows));
            EXPECT_LE(largest, 2.0 * sigma) << block.name;
            EXPECT_NEAR(rms, 0.8796 * sigma, 0.05 * sigma) << block.name;
        }
    }
    EXPECT_EQ(train::initial_parameters(model.program, core::Key(1)), values);
    EXPECT_NE(train::initial_parameters(model.program, core::Key(2)), values);
}

TEST(FoldModel, NewRowsStartFromTheMeanOfTheLearnedInputs) {
    const Dataset known = test::synthetic_dataset({.platforms = 4, .modules = 5, .features = 3});
    const Dataset more = test::synthetic_dataset({.platforms = 4, .modules = 6, .features = 3});
    ModelConfig config = preset("embedding/32")->model;
    std::vector<float> parameters;
    for (const double x :
         train::initial_parameters(build_model(config, known.platforms, known.modules).program, core::Key(1))) {
        parameters.push_back(static_cast<float>(x));
    }
    const auto extended =
        extend_parameters(config, parameter_layout(config, known.platforms, known.modules), 0, 1, parameters);
    ASSERT_TRUE(extended);
    EXPECT_EQ(extended->size(), parameters.size() + 4);
    const auto layout = parameter_layout(config, more.platforms, more.modules);
    for (const auto& block : layout) {
        if (block.name == "module.learned") {
            for (std::int64_t c = 0; c < 4; ++c) {
                float mean = 0.0F;
                for (std::int64_t row = 0; row < 5; ++row) {
                    mean += (*extended)[static_cast<std::size_t>(block.offset + row * 4 + c)] / 5.0F;
                }
                EXPECT_NEAR((*extended)[static_cast<std::size_t>(block.offset + 5 * 4 + c)], mean, 1e-7);
            }
        }
    }
    const auto refused = extend_parameters(preset("linear/32")->model, {}, 1, 0, {});
    ASSERT_FALSE(refused);
    EXPECT_NE(refused.error().message().find("platform"), std::string::npos);
    EXPECT_FALSE(extend_parameters(preset("baseline/device_mlp")->model, {}, 1, 0, {}));
}

}  // namespace
}  // namespace pitot::models
