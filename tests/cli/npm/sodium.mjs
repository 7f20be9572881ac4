import { createRequire } from 'node:module';
const sodium = createRequire(import.meta.url)('libsodium-wrappers');
await sodium.ready; console.log(sodium.to_hex(sodium.crypto_generichash(32, 'abc')));
