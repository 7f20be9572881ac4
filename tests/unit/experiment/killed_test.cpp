// A sweep that is killed leaves whole results or none, and nothing beside them that the next one does not remove.
#include <gtest/gtest.h>

#include <filesystem>
#include <set>
#include <string>
#include <vector>

#include "experiment/results.hpp"
#include "support/killed.hpp"
#include "support/small_sweep.hpp"
#include "support/synthetic.hpp"
#include "support/temp_folder.hpp"

namespace pitot::experiment {
namespace {

std::set<std::string> names_in(const std::filesystem::path& folder) {
    std::set<std::string> names;
    for (const auto& entry : std::filesystem::directory_iterator(folder)) {
        names.insert(entry.path().filename().string());
    }
    return names;
}

class KilledSweep : public testing::Test {
protected:
    [[nodiscard]] SweepOptions options(const test::TempFolder& folder, std::uint64_t seed, bool force) const {
        SweepOptions options = test::small_sweep(folder.path(), {"baseline/linear_scaling"});
        options.shares = {0.5};
        options.seed = seed;
        options.force = force;
        return options;
    }
    void run(const SweepOptions& options) const {
        std::vector<std::string> done;
        ASSERT_TRUE(test::run_quietly(plan_sweep(dataset_, options).value(), dataset_, done));
    }

    const Dataset dataset_ = test::synthetic_dataset();
    const std::string method_ = "baseline/linear_scaling";
    const std::set<std::string> whole_ = {"0.5.json", "0.5.npz"};
};

TEST_F(KilledSweep, LeavesNoFilesThatAreNoResults) {
    for (int n = 0;; ++n) {
        const test::TempFolder folder;
        const bool killed = test::killed_before_change(n, [&] { run(options(folder, 1, false)); });
        for (const std::string& name : names_in(folder.path() / method_)) {
            EXPECT_TRUE(whole_.contains(name)) << name << ", killed before change " << n;
        }
        run(options(folder, 1, false));
        EXPECT_EQ(names_in(folder.path() / method_), whole_) << "killed before change " << n;
        if (!killed) {
            break;
        }
    }
}

TEST_F(KilledSweep, ThatReplacesResultsIsFollowedByOneThatCleans) {
    for (int n = 0;; ++n) {
        const test::TempFolder folder;
        run(options(folder, 1, false));
        folder.put(method_ + "/0.5.npz.new", "what older versions left");
        const bool killed = test::killed_before_change(n, [&] { run(options(folder, 2, true)); });
        run(options(folder, 2, true));
        EXPECT_EQ(names_in(folder.path() / method_), whole_) << "killed before change " << n;
        EXPECT_EQ(read_record(folder.path() / method_ / "0.5.json").value().config.seed, 2U);
        if (!killed) {
            break;
        }
    }
}

}  // namespace
}  // namespace pitot::experiment
