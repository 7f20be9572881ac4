// Layers whose input has many zeros that stay.
#pragma once

#include <cstdint>
#include <map>

#include "backend/host/layout.hpp"
#include "backend/host/nonzero_blocks.hpp"
#include "backend/program.hpp"

namespace pitot {

/// A layer's input by rows and, of its transpose, by columns.
struct SparseInput {
    NonzeroBlocks rows, columns;
};

/// By the layer's output.
using SparseLayers = std::map<BufferId, SparseInput>;

/// Layers of towers whose input is constant, but for some learned columns, and has enough zeros to leave them out.
/// Their outputs are a multiple of `columns` wide. Sides worked on by named rows, or of more than 4096, have none.
[[nodiscard]] SparseLayers find_sparse_layers(const Program& program, const ProgramLayout& layout,
                                              std::int64_t columns);

}  // namespace pitot
