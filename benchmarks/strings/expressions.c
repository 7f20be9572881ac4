// Makes SIZE arithmetic expressions as text with their values, and evaluates them by recursive descent (i64 division).
// Checked: the same values.
#include "common.h"

static char text[4096];
static int length;
static const char* cursor;

static int64_t quotient(int64_t a, int64_t b) { return b == 0 || b == -1 ? a : a / b; }

static int64_t combine(char operation, int64_t a, int64_t b) {
    switch (operation) {
        case '+':
            return (int64_t)((uint64_t)a + (uint64_t)b);
        case '-':
            return (int64_t)((uint64_t)a - (uint64_t)b);
        case '*':
            return (int64_t)((uint64_t)a * (uint64_t)b);
        default:
            return quotient(a, b);
    }
}

// Appends an expression and answers its value.
static int64_t make(Random* random, int depth) {
    if (depth == 0 || random_below(random, 8) == 0) {
        const uint32_t number = random_below(random, 100000);
        length += snprintf(text + length, 8, "%" PRIu32, number);
        return number;
    }
    const char operation = "+-*/"[random_below(random, 4)];
    text[length++] = '(';
    const int64_t a = make(random, depth - 1);
    text[length++] = ' ';
    text[length++] = operation;
    text[length++] = ' ';
    const int64_t b = make(random, depth - 1);
    text[length++] = ')';
    return combine(operation, a, b);
}

static int64_t evaluate(int level);

static int64_t evaluate_item(void) {
    int64_t value = 0;
    while (*cursor == ' ')
        ++cursor;
    if (*cursor == '(') {
        ++cursor;
        value = evaluate(0);
        require(*cursor++ == ')', "a bracket is missing");
    } else {
        for (; *cursor >= '0' && *cursor <= '9'; ++cursor)
            value = 10 * value + (*cursor - '0');
    }
    while (*cursor == ' ')
        ++cursor;
    return value;
}

static int64_t evaluate(int level) {
    static const char* operations[] = {"+-", "*/"};
    if (level == 2)
        return evaluate_item();
    int64_t value = evaluate(level + 1);
    while (*cursor != 0 && strchr(operations[level], *cursor) != NULL) {
        const char operation = *cursor++;
        value = combine(operation, value, evaluate(level + 1));
    }
    return value;
}

int main(void) {
    Random random = {53};
    uint64_t digest = 0;
    cursor = "1 + 2 * 3 - 8 / 2 / 2";
    require(evaluate(0) == 5, "precedence");
    for (int i = 0; i < SIZE; ++i) {
        length = 0;
        const int64_t value = make(&random, 6);
        text[length] = 0;
        cursor = text;
        require(evaluate(0) == value && *cursor == 0, "another value");
        digest = mix(digest, (uint64_t)value);
    }
    return finish(digest);
}
