// The published presets by name.
#include <fmt/format.h>

#include <array>
#include <functional>

#include "core/suggest.hpp"
#include "pitot/config.hpp"
#include "pitot/remedy.hpp"

namespace pitot {
namespace {

struct Entry {
    PresetInfo info;
    std::function<void(FitConfig&)> change;
};

// Rows with co-runners the published interference curves were trained and tested on: as many as isolated entries.
constexpr std::int64_t kPublishedTogetherRows = 2800;
constexpr std::array<std::int64_t, 5> kWidths{32, 64, 128, 256, 512};

void tables(FitConfig& c, std::int64_t rank) {
    c.model.layers = {rank};
    c.model.platform_features = c.model.module_features = false;
    c.model.learned_features = 0;
}

void add_widths(std::vector<Entry>& list) {
    for (const std::int64_t r : kWidths) {
        const std::string n = std::to_string(r);
        list.push_back({{"embedding/" + n, "factorization with side information, rank r = " + n}, [r](FitConfig& c) {
                            c.model.layers = {128, r};
                        }});
    }
    for (const std::int64_t q : {0, 2, 4, 8, 16}) {
        const std::string n = std::to_string(q);
        list.push_back({{"features/" + n, "embedding/128 with q = " + n + " learned features a row"},
                        [q](FitConfig& c) { c.model.learned_features = q; }});
    }
    for (const std::int64_t r : kWidths) {
        const std::string n = std::to_string(r);
        list.push_back({{"linear/" + n, "linear factorization: two learned tables of width r = " + n},
                        [r](FitConfig& c) { tables(c, r); }});
    }
    for (const std::int64_t r : kWidths) {
        const std::string n = std::to_string(r);
        list.push_back({{"paragon/" + n, fmt::format("linear/{} on t / 25 ms without logarithm and baseline", r)},
                        [r](FitConfig& c) {
                            tables(c, r);
                            c.model.logarithm = c.model.baseline = false;
                        }});
    }
}

// `rows` limits the interference rows as the published curves did.
void interference(FitConfig& c, std::int64_t types, double weight, std::int64_t rows) {
    c.model.interference_types = types;
    c.train.objective("alone").batch = 128;
    PoolObjective& together = c.train.objective("together");
    together.weight = weight;
    together.rows = rows;
}

void add_interference(std::vector<Entry>& list, const std::string& family, const std::string& of, bool all_types) {
    const std::int64_t rows = kPublishedTogetherRows;
    list.push_back({{family + "/discard", "embedding/128 trained on runs alone, tested on " + of},
                    [=](FitConfig& c) { interference(c, 0, 0.0, rows); }});
    list.push_back({{family + "/ignore", fmt::format("embedding/128 trained on {} as if they were alone", of)},
                    [=](FitConfig& c) { interference(c, 0, 1.0, rows); }});
    for (std::int64_t s = all_types ? 1 : 2; s <= (all_types ? 4 : 2); ++s) {
        list.push_back(
            {{fmt::format("{}/{}", family, s), fmt::format("interference model with s = {} types on {}", s, of)},
             [=](FitConfig& c) { interference(c, s, 1.0, rows); }});
    }
}

void add_baselines(std::vector<Entry>& list) {
    list.push_back(
        {{"baseline/non_baseline", "embedding/128 without the linear-scaling baseline, alpha = 1"}, [](FitConfig& c) {
             c.model.baseline = false;
             c.model.alpha = 1.0;
         }});
    list.push_back({{"baseline/platform_only", "embedding/128 without module features"},
                    [](FitConfig& c) { c.model.module_features = false; }});
    list.push_back({{"baseline/module_only", "embedding/128 without platform features"},
                    [](FitConfig& c) { c.model.platform_features = false; }});
    list.push_back({{"baseline/mlp", "a single network 128, 128, 1 on both sides' features"}, [](FitConfig& c) {
                        c.model.family = Family::kNetwork;
                        c.model.layers = {128, 128, 1};
                        c.model.learned_features = 0;
                    }});
    list.push_back(
        {{"baseline/device_mlp", "a network 64, 64, 1 for each platform on the module's features"}, [](FitConfig& c) {
             c.model.family = Family::kPlatformNetwork;
             c.model.layers = {64, 64, 1};
             c.model.platform_features = false;
             c.model.learned_features = 0;
             c.train.folds = 5;
             c.train.replicates = 5;
         }});
    list.push_back(
        {{"baseline/linear_scaling", "the linear-scaling baseline alone (a speed and a size)"}, [](FitConfig& c) {
             c.model.family = Family::kLinearScaling;
             c.model.platform_features = c.model.module_features = false;
         }});
}

// Beyond the published: one wide model of two starts, trained on all rows in every step.
void wide(FitConfig& c) {
    c.model.layers = {128, 512};
    c.model.loss = Loss::kHuber;
    c.train.folds = 2;
    c.train.validation = false;
    c.train.steps = 4000;
    c.train.objective("alone").batch = 0;
    c.train.learning_rate = 2e-3;
    c.train.schedule = Schedule::kCosine;
}

const std::vector<Entry>& entries() {
    static const std::vector<Entry> all = [] {
        std::vector<Entry> list;
        add_widths(list);
        add_interference(list, "interference", "rows with a co-runner", true);
        add_interference(list, "interference3", "rows with two co-runners", false);
        list.push_back({{"interference3/no-smt", "interference3/2 on machines with SMT off"},
                        [](FitConfig& c) { interference(c, 2, 1.0, kPublishedTogetherRows); }});
        add_baselines(list);
        list.push_back({{"factor/wide", "rank 512, Huber loss, all rows in each of 4 000 steps, two models"}, wide});
        const auto kernel = [](FitConfig& c) {
            c.model.family = Family::kKernel;
            c.train.objective("together").weight = 1.0;  // where there are such rows
        };
        list.push_back({{"kernel", "a Gaussian process on the platform × module grid, in two passes"}, kernel});
        list.push_back({{"kernel/+embeddings", "kernel with distances between embeddings of factor/wide, too"},
                        [kernel](FitConfig& c) {
                            kernel(c);
                            c.model.kernel_embeddings = true;
                        }});
        return list;
    }();
    return all;
}

}  // namespace

Result<FitConfig> preset(std::string_view name) {
    std::vector<std::string> known;
    for (const Entry& entry : entries()) {
        if (entry.info.name == name) {
            FitConfig config;
            config.preset = std::string(name);
            entry.change(config);
            return config;
        }
        known.push_back(entry.info.name);
    }
    const std::string near = core::suggestion(name, known);
    return fail(ErrorCode::kUsage, fmt::format("there is no preset '{}'{}", name, near), Remedy::kListPresets);
}

std::vector<PresetInfo> presets() {
    std::vector<PresetInfo> list;
    for (const Entry& entry : entries()) {
        list.push_back(entry.info);
    }
    return list;
}

}  // namespace pitot
