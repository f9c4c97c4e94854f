// node chdb.cjs WORK: the work by ClickHouse in one process, as CSV on stdout.
// It is told the types of the columns, so that it need not guess.
const { query } = require("chdb");

const stats = "avg(temp), stddevPop(temp), max(temp)";
const keyed = "sensor String, temp Float64", timed = "time DateTime64(3), " + keyed;
const csv = (columns) => `file('many.csv', CSVWithNames, '${columns}')`;
const json = (columns) => `file('many.json', JSONEachRow, '${columns}')`;
const byKey = (table) => `select sensor, ${stats} from ${table} group by sensor`;
const minutes = (table) => `select toStartOfMinute(time) as minute, sensor, ${stats} from ${table} group by all order by all`;
const works = {
  "numbers whole": `select ${stats} from file('many.num', TSV, 'temp Float64')`,
  "csv by key": byKey(csv(keyed)),
  "csv minutes": minutes(csv(timed)),
  "json by key": byKey(json(keyed)),
  "json minutes": minutes(json(timed)),
};
const settings = " settings input_format_skip_unknown_fields = 1, date_time_input_format = 'best_effort'";
process.stdout.write(query(works[process.argv[2]] + settings, "CSV"));
