// Replicates are set aside on disk: memory that only a swap could take back does not grow with their number.
#include <gtest/gtest.h>
#include <malloc.h>

#include <atomic>
#include <chrono>
#include <fstream>
#include <string>
#include <thread>

#include "support/small_sweep.hpp"
#include "support/synthetic.hpp"
#include "support/temp_folder.hpp"

namespace pitot::experiment {
namespace {

// "RssAnon:	  1234 kB" of this process.
double anonymous_mib() {
    std::ifstream status("/proc/self/status");
    std::string word;
    while (status >> word) {
        if (double kib = 0.0; word == "RssAnon:" && status >> kib) {
            return kib / 1024.0;
        }
    }
    return 0.0;
}

double peak_mib(const Dataset& dataset, std::int64_t replicates) {
    const test::TempFolder folder;
    auto options = test::small_sweep(folder.path(), {"linear/32"});
    options.shares = {0.5};
    options.checkpoints = 1;
    options.epoch_samples = 400;
    options.replicates = replicates;
    const Sweep sweep = plan_sweep(dataset, options).value();
    std::atomic<bool> over = false;
    double peak = 0.0;
    std::thread watcher([&] {
        while (!over) {
            peak = std::max(peak, anonymous_mib());
            std::this_thread::sleep_for(std::chrono::milliseconds(1));
        }
    });
    std::vector<std::string> done;
    Context run;
    run.threads = 2;
    const auto ran = test::run_quietly(sweep, dataset, done, run);
    over = true;
    watcher.join();
    EXPECT_TRUE(ran);
    return peak;
}

TEST(Memory, OfASweepDoesNotGrowWithReplicates) {
#ifdef PITOT_SANITIZED
    GTEST_SKIP() << "sanitizers hold on to freed memory";
#endif
    if (anonymous_mib() == 0.0) {
        GTEST_SKIP() << "this kernel does not tell anonymous memory";
    }
    const Dataset dataset = test::synthetic_dataset({.platforms = 200, .modules = 300, .features = 0});
    (void)peak_mib(dataset, 2);  // what is allocated once
    ::malloc_trim(0);
    const double few = peak_mib(dataset, 2);
    ::malloc_trim(0);
    const double many = peak_mib(dataset, 20);
    // A few replicates may be in the works at once; C_hat of the others' folds alone would be twice this.
    const double limit_mib = 0.5 * 18 * 3 * (200 * 300 * sizeof(float)) / (1024.0 * 1024.0);
    EXPECT_LT(many - few, limit_mib) << few << " MiB with 2 replicates, " << many << " MiB with 20";
}

}  // namespace
}  // namespace pitot::experiment
