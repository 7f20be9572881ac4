// What a host executor keeps of each replica, and what a step or a prediction works in.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "backend/backend.hpp"
#include "backend/host/batch.hpp"
#include "backend/host/named_tables.hpp"
#include "pitot/matrix_view.hpp"

namespace pitot::backend {

/// Parameters, constants and optimiser state of one replica.
template <typename K>
struct HostReplica {
    using T = typename K::Scalar;

    HostReplica(const Program& program, const ProgramLayout& layout) : tables(program, layout) {}

    AlignedVector<T> constants, parameters, towers;
    NamedTables<K> tables;
    // Of replicas that are trained.
    AlignedVector<T> gradient, tower_gradient, first_moment, second_moment;
    std::int64_t updates = 0;
    bool primed = false;  ///< whether the constant columns of towers have been written
};

/// Batches, the rows they name, and memory for what is computed from them.
template <typename T>
struct HostWork {
    std::vector<Batch<T>> batches;
    std::array<NamedRows, 2> named;  ///< of platforms and modules
    AlignedVector<T> compact, compact_gradient, pairs, pair_gradient;
};

/// Memory of a prediction.
template <typename T>
struct HostScratch final : Executor::Scratch {
    HostWork<T> work;
    AlignedVector<T> towers;
};

}  // namespace pitot::backend
