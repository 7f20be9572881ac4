// CRC-32 by bit, by table and by eight tables, and Adler-32, of SIZE kilobytes. Checked with "123456789", and: they
// agree.
#include "common.h"

static uint32_t tables[8][256];

static uint32_t by_bit(const uint8_t* data, size_t count) {
    uint32_t crc = 0xffffffffu;
    for (size_t i = 0; i < count; ++i) {
        crc ^= data[i];
        for (int bit = 0; bit < 8; ++bit)
            crc = crc & 1 ? crc >> 1 ^ 0xedb88320u : crc >> 1;
    }
    return ~crc;
}

static void make_tables(void) {
    for (uint32_t i = 0; i < 256; ++i) {
        uint32_t crc = i;
        for (int bit = 0; bit < 8; ++bit)
            crc = crc & 1 ? crc >> 1 ^ 0xedb88320u : crc >> 1;
        tables[0][i] = crc;
    }
    for (int t = 1; t < 8; ++t)
        for (int i = 0; i < 256; ++i)
            tables[t][i] = tables[t - 1][i] >> 8 ^ tables[0][tables[t - 1][i] & 255];
}

static uint32_t by_table(const uint8_t* data, size_t count) {
    uint32_t crc = 0xffffffffu;
    for (size_t i = 0; i < count; ++i)
        crc = crc >> 8 ^ tables[0][(crc ^ data[i]) & 255];
    return ~crc;
}

static uint32_t by_eight(const uint8_t* data, size_t count) {
    uint32_t crc = 0xffffffffu;
    for (; count >= 8; data += 8, count -= 8) {
        uint32_t sum = 0;
        crc ^= (uint32_t)data[0] | (uint32_t)data[1] << 8 | (uint32_t)data[2] << 16 | (uint32_t)data[3] << 24;
        for (int k = 0; k < 4; ++k)
            sum ^= tables[7 - k][crc >> (8 * k) & 255] ^ tables[3 - k][data[4 + k]];
        crc = sum;
    }
    for (size_t i = 0; i < count; ++i)
        crc = crc >> 8 ^ tables[0][(crc ^ data[i]) & 255];
    return ~crc;
}

static uint32_t adler(const uint8_t* data, size_t count) {
    uint32_t a = 1, b = 0;
    for (size_t i = 0; i < count; ++i) {
        a = (a + data[i]) % 65521;
        b = (b + a) % 65521;
    }
    return b << 16 | a;
}

int main(void) {
    const uint8_t* digits = (const uint8_t*)"123456789";
    make_tables();
    require(by_bit(digits, 9) == 0xcbf43926u, "the CRC of the digits");
    require(adler(digits, 9) == 0x091e01deu, "Adler's sum of the digits");
    const size_t count = SIZE * 1024;
    uint8_t* data = (uint8_t*)allocate(count);
    Random random = {28};
    for (size_t i = 0; i < count; ++i)
        data[i] = (uint8_t)random_next(&random);
    const uint32_t crc = by_bit(data, count);
    require(crc == by_table(data, count) && crc == by_eight(data, count), "the three ways disagree");
    const uint32_t sum = adler(data, count);
    free(data);
    return finish(mix(crc, sum));
}
