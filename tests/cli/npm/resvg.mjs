import { initWasm, Resvg } from '@resvg/resvg-wasm';
import fs from 'node:fs/promises';
import { createRequire } from 'node:module';
const require = createRequire(import.meta.url);
await initWasm(fs.readFile(require.resolve('@resvg/resvg-wasm/index_bg.wasm')));
const svg = '<svg xmlns="http://www.w3.org/2000/svg" width="100" height="100"><circle cx="50" cy="50" r="40" fill="red"/></svg>';
console.log(new Resvg(svg).render().asPng().length);
