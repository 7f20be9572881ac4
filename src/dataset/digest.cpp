#include <algorithm>
#include <bit>
#include <string>
#include <vector>

#include "core/digest.hpp"
#include "pitot/dataset.hpp"

namespace pitot {
namespace {

// Every array is preceded by its length, so that no two datasets give the same bytes.
void add(core::Sha256& hash, const std::vector<std::string>& texts) {
    hash.number(texts.size());
    for (const std::string& text : texts) {
        hash.text(text);
    }
}

void add(core::Sha256& hash, const Side& side) {
    add(hash, side.names);
    add(hash, side.feature_names);
    hash.number(side.features.flat().size());
    for (const double value : side.features.flat()) {
        hash.number(std::bit_cast<std::uint64_t>(value + 0.0));  // -0 is 0
    }
}

void add(core::Sha256& hash, const ObservationView& rows) {
    hash.array(rows.platform);
    hash.array(rows.module);
    hash.number(static_cast<std::uint64_t>(rows.width));
    hash.array(rows.co_runner);
    hash.array(rows.runtime_us);
}

}  // namespace

std::string dataset_digest(const Dataset& dataset) {
    core::Sha256 hash;
    hash.text("pitot dataset 1");  // part of every digest, hence of files; not ours
    add(hash, dataset.platforms);
    add(hash, dataset.modules);
    // Two pools at least, as it was when there were always two.
    for (std::size_t p = 0; p < std::max<std::size_t>(dataset.pools.size(), 2); ++p) {
        add(hash, dataset.pool(p));
    }
    return hash.finish();
}

}  // namespace pitot
