// Imports a snapshot into LMDB and says how far it is, until it is killed or done.
import { createReadStream, readFileSync } from "node:fs";
import { openLmdbDatabase } from "@copse/blockstore/lmdb";
import { CID } from "multiformats/cid";
import { importF3Snapshot, type RootManifest } from "../../src/snapshot/index.ts";
import { rowsAsStore } from "../../src/store/index.ts";
import { formCheck } from "../unsigned-chain.ts";

const [, , folder, snapshot, manifestFile] = process.argv as [string, string, string, string, string];
const { initialPowerTable, ...rest } = JSON.parse(readFileSync(manifestFile, "utf8")) as Record<string, string>;
const manifest = { ...rest, initialPowerTable: CID.parse(initialPowerTable ?? "") } as unknown as RootManifest;
const say = (line: string): void => void process.stdout.write(`${line}\n`);
const database = await openLmdbDatabase(folder, { thread: process.env["THREAD"] === "1" });
const { added, verified, resumed } = await importF3Snapshot(createReadStream(snapshot), rowsAsStore(database, "f3"), {
  manifest,
  check: formCheck(),
  batch: 512,
  onProgress: ({ instance }) => say(String(instance)),
});
await database.close();
say(`done ${added} ${verified} ${resumed}`);
