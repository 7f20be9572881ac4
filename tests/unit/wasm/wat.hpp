// Modules from text, and what libwabt's own interpreter executes of them.
#pragma once

#include <gtest/gtest.h>

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <map>
#include <sstream>
#include <string>
#include <vector>

#include "support/temp_folder.hpp"
#include "wasm/module.hpp"

namespace pitot::test {

using Counts = std::map<std::string, std::uint64_t>;

inline Counts by_name(const std::vector<wasm::OpcodeCount>& counts) {
    Counts result;
    for (const wasm::OpcodeCount& opcode : counts) {
        result[opcode.name] = opcode.count;
    }
    return result;
}

inline const std::string kFeatures =
    " --enable-exceptions --enable-threads --enable-tail-call --enable-memory64 --enable-multi-memory"
    " --enable-extended-const --enable-relaxed-simd ";

/// The binary of a module in text. An `else` with nothing behind it is lost on the way.
inline std::vector<std::uint8_t> assemble(const std::string& wat) {
    const TempFolder folder;
    folder.put("m.wat", wat);
    const std::string command = "cd '" + folder.path().string() + "' && wat2wasm m.wat -o m.wasm" + kFeatures;
    EXPECT_EQ(std::system(command.c_str()), 0) << wat;
    const std::string bytes = content_of(folder / "m.wasm");
    return {bytes.begin(), bytes.end()};
}

inline wasm::Module read_module(const std::vector<std::uint8_t>& bytes) {
    Result<wasm::Module> module = wasm::Module::read(bytes, "test.wasm");
    EXPECT_TRUE(module) << module.error().to_string();
    return std::move(*module);
}

/// How often `wasm-interp --trace` shows each of its instructions when it runs all exported functions. Its code has
/// none of the opcodes of structure; it has instructions of its own ("br_unless", "alloca", "drop_keep" …).
inline Counts traced(const std::vector<std::uint8_t>& bytes) {
    const TempFolder folder;
    folder.put("m.wasm", std::string(bytes.begin(), bytes.end()));
    const std::string command = "cd '" + folder.path().string() + "' && wasm-interp --run-all-exports --trace m.wasm" +
                                kFeatures + "> trace 2> error";
    EXPECT_EQ(std::system(command.c_str()), 0) << content_of(folder / "error");
    Counts counts;
    std::istringstream lines(content_of(folder / "trace"));
    for (std::string line; std::getline(lines, line);) {
        const std::size_t bar = line.find("| ");
        if (line.starts_with('#') && bar != std::string::npos) {
            std::istringstream words(line.substr(bar + 2));
            std::string opcode;
            words >> opcode;
            ++counts[opcode];
        }
    }
    EXPECT_FALSE(counts.empty());
    return counts;
}

}  // namespace pitot::test
