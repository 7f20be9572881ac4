import { sha256, blake3, md5 } from 'hash-wasm';
console.log(await sha256('abc'), await blake3('abc'), await md5('abc'));
