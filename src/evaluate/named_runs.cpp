#include "evaluate/named_runs.hpp"

#include <algorithm>
#include <cstddef>
#include <functional>
#include <set>
#include <utility>

#include <fmt/core.h>
#include "dataset/row_groups.hpp"

namespace pitot::evaluation {
namespace {

std::vector<std::int32_t> numbers_by(const Side& side, const auto& find) {
    std::vector<std::int32_t> numbers;
    for (const std::string& name : side.names) {
        numbers.push_back(find(name).value_or(-1));
    }
    return numbers;
}

}  // namespace

std::vector<std::int32_t> platform_numbers(const Side& platforms, const Predictor& predictor) {
    return numbers_by(platforms, [&](const std::string& name) { return predictor.find_platform(name); });
}

std::vector<std::int32_t> module_numbers(const Side& modules, const Predictor& predictor) {
    return numbers_by(modules, [&](const std::string& name) { return predictor.find_module(name); });
}

NamedRuns named_runs(const Predictor& predictor, const Dataset& dataset) {
    const std::vector<std::int32_t> platform_number = platform_numbers(dataset.platforms, predictor);
    const std::vector<std::int32_t> module_number = module_numbers(dataset.modules, predictor);
    NamedRuns named;
    std::set<std::int32_t> unknown_platforms, unknown_modules;
    std::set<predict::Combination> unknown;  // as the dataset numbers them
    const ObservationView rows = dataset.observations.view();
    for (std::int64_t n = 0; n < rows.size(); ++n) {
        const auto at = static_cast<std::size_t>(n);
        const std::int32_t platform = platform_number[static_cast<std::size_t>(rows.platform[at])];
        bool known = platform >= 0;
        if (!known) {
            unknown_platforms.insert(rows.platform[at]);
        }
        const auto number_of = [&](std::int32_t module) {
            const std::int32_t number = module_number[static_cast<std::size_t>(module)];
            if (number < 0) {
                unknown_modules.insert(module);
                known = false;
            }
            return number;
        };
        const std::int32_t module = number_of(rows.module[at]);
        std::vector<std::int32_t> with;
        for (const std::int32_t k : dataset::sorted_co_runners(rows, n)) {
            if (k >= 0) {
                with.push_back(number_of(k));
            }
        }
        if (!known) {
            ++named.unknown_runs;
            unknown.insert(
                predict::combination(rows.platform[at], rows.module[at], dataset::sorted_co_runners(rows, n)));
            continue;
        }
        std::ranges::sort(with, std::greater<>());
        named.runtime_us[{platform, module, std::move(with)}].push_back(rows.runtime_us[at]);
    }
    named.unknown_combinations = std::ssize(unknown);
    for (const std::int32_t i : unknown_platforms) {
        named.unknown_platforms.push_back(dataset.platforms.names[static_cast<std::size_t>(i)]);
    }
    for (const std::int32_t j : unknown_modules) {
        named.unknown_modules.push_back(dataset.modules.names[static_cast<std::size_t>(j)]);
    }
    return named;
}

Failure none_known(const NamedRuns& runs) {
    return fail(ErrorCode::kInput,
                runs.unknown_runs == 0
                    ? "there are no runs in what was given; give some measurements"
                    : fmt::format("the model knows the names of none of these {} runs: platforms and modules must be "
                                  "called as in the dataset that it was fitted on",
                                  runs.unknown_runs));
}

}  // namespace pitot::evaluation
