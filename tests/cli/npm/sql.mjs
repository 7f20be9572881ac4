import initSqlJs from 'sql.js';
const SQL = await initSqlJs();
const db = new SQL.Database();
db.run('create table t(a,b)');
for (let i=0;i<100;i++) db.run('insert into t values(?,?)',[i,'x'+i]);
console.log(db.exec('select sum(a) from t')[0].values);
