#!/usr/bin/env node
import { copyFileSync, readFileSync } from "node:fs";
import { basename, join } from "node:path";
import { dagFactoryFile } from "./dag-factory.js";

const USAGE = `Usage: tidegate-engine-airflow dag-factory [--into <folder>]

Prints Tidegate's DAG factory for Apache Airflow, or copies it into Airflow's DAGs folder.
`;

const [command, option, folder, ...rest] = process.argv.slice(2);
const isCopy = option === "--into" && folder !== undefined;
if (command !== "dag-factory" || rest.length > 0 || (option !== undefined && !isCopy)) {
  process.stderr.write(USAGE);
  process.exitCode = 2;
} else if (isCopy) {
  const file = join(folder, basename(dagFactoryFile));
  copyFileSync(dagFactoryFile, file);
  process.stderr.write(`${file} is in place.\n`);
} else {
  process.stdout.write(readFileSync(dagFactoryFile));
}
