// node duckdb.cjs WORK: the work by DuckDB, as CSV on stdout. It is told the
// types of the columns, so that it need not guess.
const { DuckDBInstance } = require("@duckdb/node-api");

const stats = "avg(temp), stddev_pop(temp), max(temp)";
const json = (columns) => `read_ndjson('many.json', columns = {${columns}})`;
const csv = `read_csv('many.csv', header = true, columns = {time: 'TIMESTAMP', sensor: 'VARCHAR', temp: 'DOUBLE', hum: 'DOUBLE', ok: 'BOOLEAN', site: 'VARCHAR'})`;
const numbers = "read_csv('many.num', header = false, columns = {temp: 'DOUBLE'})";
const byKey = (table) => `select sensor, ${stats} from ${table} group by sensor`;
const minutes = (table) => `select date_trunc('minute', time) as minute, sensor, ${stats} from ${table} group by all order by all`;
const works = {
  "numbers rolling": `select avg(temp) over w, stddev_pop(temp) over w, max(temp) over w
    from (select row_number() over () as i, temp from ${numbers}) window w as (order by i rows 99 preceding)`,
  "numbers whole": `select ${stats} from ${numbers}`,
  "csv by key": byKey(csv),
  "csv minutes": minutes(csv),
  "json by key": byKey(json("sensor: 'VARCHAR', temp: 'DOUBLE'")),
  "json minutes": minutes(json("time: 'TIMESTAMP', sensor: 'VARCHAR', temp: 'DOUBLE'")),
};
(async () => {
  const connection = await (await DuckDBInstance.create(":memory:")).connect();
  await connection.run(`copy (${works[process.argv[2]]}) to '/dev/stdout' (format csv)`);
})();
