const brotli = require('brotli-wasm');
const data = Buffer.from('hello hello hello '.repeat(100));
const packed = brotli.compress(data);
console.log(packed.length, brotli.decompress(packed).length);
