// How much of the first layers' products the zeros of real side information leave.
#include "backend/host/sparse_layers.hpp"

#include <gtest/gtest.h>

#include <array>

#include "models/folds/step_program.hpp"
#include "pitot/dataset.hpp"
#include "support/reference_data.hpp"

namespace pitot::models {
namespace {

TEST(SparseLayers, OfThePublicDatasetLeaveLittleMoreThanHalf) {
    const std::array<std::filesystem::path, 1> files{test::reference_data() / "pitot-2023/data.npz"};
    if (!std::filesystem::exists(files[0])) {
        GTEST_SKIP() << "no reference data; set PITOT_REFERENCE_DATA";
    }
    const auto data = read_dataset(files);
    ASSERT_TRUE(data);
    const Model model = build_model(preset("embedding/128").value().model, data->platforms, data->modules);
    const backend::ProgramLayout layout(model.program, {});
    const backend::SparseLayers layers = backend::find_sparse_layers(model.program, layout, 16);
    ASSERT_EQ(layers.size(), 1U);  // of modules; platforms' features are -1 or 1
    const backend::SparseInput& input = layers.begin()->second;
    EXPECT_LT(input.rows.density(), 0.55);
    EXPECT_GT(input.rows.density(), 0.45);
    EXPECT_LT(input.columns.density(), 0.62);
    EXPECT_GT(input.columns.density(), 0.45);
    RecordProperty("rows_percent", std::to_string(100.0 * input.rows.density()));
    RecordProperty("columns_percent", std::to_string(100.0 * input.columns.density()));
}

}  // namespace
}  // namespace pitot::models
