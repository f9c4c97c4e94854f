// node polars.cjs WORK [streaming]: the work by polars, as CSV on stdout.
const pl = require("nodejs-polars");

const temp = pl.col("temp");
const whole = [temp.mean().alias("mean"), temp.std().alias("std"), temp.max().alias("max")];
const last = { windowSize: 100, minPeriods: 1 };
const rolling = [temp.rollingMean(last).alias("mean"), temp.rollingStd(last).alias("std"), temp.rollingMax(last).alias("max")];

const numbers = () => pl.scanCSV("many.num", { hasHeader: false }).select(pl.col("column_1").alias("temp"));
const csv = () => pl.scanCSV("many.csv");
const works = {
  "numbers rolling": () => numbers().select(...rolling),
  "numbers whole": () => numbers().select(...whole),
  "csv rolling": () => csv().select(...rolling),
  "csv rolling by key": () => csv().select("sensor", ...rolling.map((e) => e.over("sensor"))),
  "csv by key": () => csv().groupBy("sensor").agg(...whole),
  "json by key": () => pl.scanJson("many.json").groupBy("sensor").agg(...whole),
};
const [work, engine] = process.argv.slice(2);
works[work]().collectSync({ engine: engine || "auto" }).writeCSV("/dev/stdout");
