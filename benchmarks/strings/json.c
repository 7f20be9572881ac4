// Writes a random JSON document of about SIZE values, reads it into a tree (recursion, allocation) and writes the tree.
// Checked: the same text.
#include "common.h"

typedef struct Value {
    char kind;  // one of n t f i s [ {
    int64_t number;
    char* string;  // of an s, and the key of a member
    struct Value *first, *next;
} Value;

static char *written, *again;
static size_t length, capacity;
static const char* cursor;

static void put(const char* text, size_t count) {
    if (length + count > capacity) {
        capacity = 2 * (length + count);
        written = (char*)realloc(written, capacity);
        require(written != NULL, "out of memory");
    }
    memcpy(written + length, text, count);
    length += count;
}

static void put_string(const char* text) {
    put("\"", 1);
    for (; *text != 0; ++text) {
        if (*text == '"' || *text == '\\')
            put("\\", 1);
        put(text, 1);
    }
    put("\"", 1);
}

static void put_value(const Value* value) {
    char digits[32];
    switch (value->kind) {
        case 'n':
            put("null", 4);
            return;
        case 't':
            put("true", 4);
            return;
        case 'f':
            put("false", 5);
            return;
        case 's':
            put_string(value->string);
            return;
        case 'i':
            put(digits, (size_t)snprintf(digits, sizeof digits, "%" PRId64, value->number));
            return;
        default:
            break;
    }
    put(&value->kind, 1);
    for (const Value* child = value->first; child != NULL; child = child->next) {
        if (child != value->first)
            put(",", 1);
        if (value->kind == '{') {
            put_string(child->string);
            put(":", 1);
            put_value(child->first);
        } else {
            put_value(child);
        }
    }
    put(value->kind == '[' ? "]" : "}", 1);
}

static Value* make(char kind) {
    Value* value = (Value*)allocate(sizeof(Value));
    *value = (Value){kind, 0, NULL, NULL, NULL};
    return value;
}

static char* random_string(Random* random) {
    const size_t count = 1 + random_below(random, 12);
    char* text = (char*)allocate(count + 1);
    for (size_t i = 0; i < count; ++i)
        text[i] = (char)(32 + random_below(random, 95));
    text[count] = 0;
    return text;
}

static Value* random_value(Random* random, int budget) {
    static const char leaves[] = "ntfiis";
    Value* value = make(budget > 1 ? "[{"[random_below(random, 2)] : leaves[random_below(random, 6)]);
    if (value->kind == 'i') {
        const int64_t bits = (int64_t)random_next(random);
        value->number = bits >> random_below(random, 60);
    }
    if (value->kind == 's')
        value->string = random_string(random);
    for (int left = budget - 1; left > 0 && budget > 1;) {
        const int share = left > 8 ? 1 + (int)random_below(random, (uint32_t)left) : 1;
        Value* child = random_value(random, share);
        if (value->kind == '{') {
            Value* member = make('m');
            member->string = random_string(random);
            member->first = child;
            child = member;
        }
        child->next = value->first;
        value->first = child;
        left -= share;
    }
    return value;
}

static char* read_string(void) {
    const char* start = ++cursor;
    while (*cursor != '"')
        cursor += *cursor == '\\' ? 2 : 1;
    char* text = (char*)allocate((size_t)(cursor - start) + 1);
    char* out = text;
    for (const char* c = start; c < cursor; ++c) {
        if (*c == '\\')
            ++c;
        *out++ = *c;
    }
    *out = 0;
    ++cursor;
    return text;
}

static Value* read_value(void);

static Value* read_container(char kind) {
    Value *value = make(kind), **end = &value->first;
    const char close = kind == '[' ? ']' : '}';
    for (++cursor; *cursor != close; end = &(*end)->next) {
        if (value->first != NULL)
            ++cursor;
        if (kind == '{') {
            *end = make('m');
            (*end)->string = read_string();
            require(*cursor++ == ':', "no colon after a key");
            (*end)->first = read_value();
        } else {
            *end = read_value();
        }
    }
    ++cursor;
    return value;
}

static Value* read_value(void) {
    const char c = *cursor;
    if (c == '[' || c == '{')
        return read_container(c);
    Value* value = make(c == '"' ? 's' : c == '-' || (c >= '0' && c <= '9') ? 'i' : c);
    if (value->kind == 's') {
        value->string = read_string();
    } else if (value->kind == 'i') {
        char* end;
        value->number = strtoll(cursor, &end, 10);
        cursor = end;
    } else {
        cursor += c == 'f' ? 5 : 4;
    }
    return value;
}

static void drop(Value* value) {
    while (value != NULL) {
        Value* next = value->next;
        drop(value->first);
        free(value->string);
        free(value);
        value = next;
    }
}

int main(void) {
    Random random = {50};
    Value* document = random_value(&random, SIZE);
    put_value(document);
    put("", 1);
    drop(document);
    again = written;
    written = NULL;
    const size_t count = length;
    length = capacity = 0;
    cursor = again;
    document = read_value();
    put_value(document);
    put("", 1);
    drop(document);
    require(count == length && memcmp(written, again, count) == 0, "another text");
    uint64_t digest = count;
    for (size_t i = 0; i < count; ++i)
        digest = mix(digest, (uint8_t)written[i]);
    free(written);
    free(again);
    return finish(digest);
}
