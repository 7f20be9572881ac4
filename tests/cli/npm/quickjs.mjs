import { getQuickJS } from 'quickjs-emscripten';
const QuickJS = await getQuickJS();
const vm = QuickJS.newContext();
const r = vm.unwrapResult(vm.evalCode('let s = 0; for (let i = 0; i < 1000; ++i) s += i; s'));
console.log(vm.getNumber(r)); r.dispose(); vm.dispose();
