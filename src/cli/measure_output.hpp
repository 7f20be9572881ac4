// What `pitot measure` says: what cannot run, the outlook, the summary.
#pragma once

#include <cstdio>
#include <nlohmann/json.hpp>

#include "measure/measure.hpp"

namespace pitot::cli {

/// What cannot be run, before anything is: on standard error, but for a dry run, which has it as its answer.
void print_unfit(const measure::Plan& plan, std::FILE* out);

/// What would be run, and how long that takes.
void print_outlook(const measure::Summary& summary, const measure::Plan& plan);

/// What was run, and what failed.
void print_summary(const measure::Summary& summary, const measure::Plan& plan);

[[nodiscard]] nlohmann::ordered_json summary_json(const measure::Summary& summary, const measure::Plan& plan);

}  // namespace pitot::cli
