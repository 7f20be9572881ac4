// Inverses from Cholesky factors: the columns of M = L⁻¹ in packed panels, then MᵀM from the same panels.
#include <algorithm>
#include <cstdint>
#include <vector>

#include "backend/dense/kernels.hpp"
#include "backend/dense/lower.hpp"
#include "backend/dense/storage.hpp"
#include "backend/dense_algebra.hpp"
#include "core/check.hpp"

namespace pitot::backend::dense {
namespace {

constexpr std::int64_t kPanels = 4;   // of columns a task
constexpr std::int64_t kDepth = 256;  // of a product

// The columns of M by groups of panels: a group has the rows from its first column's block on.
template <typename T>
class InverseFactor {
public:
    InverseFactor(const Kernels<T>& kernel, MatrixView<const T> l) : kernel_(kernel), l_(l) {
        std::int64_t size = 0;
        for (std::int64_t column = 0; column < l.rows; column += width()) {
            groups_.push_back(size);
            size += panels(groups() - 1) * panel(groups() - 1);
        }
        values_.grow(size);
    }
    [[nodiscard]] std::int64_t width() const { return kPanels * kernel_.columns; }
    [[nodiscard]] std::int64_t groups() const { return static_cast<std::int64_t>(groups_.size()); }
    [[nodiscard]] std::int64_t columns(std::int64_t group) const {
        return std::min(width(), l_.rows - group * width());
    }
    [[nodiscard]] std::int64_t panels(std::int64_t group) const { return pieces_of(columns(group), kernel_.columns); }
    [[nodiscard]] std::int64_t first_row(std::int64_t group) const { return group * width() / kSolveRows * kSolveRows; }
    /// Elements of a panel.
    [[nodiscard]] std::int64_t panel(std::int64_t group) const {
        return (rounded_up(l_.rows, kernel_.rows) - first_row(group)) * kernel_.columns;
    }
    [[nodiscard]] T* at(std::int64_t group) const { return values_.data() + groups_[static_cast<std::size_t>(group)]; }

    /// Solves for a group's columns of the identity.
    void solve(std::int64_t group) const {
        std::fill_n(at(group), panels(group) * panel(group), T{0});
        for (std::int64_t j = 0; j < columns(group); ++j) {
            const std::int64_t row = group * width() + j - first_row(group);
            at(group)[j / kernel_.columns * panel(group) + row * kernel_.columns + j % kernel_.columns] = T{1};
        }
        PanelSolve<T>(kernel_, l_).run(false, at(group), panels(group), panel(group), first_row(group));
    }

    /// Rows of a group of MᵀM, up to the diagonal.
    void multiply(std::int64_t group, const MatrixView<T>& to) const {
        const std::int64_t row = group * width();
        for (std::int64_t other = 0; other <= group; ++other) {
            for (std::int64_t k = first_row(group); k < l_.rows; k += kDepth) {
                PanelProduct<T> product;
                product.rows = columns(group);
                product.columns = columns(other);
                product.depth = std::min(kDepth, l_.rows - k);
                product.a = at(group) + (k - first_row(group)) * kernel_.columns;
                product.a_panel = panel(group);
                product.b = at(other) + (k - first_row(other)) * kernel_.columns;
                product.b_panel = panel(other);
                product.beta = k == first_row(group) ? T{0} : T{1};
                product.c = &to(row, other * width());
                product.c_stride = to.stride;
                product.lower = other == group;
                kernel_.multiply(product);
            }
        }
    }

private:
    const Kernels<T>& kernel_;
    MatrixView<const T> l_;
    std::vector<std::int64_t> groups_;  // where each begins
    Storage<T> values_;
};

}  // namespace

template <typename T>
void inverse_from_cholesky(MatrixView<T> l, const Workers& workers) {
    PITOT_CHECK(l.rows == l.cols);
    const InverseFactor<T> inverse(kernels<T>(), l);
    workers.each(inverse.groups(), [&](std::int64_t group) { inverse.solve(group); });
    workers.each(inverse.groups(), [&](std::int64_t group) { inverse.multiply(group, l); });
}

template <typename T>
void mirror_lower(MatrixView<T> a) {
    PITOT_CHECK(a.rows == a.cols);
    constexpr std::int64_t tile = 32;
    for (std::int64_t row = 0; row < a.rows; row += tile) {
        for (std::int64_t column = 0; column <= row; column += tile) {
            for (std::int64_t i = row; i < std::min(row + tile, a.rows); ++i) {
                for (std::int64_t j = column; j < std::min(column + tile, i); ++j) {
                    a(j, i) = a(i, j);
                }
            }
        }
    }
}

template void inverse_from_cholesky(MatrixView<double>, const Workers&);
template void inverse_from_cholesky(MatrixView<float>, const Workers&);
template void mirror_lower(MatrixView<double>);
template void mirror_lower(MatrixView<float>);

}  // namespace pitot::backend::dense
