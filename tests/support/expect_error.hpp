// What an error has to say.
#pragma once

#include <gtest/gtest.h>

#include <initializer_list>
#include <string>

#include "pitot/result.hpp"

namespace pitot::test {

/// Passes if `result` is an error of that code whose message holds all of `words`.
template <typename T>
testing::AssertionResult fails_with(const Result<T>& result, ErrorCode code, std::initializer_list<std::string> words) {
    if (result) {
        return testing::AssertionFailure() << "there is no error";
    }
    const std::string message = result.error().to_string();
    if (result.error().code() != code) {
        return testing::AssertionFailure() << "another code: " << message;
    }
    for (const std::string& word : words) {
        if (message.find(word) == std::string::npos) {
            return testing::AssertionFailure() << "'" << word << "' is not in: " << message;
        }
    }
    return testing::AssertionSuccess();
}

/// The same for wrong input.
template <typename T>
testing::AssertionResult refuses(const Result<T>& result, std::initializer_list<std::string> words) {
    return fails_with(result, ErrorCode::kInput, words);
}

}  // namespace pitot::test
