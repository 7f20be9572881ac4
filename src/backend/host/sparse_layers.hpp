// Layers whose input is constant and has many zeros.
#pragma once

#include <cstdint>
#include <map>

#include "backend/host/layout.hpp"
#include "backend/host/nonzero_blocks.hpp"
#include "backend/program.hpp"

namespace pitot::backend {

/// The zeros of a layer's input: by its rows, for the forward pass, and by its columns, for the weight's gradient.
struct SparseInput {
    NonzeroBlocks rows, columns;
};

/// Sparse inputs of layers, by the layer's output.
using SparseLayers = std::map<BufferId, SparseInput>;

/// Finds the layers on towers that gain by leaving out zeros: those whose input is constant, but for learned columns
/// beside it, and whose output is a multiple of `columns` wide. Named sides, and sides of more than 4096 rows, have
/// none.
[[nodiscard]] SparseLayers find_sparse_layers(const Program& program, const ProgramLayout& layout,
                                              std::int64_t columns);

}  // namespace pitot::backend
