#include "wasm/unsupported.hpp"

#include <fmt/format.h>

#include <array>
#include <cstddef>

#include "wasm/file_kind.hpp"

namespace pitot::wasm {
namespace {

/// Thrown where the walk ends: something of a proposal was found, or the bytes are not those of a module.
struct Found {
    const char* proposal;  ///< null: nothing
    std::size_t at_byte;
};

constexpr const char* kGc = "the GC proposal (struct and array types)";
constexpr const char* kTypedReferences = "the proposal of typed function references";
constexpr const char* kExnref = "exception handling with exnref (try_table, throw_ref)";
constexpr const char* kTable64 = "64-bit tables of the memory64 proposal";
constexpr const char* kPageSizes = "the proposal of custom page sizes";
constexpr const char* kSharedEverything = "the proposal of shared-everything threads";
constexpr const char* kStackSwitching = "the stack switching proposal";
constexpr const char* kWideArithmetic = "the proposal of wide arithmetic";
constexpr const char* kHalfPrecision = "the proposal of half-precision numbers";
constexpr const char* kStrings = "the proposal of string references";
constexpr const char* kMemoryControl = "the proposal of memory control";

class Walk {
public:
    explicit Walk(std::span<const std::uint8_t> bytes) : bytes_(bytes), end_(bytes.size()) {}

    void sections() {
        constexpr std::size_t header = 8;
        at_ = header;
        while (at_ < bytes_.size()) {
            end_ = bytes_.size();
            const std::uint8_t id = byte();
            const std::size_t size = number();
            if (size > bytes_.size() - at_) {
                stop();
            }
            const std::size_t next = at_ + size;
            end_ = next;
            section(id);
            at_ = next;
        }
    }

private:
    [[noreturn]] void stop() const { throw Found{nullptr, at_}; }
    [[noreturn]] void found(const char* proposal) const { throw Found{proposal, at_ - 1}; }

    std::uint8_t byte() {
        if (at_ >= end_) {
            stop();
        }
        return bytes_[at_++];
    }
    /// LEB128, of any width and sign; the low 64 bits of an unsigned one.
    std::uint64_t number() {
        constexpr unsigned bits = 7;
        std::uint64_t value = 0;
        for (unsigned shift = 0;; shift += bits) {
            const std::uint8_t next = byte();
            value |= shift < 64 ? std::uint64_t{next & 0x7FU} << shift : 0;
            if ((next & 0x80U) == 0) {
                return value;
            }
        }
    }
    void numbers(int count) {
        for (; count > 0; --count) {
            number();
        }
    }
    void skip(std::size_t count) {
        if (count > end_ - at_) {
            stop();
        }
        at_ += count;
    }
    template <typename Item>
    void vector(Item item) {
        for (std::uint64_t left = number(); left > 0; --left) {
            item();
        }
    }

    void section(std::uint8_t id) {
        switch (id) {
            case 1:
                return vector([&] { type(); });
            case 2:
                return vector([&] { import(); });
            case 4:
                return vector([&] { table(); });
            case 5:
                return vector([&] { limits(false); });
            case 6:
                return vector([&] {
                    value_type(byte());
                    byte();  // mutable or not
                    code(false);
                });
            case 10:
                return vector([&] { body(); });
            default:
                return;
        }
    }

    void type() {
        const std::uint8_t form = byte();
        if (form >= 0x4E && form <= 0x5F && (form <= 0x50 || form >= 0x5E)) {
            found(kGc);
        }
        if (form == 0x5D) {
            found(kStackSwitching);
        }
        if (form != 0x60) {
            stop();
        }
        vector([&] { value_type(byte()); });
        vector([&] { value_type(byte()); });
    }

    void value_type(std::uint8_t type) {
        if (type == 0x63 || type == 0x64) {
            const std::uint8_t heap = byte();
            if (heap < 0x40 || heap >= 0x80 || heap == 0x70 || heap == 0x6F) {
                found(kTypedReferences);
            }
            return heap == 0x63 || heap == 0x64 ? stop() : value_type(heap);
        }
        switch (type) {
            case 0x69:
            case 0x74:
                found(kExnref);
            case 0x6A:
            case 0x6B:
            case 0x6C:
            case 0x6D:
            case 0x6E:
            case 0x71:
            case 0x72:
            case 0x73:
            case 0x77:
            case 0x78:
                found(kGc);
            case 0x68:
            case 0x75:
                found(kStackSwitching);
            case 0x67:
                found(kStrings);
            case 0x65:
                found(kSharedEverything);
            default:
                return;
        }
    }

    void limits(bool of_table) {
        const std::uint64_t flags = number();
        constexpr unsigned is_64 = 4;
        constexpr unsigned page_size = 8;
        if (of_table && (flags & is_64) != 0) {
            found(kTable64);
        }
        if (!of_table && (flags & page_size) != 0) {
            found(kPageSizes);
        }
        number();
        if ((flags & 1U) != 0) {
            number();
        }
    }

