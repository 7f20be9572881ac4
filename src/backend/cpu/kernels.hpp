// What the cpu backend's single-precision kernels share. They are compiled for several instruction sets and chosen at
// run time; those of an operation are in its folder.
//
// Matrices are row-major with strides; no alignment is asked for, and nothing is allocated. The same call gives the
// same bits on one instruction set, and an element's bits do not depend on the range of rows or columns it was asked
// for with, so that a call may be cut up among threads.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/key.hpp"
#include "pitot/matrix_view.hpp"

namespace pitot::backend::cpu {

using View = MatrixView<float>;
using ConstView = MatrixView<const float>;
using Index = std::span<const std::int32_t>;

/// Key::fill_below, many positions at a time.
void fill_below(core::Key key, std::uint64_t position, std::uint64_t bound, std::span<std::int64_t> out);

/// Independent chains of fused multiply-adds, enough to fill the pipelines: `rounds` of each. Returns how many
/// floating-point operations that was; `sink` keeps them from being left out.
double multiply_adds(std::int64_t rounds, float& sink);
/// y += x, element by element.
void add(std::span<const float> x, std::span<float> y);

/// Name of the instruction set in use ("AVX3", "AVX2", …).
[[nodiscard]] const char* instruction_set();
/// Names of the instruction sets that kernels were compiled for and this machine has, best first.
[[nodiscard]] std::vector<std::string> instruction_sets();
/// Uses this one of them from now on, in every thread; "" the best. False if it is not among them.
bool use_instruction_set(std::string_view name);

}  // namespace pitot::backend::cpu
