#include <sys/mman.h>

#include <cstddef>
#include <new>

#include "pitot/matrix_view.hpp"

namespace pitot {
namespace {

constexpr std::size_t kLine = 64;
constexpr std::size_t kLargePage = std::size_t{1} << 21U;
constexpr std::size_t kLargeBlock = 16 * kLargePage;

std::align_val_t boundary(std::size_t bytes) { return std::align_val_t{bytes >= kLargeBlock ? kLargePage : kLine}; }

}  // namespace

void* allocate_aligned(std::size_t bytes) {
    void* block = ::operator new(bytes, boundary(bytes));
#ifdef MADV_HUGEPAGE
    if (bytes >= kLargeBlock) {
        ::madvise(block, bytes / kLargePage * kLargePage, MADV_HUGEPAGE);  // a wish; nothing is lost without
    }
#endif
    return block;
}

void free_aligned(void* block, std::size_t bytes) { ::operator delete(block, boundary(bytes)); }

}  // namespace pitot