    void table() {
        const std::uint8_t first = byte();
        if (first == 0x40) {
            found(kTypedReferences);  // a table with an initial value
        }
        value_type(first);
        limits(true);
    }

    void import() {
        skip(number());
        skip(number());
        switch (byte()) {
            case 0:
                return numbers(1);
            case 1:
                return table();
            case 2:
                return limits(false);
            case 3:
                value_type(byte());
                return skip(1);
            case 4:
                return numbers(2);
            default:
                stop();
        }
    }

    void body() {
        const std::size_t size = number();
        if (size > end_ - at_) {
            stop();
        }
        const std::size_t section_end = end_;
        end_ = at_ + size;
        vector([&] {
            number();
            value_type(byte());
        });
        code(true);
        at_ = end_;
        end_ = section_end;
    }

    /// Opcodes to the end of the body, or to the `end` of an initial value.
    void code(bool to_end_of_body) {
        while (at_ < end_) {
            const std::uint8_t opcode = byte();
            if (opcode == 0x0B && !to_end_of_body) {
                return;
            }
            instruction(opcode);
        }
    }

    void instruction(std::uint8_t opcode) {
        if (opcode >= 0x28 && opcode <= 0x3E) {
            return memory_argument();
        }
        if ((opcode >= 0x45 && opcode <= 0xC4) || (opcode >= 0x20 && opcode <= 0x26)) {
            return numbers(opcode <= 0x26 ? 1 : 0);
        }
        switch (opcode) {
            case 0x02:
            case 0x03:
            case 0x04:
            case 0x06:
                return block_type();
            case 0x07:
            case 0x08:
            case 0x09:
            case 0x0C:
            case 0x0D:
            case 0x10:
            case 0x12:
            case 0x18:
            case 0x3F:
            case 0x40:
            case 0x41:
            case 0x42:
            case 0xD2:
                return numbers(1);
            case 0x0A:
            case 0x1F:
                found(kExnref);
            case 0x0E:
                vector([&] { number(); });
                return numbers(1);
            case 0x11:
            case 0x13:
                return numbers(2);
            case 0x14:
            case 0x15:
            case 0xD4:
            case 0xD5:
            case 0xD6:
                found(kTypedReferences);
            case 0x1C:
                return vector([&] { value_type(byte()); });
            case 0x43:
                return skip(4);
            case 0x44:
                return skip(8);
            case 0xD0: {
                const std::uint8_t heap = byte();
                return heap < 0x40 ? found(kTypedReferences) : value_type(heap);
            }
            case 0xD3:
            case 0xFB:
                found(kGc);
            case 0xFC:
                return bulk(number());
            case 0xFD:
                return vectors(number());
            case 0xFE:
                return atomics(number());
            default:
                if (opcode >= 0xE0 && opcode <= 0xE6) {
                    found(kStackSwitching);
                }
                if (opcode > 0xC4) {
                    stop();
                }
        }
    }

    void block_type() {
        const std::uint8_t first = byte();
        if (first >= 0x80) {
            number();  // the rest of a type's index
        } else if (first >= 0x41) {
            value_type(first);
        }
    }
    void memory_argument() {
        constexpr unsigned names_memory = 0x40;
        numbers((number() & names_memory) != 0 ? 2 : 1);
    }
    void bulk(std::uint64_t code) {
        constexpr std::array<int, 18> immediates{0, 0, 0, 0, 0, 0, 0, 0, 2, 1, 2, 1, 2, 1, 2, 1, 1, 1};
        if (code == 18) {
            found(kMemoryControl);
        }
        if (code >= 19 && code <= 22) {
            found(kWideArithmetic);
        }
        if (code >= immediates.size()) {
            stop();
        }
        numbers(immediates.at(code));
    }
    void vectors(std::uint64_t code) {
        if (code <= 11 || code == 92 || code == 93) {
            memory_argument();
        } else if (code == 12 || code == 13) {
            skip(16);
        } else if (code >= 21 && code <= 34) {
            skip(1);
        } else if (code >= 84 && code <= 91) {
            memory_argument();
            skip(1);
        } else if (code >= 0x120 && code <= 0x14F) {
            found(kHalfPrecision);
        }
    }
    void atomics(std::uint64_t code) {
        if (code >= 0x4F) {
            found(kSharedEverything);
        }
        if (code == 3) {
            return skip(1);
        }
        memory_argument();
    }

    std::span<const std::uint8_t> bytes_;
    std::size_t at_ = 0;
    std::size_t end_;
};

}  // namespace

std::string find_unsupported(std::span<const std::uint8_t> bytes) {
    if (!is_core_module(bytes)) {
        return file_kind(bytes);
    }
    if (std::string broken = find_broken_frame(bytes); !broken.empty()) {
        return broken;
    }
    try {
        Walk(bytes).sections();
    } catch (const Found& found) {
        if (found.proposal != nullptr) {
            return fmt::format(
                "uses {} (at byte {}), which libwabt, the reader of modules here, does not know; build "
                "it without, or measure it where an engine knows it",
                found.proposal, found.at_byte);
        }
    }
    return "";
}

}  // namespace pitot::wasm
