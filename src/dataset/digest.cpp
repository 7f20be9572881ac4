#include <bit>
#include <string>
#include <vector>

#include "core/digest.hpp"
#include "pitot/dataset.hpp"

namespace pitot {
namespace {

// Every array is preceded by its length, so that no two datasets give the same bytes.
void add(Sha256& hash, const std::vector<std::string>& texts) {
    hash.number(texts.size());
    for (const std::string& text : texts) {
        hash.text(text);
    }
}

void add(Sha256& hash, const Side& side) {
    add(hash, side.names);
    add(hash, side.feature_names);
    hash.number(side.features.flat().size());
    for (const double value : side.features.flat()) {
        hash.number(std::bit_cast<std::uint64_t>(value + 0.0));  // -0 is 0
    }
}

void add(Sha256& hash, const ObservationTable& table) {
    hash.array(table.platform.values());
    hash.array(table.module.values());
    hash.number(static_cast<std::uint64_t>(table.width));
    hash.array(table.co_runner.values());
    hash.array(table.runtime_us.values());
}

}  // namespace

std::string dataset_digest(const Dataset& dataset) {
    Sha256 hash;
    hash.text("pitot dataset 1");  // not ours: a salt
    add(hash, dataset.platforms);
    add(hash, dataset.modules);
    add(hash, dataset.alone);
    add(hash, dataset.together);
    return hash.finish();
}

}  // namespace pitot
