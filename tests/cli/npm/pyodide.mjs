import { loadPyodide } from 'pyodide';
const py = await loadPyodide();
console.log(py.runPython('sum(i * i for i in range(1000))'));
