import { appendFileSync, existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, it } from "vitest";

const repository: string = join(import.meta.dirname, "../../..");

/** The folder of real chain data: `COPSE_DATA_DIR`, or `../shared/data` beside the repository. */
export const dataDir: string = process.env["COPSE_DATA_DIR"] ?? join(repository, "../shared/data");

/** True where absence of the data is a failure: in CI and in `npm run test:vectors`. */
export const dataRequired: boolean = process.env["COPSE_REQUIRE_DATA"] === "1";

/**
 * The path of a file of the real data, or `undefined` where it is absent.
 *
 * @example
 * dataFile("chain/mainnet-export40.car") // => "/…/shared/data/chain/mainnet-export40.car"
 */
export function dataFile(name: string): string | undefined {
  const path = join(dataDir, name);
  return existsSync(path) ? path : undefined;
}

/** Reads a file of the real data, which the suite has declared by {@link describeData}. */
export function readData(name: string): Uint8Array {
  return new Uint8Array(readFileSync(join(dataDir, name)));
}

/**
 * A suite that needs files of the real data. Where one is absent the suite is reported as *not run* at the end of
 * `npm test`, or fails where data is required.
 */
export function describeData(name: string, files: readonly string[], suite: () => void): void {
  const absent = files.filter((file) => dataFile(file) === undefined);
  describeNeeding({ name, absent, folder: dataDir, isRequired: dataRequired }, suite);
}

/** A suite, and what it lacks here. */
interface Need {
  readonly name: string;
  /** Files that are not there. */
  readonly absent: readonly string[];
  readonly folder: string;
  /** Whether it fails without them. */
  readonly isRequired: boolean;
}

/** A suite that runs where nothing is absent; else it says loudly that it did not. */
export function describeNeeding({ name, absent, folder, isRequired }: Need, suite: () => void): void {
  if (absent.length === 0) {
    describe(name, suite);
    return;
  }
  const why = `NOT RUN: ${name}: no ${absent.join(", ")} in ${folder}`;
  notRun(why);
  describe(name, () => {
    if (isRequired) {
      it("needs its data", () => {
        throw new Error(why);
      });
    } else {
      it.skip(why, () => {});
    }
  });
}

/** Records a suite that did not run, for the last lines of `npm test`. */
export function notRun(why: string): void {
  console.warn(`\n*** ${why}\n`);
  const log = process.env["COPSE_NOT_RUN_LOG"];
  if (log !== undefined) appendFileSync(log, `${why}\n`);
}
