import { rollup } from '@rollup/wasm-node';
const b = await rollup({ input: 'x', plugins: [{ resolveId: (i) => i, load: (i) => 'export const a = 1; const unused = 2;' }] });
console.log((await b.generate({ format: 'es' })).output[0].code);
